/**
 * Owns normalisation: positive integers of unknown size are scaled by secret powers of two until their top bits meet, which is
 * what an approximation of 1 / d or 1 / sqrt(d) starts from. Must never open a size: only comparison bits under masks.
 *
 * A search for the power in base 4. With d in [2^(top-1-room), 2^top), a step compares d with the borders 2^(top-s), 2^(top-2s), ... of
 * `borders` distances s: all borders above d are m, and d moves up by m s bits. Then d stays below 2^top, and what room is left
 * is room - borders s if it lay below all, else at most s - 1. With s a fourth of room + 1, rounded up, and up to three borders,
 * log4(room + 1) steps do, each in four rounds. Of the bits b_1 >= b_2 >= b_3, each [d < border],
 *   2^(s m) d = d + sum over i of (2^(s i) - 2^(s (i-1))) b_i d.
 * For square roots steps are even: all of it in units of `stride` bits.
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

/** Most borders of a step. */
const BORDERS = 3;

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
  for (const { distance, borders } of steps) {
    const excess = countUp(borders).map((i) =>
      builder.linear([[1n, value]], -powerOfTwo(top - stride * distance * (i + 1))),
    );
    const isBelow = builder.lessThanZero(builder.concat(...excess), {
      lo: -powerOfTwo(top - stride * distance),
      hi: powerOfTwo(top) - 1n,
    });
    /** y times the factor for no border above x, or for one or more of them. */
    const times = (y: Ring, factors: readonly bigint[]) =>
      builder.opened(timesFactor(builder, y, isBelow, factors));
    const up = (unit: number) => countUp(borders + 1).map((m) => powerOfTwo(unit * m));
    value = times(value, up(stride * distance));
    moved = times(moved, up(stride * distance));
    rest = times(rest, up(distance).reverse());
  }
  return { value, companion: moved, rest, most: steps.reduce((sum, step) => sum + movesOf(step), 0) };
}

/** y factors[m], m the number of bits that are set of the element's `factors.length - 1` bits, which are set from the first one on. */
function timesFactor(builder: PlanBuilder, y: Ring, bits: Bits, factors: readonly bigint[]): Ring {
  const times = factors.length - 1;
  const parts = builder.timesBit(bits, builder.repeat(y, times));
  return builder.linear([
    [factors[0]!, y],
    ...countUp(times).map(
      (i) => [factors[i + 1]! - factors[i]!, builder.slice(parts, i * y.length, y.length)] as const,
    ),
  ]);
}

interface Step {
  /** In strides. */
  readonly distance: number;
  readonly borders: number;
}

const movesOf = ({ distance, borders }: Step): number => distance * borders;
const powerOfTwo = (exponent: number): bigint => 1n << BigInt(exponent);
const countUp = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function stepsOf(least: bigint, top: number, stride: number): Step[] {
  const steps: Step[] = [];
  for (let room = Math.floor((top - bitsOf(least)) / stride); room > 0; ) {
    const distance = Math.ceil((room + 1) / (BORDERS + 1));
    const borders = Math.min(BORDERS, Math.floor(room / distance));
    steps.push({ distance, borders });
    room = Math.max(room - borders * distance, distance - 1);
  }
  return steps;
}

/** What normalising takes: steps of two openings and four rounds, and comparisons. */
export function normalisingWork(
  least: bigint,
  top: number,
  stride = 1,
): { readonly steps: number; readonly comparisons: number } {
  const steps = stepsOf(least, top, stride);
  return {
    steps: steps.length,
    comparisons: steps.reduce((sum, { borders }) => sum + borders, 0),
  };
}

/** x, or 1 where it is 0: nothing else can be moved up. */
export function atLeastOne(builder: PlanBuilder, x: Ranged): Ranged {
  if (x.lo >= 1n) return x;
  const isZero = builder.toRing(
    builder.lessThanZero(builder.linear([[1n, x.value]], -1n), { lo: -1n, hi: x.hi }),
  );
  return { value: builder.opened(builder.add(x.value, isZero)), lo: 1n, hi: larger(x.hi, 1n) };
}
