/**
 * Owns arithmetic on whole vectors of Z_2^64; what gates do most of is left to kernels.
 * Must never make an object or a BigInt per element, and must never branch on a value: masks and shares pass through.
 *
 * Every function takes its output first and returns it. The output may be the same vector as an input, but may not
 * overlap one partly. Lengths must agree (asserted); layouts are those of words.ts.
 * The product modulo 2^64 is derived in kernels/plain-arithmetic.ts.
 */
import { assert } from '../base/errors.ts';
import type { ChoiceParts, MatrixShape, RingConstant } from './kernels/face.ts';
import { kernelsFor, kernelsForProduct } from './kernels/kernels.ts';
import { carryOf } from './kernels/plain-arithmetic.ts';
import type { BitVector, RingVector } from './words.ts';

const ZERO: RingConstant = { lo: 0, hi: 0 };
const ONE: RingConstant = { lo: 1, hi: 0 };
const MINUS_ONE: RingConstant = { lo: 0xffffffff, hi: 0xffffffff };

/** out = a + b */
export function add(out: RingVector, a: RingVector, b: RingVector): RingVector {
  sameLength(out, a, b);
  kernelsFor(out).add(out, a, b);
  return out;
}

/** out = a - b */
export function sub(out: RingVector, a: RingVector, b: RingVector): RingVector {
  sameLength(out, a, b);
  kernelsFor(out).sub(out, a, b);
  return out;
}

/** out = -a */
export function neg(out: RingVector, a: RingVector): RingVector {
  return combine(out, [a], [MINUS_ONE]);
}

/** out = a b, element by element */
export function mul(out: RingVector, a: RingVector, b: RingVector): RingVector {
  sameLength(out, a, b);
  kernelsFor(out).mul(out, a, b);
  return out;
}

/** out = out + a b, element by element */
export function mulAdd(out: RingVector, a: RingVector, b: RingVector): RingVector {
  sameLength(out, a, b);
  kernelsFor(out).mulAdd(out, a, b);
  return out;
}

/** out = out - a b, element by element */
export function mulSub(out: RingVector, a: RingVector, b: RingVector): RingVector {
  sameLength(out, a, b);
  kernelsFor(out).mulSub(out, a, b);
  return out;
}

/** out = k a */
export function scale(out: RingVector, a: RingVector, k: RingConstant): RingVector {
  return combine(out, [a], [k]);
}

/** out = out + k a */
export function scaleAdd(out: RingVector, a: RingVector, k: RingConstant): RingVector {
  return combine(out, [out, a], [ONE, k]);
}

/** out = a + k */
export function addConstant(out: RingVector, a: RingVector, k: RingConstant): RingVector {
  return combine(out, [a], [ONE], k);
}

/** out = offset + sum of factor times vector. `out` may be one of the vectors. */
export function combine(
  out: RingVector,
  vectors: readonly RingVector[],
  factors: readonly RingConstant[],
  offset = ZERO,
): RingVector {
  sameLength(out, ...vectors);
  assert(vectors.length === factors.length, 'one factor for each vector');
  kernelsFor(out).combine(out, vectors, factors, offset);
  return out;
}

/** Every element of `out` becomes k. */
export function fill(out: RingVector, k: RingConstant): RingVector {
  for (let i = 0; i < out.length; i += 2) {
    out[i] = k.lo;
    out[i + 1] = k.hi;
  }
  return out;
}

/** out[i] = a[0] + ... + a[i]. */
export function runningSum(out: RingVector, a: RingVector): RingVector {
  sameLength(out, a);
  let low = 0;
  let high = 0;
  for (let i = 0; i < a.length; i += 2) {
    const term = a[i]! | 0;
    const sum = (low + term) | 0;
    high = (((high + (a[i + 1]! | 0)) | 0) + carryOf(low, term, sum)) | 0;
    low = sum;
    out[i] = low;
    out[i + 1] = high;
  }
  return out;
}

/** `a` read as groups x len, row-major; out = the groups' sums. */
export function sumGroups(out: RingVector, a: RingVector, groups: number): RingVector {
  const width = groupWidth(out, a, groups);
  for (let group = 0; group < groups; group++) {
    let low = 0;
    let high = 0;
    for (let i = group * width; i < (group + 1) * width; i += 2) {
      const term = a[i]! | 0;
      const sum = (low + term) | 0;
      high = (((high + (a[i + 1]! | 0)) | 0) + carryOf(low, term, sum)) | 0;
      low = sum;
    }
    out[2 * group] = low;
    out[2 * group + 1] = high;
  }
  return out;
}

/** `a` and `b` read as groups x len, row-major; out = the groups' inner products. */
export function dotGroups(out: RingVector, a: RingVector, b: RingVector, groups: number): RingVector {
  sameLength(a, b);
  const width = groupWidth(out, a, groups);
  for (let group = 0; group < groups; group++) {
    const left = a.subarray(group * width, (group + 1) * width);
    const { lo, hi } = kernelsFor(left).dot(left, b.subarray(group * width, (group + 1) * width));
    out[2 * group] = lo;
    out[2 * group + 1] = hi;
  }
  return out;
}

/** out = a b of row-major matrices, rows x inner times inner x columns. `out` is another vector than both. */
export function mulMatrices(out: RingVector, a: RingVector, b: RingVector, shape: MatrixShape): RingVector {
  const { rows, inner, columns } = shape;
  assert(
    a.length === 2 * rows * inner && b.length === 2 * inner * columns && out.length === 2 * rows * columns,
    'matrices hold the elements of their shapes',
  );
  assert(out !== a && out !== b, 'a product of matrices is a vector of its own');
  kernelsForProduct(shape).mulMatrices(out, a, b, shape);
  return out;
}

