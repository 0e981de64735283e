/**
 * Owns the entry point of the engine's thread. Nothing else starts it.
 */
import { parentPort } from 'node:worker_threads';
import { serveEngine } from '../src/duties/engine-worker.ts';

if (parentPort !== null) serveEngine(parentPort);
