/**
 * Owns what digit-wise composites share: how wide a digit may be, and sums of vectors that lie one after the other.
 */
import type { PlanBuilder, Ring } from '../builder.ts';

/** Comparisons of one digit: about as long as the rounds around them take. */
const COMPARISONS_A_DIGIT = 4096;
const WIDEST_DIGIT_BITS = 6;

/** Bits of a digit whose values are all compared at once: many for few elements, few for many. */
export function digitBits(length: number): number {
  const affordable = Math.floor(Math.log2(COMPARISONS_A_DIGIT / length + 1));
  return Math.min(WIDEST_DIGIT_BITS, Math.max(2, affordable));
}

/** The sum of `count` vectors that lie one after the other. */
export function sumOfBlocks(builder: PlanBuilder, x: Ring, count: number): Ring {
  const length = x.length / count;
  if (length === 1) return builder.sum(x);
  return builder.add(...Array.from({ length: count }, (_, k) => builder.slice(x, k * length, length)));
}
