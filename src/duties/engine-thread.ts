/**
 * Owns the thread in which the engine runs a long job, from the outside: it carries chunks in and out and ends the thread,
 * whatever happens. The thread that started it keeps its event loop for heartbeats, sealing and sending.
 * Must never tell the thread its secrets but by message: arguments and environment can be read from outside.
 */
import { Worker } from 'node:worker_threads';
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { EngineJob, EngineOptions } from './engine-job.ts';
import type { FromEngine, ToEngine } from './engine-worker.ts';

/**
 * Runs the job as `runJob` does, in a thread that `entry` serves. Throws `engine.thread-failed` when the thread ends without
 * a result, what `runJob` throws there, and the signal's reason when it is aborted.
 */
export async function runJobInThread(
  entry: URL,
  job: EngineJob,
  options: EngineOptions,
): Promise<Uint8Array> {
  const { outgoing, incoming, onProgress, signal } = options;
  signal.throwIfAborted();
  const ended = new AbortController();
  const worker = new Worker(entry, { argv: [], env: {}, workerData: null });
  const say = (message: ToEngine, moved: readonly ArrayBufferLike[]): void =>
    // Every buffer here is this message's own, none of them shared.
    worker.postMessage(message, moved as readonly ArrayBuffer[]);
  const room = new Room(LIMITS.windowBytes);
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: ended.signal });
      worker.on('error', (error) => reject(threadFailed(error.message)));
      worker.on('exit', () => reject(threadFailed('it ended early')));
      worker.on('message', (message: FromEngine) => {
        if (message.type === 'chunk') outgoing.append(message.chunk);
        else if (message.type === 'taken') room.leave(message.bytes);
        else if (message.type === 'progress') onProgress(message.progress);
        else if (message.type === 'done') resolve(message.outputs);
        else reject(MpcError.from(message.report, message.exitCode));
      });
      const seed = job.seed.slice();
      job.seed.fill(0);
      say({ type: 'job', job: { ...job, seed } }, [seed.buffer]);
      carry().catch(reject);
    });
  } finally {
    ended.abort();
    await worker.terminate();
  }

  /** Hands over what arrives, no more than the thread has room for. */
  async function carry(): Promise<void> {
    const stop = AbortSignal.any([signal, ended.signal]);
    while (!ended.signal.aborted) {
      const arrived = await incoming.take(stop).catch(endedOr);
      if (arrived === undefined) return;
      const chunk = own(arrived);
      await room.enter(chunk.length);
      say({ type: 'chunk', chunk }, [chunk.buffer]);
    }
  }

  /** Once the thread has ended nobody waits for chunks any more. */
  function endedOr(error: unknown): undefined {
    if (!ended.signal.aborted) throw error;
  }
}

/** The chunk in a buffer of its own, which can be handed over. */
function own(chunk: Uint8Array): Uint8Array {
  return chunk.length === chunk.buffer.byteLength ? chunk : chunk.slice();
}

/** Counts bytes on their way into the thread: whoever would be too much waits. */
class Room {
  readonly #most: number;
  #bytes = 0;
  #waiting: (() => void) | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  async enter(bytes: number): Promise<void> {
    this.#bytes += bytes;
    if (this.#bytes <= this.#most) return;
    await new Promise<void>((resolve) => {
      this.#waiting = resolve;
    });
  }

  leave(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes > this.#most) return;
    this.#waiting?.();
    this.#waiting = undefined;
  }
}

function threadFailed(why: string): MpcError {
  return new MpcError('engine.thread-failed', `the engine's thread failed: ${why}`, {
    exitCode: EXIT.software,
    hint: 'a query that needs less memory, or more memory, may help; the role goes on from what is on its disk',
  });
}
