/**
 * Owns permutations of rows: uniform ones from a stream of uniform words, and vectors moved by them.
 * Must never be given a permutation that is to stay secret from whoever runs this: memory is indexed by it.
 *
 * A permutation p of n rows is n words: row k of the result is row p[k] of the source. Columns are vectors of n ring
 * elements that lie one after another.
 */
import { assert } from '../base/errors.ts';
import { borrowOf } from './kernels/plain-arithmetic.ts';
import type { RingVector, WordStream, Words } from './words.ts';
import { newRing, ringWords } from './words.ts';

/** Words that are asked of a stream at a time. */
const PIECE = 1024;

/**
 * A permutation of 0..length-1, each equally likely: Durstenfeld's shuffle ("Algorithm 235", 1964). An index below b is the
 * top bits of a word, as many as b - 1 has; words that give b or more are passed over, so that no index is favoured.
 */
export function uniformPermutation(length: number, next: WordStream): Words {
  const permutation = Uint32Array.from({ length }, (_, i) => i);
  let words: Words = new Uint32Array(0);
  let used = 0;
  for (let i = length - 1; i > 0; i--) {
    const unneeded = Math.clz32(i);
    let index: number;
    do {
      if (used === words.length) {
        words = next(PIECE);
        used = 0;
      }
      index = words[used++]! >>> unneeded;
    } while (index > i);
    const moved = permutation[i]!;
    permutation[i] = permutation[index]!;
    permutation[index] = moved;
  }
  return permutation;
}

/** Every column of `source` with its rows permuted, into a new vector. */
export function permuteRows(source: RingVector, permutation: Words): RingVector {
  const rows = permutation.length;
  const out = newRing(source.length / 2);
  eachColumn(source, rows, (start) => {
    for (let k = 0; k < rows; k++) {
      const from = start + 2 * permutation[k]!;
      out[start + 2 * k] = source[from]!;
      out[start + 2 * k + 1] = source[from + 1]!;
    }
  });
  return out;
}

/** Of every column of `source`, which are of `rows` rows, those that are asked for, in their order, into a new vector. */
export function pickRows(source: RingVector, rows: number, picked: Words): RingVector {
  const columns = source.length / ringWords(rows);
  const out = newRing(columns * picked.length);
  for (let column = 0, to = 0; column < columns; column++) {
    const start = column * ringWords(rows);
    for (const row of picked) {
      out[to++] = source[start + 2 * row]!;
      out[to++] = source[start + 2 * row + 1]!;
    }
  }
  return out;
}

/** Every column of `source` with row k at place `places[k]`, into a new vector. */
export function placeRows(source: RingVector, places: Words): RingVector {
  const rows = places.length;
  const out = newRing(source.length / 2);
  eachColumn(source, rows, (start) => {
    for (let k = 0; k < rows; k++) {
      const to = start + 2 * places[k]!;
      out[to] = source[start + 2 * k]!;
      out[to + 1] = source[start + 2 * k + 1]!;
    }
  });
  return out;
}

/** Element k of the result is the difference of elements left[k] and right[k] of the source. Indices are public. */
export function differencesOf(source: RingVector, left: Words, right: Words): RingVector {
  assert(left.length === right.length, 'pairs of indices');
  const out = newRing(left.length);
  for (let k = 0; k < left.length; k++) {
    const from = 2 * left[k]!;
    const taken = 2 * right[k]!;
    const minuend = source[from]! | 0;
    const subtrahend = source[taken]! | 0;
    const low = (minuend - subtrahend) | 0;
    out[2 * k] = low;
    out[2 * k + 1] = (source[from + 1]! - source[taken + 1]! - borrowOf(minuend, subtrahend, low)) | 0;
  }
  return out;
}

/** Whether the words are 0..length-1, each once. */
export function isPermutation(words: Words): boolean {
  const seen = new Uint8Array(words.length);
  for (const place of words) {
    if (place >= words.length || seen[place] === 1) return false;
    seen[place] = 1;
  }
  return true;
}

function eachColumn(vector: RingVector, rows: number, work: (start: number) => void): void {
  assert(vector.length % ringWords(rows) === 0, 'columns have one element for each row');
  for (let start = 0; start < vector.length; start += ringWords(rows)) work(start);
}
