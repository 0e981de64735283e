/**
 * Owns operations on packed bit vectors (layout in words.ts). Must leave padding bits zero: two vectors of the same bits
 * are the same words, and nothing secret hides behind a vector's end.
 *
 * Functions with an `out` return it; `out` may be the same vector as an input. Lengths are in bits unless called words.
 */
import { assert } from '../base/errors.ts';
import { kernelsFor } from './kernels/kernels.ts';
import type { BitVector, Words } from './words.ts';
import { bitWords, newBits } from './words.ts';

/** out = a XOR b. Serves any words, ring vectors too. */
export function xor(out: Words, a: Words, b: Words): Words {
  assert(out.length === a.length && a.length === b.length, 'bit vectors of one length');
  kernelsFor(out).xor(out, a, b);
  return out;
}

/** out = a AND b */
export function and(out: BitVector, a: BitVector, b: BitVector): BitVector {
  assert(out.length === a.length && a.length === b.length, 'bit vectors of one length');
  for (let i = 0; i < out.length; i++) out[i] = a[i]! & b[i]!;
  return out;
}

/** out = out XOR (a AND b) */
export function andXor(out: BitVector, a: BitVector, b: BitVector): BitVector {
  assert(out.length === a.length && a.length === b.length, 'bit vectors of one length');
  for (let i = 0; i < out.length; i++) out[i] = out[i]! ^ (a[i]! & b[i]!);
  return out;
}

/** out = NOT a, of `length` bits; padding stays zero */
export function not(out: BitVector, a: BitVector, length: number): BitVector {
  holds(a, length);
  assert(out.length === a.length, 'bit vectors of one length');
  for (let i = 0; i < out.length; i++) out[i] = ~a[i]!;
  return clearPadding(out, length);
}

/** Zeroes the bits past `length`, in place. */
export function clearPadding(vector: BitVector, length: number): BitVector {
  holds(vector, length);
  const whole = length >>> 5;
  if (length & 31) vector[whole] = vector[whole]! & ((1 << (length & 31)) - 1);
  vector.fill(0, Math.ceil(length / 32));
  return vector;
}

/** Every bit of a new vector the same. */
export function constantBits(length: number, bit: boolean): BitVector {
  const vector = newBits(length);
  return bit ? clearPadding(vector.fill(0xffffffff), length) : vector;
}

export function getBit(vector: BitVector, index: number): number {
  return (vector[index >>> 5]! >>> (index & 31)) & 1;
}

/**
 * Copies `length` bits of `source` from bit `sourceStart` to bit `outStart` of `out`; out's other bits stay.
 * The two must not be the same vector. Word-aligned ranges are block copies.
 */
export function copyBits(
  out: BitVector,
  outStart: number,
  source: BitVector,
  sourceStart: number,
  length: number,
): void {
  assert(outStart >= 0 && outStart + length <= 32 * out.length, 'range lies inside the output');
  assert(sourceStart >= 0 && sourceStart + length <= 32 * source.length, 'range lies inside the source');
  if (length === 0) return;
  let done = 0;
  const lead = outStart & 31;
  if (lead !== 0) {
    done = Math.min(32 - lead, length);
    mergeWord(out, outStart >>> 5, bitsAt(source, sourceStart) << lead, maskOf(done) << lead);
  }
  const firstWord = (outStart + done) >>> 5;
  const words = (length - done) >>> 5;
  const from = sourceStart + done;
  const shift = from & 31;
  if (shift === 0) {
    out.set(source.subarray(from >>> 5, (from >>> 5) + words), firstWord);
  } else {
    const at = from >>> 5;
    for (let i = 0; i < words; i++) {
      out[firstWord + i] = (source[at + i]! >>> shift) | (source[at + i + 1]! << (32 - shift));
    }
  }
  done += 32 * words;
  if (done < length) {
    mergeWord(out, firstWord + words, bitsAt(source, sourceStart + done), maskOf(length - done));
  }
}

/** Bits `start` to `start + length` as a vector of their own. */
export function sliceBits(source: BitVector, start: number, length: number): BitVector {
  const out = newBits(length);
  copyBits(out, 0, source, start, length);
  return out;
}

/** The vectors one after another. `lengths[k]` is the number of bits of `parts[k]`. */
export function concatBits(parts: readonly BitVector[], lengths: readonly number[]): BitVector {
  assert(parts.length === lengths.length, 'one length for each part');
  const out = newBits(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  parts.forEach((part, k) => {
    copyBits(out, at, part, 0, lengths[k]!);
    at += lengths[k]!;
  });
  return out;
}

/** The whole vector `times` times over: a b a b. */
export function tileBits(source: BitVector, length: number, times: number): BitVector {
  const out = newBits(length * times);
  for (let k = 0; k < times; k++) copyBits(out, k * length, source, 0, length);
  return out;
}

/** Each bit `times` times: a a b b. */
export function repeatEachBit(source: BitVector, length: number, times: number): BitVector {
  const out = newBits(length * times);
  if (times % 32 === 0) {
    const words = times / 32;
    for (let i = 0; i < length; i++) {
      if (getBit(source, i) === 1) out.fill(0xffffffff, i * words, (i + 1) * words);
    }
    return out;
  }
  let at = 0;
  for (let i = 0; i < length; i++) {
    const bit = getBit(source, i);
    for (let k = 0; k < times; k++, at++) out[at >>> 5] = out[at >>> 5]! | (bit << (at & 31));
  }
  return out;
}

/** Number of one bits. */
export function popcount(vector: BitVector): number {
  let count = 0;
  for (let i = 0; i < vector.length; i++) {
    let word = vector[i]!;
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}

export function fromBools(values: readonly boolean[]): BitVector {
  const out = newBits(values.length);
  values.forEach((value, i) => {
    if (value) out[i >>> 5] = out[i >>> 5]! | (1 << (i & 31));
  });
  return out;
}

export function toBools(vector: BitVector, length: number): boolean[] {
  holds(vector, length);
  return Array.from({ length }, (_, i) => getBit(vector, i) === 1);
}

/** 32 bits from bit `start` on; zeros past the vector's end. */
function bitsAt(source: BitVector, start: number): number {
  const word = start >>> 5;
  const shift = start & 31;
  const low = source[word]! >>> shift;
  return shift === 0 || word + 1 === source.length ? low : low | (source[word + 1]! << (32 - shift));
}

/** Fewer than 32 ones. */
function maskOf(bits: number): number {
  return (1 << bits) - 1;
}

function mergeWord(out: BitVector, index: number, bits: number, mask: number): void {
  out[index] = (out[index]! & ~mask) | (bits & mask);
}

function holds(vector: BitVector, length: number): void {
  assert(vector.length === bitWords(length), 'vector has the words of its length');
}
