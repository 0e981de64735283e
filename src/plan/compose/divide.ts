/**
 * Owns exact division: schoolbook, digit by digit, with all values of a digit compared at once.
 * Must never approximate: quotients equal those of PostgreSQL's integers and decimals, on every input in range.
 *
 * For N >= 0 and D >= 1 write q = floor(N / D) <= qMax in base B, weights W = B^(m-1), ..., B, 1. From the top digit on,
 *   b_k = [N - k W D >= 0] for k = 1..K,   digit = sum of b_k,   N := N - digit W D,
 * where K = B - 1, or floor(qMax / W) for the top digit. N stays in [0, nMax] throughout and no k W exceeds qMax, so every
 * difference lies in [-qMax dMax, nMax]: that this fits in 62 bits is the whole proof that nothing wraps.
 * With D = 0 every b_k is 1: the quotient is then the largest that the digits can write, below B^m; callers mask it.
 * Each digit takes about four rounds: N is opened, two rounds compare, the bits are opened.
 */
import { assert } from '../../base/errors.ts';
import type { PlanBuilder, Ring } from '../builder.ts';
import { absolute, negateWhere } from './absolute.ts';
import { larger, magnitudeOf, type Ranged, requireFits, smaller } from './ranged.ts';

/** Comparisons of one digit: about as long as the rounds around them take. */
const COMPARISONS_A_DIGIT = 4096;
const WIDEST_DIGIT_BITS = 6;

export interface DivideOptions {
  /** No quotient of interest exceeds this in magnitude: an average lies between the least and the greatest value. */
  readonly largest?: bigint;
}

/**
 * floor(N / D) for 0 <= N and 0 <= D. Where D = 0, or where the true quotient exceeds `largest`, the result is bounded
 * but says nothing. Throws `plan.too-wide`.
 */
export function divideFloor(builder: PlanBuilder, n: Ranged, d: Ranged, options: DivideOptions = {}): Ranged {
  assert(n.lo >= 0n && d.lo >= 0n, 'a digit-wise quotient has operands without sign');
  const { length } = n.value;
  const divisor = builder.opened(d.value);
  const smallest = larger(d.lo, 1n);
  const exact = n.hi / smallest;
  const qMax = smaller(options.largest ?? exact, exact);
  requireFits(larger(n.hi, qMax * d.hi), 'a dividend, or a quotient times its divisor,');
  const { bits, digits } = radix(qMax, length);
  const base = 1n << BigInt(bits);
  const multiples: Ring[] = [];
  for (let k = 1n; k < base; k++) multiples.push(builder.scale(divisor, k));
  let rest = builder.opened(n.value);
  let bound = 0n;
  const quotient: (readonly [bigint, Ring])[] = [[0n, n.value]];
  for (let position = digits - 1; position >= 0; position--) {
    const weight = base ** BigInt(position);
    const count = Number(position === digits - 1 ? qMax / weight : base - 1n);
    if (count === 0) continue;
    bound += BigInt(count) * weight;
    const candidates = builder.linear([
      [1n, builder.repeat(rest, count)],
      [-weight, builder.concat(...multiples.slice(0, count))],
    ]);
    const fits = builder.not(builder.lessThanZero(candidates));
    quotient.push([weight, sumOfBlocks(builder, builder.toRing(fits), count)]);
    if (position > 0) {
      const taken = builder.timesBit(fits, builder.repeat(divisor, count));
      const left = builder.linear([
        [1n, rest],
        [-weight, sumOfBlocks(builder, taken, count)],
      ]);
      rest = builder.opened(left);
    }
  }
  return { value: builder.linear(quotient), lo: 0n, hi: bound };
}

/** N / D rounded towards zero, as PostgreSQL divides integers; any signs. See `divideFloor` for D = 0. */
export function divideTruncate(
  builder: PlanBuilder,
  n: Ranged,
  d: Ranged,
  options: DivideOptions = {},
): Ranged {
  return signedQuotient(builder, n, d, (top, bottom) => divideFloor(builder, top, bottom, options));
}

/** N / D rounded half away from zero, as PostgreSQL rounds decimals; any signs: floor((2|N| + |D|) / 2|D|). */
export function divideRound(builder: PlanBuilder, n: Ranged, d: Ranged, options: DivideOptions = {}): Ranged {
  return signedQuotient(builder, n, d, (top, bottom) => {
    const doubled = builder.linear([
      [2n, top.value],
      [1n, bottom.value],
    ]);
    // N / D + 1/2 falls as D grows: the least divisor gives the largest quotient.
    const least = larger(bottom.lo, 1n);
    const reachable = (2n * top.hi + least) / (2n * least);
    return divideFloor(
      builder,
      { value: doubled, lo: 0n, hi: 2n * top.hi + bottom.hi },
      { value: builder.scale(bottom.value, 2n), lo: 2n * bottom.lo, hi: 2n * bottom.hi },
      { largest: smaller(options.largest ?? reachable, reachable) },
    );
  });
}

/** The quotient of the magnitudes with the sign put back. */
function signedQuotient(
  builder: PlanBuilder,
  n: Ranged,
  d: Ranged,
  divide: (n: Ranged, d: Ranged) => Ranged,
): Ranged {
  assert(n.value.length === d.value.length, 'dividends and divisors are as many');
  requireFits(larger(magnitudeOf(n), magnitudeOf(d)), 'a dividend or divisor');
  const top = absolute(builder, n);
  const bottom = absolute(builder, d);
  const quotient = divide(top.magnitude, bottom.magnitude);
  const negative = builder.xor(top.negative, bottom.negative);
  const signed = n.lo < 0n || d.lo < 0n;
  return {
    value: negateWhere(builder, negative, quotient.value),
    lo: signed ? -quotient.hi : 0n,
    hi: quotient.hi,
  };
}

/** Bits of a digit and number of digits for quotients up to `qMax`: wide digits for few elements, then evened out. */
function radix(qMax: bigint, length: number): { bits: number; digits: number } {
  const needed = qMax.toString(2).length;
  const affordable = Math.floor(Math.log2(COMPARISONS_A_DIGIT / length + 1));
  const widest = Math.min(WIDEST_DIGIT_BITS, Math.max(2, affordable));
  const digits = Math.ceil(needed / widest);
  return { bits: Math.ceil(needed / digits), digits };
}

/** The sum of `count` vectors that lie one after the other. */
function sumOfBlocks(builder: PlanBuilder, x: Ring, count: number): Ring {
  const length = x.length / count;
  if (length === 1) return builder.sum(x);
  return builder.add(...Array.from({ length: count }, (_, k) => builder.slice(x, k * length, length)));
}
