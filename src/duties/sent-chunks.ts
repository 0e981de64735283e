/**
 * Owns what a server has sent in a computation, so that a peer that restarts can be served from the beginning: the newest
 * chunks in memory, older ones in a file. They are openings under masks, as the peer gets them.
 * Must never hold more than a bounded part in memory, nor change a chunk.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { assert, EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { ChunkSource } from '../channel/channel.ts';
import type { ChunkLog } from './rounds.ts';

/** More than is under way at any time: what is asked for again is mostly new. */
const KEPT_BYTES = 4 * LIMITS.windowBytes;

interface Waiting {
  readonly promise: Promise<Uint8Array>;
  readonly resolve: (chunk: Uint8Array) => void;
}

export class SentChunks implements ChunkSource, ChunkLog {
  readonly #path: string;
  readonly #keptBytes: number;
  /** Where each chunk begins among all bytes sent; the last entry is where the next one will. */
  readonly #starts: number[] = [0];
  readonly #kept = new Map<number, Uint8Array>();
  readonly #waiting = new Map<number, Waiting>();
  /** Chunks before this are in the file. */
  #firstKept = 0;
  #file: number | undefined;
  #isClosed = false;

  /** The file is made when it is needed. */
  constructor(path: string, keptBytes: number = KEPT_BYTES) {
    this.#path = path;
    this.#keptBytes = keptBytes;
  }

  /** All that was ever appended. */
  get bytes(): number {
    return this.#starts[this.#length]!;
  }

  append(chunk: Uint8Array): void {
    assert(chunk.length <= LIMITS.chunkBytes, 'a chunk is LIMITS.chunkBytes long at most');
    if (this.#isClosed) return;
    const index = this.#length;
    this.#kept.set(index, chunk);
    this.#starts.push(this.#starts[index]! + chunk.length);
    this.#waiting.get(index)?.resolve(chunk);
    this.#waiting.delete(index);
    while (this.#starts[index + 1]! - this.#starts[this.#firstKept]! > this.#keptBytes) this.#spill();
  }

  async chunk(index: number): Promise<Uint8Array> {
    if (index < this.#firstKept) return this.#read(index);
    const kept = this.#kept.get(index);
    if (kept !== undefined) return kept;
    const waiting = this.#waiting.get(index) ?? waitingForChunk();
    this.#waiting.set(index, waiting);
    return waiting.promise;
  }

  /** Nothing is asked for or kept any more; the file is removed. */
  close(): void {
    this.#isClosed = true;
    this.#kept.clear();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.#path, { force: true });
  }

  get #length(): number {
    return this.#starts.length - 1;
  }

  #spill(): void {
    this.#file ??= openSync(this.#path, 'w+', 0o600);
    const oldest = this.#kept.get(this.#firstKept)!;
    writeSync(this.#file, oldest, 0, oldest.length, this.#starts[this.#firstKept]!);
    this.#kept.delete(this.#firstKept);
    this.#firstKept++;
  }

  #read(index: number): Uint8Array {
    const start = this.#starts[index]!;
    const chunk = new Uint8Array(this.#starts[index + 1]! - start);
    if (this.#file !== undefined && readSync(this.#file, chunk, 0, chunk.length, start) === chunk.length)
      return chunk;
    throw new MpcError(
      'compute.lost-messages',
      'what was sent in this computation is not on the disk any more',
      {
        place: { file: this.#path },
        exitCode: EXIT.ioError,
        hint: 'check the disk on which this server keeps its state, then open a new collaboration',
      },
    );
  }
}

function waitingForChunk(): Waiting {
  let resolve: (chunk: Uint8Array) => void = () => {};
  const promise = new Promise<Uint8Array>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
