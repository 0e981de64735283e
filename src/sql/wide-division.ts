/**
 * Owns exact quotients of two numbers whose ranges are both wide, such as the ratio of two sums. Schoolbook division as in
 * src/plan/compose/divide.ts, which needs (largest quotient) x (largest divisor) to fit; here only both operands must.
 *
 * For N in [0, nMax] and D >= 0, digit by digit with weight W = B^j from the top:
 *   b_k = [N >= k W D] = [D <= floor(nMax / (k W))] AND [N - k W D >= 0],   k = 1..B-1
 * The first bit is known before any digit is; where it is 1, k W D <= nMax and the second comparison does not wrap; where
 * it is 0, so is b_k, and whatever the second one gives is not used. N := N - (sum of b_k) W D stays in [0, nMax].
 * With D = 0 every b_k is 1: a number that says nothing, which callers mask. About five rounds a digit.
 */
import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import { absolute, negateWhere } from '../plan/compose/absolute.ts';
import { magnitudeOf, type Ranged, requireFits } from '../plan/compose/ranged.ts';

/** Bits of a digit for few and for many elements: wide digits save rounds, narrow ones comparisons. */
const DIGIT_BITS = { few: 5, many: 2 } as const;
const FEW = 64;

/**
 * N / D, cut towards zero or rounded half away from zero, any signs. Throws `plan.too-wide` unless 2 |N| + |D| fits.
 */
export function divideWide(builder: PlanBuilder, n: Ranged, d: Ranged, rounded: boolean): Ring {
  requireFits(2n * magnitudeOf(n) + magnitudeOf(d), 'a dividend');
  requireFits(2n * magnitudeOf(d), 'a divisor');
  const top = absolute(builder, n);
  const bottom = absolute(builder, d);
  const twice = { value: builder.scale(bottom.magnitude.value, 2n), lo: 0n, hi: 2n * bottom.magnitude.hi };
  // floor(N / D + 1/2) = floor((2N + D) / 2D)
  const halfUp = builder.linear([
    [2n, top.magnitude.value],
    [1n, bottom.magnitude.value],
  ]);
  const quotient = rounded
    ? floorOf(builder, { value: halfUp, lo: 0n, hi: 2n * top.magnitude.hi + bottom.magnitude.hi }, twice)
    : floorOf(builder, top.magnitude, bottom.magnitude);
  return negateWhere(builder, builder.xor(top.negative, bottom.negative), quotient);
}

function floorOf(builder: PlanBuilder, n: Ranged, d: Ranged): Ring {
  const { length } = n.value;
  const bits = length <= FEW ? DIGIT_BITS.few : DIGIT_BITS.many;
  const digits = Math.ceil(n.hi.toString(2).length / bits);
  const largest = (1n << BigInt(bits)) - 1n;
  let rest = n.value;
  const quotient: (readonly [bigint, Ring])[] = [[0n, n.value]];
  for (let place = digits - 1; place >= 0; place--) {
    const weight = 1n << BigInt(bits * place);
    const multiples = countingUp(largest).filter((k) => k * weight <= n.hi);
    const fits = multiples.map((k): Bits => {
      const bound = n.hi / (k * weight);
      const candidate = builder.linear([
        [1n, rest],
        [-k * weight, d.value],
      ]);
      const enough = builder.not(builder.lessThanZero(candidate, { lo: -n.hi, hi: n.hi }));
      if (d.hi <= bound) return enough;
      const small = builder.atLeast(builder.constant(bound, length), d.value, {
        lo: bound - d.hi,
        hi: bound,
      });
      return builder.and(small, enough);
    });
    quotient.push(...fits.map((bit) => [weight, builder.toRing(bit)] as const));
    const taken = fits.map((bit) => [-weight, builder.timesBit(bit, d.value)] as const);
    if (place > 0) rest = builder.linear([[1n, rest], ...taken]);
  }
  return builder.linear(quotient);
}

const countingUp = (last: bigint): bigint[] =>
  Array.from({ length: Number(last) }, (_, at) => BigInt(at) + 1n);
