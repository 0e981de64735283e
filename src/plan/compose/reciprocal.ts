/**
 * Owns reciprocals of normalised numbers by Goldschmidt's iteration (1964), as Catrina and Saxena, "Secure computation with
 * fixed-point numbers" (2010) use it. Must never be wrong by more than the bound it states: divisions are corrected by it.
 *
 * In fixed point with F = 30 bits after the point, unit u = 2^-F, let a = d / 2^top in [1/2, 1). With c = sqrt(48) - 4,
 *   w = c - 2a,   e = 1 - a w:   -0.0718 <= e <= 0.0718 on [1/2, 1], by calculus: 1 - c^2 / 8 at a = c / 4, 3 - c at 1.
 *   Each step  w := w (1 + e), e := e^2  keeps w = (1 - e) / a:  after j steps w = (1 - e_0^(2^j)) / a.
 * A product of two such numbers stays below 2^61 and its truncation is within u. What rounding adds up to, in units: e is off by 1,
 * e^2 by 1.15, e^4 by 1.02; w by at most 2.93 after one step (1.93 * 1 + 1), 6.3 after two (2.95 + 2 * 1.15 + 1), 9.4 after
 * three (6.34 + 2 * 1.02 + 1). Where top > F, a itself is truncated, within u: a relative 2u. So with w >= 1 the relative
 * error of the reciprocal is below e_0^(2^j) + 12u, the number that `relativeError` gives, rounded up.
 */
import { assert } from '../../base/errors.ts';
import type { PlanBuilder, Ring } from '../builder.ts';
import { multiplyFixed, scaleDown } from './fixed-point.ts';
import type { Ranged } from './ranged.ts';

/** Bits after the point. */
export const FRACTION = 30;
const ONE = 1n << BigInt(FRACTION);
/** sqrt(48) - 4, rounded. */
const START = 3144134277n;

/** Most steps that gain anything: e^8 is below a unit. */
export const MOST_STEPS = 3;

/** Bounds of |e_0|^(2^j) for j = 0..3 in units, rounded up; 0.07181 takes START's rounding in. */
const CONVERGENCE: readonly bigint[] = [77_105_401n, 5_536_939n, 28_553n, 1n];
/** Units that all roundings add up to, at most. */
const ROUNDING = 12n;

/** |w a - 1| for the w of `reciprocal`, in units of 2^-FRACTION. */
export function relativeError(steps: number): bigint {
  const convergence = CONVERGENCE[steps];
  assert(convergence !== undefined, 'a reciprocal takes one to three steps');
  return convergence + ROUNDING;
}

/** Of d in [2^(top-1), 2^top): about 2^(top + FRACTION) / d, in [2^FRACTION, 2^(FRACTION + 1)] but for its error. */
export function reciprocal(builder: PlanBuilder, d: Ring, top: number, steps: number): Ranged {
  assert(steps >= 1 && steps <= MOST_STEPS, 'a reciprocal takes one to three steps');
  const whole = { value: d, lo: 1n << BigInt(top - 1), hi: (1n << BigInt(top)) - 1n };
  const fraction =
    top > FRACTION
      ? scaleDown(builder, whole, top - FRACTION).value
      : builder.scale(d, 1n << BigInt(FRACTION - top));
  const a = { value: builder.opened(fraction), lo: ONE / 2n, hi: ONE };
  // Ranges that the derivation gives: those of single operations would not know that w and e go together.
  const asReciprocal = (value: Ring): Ranged => ({
    value: builder.opened(value),
    lo: 0n,
    hi: 2n * ONE + ONE / 16n,
  });
  const asError = (value: Ring): Ranged => ({ value: builder.opened(value), lo: -ONE / 8n, hi: ONE / 8n });
  let w = asReciprocal(builder.linear([[-2n, a.value]], START));
  let e = asError(builder.linear([[-1n, multiplyFixed(builder, a, w, FRACTION).value]], ONE));
  for (let step = 1; step <= steps; step++) {
    const more = multiplyFixed(builder, w, e, FRACTION).value;
    if (step < steps) e = asError(multiplyFixed(builder, e, e, FRACTION).value);
    w = asReciprocal(builder.add(w.value, more));
  }
  return w;
}
