/**
 * Owns exact division: schoolbook, digit by digit, with all values of a digit compared at once, or for long vectors by an
 * approximate reciprocal and a correction (divide-long.ts), whichever takes less.
 * Must never be inexact: quotients equal those of PostgreSQL's integers and decimals, on every input in range.
 *
 * Digit by digit. For N >= 0 and D >= 1 write q = floor(N / D) <= qMax in base B, weights W = B^(m-1), ..., B, 1. From the top digit on,
 *   b_k = [N - k W D >= 0] for k = 1..K,   digit = sum of b_k,   N := N - digit W D,
 * where K = B - 1, or floor(qMax / W) for the top digit. N stays in [0, nMax] throughout, so every difference lies in
 * [-K W dMax, nMax]. Where K W dMax would not fit, D gives way to D' = min(D, c + 1) with c = floor(nMax / W): if D <= c
 * nothing changes, else W D' > nMax >= N and all b_k are 0, as they are for D. Then K W D' <= K (nMax + W). That these
 * bounds stay below 2^62 for every digit is the whole proof that nothing wraps; B is lowered until they do.
 * With D = 0 every b_k is 1: the quotient is then the largest that the digits can write, below B^m; callers mask it.
 * Each digit takes about four rounds: N is opened, two rounds compare, the bits are opened.
 */
import { assert } from '../../base/errors.ts';
import type { PlanBuilder, Ring } from '../builder.ts';
import { absolute, negateWhere } from './absolute.ts';
import { digitBits, sumOfBlocks } from './blocks.ts';
import { divideLong, type LongDivision, longDivision, workOfLong } from './divide-long.ts';
import { atLeastOne } from './normalise.ts';
import { isNarrow, larger, magnitudeOf, type Ranged, requireFits, smaller } from './ranged.ts';
import { total } from './work.ts';

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
  const exact = n.hi / larger(d.lo, 1n);
  const qMax = smaller(options.largest ?? exact, exact);
  // Where D = 0 a promise about the quotient does not hold, and an approximation could then be anything.
  const long = qMax === exact ? longWay(qMax, n, d) : undefined;
  return long
    ? longQuotient(builder, n, atLeastOne(builder, d), qMax, long)
    : digitQuotient(builder, n, d, qMax);
}

function longQuotient(builder: PlanBuilder, n: Ranged, d: Ranged, qMax: bigint, long: LongDivision): Ranged {
  return { value: divideLong(builder, n.value, d, long), lo: 0n, hi: qMax };
}

function digitQuotient(builder: PlanBuilder, n: Ranged, d: Ranged, qMax: bigint): Ranged {
  const divisor = builder.opened(d.value);
  const places = placesOf(qMax, n.hi, d.hi, n.value.length);
  const capped = cappedDivisors(builder, { ...d, value: divisor }, places);
  let rest = builder.opened(n.value);
  let bound = 0n;
  const quotient: (readonly [bigint, Ring])[] = [[0n, n.value]];
  for (const { weight, count, cap } of places) {
    const by = cap === undefined ? divisor : capped.get(weight)!;
    bound += BigInt(count) * weight;
    const least = BigInt(count) * weight * (cap === undefined ? d.hi : cap + 1n);
    const multiples = Array.from({ length: count }, (_, k) => builder.scale(by, BigInt(k + 1)));
    const candidates = builder.linear([
      [1n, builder.repeat(rest, count)],
      [-weight, builder.concat(...multiples)],
    ]);
    const fits = builder.not(builder.lessThanZero(candidates, { lo: -least, hi: n.hi }));
    quotient.push([weight, sumOfBlocks(builder, builder.toRing(fits), count)]);
    if (weight === 1n) break;
    const taken = builder.timesBit(fits, builder.repeat(by, count));
    const left = builder.linear([
      [1n, rest],
      [-weight, sumOfBlocks(builder, taken, count)],
    ]);
    rest = builder.opened(left);
  }
  return { value: builder.linear(quotient), lo: 0n, hi: bound };
}

