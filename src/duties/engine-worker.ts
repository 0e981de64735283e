/**
 * Owns the engine's side of its thread: one job comes in, chunks come and go, one result or fault leaves.
 * Must never let a fault end the thread in silence, nor log: what it works on is secret.
 */
import type { MessagePort } from 'node:worker_threads';
import { assert, type ErrorReport, EXIT, type ExitCode, MpcError, reportOf } from '../base/errors.ts';
import type { Progress } from '../engine/server.ts';
import { type EngineJob, runJob } from './engine-job.ts';
import type { ChunkQueue } from './rounds.ts';

/** What the thread is told. Buffers are handed over, not copied. */
export type ToEngine =
  | { readonly type: 'job'; readonly job: EngineJob }
  | { readonly type: 'chunk'; readonly chunk: Uint8Array };

/** What it says. `taken`: that many bytes of chunks have been used. */
export type FromEngine =
  | { readonly type: 'chunk'; readonly chunk: Uint8Array }
  | { readonly type: 'taken'; readonly bytes: number }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'done'; readonly outputs: Uint8Array }
  | { readonly type: 'failed'; readonly report: ErrorReport; readonly exitCode: ExitCode };

/** Serves the one job that comes through `port`. */
export function serveEngine(port: MessagePort): void {
  const say = (message: FromEngine, moved: readonly ArrayBufferLike[] = []): void =>
    // Every buffer here was made by this thread for this message, none of them shared.
    port.postMessage(message, moved as readonly ArrayBuffer[]);
  const incoming = new Arrivals((bytes) => say({ type: 'taken', bytes }));
  const run = async (job: EngineJob): Promise<void> => {
    try {
      const outputs = await runJob(job, {
        incoming,
        outgoing: {
          // A copy: the engine needs its share again when the other server's arrives.
          append(chunk) {
            const sent = chunk.slice();
            say({ type: 'chunk', chunk: sent }, [sent.buffer]);
          },
        },
        onProgress: (progress) => say({ type: 'progress', progress }),
        signal: new AbortController().signal, // whoever started the thread ends it
      });
      say({ type: 'done', outputs }, [outputs.buffer]);
    } catch (error) {
      const exitCode = error instanceof MpcError ? error.exitCode : EXIT.software;
      say({ type: 'failed', report: reportOf(error), exitCode });
    }
    port.close();
  };
  port.on('message', (message: ToEngine) => {
    if (message.type === 'job') void run(message.job);
    else incoming.put(message.chunk);
  });
}

/** Chunks that have arrived, for the one reader that takes them. */
class Arrivals implements ChunkQueue {
  readonly #onTaken: (bytes: number) => void;
  readonly #chunks: Uint8Array[] = [];
  #waiting: ((chunk: Uint8Array) => void) | undefined;

  constructor(onTaken: (bytes: number) => void) {
    this.#onTaken = onTaken;
  }

  put(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    const resolve = this.#waiting;
    if (resolve === undefined) return;
    this.#waiting = undefined;
    resolve(this.#next()!);
  }

  take(): Promise<Uint8Array> {
    assert(this.#waiting === undefined, 'chunks are taken one after another');
    const chunk = this.#next();
    if (chunk !== undefined) return Promise.resolve(chunk);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  #next(): Uint8Array | undefined {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) this.#onTaken(chunk.length);
    return chunk;
  }
}
