/**
 * Owns in plain TypeScript the kernels that take constants, bits or several vectors at once: the twins of the SIMD ones, and what
 * short vectors use. Must never make an object or a BigInt per element, and must never branch on a value. Lengths are the callers'.
 */
import type { BitVector, RingVector } from '../words.ts';
import type { ChoiceParts, RingConstant } from './face.ts';
import { add, borrowOf, carryOf, INVERSE_OF_2_32, mul, sub } from './plain-arithmetic.ts';

/** Elements of scratch vectors. */
const BLOCK = 1024;

export function combine(
  out: RingVector,
  vectors: readonly RingVector[],
  factors: readonly RingConstant[],
  offset: RingConstant,
): void {
  for (let i = 0; i < out.length; i += 2) {
    let low = offset.lo | 0;
    let high = offset.hi | 0;
    for (let v = 0; v < vectors.length; v++) {
      const vector = vectors[v]!;
      const { lo, hi } = factors[v]!;
      const left = vector[i]!;
      const term = Math.imul(left, lo);
      const carry = (left * lo - (term >>> 0)) * INVERSE_OF_2_32 + 0.5;
      const sum = (low + term) | 0;
      const above = ((carry | 0) + Math.imul(left, hi) + Math.imul(vector[i + 1]!, lo)) | 0;
      high = (((high + above) | 0) + carryOf(low, term, sum)) | 0;
      low = sum;
    }
    out[i] = low;
    out[i + 1] = high;
  }
}

export function keepWhere(out: RingVector, a: RingVector, bits: BitVector): void {
  for (let i = 0; i < out.length; i += 2) {
    const all = -((bits[i >>> 6]! >>> ((i >>> 1) & 31)) & 1);
    out[i] = a[i]! & all;
    out[i + 1] = a[i + 1]! & all;
  }
}

/** With s = 0 or -1: -a = (a XOR s) - s. */
export function negateWhere(out: RingVector, a: RingVector, bits: BitVector): void {
  for (let i = 0; i < out.length; i += 2) {
    const sign = -((bits[i >>> 6]! >>> ((i >>> 1) & 31)) & 1);
    const flipped = a[i]! ^ sign;
    const low = (flipped - sign) | 0;
    out[i + 1] = (a[i + 1]! ^ sign) + carryOf(flipped, -sign, low);
    out[i] = low;
  }
}

export function fromBits(out: RingVector, bits: BitVector): void {
  for (let i = 0; i < out.length; i += 2) {
    out[i] = (bits[i >>> 6]! >>> ((i >>> 1) & 31)) & 1;
    out[i + 1] = 0;
  }
}

export function choose(out: RingVector, parts: ChoiceParts, isA: boolean): void {
  const { product, x, y, xMask, yMask, bits } = parts;
  const scratch = new Uint32Array(Math.min(out.length, 2 * BLOCK));
  for (let from = 0; from < out.length; from += 2 * BLOCK) {
    const cut = (vector: RingVector) => vector.subarray(from, from + 2 * BLOCK);
    const [share, masked, mask] = [cut(out), cut(y), cut(yMask)];
    const chosen = bits.subarray(from / 64);
    const difference = scratch.subarray(0, share.length);
    sub(difference, cut(x), masked);
    mul(share, difference, share);
    sub(share, share, cut(product));
    negateWhere(share, share, chosen);
    if (!isA) difference.fill(0);
    sub(difference, difference, cut(xMask));
    add(difference, difference, mask);
    keepWhere(difference, difference, chosen);
    add(share, share, difference);
    if (isA) add(share, share, masked);
    sub(share, share, mask);
  }
}

export function splitMask(shifted: RingVector, wrap: RingVector, r: RingVector, shift: number): void {
  for (let i = 0; i < r.length; i += 2) {
    const [low, high] = [r[i]!, r[i + 1]!];
    shifted[i] = shift < 32 ? (low >>> shift) | (high << (32 - shift)) : high >>> (shift - 32);
    shifted[i + 1] = shift < 32 ? high >>> shift : 0;
    const top = high >>> 31;
    wrap[i] = shift > 32 ? top << (64 - shift) : 0;
    wrap[i + 1] = shift > 32 ? 0 : top << (32 - shift);
  }
}

export function truncate(
  out: RingVector,
  shifted: RingVector,
  masked: RingVector,
  shift: number,
  isA: boolean,
): void {
  const own = isA ? -1 : 0;
  for (let i = 0; i < out.length; i += 2) {
    const low = masked[i]!;
    const high = (masked[i + 1]! + 0x40000000) | 0;
    const mayWrap = ~(high >> 31);
    const wrapLow = out[i]! & mayWrap;
    const shiftedLow = shifted[i]! | 0;
    const shareLow = (wrapLow - shiftedLow) | 0;
    const shareHigh =
      ((((out[i + 1]! & mayWrap) - (shifted[i + 1]! | 0)) | 0) - borrowOf(wrapLow, shiftedLow, shareLow)) | 0;
    const partLow = (shift < 32 ? (low >>> shift) | (high << (32 - shift)) : high >>> (shift - 32)) & own;
    const partHigh = (shift < 32 ? high >>> shift : 0) & own;
    const sumLow = (shareLow + partLow) | 0;
    const sumHigh = (((shareHigh + partHigh) | 0) + carryOf(shareLow, partLow, sumLow)) | 0;
    // 2^(62 - shift).
    const backLow = (shift > 30 ? 1 << (62 - shift) : 0) & own;
    const backHigh = (shift > 30 ? 0 : 1 << (30 - shift)) & own;
    const result = (sumLow - backLow) | 0;
    out[i + 1] = ((sumHigh - backHigh) | 0) - borrowOf(sumLow, backLow, result);
    out[i] = result;
  }
}

export function dot(a: RingVector, b: RingVector): RingConstant {
  let low = 0;
  let high = 0;
  for (let i = 0; i < a.length; i += 2) {
    const left = a[i]!;
    const right = b[i]!;
    const term = Math.imul(left, right);
    const carry = (left * right - (term >>> 0)) * INVERSE_OF_2_32 + 0.5;
    const product = ((carry | 0) + Math.imul(left, b[i + 1]!) + Math.imul(a[i + 1]!, right)) | 0;
    const sum = (low + term) | 0;
    high = (((high + product) | 0) + carryOf(low, term, sum)) | 0;
    low = sum;
  }
  return { lo: low >>> 0, hi: high >>> 0 };
}
