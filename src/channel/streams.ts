/**
 * Owns the usual ends of a channel: sources over bytes that are there or still to come, sinks that collect or queue.
 * Must never copy a chunk without need: what is handed over must not be changed afterwards.
 */
import { assert, EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { ChunkSink, ChunkSource } from './channel.ts';

/** A source over chunks that are all there; each at most LIMITS.chunkBytes. */
export function sourceOf(chunks: readonly Uint8Array[]): ChunkSource {
  return { chunk: async (index) => chunks[index] };
}

/** A source over bytes, cut into chunks of LIMITS.chunkBytes; no bytes are no chunks. */
export function sourceOfBytes(bytes: Uint8Array): ChunkSource {
  return {
    async chunk(index) {
      const at = index * LIMITS.chunkBytes;
      return at < bytes.length ? bytes.subarray(at, at + LIMITS.chunkBytes) : undefined;
    },
  };
}

/** A source that grows: everything appended is kept, so that a peer that restarts can be served from the beginning. */
export class Transcript implements ChunkSource {
  readonly #chunks: Uint8Array[] = [];
  readonly #waiting = new Map<number, Waiting<Uint8Array | undefined>>();
  #hasEnded = false;

  get length(): number {
    return this.#chunks.length;
  }

  /** Keeps the array itself: its content must stay as it is. At most LIMITS.chunkBytes. */
  append(chunk: Uint8Array): void {
    assert(!this.#hasEnded, 'nothing is appended to a transcript after its end');
    assert(chunk.length <= LIMITS.chunkBytes, 'a chunk is LIMITS.chunkBytes long at most');
    const index = this.#chunks.push(chunk) - 1;
    this.#waiting.get(index)?.resolve(chunk);
    this.#waiting.delete(index);
  }

  end(): void {
    this.#hasEnded = true;
    for (const { resolve } of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }

  chunk(index: number): Promise<Uint8Array | undefined> {
    if (index < this.#chunks.length || this.#hasEnded) return Promise.resolve(this.#chunks[index]);
    const waiting = this.#waiting.get(index) ?? waitingFor<Uint8Array | undefined>();
    this.#waiting.set(index, waiting);
    return waiting.promise;
  }
}

/** A sink that collects everything into one array. `whole` rejects with `channel.too-long` beyond the maximum. */
export class Collector implements ChunkSink {
  readonly #whole = waitingFor<Uint8Array>();
  readonly #chunks: Uint8Array[] = [];
  readonly #maximumBytes: number;
  #bytes = 0;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
    this.#whole.promise.catch(() => {}); // the channel's `done` reports it too; either may go unread
  }

  get whole(): Promise<Uint8Array> {
    return this.#whole.promise;
  }

  wanted(): number {
    return this.#chunks.length;
  }

  async accept(chunk: Uint8Array): Promise<void> {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maximumBytes) {
      const error = new MpcError('channel.too-long', `the peer sends more than ${this.#maximumBytes} bytes`, {
        hint: 'compare the descriptor and the version of mpc on both sides',
        exitCode: EXIT.protocol,
      });
      this.#whole.reject(error);
      throw error;
    }
    this.#chunks.push(chunk);
  }

  async finished(): Promise<void> {
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    this.#whole.resolve(whole);
  }
}

/**
 * A sink that hands out chunks one by one, for rounds. It holds a bounded number of bytes: beyond, the peer has to wait.
 * After a restart everything is asked for again from number 0.
 */
export class Mailbox implements ChunkSink {
  readonly #maximumBytes: number;
  readonly #queue: Uint8Array[] = [];
  readonly #takers: Waiting<Uint8Array>[] = [];
  #queuedBytes = 0;
  #accepted = 0;
  #hasEnded = false;
  #room: Waiting<void> | undefined;

  constructor(maximumBytes: number = LIMITS.windowBytes) {
    this.#maximumBytes = maximumBytes;
  }

  wanted(): number {
    return this.#accepted;
  }

  async accept(chunk: Uint8Array): Promise<void> {
    this.#accepted++;
    const taker = this.#takers.shift();
    if (taker !== undefined) return taker.resolve(chunk);
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes <= this.#maximumBytes) return;
    this.#room = waitingFor<void>();
    await this.#room.promise;
  }

  async finished(): Promise<void> {
    this.#hasEnded = true;
    for (const { reject } of this.#takers.splice(0)) reject(ended());
  }

  /** The next chunk in order. Rejects with `channel.ended` past the last one, or with the signal's reason. */
  take(signal?: AbortSignal): Promise<Uint8Array> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.length;
      if (this.#queuedBytes <= this.#maximumBytes) this.#room?.resolve();
      return Promise.resolve(chunk);
    }
    if (this.#hasEnded) return Promise.reject(ended());
    const taker = waitingFor<Uint8Array>();
    this.#takers.push(taker);
    if (signal === undefined) return taker.promise;
    const stop = (): void => {
      const index = this.#takers.indexOf(taker);
      if (index >= 0) this.#takers.splice(index, 1);
      taker.reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    return taker.promise.finally(() => signal.removeEventListener('abort', stop));
  }
}

interface Waiting<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

function waitingFor<T>(): Waiting<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

function ended(): MpcError {
  return new MpcError('channel.ended', 'the peer has nothing more to send', {
    hint: 'the two sides follow different plans: compare versions of mpc',
    exitCode: EXIT.protocol,
  });
}
