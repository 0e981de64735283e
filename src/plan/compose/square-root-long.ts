/**
 * Owns exact square roots of long vectors: approximated by Goldschmidt's iteration, then corrected by comparing squares. Must never
 * be off by one: the error of the approximation is bounded here, before anything runs.
 *
 * For x >= 1 (a zero is taken as 1, and put right by the correction), normalise.ts gives X = x 4^j in [2^(T-2), 2^T), T even. In fixed
 * point with F = 30 bits after the point, unit u = 2^-F, let a = X / 2^T in [1/4, 1). With y = 273/128 - 39/32 a, which is
 * 1 / sqrt(a) but for a relative n_0 of at most 0.0861 (least at both ends, greatest at a = 7/12), and g = a y,
 *   p = (1 - g y) / 2,   g := g + g p,   y := y + y p
 * keeps g / y = a and brings g to sqrt(a): n := -(3/2) n^2 - n^3 / 2, so 0.0861, 0.0115, 2.0e-4, 6.0e-8, then nothing.
 * Roundings, each within u: y off by 1 is another n_0. g and y drift apart by u / g <= 2u and u / y <= u a step and 2u at the
 * start: half of it goes to g, 7u for four steps. The last p adds u, the last product 2u, a truncated a 2u: 12u, stated as 14u.
 * Then sqrt(x) = g 2^(T/2) / 2^j; j is secret, and rest = 2^(m-j) is there instead: s = g rest / 2^(F + m - T/2), truncated.
 *
 * With E <= 1/2 the error of s before truncating: for the floor r of the root half a unit is taken off first, so that
 * -2 < s - r < 2; for the nearest integer r nothing is, and the same holds. Then with c = 0, or c = 1 and x - 1 for x,
 *   r = s - 1 + [s^2 - c s <= x] + [(s+1)^2 - c (s+1) <= x].
 * With s within 1 of r and r <= 2^(T/2), what is compared is at most 4r + 4 in magnitude, or 9 where x = 0: below 4 2^(T/2) + 9.
 * For x = 0 the floor comes out as 0 from both s of an x of 1, 0 and 1. The nearest integer may not, and is set to 0.
 */
import type { PlanBuilder, Ring } from '../builder.ts';
import { multiplyFixed, multiplyWithin, scaleDown } from './fixed-point.ts';
import { atLeastOne, bitsOf, normalise, normalisingWork } from './normalise.ts';
import { larger, type Ranged } from './ranged.ts';
import type { Work } from './work.ts';

/** Bits after the point. */
const FRACTION = 30;
const ONE = 1n << BigInt(FRACTION);
/** The line that starts, with SLOPE and START over 2^LINE_BITS. */
const SLOPE = 39n;
const START = (273n * ONE) / 4n;
const LINE_BITS = 5;

/** |n| after so many steps, in units, rounded up. */
const CONVERGENCE: ReadonlyMap<number, bigint> = new Map([
  [2, 208_716n],
  [3, 62n],
  [4, 1n],
]);
/** Units that all roundings add up to, at most. */
const ROUNDING = 14n;

export interface LongRoot {
  /** Bits of the normalised number, even. */
  readonly top: number;
  readonly steps: number;
  readonly rounded: boolean;
}

/** How roots of numbers up to xMax are made: with the fewest steps. Nothing where no approximation is good enough. */
export function longRoot(xMax: bigint, rounded: boolean): LongRoot | undefined {
  const top = 2 * Math.ceil(Math.max(bitsOf(xMax), 1) / 2);
  const rootMax = 1n << BigInt(top / 2);
  for (const [steps, convergence] of CONVERGENCE)
    if (2n * rootMax * (convergence + ROUNDING) <= ONE) return { top, steps, rounded };
  return undefined;
}

/** What one root takes, of numbers of at least `least`. */
export function workOfRoot({ top, steps, rounded }: LongRoot, least: bigint): Work {
  const isZeroed = least < 1n ? 1 : 0;
  const isSetToZero = rounded ? isZeroed : 0;
  const cutsNumber = top > FRACTION ? 1 : 0;
  const doubling = normalisingWork(larger(least, 1n), top, 2);
  const rest = isZeroed + cutsNumber;
  return {
    comparisons: doubling.comparisons + 2 + isZeroed,
    openings: rest + 2 * doubling.steps + 6 * steps + 5 + isSetToZero,
    rounds: 4 * isZeroed + cutsNumber + 4 * doubling.steps + 4 * steps + 10 + isSetToZero,
  };
}

