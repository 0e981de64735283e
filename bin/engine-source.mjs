/**
 * Owns the entry point of the engine's thread where the program runs from its sources: a thread does not get the loader of the
 * main one, so it asks for it.
 */
import { register } from 'tsx/esm/api';

register();
await import('./engine-worker.ts');
