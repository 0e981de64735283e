/**
 * Owns the cutting of long vectors into blocks that stay in the cache while several kernels pass over them: a gate that
 * makes six passes over a million elements is bound by memory otherwise. Must never copy: blocks are views.
 */
import type { BitVector, RingVector } from './words.ts';
import { bitWords } from './words.ts';

/** Elements of one block: a few vectors of 64 KiB fit the second-level cache. A multiple of 64, so bits cut at words. */
export const BLOCK_ELEMENTS = 8192;

/** Calls `work` for each block of 0..length: its first element and its number of elements. */
export function forEachBlock(length: number, work: (start: number, count: number) => void): void {
  for (let start = 0; start < length; start += BLOCK_ELEMENTS) {
    work(start, Math.min(BLOCK_ELEMENTS, length - start));
  }
}

/** Elements `start` to `start + count` of a ring vector. */
export const ringBlock = (vector: RingVector, start: number, count: number): RingVector =>
  vector.subarray(2 * start, 2 * (start + count));

/** Bits `start` to `start + count`; `start` is a multiple of 64. */
export const bitBlock = (vector: BitVector, start: number, count: number): BitVector =>
  vector.subarray(start / 32, start / 32 + bitWords(count));