/** The reciprocal's way to quotients up to qMax, where it takes less than digits do. */
function longWay(qMax: bigint, n: Ranged, d: Ranged): LongDivision | undefined {
  const { length } = n.value;
  const long = longDivision(qMax, d);
  if (!long) return undefined;
  const places = placesOf(qMax, n.hi, d.hi, length);
  const digits = {
    comparisons: places.reduce((sum, { count }) => sum + count, 0),
    openings: places.length,
    rounds: 4 * places.length,
  };
  return total(workOfLong(long, larger(d.lo, 1n)), length) < total(digits, length) ? long : undefined;
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
    // N / D + 1/2 falls as D grows: the least divisor gives the largest quotient.
    const least = larger(bottom.lo, 1n);
    const reachable = (2n * top.hi + least) / (2n * least);
    const qMax = smaller(options.largest ?? reachable, reachable);
    const twice = ({ value, lo, hi }: Ranged): Ranged => ({
      value: builder.scale(value, 2n),
      lo: 2n * lo,
      hi: 2n * hi,
    });
    const doubled = (d: Ranged): Ranged => ({
      value: builder.linear([
        [2n, top.value],
        [1n, d.value],
      ]),
      lo: 0n,
      hi: 2n * top.hi + d.hi,
    });
    const long = qMax === reachable ? longWay(qMax, doubled(bottom), twice(bottom)) : undefined;
    if (!long) return digitQuotient(builder, doubled(bottom), twice(bottom), qMax);
    const positive = atLeastOne(builder, bottom);
    return longQuotient(builder, doubled(positive), twice(positive), qMax, long);
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

/** One digit: its weight, how many values are compared, and the greatest divisor that matters if others would wrap. */
interface Place {
  readonly weight: bigint;
  readonly count: number;
  readonly cap?: bigint;
}

/** The digits from the top: as wide as few elements allow, narrower if something could wrap. Throws `plan.too-wide`. */
function placesOf(qMax: bigint, nMax: bigint, dMax: bigint, length: number): Place[] {
  const needed = qMax.toString(2).length;
  for (let widest = digitBits(length); ; widest--) {
    const digits = Math.ceil(needed / widest);
    const bits = BigInt(Math.ceil(needed / digits));
    const places: Place[] = [];
    let reach = nMax;
    for (let position = BigInt(digits - 1); position >= 0n; position--) {
      const weight = 1n << (bits * position);
      const most = position === BigInt(digits - 1) ? qMax / weight : (1n << bits) - 1n;
      if (most === 0n) continue;
      const count = Number(most);
      const cap = nMax / weight;
      const needsCap = !isNarrow(most * weight * dMax) && cap < dMax;
      places.push(needsCap ? { weight, count, cap } : { weight, count });
      reach = larger(reach, most * weight * (needsCap ? cap + 1n : dMax));
    }
    if (isNarrow(reach)) return places;
    if (widest === 1) requireFits(reach, 'a dividend, or a quotient times its divisor,');
  }
}

/** min(D, cap + 1) for the places that need it, by weight: all compared at once. */
function cappedDivisors(builder: PlanBuilder, divisor: Ranged, places: readonly Place[]): Map<bigint, Ring> {
  const caps = places.flatMap(({ weight, cap }) => (cap === undefined ? [] : [{ weight, over: cap + 1n }]));
  if (caps.length === 0) return new Map();
  const excess = builder.concat(...caps.map(({ over }) => builder.linear([[1n, divisor.value]], -over)));
  const within = { lo: -caps.reduce((most, { over }) => larger(most, over), 0n), hi: divisor.hi };
  const kept = builder.opened(builder.timesBit(builder.lessThanZero(excess, within), excess));
  return new Map(
    caps.map(({ weight, over }, k) => {
      const part = builder.slice(kept, k * divisor.value.length, divisor.value.length);
      return [weight, builder.linear([[1n, part]], over)];
    }),
  );
}
