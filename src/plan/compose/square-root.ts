/**
 * Owns exact square roots: digit by digit, with all values of a digit compared at once, as divide.ts divides, or for long vectors
 * by an approximation and a correction (square-root-long.ts), whichever takes less.
 * Must never be inexact: roots equal those of integers, on every input in range.
 *
 * Digit by digit.
 * The root is the largest r >= 0 with r^2 <= x, or, rounded, with r^2 - r < x: for integers that is (r - 1/2)^2 <= x.
 * Write both as r^2 - c r <= y with (c, y) = (0, x) or (1, x - 1). From the top digit on, with r what is known of the root, W the
 * digit's weight and rest = y - r^2 + c r,
 *   b_k = [rest - k W (2r - c) - k^2 W^2 >= 0],   digit = sum of b_k,   rest := rest - sum of b_k ((2r - c) W + (2k - 1) W^2),
 * because k^2 is the sum of the first k odd numbers. Candidates r + k W stay below 2^bits, bits those of the largest root: so
 * all that is compared stays below 2^(2 bits) in magnitude, and 2 bits <= 62 is the whole proof that nothing wraps.
 * About four rounds a digit. For x = 0 the root is 0, rounded or not.
 */
import { assert } from '../../base/errors.ts';
import type { PlanBuilder } from '../builder.ts';
import { digitBits, sumOfBlocks } from './blocks.ts';
import { type Ranged, requireFits } from './ranged.ts';
import { type LongRoot, longRoot, squareRootLong, workOfRoot } from './square-root-long.ts';
import { total } from './work.ts';

/** floor(sqrt(x)), or sqrt(x) rounded to the nearest integer, for 0 <= x < 2^62. Throws `plan.too-wide`. */
export function squareRoot(builder: PlanBuilder, x: Ranged, rounded = false): Ranged {
  assert(x.lo >= 0n, 'a root is of something that is not negative');
  const { length } = x.value;
  const c = rounded ? 1n : 0n;
  const largest = rounded ? roundedRoot(x.hi) : floorRoot(x.hi);
  const bits = largest.toString(2).length;
  const widest = (1n << BigInt(2 * bits)) - 1n;
  requireFits(widest, 'the square of a root');
  const places = placesOf(largest, bits, length);
  const long = longWay(places, x, rounded);
  if (long) return { value: squareRootLong(builder, x, long), lo: 0n, hi: largest };
  let rest = builder.opened(builder.linear([[1n, x.value]], -c));
  let root = builder.constant(0n, length);
  for (const { weight, count } of places) {
    const each = <T>(make: (k: bigint) => T): T[] =>
      Array.from({ length: count }, (_, at) => make(BigInt(at + 1)));
    const bounds = each((k) => {
      const step = k * weight;
      return builder.linear([[-2n * step, root]], c * step - step * step);
    });
    const candidates = builder.add(builder.repeat(rest, count), builder.concat(...bounds));
    const fits = builder.not(builder.lessThanZero(candidates, { lo: -widest, hi: widest }));
    const digit = sumOfBlocks(builder, builder.toRing(fits), count);
    const longer = builder.linear([
      [1n, root],
      [weight, digit],
    ]);
    if (weight === 1n) return { value: longer, lo: 0n, hi: largest };
    const odd = each((k) =>
      builder.linear([[2n * weight, root]], (2n * k - 1n) * weight * weight - c * weight),
    );
    const taken = sumOfBlocks(builder, builder.timesBit(fits, builder.concat(...odd)), count);
    rest = builder.opened(builder.sub(rest, taken));
    root = builder.opened(longer);
  }
  return { value: root, lo: 0n, hi: 0n };
}

/** The approximation's way where it takes less than digits do. */
function longWay(
  places: readonly { readonly count: number }[],
  x: Ranged,
  rounded: boolean,
): LongRoot | undefined {
  const long = longRoot(x.hi, rounded);
  if (!long) return undefined;
  const digits = {
    comparisons: places.reduce((sum, { count }) => sum + count, 0),
    openings: 2 * places.length,
    rounds: 4 * places.length,
  };
  const { length } = x.value;
  return total(workOfRoot(long, x.lo), length) < total(digits, length) ? long : undefined;
}

/** Digits from the top. None for a root that can only be 0. */
function placesOf(largest: bigint, bits: number, length: number): { weight: bigint; count: number }[] {
  const digits = Math.ceil(bits / digitBits(length));
  const each = BigInt(Math.ceil(bits / digits));
  return Array.from({ length: digits }, (_, at) => 1n << (each * BigInt(digits - 1 - at)))
    .map((weight, at) => ({
      weight,
      count: Number(at === 0 ? largest / weight : (1n << each) - 1n),
    }))
    .filter(({ count }) => count > 0);
}

/** The largest integer whose square is at most x (Newton's method from above). */
export function floorRoot(x: bigint): bigint {
  if (x < 2n) return x;
  let root = 1n << BigInt((x.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + x / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** The largest r with r^2 - r < x, 0 for x = 0. */
function roundedRoot(x: bigint): bigint {
  const root = floorRoot(x);
  return root * root + root < x ? root + 1n : root;
}
