/**
 * Owns arithmetic on fixed-point numbers: integers that stand for x / 2^f, with proven ranges. Must never let a product leave
 * the range in which truncation is right: it throws `plan.too-wide` instead.
 *
 * A product is opened, truncated, and opened again where a gate needs it: two rounds. One would do if the dealer knew a mask of
 * the truncated value beforehand. It does not: what is taken off the mask r besides r >> f is w 2^(64-f), and w = msb(r) [y^ >= 0]
 * depends on the opened y^ (gates/truncate.ts). SecureML (Mohassel and Zhang 2017) and ABY2.0 (Patra et al. 2021) save the second
 * opening by leaving w out, and err by 2^(64-f) with probability |x| / 2^62: exactness is worth a round.
 */
import { assert } from '../../base/errors.ts';
import type { PlanBuilder } from '../builder.ts';
import { larger, magnitudeOf, type Ranged, requireFits, smaller } from './ranged.ts';

/** x / 2^bits, rounded down or to the integer above that: one unit of error at most. Throws `plan.too-wide`. */
export function scaleDown(builder: PlanBuilder, x: Ranged, bits: number): Ranged {
  assert(bits >= 0 && bits <= 62, 'a truncation takes off up to 62 bits');
  if (bits === 0) return x;
  requireFits(magnitudeOf(x), 'a number to be scaled down');
  const shift = BigInt(bits);
  // A value that is a multiple of 2^bits may come out one higher too.
  return { value: builder.truncate(x.value, bits), lo: x.lo >> shift, hi: (x.hi >> shift) + 1n };
}

/** x y, exactly. Throws `plan.too-wide`. */
export function multiplyWithin(builder: PlanBuilder, x: Ranged, y: Ranged): Ranged {
  const ends = [x.lo * y.lo, x.lo * y.hi, x.hi * y.lo, x.hi * y.hi];
  const product = {
    value: builder.multiply(x.value, y.value),
    lo: ends.reduce(smaller),
    hi: ends.reduce(larger),
  };
  requireFits(magnitudeOf(product), 'a product');
  return product;
}

/**
 * x y / 2^fraction: the product of two fixed-point numbers, of whose fractions one is taken off. Within one unit of the exact
 * quotient. Two rounds once both are opened, 16 bytes each way and 24 of tape an element. Throws `plan.too-wide`.
 */
export function multiplyFixed(builder: PlanBuilder, x: Ranged, y: Ranged, fraction: number): Ranged {
  return scaleDown(builder, multiplyWithin(builder, x, y), fraction);
}