/** floor(sqrt(x)), or sqrt(x) rounded to the nearest integer, where `how` is `longRoot(x.hi, rounded)`. */
export function squareRootLong(builder: PlanBuilder, x: Ranged, { top, steps, rounded }: LongRoot): Ring {
  const half = top / 2;
  const positive = atLeastOne(builder, x);
  const number = normalise(builder, positive, positive.value, top, 2);
  const root = approximateRoot(builder, number.value, top, steps);
  const shift = FRACTION + number.most - half;
  const scaled = multiplyWithin(builder, root, { value: number.rest, lo: 1n, hi: 1n << BigInt(number.most) });
  const moved = builder.linear([[1n, scaled.value]], rounded ? 0n : -(1n << BigInt(shift - 1)));
  const s = builder.opened(builder.truncate(moved, shift));
  const square = builder.opened(builder.multiply(s, s));
  // x - (s^2 - c s) and x - ((s + 1)^2 - c (s + 1)), with x - 1 for x where c = 1.
  const c = rounded ? 1n : 0n;
  const left = (next: bigint) =>
    builder.linear(
      [
        [1n, x.value],
        [-1n, square],
        [c - 2n * next, s],
      ],
      -c - next * (1n - c),
    );
  const most = 4n * (1n << BigInt(half)) + 9n;
  const enough = builder.toRing(
    builder.not(builder.lessThanZero(builder.concat(left(0n), left(1n)), { lo: -most, hi: most })),
  );
  const corrected = builder.linear(
    [
      [1n, s],
      [1n, builder.slice(enough, 0, s.length)],
      [1n, builder.slice(enough, s.length, s.length)],
    ],
    -1n,
  );
  if (!rounded || x.lo >= 1n) return corrected;
  const isPositive = builder.not(
    builder.lessThanZero(builder.linear([[1n, x.value]], -1n), { lo: -1n, hi: x.hi }),
  );
  return builder.timesBit(isPositive, corrected);
}

/** About sqrt(X / 2^top) for X in [2^(top-2), 2^top), in fixed point. */
function approximateRoot(builder: PlanBuilder, x: Ring, top: number, steps: number): Ranged {
  const whole = { value: x, lo: 1n << BigInt(top - 2), hi: (1n << BigInt(top)) - 1n };
  const fraction =
    top > FRACTION
      ? scaleDown(builder, whole, top - FRACTION).value
      : builder.scale(x, 1n << BigInt(FRACTION - top));
  const a = { value: builder.opened(fraction), lo: ONE / 4n, hi: ONE };
  // Ranges that the derivation gives: those of single operations would not know that g and y go together.
  const asRoot = (value: Ring): Ranged => ({ value: builder.opened(value), lo: 0n, hi: ONE + ONE / 8n });
  const asInverse = (value: Ring): Ranged => ({
    value: builder.opened(value),
    lo: 0n,
    hi: 2n * ONE + ONE / 4n,
  });
  const line = builder.linear([[-SLOPE, a.value]], START);
  let y = asInverse(scaleDown(builder, { value: line, lo: 0n, hi: START }, LINE_BITS).value);
  let g = asRoot(multiplyFixed(builder, a, y, FRACTION).value);
  for (let step = 1; step <= steps; step++) {
    const product = builder.linear([[-1n, builder.multiply(g.value, y.value)]], ONE * ONE);
    const p = {
      value: builder.opened(builder.truncate(product, FRACTION + 1)),
      lo: -ONE / 8n,
      hi: ONE / 8n,
    };
    const more = multiplyFixed(builder, g, p, FRACTION).value;
    if (step < steps) y = asInverse(builder.add(y.value, multiplyFixed(builder, y, p, FRACTION).value));
    g = asRoot(builder.add(g.value, more));
  }
  return g;
}
