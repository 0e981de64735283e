/**
 * Owns normalisation: positive integers of unknown size are scaled by secret powers of two until their top bits meet, which is
 * what an approximation of 1 / d or 1 / sqrt(d) starts from. Must never open a size: only comparison bits under masks.
 *
 * Binary search for the power. With d in [2^(top-1-room), 2^top), a step s <= room moves d up by s bits where d < 2^(top-s): then d
 * stays below 2^top, and what room is left is max(room - s, s - 1). With s the half of room + 1, rounded up, log2(room + 1) steps
 * do, each one comparison and two products with its bit. For square roots steps are even: all of it in units of `stride` bits.
 */
import { assert } from '../../base/errors.ts';
import type { PlanBuilder, Ring } from '../builder.ts';
import { type Ranged, requireFits } from './ranged.ts';

export interface Normalised {
  /** x scale, in [2^(top - stride), 2^top). */
  readonly value: Ring;
  /** 2^(stride j) for a j from 0 to `places`. */
  readonly scale: Ring;
  readonly places: number;
}

/** Bits of a number: the least b with x < 2^b. */
export const bitsOf = (x: bigint): number => (x === 0n ? 0 : x.toString(2).length);

/** x >= 1 moved up below 2^top, a few bits at a time. `top` is at least the bits of the largest x. Throws `plan.too-wide`. */
export function normalise(builder: PlanBuilder, x: Ranged, top: number, stride = 1): Normalised {
  assert(x.lo >= 1n && bitsOf(x.hi) <= top, 'what is normalised is positive and below its top');
  requireFits((1n << BigInt(top)) - 1n, 'a normalised number');
  const places = placesBelow(x.lo, top, stride);
  let value = builder.opened(x.value);
  let scale = builder.constant(1n, value.length);
  for (let room = places; room > 0; ) {
    const step = Math.ceil((room + 1) / 2);
    const factor = 1n << BigInt(stride * step);
    const border = 1n << BigInt(top - stride * step);
    const isLow = builder.lessThanZero(builder.linear([[1n, value]], -border));
    const times = (y: Ring) =>
      builder.opened(
        builder.linear([
          [1n, y],
          [factor - 1n, builder.timesBit(isLow, y)],
        ]),
      );
    value = times(value);
    scale = times(scale);
    room = Math.max(room - step, step - 1);
  }
  return { value, scale, places };
}

/** How many strides the least x can be moved up. */
function placesBelow(least: bigint, top: number, stride: number): number {
  return Math.floor((top - bitsOf(least)) / stride);
}

/** What normalising takes: comparisons, each with two openings and in four rounds. */
export function normalisingSteps(least: bigint, top: number, stride = 1): number {
  return Math.ceil(Math.log2(placesBelow(least, top, stride) + 1));
}
