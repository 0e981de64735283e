/**
 * Owns how planes move between vectors and kernels' memory, where they lie `stride` words apart, a multiple of 4: whole SIMD
 * vectors of 128 elements. Must never copy what lies past a plane's last word out again.
 */
import type { Words } from '../words.ts';

/** Words between planes of `words` words. */
export function strideOf(words: number): number {
  return (words + 3) & ~3;
}

/**
 * Copies the planes of `source` (each `words` words; of each, `count` words from `start` on) to `target` from `at` on, `stride`
 * words apart. Returns where the next plane would be.
 */
export function copyIn(
  target: Words,
  at: number,
  stride: number,
  source: Words,
  words: number,
  start = 0,
  count = words,
): number {
  if (stride === words) {
    target.set(source, at);
    return at + source.length;
  }
  let to = at;
  for (let from = start; from < source.length; from += words, to += stride) {
    target.set(source.subarray(from, from + count), to);
  }
  return to;
}

/** The way back: fills the planes of `target`. Returns where the next plane is read. */
export function copyOut(
  target: Words,
  words: number,
  source: Words,
  at: number,
  stride: number,
  start = 0,
  count = words,
): number {
  if (stride === words) {
    target.set(source.subarray(at, at + target.length));
    return at + target.length;
  }
  let from = at;
  for (let to = start; to < target.length; to += words, from += stride) {
    target.set(source.subarray(from, from + count), to);
  }
  return from;
}
