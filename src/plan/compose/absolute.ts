/**
 * Owns sign and magnitude: |x| and values with a sign put back. Two rounds and the openings around them.
 */
import type { Bits, PlanBuilder, Ring } from '../builder.ts';
import { magnitudeOf, type Ranged, requireFits } from './ranged.ts';

/** b ? -x : x, element by element: x - 2 b x. */
export function negateWhere(builder: PlanBuilder, b: Bits, x: Ring): Ring {
  return builder.linear([
    [1n, x],
    [-2n, builder.timesBit(b, x)],
  ]);
}

/** |x| and [x < 0]. No gate is spent on vectors whose range has one sign. Throws `plan.too-wide`. */
export function absolute(builder: PlanBuilder, x: Ranged): { magnitude: Ranged; negative: Bits } {
  const hi = magnitudeOf(x);
  requireFits(hi, 'an absolute value');
  if (x.lo >= 0n) return { magnitude: x, negative: builder.bit(0, x.value.length) };
  if (x.hi <= 0n) {
    const magnitude = { value: builder.negate(x.value), lo: -x.hi, hi };
    // Zero has no sign to put back, so calling it negative is harmless.
    return { magnitude, negative: builder.bit(1, x.value.length) };
  }
  const negative = builder.lessThanZero(x.value, x);
  return { magnitude: { value: negateWhere(builder, negative, x.value), lo: 0n, hi }, negative };
}
