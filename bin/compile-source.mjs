/**
 * Owns the entry point of the compiling thread where the program runs from its sources: a thread does not get the loader of the main
 * one, so it asks for it.
 */
import { register } from 'tsx/esm/api';

register();
await import('./compile-worker.ts');
