/**
 * Owns what is proven of the values that are compared, as the number of bits in which gates may look for the answer.
 * Must never claim fewer bits than the interval needs: a comparison sees no others.
 */
import { assert } from '../base/errors.ts';

/** Whole numbers from `lo` to `hi`, both included. */
export interface Interval {
  readonly lo: bigint;
  readonly hi: bigint;
}

/** What differences of numbers that are at most `widest` apart lie in; nothing where they might wrap. */
export const apart = (widest: bigint): Interval | undefined =>
  widest < MOST_APART ? { lo: -widest, hi: widest } : undefined;
const MOST_APART = 2n ** 62n;

/** What a comparison with 0 is told; nothing where nothing is proven. */
type Proven = { readonly bits: number } | Record<string, never>;

/** The least b, from 2 to 64, such that all of the interval lies in [-2^(b-1), 2^(b-1)). */
export function signedBits(within: Interval | undefined): Proven {
  if (within === undefined) return {};
  return { bits: 1 + Math.max(...endsOf(within).map((end) => lengthOf(end < 0n ? ~end : end))) };
}

/** The least b, from 1 to 64, such that all of the interval lies in (-2^b, 2^b). */
export function magnitudeBits(within: Interval | undefined): Proven {
  if (within === undefined) return {};
  return { bits: Math.max(...endsOf(within).map((end) => lengthOf(end < 0n ? -end : end))) };
}

function endsOf({ lo, hi }: Interval): readonly bigint[] {
  assert(BigInt.asIntN(64, lo) === lo && BigInt.asIntN(64, hi) === hi, 'the interval lies in the ring');
  return [lo, hi];
}

/** Binary digits, at least 1. */
const lengthOf = (magnitude: bigint): number => magnitude.toString(2).length;