/** Each element of `a` `times` times over: a a b b. `out` holds times as many elements and is another vector. */
export function repeatEach(out: RingVector, a: RingVector, times: number): RingVector {
  assert(out !== a && out.length === a.length * times, 'output is `times` as long');
  for (let i = 0, at = 0; i < a.length; i += 2) {
    for (let k = 0; k < times; k++, at += 2) {
      out[at] = a[i]!;
      out[at + 1] = a[i + 1]!;
    }
  }
  return out;
}

/** out = 2^count a, 0 <= count < 32. */
export function shiftLeft(out: RingVector, a: RingVector, count: number): RingVector {
  sameLength(out, a);
  assert(Number.isInteger(count) && count >= 0 && count < 32, 'a shift is an integer from 0 to 31');
  for (let i = 0; i < out.length; i += 2) {
    const low = a[i]!;
    out[i] = low << count;
    out[i + 1] = (a[i + 1]! << count) | (count === 0 ? 0 : low >>> (32 - count));
  }
  return out;
}

/** out = floor(a / 2^count) of the unsigned elements, 0 <= count < 64. */
export function shiftRight(out: RingVector, a: RingVector, count: number): RingVector {
  sameLength(out, a);
  assert(Number.isInteger(count) && count >= 0 && count < 64, 'a shift is an integer from 0 to 63');
  for (let i = 0; i < out.length; i += 2) {
    const low = a[i]!;
    const high = a[i + 1]!;
    out[i] =
      count === 0 ? low : count < 32 ? (low >>> count) | (high << (32 - count)) : high >>> (count - 32);
    out[i + 1] = count < 32 ? high >>> count : 0;
  }
  return out;
}

/** out = 0 or 1 by the bits. */
export function fromBits(out: RingVector, bits: BitVector): RingVector {
  enoughBits(out, bits);
  kernelsFor(out).fromBits(out, bits);
  return out;
}

/** out = a where the bit is 1, else 0 */
export function keepWhere(out: RingVector, a: RingVector, bits: BitVector): RingVector {
  sameLength(out, a);
  enoughBits(out, bits);
  kernelsFor(out).keepWhere(out, a, bits);
  return out;
}

/** out = -a where the bit is 1, else a. */
export function negateWhere(out: RingVector, a: RingVector, bits: BitVector): RingVector {
  sameLength(out, a);
  enoughBits(out, bits);
  kernelsFor(out).negateWhere(out, a, bits);
  return out;
}

/** A server's share of bit ? x : y, from its share of the bits' masks, which it replaces: src/gates/select.ts. */
export function choose(share: RingVector, parts: ChoiceParts, isA: boolean): RingVector {
  const { product, x, y, xMask, yMask, bits } = parts;
  sameLength(share, product, x, y, xMask, yMask);
  enoughBits(share, bits);
  kernelsFor(share).choose(share, parts, isA);
  return share;
}

/** Of masks r the vectors r / 2^shift and 2^(64-shift) msb(r), 1 <= shift <= 62: src/gates/truncate.ts. */
export function splitMask(
  r: RingVector,
  shift: number,
): { readonly shifted: RingVector; readonly wrap: RingVector } {
  const [shifted, wrap] = [new Uint32Array(r.length), new Uint32Array(r.length)];
  assert(Number.isInteger(shift) && shift >= 1 && shift <= 62, 'a truncation takes off 1 to 62 bits');
  kernelsFor(r).splitMask(shifted, wrap, r, shift);
  return { shifted, wrap };
}

/** A server's share of truncated values, from its share of `wrap`, which it replaces: src/gates/truncate.ts. */
export function truncateShare(
  wrap: RingVector,
  shifted: RingVector,
  masked: RingVector,
  shift: number,
  isA: boolean,
): RingVector {
  sameLength(wrap, shifted, masked);
  assert(Number.isInteger(shift) && shift >= 1 && shift <= 62, 'a truncation takes off 1 to 62 bits');
  kernelsFor(wrap).truncate(wrap, shifted, masked, shift, isA);
  return wrap;
}

/** True when the two vectors hold the same words. Not constant time: for tests and public values. */
export function isEqual(a: RingVector, b: RingVector): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A constant from its decimal text or value, reduced modulo 2^64. */
export function constantOf(value: string | bigint): RingConstant {
  const reduced = BigInt.asUintN(64, BigInt(value));
  return { lo: Number(reduced & 0xffffffffn), hi: Number(reduced >> 32n) };
}

/** A vector of the given integers, reduced modulo 2^64. For tests, small constants and results only. */
export function fromBigInts(values: readonly bigint[]): RingVector {
  const vector = new Uint32Array(2 * values.length);
  values.forEach((value, i) => {
    const { lo, hi } = constantOf(value);
    vector[2 * i] = lo;
    vector[2 * i + 1] = hi;
  });
  return vector;
}

/** The elements as signed integers in [-2^63, 2^63). For tests and results only. */
export function toBigInts(vector: RingVector): bigint[] {
  return Array.from({ length: vector.length / 2 }, (_, i) =>
    BigInt.asIntN(64, (BigInt(vector[2 * i + 1]!) << 32n) | BigInt(vector[2 * i]!)),
  );
}

function sameLength(...vectors: readonly RingVector[]): void {
  for (const vector of vectors) {
    assert(vector.length === vectors[0]!.length && vector.length % 2 === 0, 'ring vectors of one length');
  }
}

function groupWidth(out: RingVector, a: RingVector, groups: number): number {
  assert(groups > 0 && out.length === 2 * groups && a.length % out.length === 0, 'vector is groups x len');
  return a.length / groups;
}

function enoughBits(out: RingVector, bits: BitVector): void {
  assert(bits.length === 2 * Math.ceil(out.length / 128), 'one bit for each ring element');
}
