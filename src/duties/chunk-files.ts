/**
 * Owns bulk data on disk as the channel's chunks: a source that reads a file at any chunk, and a sink that appends and,
 * after a crash, goes on where the disk ends. Must never acknowledge what is not on the disk.
 *
 * A file of chunks is an optional head (its own chunk 0, a few bytes in a file of its own) and a body cut into pieces of
 * LIMITS.chunkBytes; only the last piece may be shorter. Secret files are created readable by their owner only.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  read,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFile,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { ChunkSink, ChunkSource } from '../channel/channel.ts';

const OWNER_ONLY = 0o600;
/** So many bytes are copied to or from the system's memory in less time than it takes to ask another thread for it. */
const AT_ONCE_BYTES = 64 * 1024;

const synced = promisify(fsync);
const written = promisify(writeFile);
const readInto = promisify(read);

/** Writes a file so that after a crash it is there whole or not at all. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.part`;
  await writeThrough(partial, 'w', bytes, true);
  renameSync(partial, path);
}

/** Writes to a file, which is made where it is not there; with `sync` it is on the disk afterwards. */
async function writeThrough(path: string, flags: 'w' | 'a', bytes: Uint8Array, sync: boolean): Promise<void> {
  const file = opened(path, flags);
  try {
    if (bytes.length <= AT_ONCE_BYTES) writeFileSync(file, bytes);
    else await written(file, bytes);
    if (sync) await synced(file);
  } finally {
    closeSync(file);
  }
}

/** Its directory is made where that is not there. */
function opened(path: string, flags: 'w' | 'a'): number {
  try {
    return openSync(path, flags, OWNER_ONLY);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return openSync(path, flags, OWNER_ONLY);
  }
}

/** The file's bytes, or undefined where there is none. */
export function readWhole(path: string): Uint8Array | undefined {
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
}

/** Overwrites what is at `path` once, then removes it: used tapes and seeds go this way. */
export function shredFile(path: string): void {
  if (!existsSync(path)) return;
  const size = statSync(path).size;
  const blank = new Uint8Array(Math.min(size, 1024 * 1024));
  const file = openSync(path, 'r+');
  try {
    for (let left = size; left > 0; left -= blank.length)
      writeFileSync(file, blank.subarray(0, Math.min(left, blank.length)));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  rmSync(path, { force: true });
}

export interface ChunkFile {
  /** The body. */
  readonly path: string;
  /** Sent as chunk 0, before the body. */
  readonly head?: Uint8Array;
}

/** A source over a finished file. Reads at random, so that a receiver may start anywhere again. */
export function fileSource({ path, head }: ChunkFile): ChunkSource {
  const first = head === undefined ? 0 : 1;
  return {
    async chunk(index) {
      if (head !== undefined && index === 0) return head;
      const file = openSync(path, 'r');
      try {
        const at = (index - first) * LIMITS.chunkBytes;
        const left = fstatSync(file).size - at;
        if (left <= 0) return undefined;
        const piece = new Uint8Array(Math.min(left, LIMITS.chunkBytes));
        const bytesRead =
          piece.length <= AT_ONCE_BYTES
            ? readSync(file, piece, 0, piece.length, at)
            : (await readInto(file, piece, 0, piece.length, at)).bytesRead;
        return bytesRead === 0 ? undefined : piece.subarray(0, bytesRead);
      } finally {
        closeSync(file);
      }
    },
  };
}

export interface FileSinkOptions {
  readonly path: string;
  /** Where chunk 0 goes when the stream has a head, and how long it must be. */
  readonly head?: { readonly path: string; readonly bytes: number };
  /** The exact size of the body. */
  readonly bodyBytes: number;
}

/** A sink into a file. `complete` resolves when every byte is on the disk. */
export class FileSink implements ChunkSink {
  readonly complete: Promise<void>;
  readonly #options: FileSinkOptions;
  readonly #complete: () => void;
  #bodyChunks: number;
  #hasHead: boolean;

  constructor(options: FileSinkOptions) {
    this.#options = options;
    let settle = (): void => {};
    this.complete = new Promise((resolve) => {
      settle = resolve;
    });
    this.#complete = settle;
    this.#hasHead = options.head === undefined || existsSync(options.head.path);
    const size = existsSync(options.path) ? statSync(options.path).size : 0;
    const whole = size === options.bodyBytes;
    this.#bodyChunks = whole ? Math.ceil(size / LIMITS.chunkBytes) : Math.floor(size / LIMITS.chunkBytes);
    // A torn last write is cut off; its chunk is asked for again.
    if (!whole && existsSync(options.path)) cutTo(options.path, this.#bodyChunks * LIMITS.chunkBytes);
    if (this.#isWhole()) settle();
  }

  wanted(): number {
    if (!this.#hasHead) return 0;
    return this.#bodyChunks + (this.#options.head === undefined ? 0 : 1);
  }

  async accept(chunk: Uint8Array): Promise<void> {
    const { head, path, bodyBytes } = this.#options;
    if (!this.#hasHead && head !== undefined) {
      if (chunk.length !== head.bytes) throw wrongSize(head.bytes, chunk.length);
      await writeWhole(head.path, chunk);
      this.#hasHead = true;
      return;
    }
    const at = this.#bodyChunks * LIMITS.chunkBytes;
    const expected = Math.min(LIMITS.chunkBytes, bodyBytes - at);
    if (chunk.length !== expected) throw wrongSize(expected, chunk.length);
    await writeThrough(path, 'a', chunk, at + chunk.length === bodyBytes);
    this.#bodyChunks++;
    if (this.#isWhole()) this.#complete();
  }

  async finished(): Promise<void> {
    const { bodyBytes, path } = this.#options;
    if (!this.#hasHead) throw wrongSize(1, 0);
    if (!this.#needsNoFile && bodyBytes === 0) await writeWhole(path, new Uint8Array(0));
    if (!this.#isWhole()) throw wrongSize(bodyBytes, this.#bodyChunks * LIMITS.chunkBytes);
    this.#complete();
  }

  #isWhole(): boolean {
    return (
      this.#hasHead &&
      this.#bodyChunks === Math.ceil(this.#options.bodyBytes / LIMITS.chunkBytes) &&
      (this.#needsNoFile || existsSync(this.#options.path))
    );
  }

  /** A head is all there is. */
  get #needsNoFile(): boolean {
    return this.#options.bodyBytes === 0 && this.#options.head !== undefined;
  }
}

function cutTo(path: string, size: number): void {
  const file = openSync(path, 'r+');
  try {
    ftruncateSync(file, size);
  } finally {
    closeSync(file);
  }
}

function wrongSize(expected: number, got: number): MpcError {
  return new MpcError('transfer.wrong-size', `expected a chunk of ${expected} bytes, got ${got}`, {
    hint: 'the sender follows another plan: compare versions of mpc on both sides',
  });
}
