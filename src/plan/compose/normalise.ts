/**
 * Owns normalisation: positive integers of unknown size are scaled by secret powers of two until their top bits meet, which is
 * what an approximation of 1 / d or 1 / sqrt(d) starts from. Must never open a size: only comparison bits under masks.
 *
 * Binary search for the power. With d in [2^(top-1-room), 2^top), a step s <= room moves d up by s bits where d < 2^(top-s): then d
 * stays below 2^top, and what room is left is max(room - s, s - 1). With s the half of room + 1, rounded up, log2(room + 1) steps
 * do, each one comparison and two products with its bit. For square roots steps are even: all of it in units of `stride` bits.
 */
import { assert } from '../../base/errors.ts';
import type { Bits, PlanBuilder, Ring } from '../builder.ts';
import { larger, type Ranged, requireFits } from './ranged.ts';

export interface Normalised {
  /** x scale, in [2^(top - stride), 2^top). */
  readonly value: Ring;
  /** The companion times the same scale, 2^(stride j): x was moved up j times. */
  readonly companion: Ring;
  /** 2^(most - j): how often it was not. */
  readonly rest: Ring;
  readonly most: number;
}

/** Bits of a number: the least b with x < 2^b. */
export const bitsOf = (x: bigint): number => (x === 0n ? 0 : x.toString(2).length);

/**
 * x >= 1 moved up below 2^top, `stride` bits at a time, and a companion moved up with it, of which the caller knows that it does not
 * wrap. Throws `plan.too-wide`.
 */
export function normalise(
  builder: PlanBuilder,
  x: Ranged,
  companion: Ring,
  top: number,
  stride = 1,
): Normalised {
  assert(x.lo >= 1n && bitsOf(x.hi) <= top, 'what is normalised is positive and below its top');
  requireFits((1n << BigInt(top)) - 1n, 'a normalised number');
  let value = builder.opened(x.value);
  let moved = builder.opened(companion);
  let rest = builder.constant(1n, value.length);
  const steps = stepsOf(x.lo, top, stride);
  for (const step of steps) {
    const border = 1n << BigInt(top - stride * step);
    const isLow = builder.lessThanZero(builder.linear([[1n, value]], -border));
    const times = (y: Ring, decides: Bits, bits: number) =>
      builder.opened(
        builder.linear([
          [1n, y],
          [(1n << BigInt(bits)) - 1n, builder.timesBit(decides, y)],
        ]),
      );
    value = times(value, isLow, stride * step);
    moved = times(moved, isLow, stride * step);
    rest = times(rest, builder.not(isLow), step);
  }
  return { value, companion: moved, rest, most: steps.reduce((sum, step) => sum + step, 0) };
}

/** Of how many strides each step is. */
function stepsOf(least: bigint, top: number, stride: number): number[] {
  const steps: number[] = [];
  for (let room = Math.floor((top - bitsOf(least)) / stride); room > 0; ) {
    const step = Math.ceil((room + 1) / 2);
    steps.push(step);
    room = Math.max(room - step, step - 1);
  }
  return steps;
}

/** How many steps normalising takes: each a comparison and two openings, in four rounds. */
export function normalisingSteps(least: bigint, top: number, stride = 1): number {
  return stepsOf(least, top, stride).length;
}

/** x, or 1 where it is 0: nothing else can be moved up. */
export function atLeastOne(builder: PlanBuilder, x: Ranged): Ranged {
  if (x.lo >= 1n) return x;
  const isZero = builder.toRing(builder.lessThanZero(builder.linear([[1n, x.value]], -1n)));
  return { value: builder.opened(builder.add(x.value, isZero)), lo: 1n, hi: larger(x.hi, 1n) };
}
