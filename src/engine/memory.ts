/**
 * Owns when the memory of vectors is given back: at once with the last value that lies in it, rather than when the collector finds it. A
 * long computation lets go of hundreds of megabytes a second, and each 64 of them would cost a whole collection.
 * Must never give back what is still in use: a vector that several values share waits for the last of them, one that was sent stays
 * as it is, and one that is part of a larger buffer is left to the collector.
 */
import type { ServerValue } from '../gates/gate.ts';
import { release } from '../ring/release.ts';
import type { Words } from '../ring/words.ts';

/** Shorter vectors are left to the collector: they are not what makes it run. */
const LEAST_BYTES = 1024;

export class Memory {
  /** How many vectors of values lie in a buffer. */
  readonly #uses = new Map<ArrayBufferLike, number>();
  readonly #kept = new WeakSet<ArrayBufferLike>();

  /** Says that these vectors are those of a value that is kept. */
  hold(vectors: readonly Words[]): void {
    for (const { buffer } of vectors) this.#uses.set(buffer, (this.#uses.get(buffer) ?? 0) + 1);
  }

  /** Says that somebody else has the vector, and for how long is not known. */
  keep({ buffer }: Words): void {
    this.#kept.add(buffer);
  }

  /** Says that a value is gone. Its vectors must not be read again. */
  letGo(vectors: readonly Words[]): void {
    for (const vector of vectors) {
      const { buffer } = vector;
      const left = (this.#uses.get(buffer) ?? 1) - 1;
      if (left > 0) {
        this.#uses.set(buffer, left);
        continue;
      }
      this.#uses.delete(buffer);
      if (buffer.byteLength >= LEAST_BYTES && !this.#kept.has(buffer)) release(vector);
    }
  }
}

/** The vectors that a server's value is made of. */
export const vectorsOf = (value: ServerValue): readonly Words[] =>
  value.form === 'wire' ? [value.masked, value.mask] : [value.share];
