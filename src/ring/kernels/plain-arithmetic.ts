/**
 * Owns element-wise arithmetic of Z_2^64 in plain TypeScript: the twins of the SIMD kernels of the same names, and what short
 * vectors use. Must never make an object or a BigInt per element, and must never branch on a value. Lengths are the callers'.
 *
 * Product modulo 2^64 of a = ah 2^32 + al and b: low word imul(al, bl); high word hi(al bl) + al bh + ah bl (mod 2^32).
 * hi(al bl) comes from the double product p = al bl (1 + e), |e| <= 2^-53: p - low is within 2^10 of a multiple of 2^32 by
 * p's rounding and another 2^10 by the difference's own, so (p - low) / 2^32 is within 2^-21 of hi, and adding a half and
 * truncating gives it exactly.
 */
import type { RingVector, Words } from '../words.ts';

export const INVERSE_OF_2_32 = 2 ** -32;

/** out = a + b */
export function add(out: RingVector, a: RingVector, b: RingVector): void {
  for (let i = 0; i < out.length; i += 2) {
    const left = a[i]! | 0;
    const right = b[i]! | 0;
    const low = (left + right) | 0;
    out[i + 1] = (((a[i + 1]! | 0) + (b[i + 1]! | 0)) | 0) + carryOf(left, right, low);
    out[i] = low;
  }
}

/** out = a - b */
export function sub(out: RingVector, a: RingVector, b: RingVector): void {
  for (let i = 0; i < out.length; i += 2) {
    const left = a[i]! | 0;
    const right = b[i]! | 0;
    const low = (left - right) | 0;
    out[i + 1] = (((a[i + 1]! | 0) - (b[i + 1]! | 0)) | 0) - borrowOf(left, right, low);
    out[i] = low;
  }
}

/** out = a b, element by element */
export function mul(out: RingVector, a: RingVector, b: RingVector): void {
  for (let i = 0; i < out.length; i += 2) {
    const left = a[i]!;
    const right = b[i]!;
    const low = Math.imul(left, right);
    const carry = (left * right - (low >>> 0)) * INVERSE_OF_2_32 + 0.5;
    out[i + 1] = ((carry | 0) + Math.imul(left, b[i + 1]!) + Math.imul(a[i + 1]!, right)) | 0;
    out[i] = low;
  }
}

/** out = out + a b, element by element */
export function mulAdd(out: RingVector, a: RingVector, b: RingVector): void {
  for (let i = 0; i < out.length; i += 2) {
    const left = a[i]!;
    const right = b[i]!;
    const low = Math.imul(left, right);
    const carry = (left * right - (low >>> 0)) * INVERSE_OF_2_32 + 0.5;
    const high = ((carry | 0) + Math.imul(left, b[i + 1]!) + Math.imul(a[i + 1]!, right)) | 0;
    const before = out[i]! | 0;
    const sum = (before + low) | 0;
    out[i + 1] = (((out[i + 1]! | 0) + high) | 0) + carryOf(before, low, sum);
    out[i] = sum;
  }
}

/** out = out - a b, element by element */
export function mulSub(out: RingVector, a: RingVector, b: RingVector): void {
  for (let i = 0; i < out.length; i += 2) {
    const left = a[i]!;
    const right = b[i]!;
    const low = Math.imul(left, right);
    const carry = (left * right - (low >>> 0)) * INVERSE_OF_2_32 + 0.5;
    const high = ((carry | 0) + Math.imul(left, b[i + 1]!) + Math.imul(a[i + 1]!, right)) | 0;
    const before = out[i]! | 0;
    const difference = (before - low) | 0;
    out[i + 1] = (((out[i + 1]! | 0) - high) | 0) - borrowOf(before, low, difference);
    out[i] = difference;
  }
}

/** out = a XOR b, of any words */
export function xor(out: Words, a: Words, b: Words): void {
  for (let i = 0; i < out.length; i++) out[i] = a[i]! ^ b[i]!;
}

/**
 * The carry out of the low words of x + y = sum, from sign bits: a comparison would compile to a branch, which depends on
 * secrets and, on uniform words, is mispredicted half of the time.
 */
export function carryOf(x: number, y: number, sum: number): number {
  return ((x & y) | ((x | y) & ~sum)) >>> 31;
}

/** The borrow out of the low words of x - y = difference. */
export function borrowOf(x: number, y: number, difference: number): number {
  return ((~x & y) | ((~x | y) & difference)) >>> 31;
}
