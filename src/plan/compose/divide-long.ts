/**
 * Owns exact quotients of long vectors: approximated by a reciprocal, then corrected by comparing what is left with 0 and with
 * the divisor. Must never be off by one: the error of every approximation is bounded here, before anything runs.
 *
 * For 0 <= N and D >= 1, and Q = N / D below a proven qMax + 1: normalise.ts gives d = D v in [2^(k-1), 2^k) and M = N v = Q d, v a
 * secret power of two. With w of reciprocal.ts, 2^(k+F) / d but for a relative H, and M cut to 30 bits by s places,
 *   q' = (M / 2^s) w / 2^(k+F-s), truncated.   |q' - Q| <= q H + 2^s (1 + H) / 2^(k-1) + 1 = E + 1
 * where q bounds |Q|, and the middle term is there only if s > 0. What is left is M - q' d, at most (E + 1) d in magnitude: it is
 * divided the same way, until E <= 1/2. Then half a unit is taken off before truncating, so that
 *   -2 < -1 - 2E < q' - floor(Q) < 2:   q' is floor(Q) or one beside it, and with what is left, L = M - q' d,
 *   floor(Q) = q' - 1 + [L >= 0] + [L >= d].   Since Q is in [floor(Q), floor(Q) + 1), both are of numbers below 2d < 2^(k+1).
 * Each pass gains some 24 bits. All of it stays below 2^62 where (qMax + 1) 2^k does.
 */
import type { PlanBuilder, Ring } from '../builder.ts';
import { scaleDown } from './fixed-point.ts';
import { bitsOf, normalise, normalisingWork } from './normalise.ts';
import { isNarrow, type Ranged } from './ranged.ts';
import { FRACTION, MOST_STEPS, reciprocal, relativeError } from './reciprocal.ts';
import type { Work } from './work.ts';

/** Bits to which a dividend is cut before it meets the reciprocal: their product stays below 2^62. */
const DIVIDEND_BITS = 30;
const ONE = 1n << BigInt(FRACTION);
/** Of a public reciprocal, rounded down: it is at least 2^F, so that one unit is a relative 2^-F. */
const PUBLIC_ERROR = 1n;

/** One approximation: what its dividend is at most in magnitude, and the places by which it is cut. */
interface Pass {
  readonly most: bigint;
  readonly cut: number;
}

export interface LongDivision {
  /** Bits of the normalised divisor. */
  readonly top: number;
  /** Steps of the reciprocal; none where the divisor, and so its reciprocal, is public. */
  readonly steps: number;
  readonly passes: readonly Pass[];
}

/**
 * How quotients up to qMax by divisors d are made: with the fewest passes, then the fewest steps. Nothing where something could
 * wrap.
 */
export function longDivision(qMax: bigint, d: Pick<Ranged, 'lo' | 'hi'>): LongDivision | undefined {
  const top = bitsOf(d.hi);
  const choices = d.lo === d.hi ? [0] : [1, 2, MOST_STEPS];
  const found = choices.flatMap((steps) => {
    const passes = passesOf(qMax, top, steps === 0 ? PUBLIC_ERROR : relativeError(steps));
    return passes ? [{ top, steps, passes }] : [];
  });
  return found.sort((x, y) => x.passes.length - y.passes.length)[0];
}

/** The passes until an approximation is within half a unit. Nothing where they do not get there. */
function passesOf(qMax: bigint, top: number, relative: bigint): Pass[] | undefined {
  const passes: Pass[] = [];
  for (let quotient = qMax + 1n; ; ) {
    const most = quotient << BigInt(top);
    const cut = Math.max(0, bitsOf(most) - DIVIDEND_BITS);
    if (!isNarrow(most) || top + FRACTION - cut < 1) return undefined;
    passes.push({ most, cut });
    // In units of 2^-F, rounded up.
    const cutting = cut === 0 ? 0n : (((ONE + relative) << BigInt(cut)) >> BigInt(top - 1)) + 1n;
    const error = quotient * relative + cutting;
    if (error <= ONE / 2n) return passes;
    const next = error / ONE + 2n;
    if (next >= quotient) return undefined;
    quotient = next;
  }
}

/** What one quotient takes, by divisors of at least `least`. */
export function workOfLong({ top, steps, passes }: LongDivision, least: bigint): Work {
  const cuts = passes.filter(({ cut }) => cut > 0).length;
  if (steps === 0)
    return { comparisons: 2, openings: cuts + passes.length + 1, rounds: cuts + passes.length + 4 };
  const doubling = normalisingWork(least, top);
  const cutsDivisor = top > FRACTION ? 1 : 0;
  // The first dividend is cut while the reciprocal is made.
  const cutsAlongside = passes[0]!.cut > 0 ? 1 : 0;
  return {
    comparisons: doubling.comparisons + 2,
    openings: 2 * doubling.steps + cutsDivisor + 4 * steps + cuts + 3 * passes.length + 1,
    rounds: 4 * doubling.steps + cutsDivisor + 2 * (steps + 1) + cuts - cutsAlongside + 3 * passes.length + 4,
  };
}

/** floor(N / D) for 0 <= N, D >= 1 and N / D below qMax + 1, where `how` is `longDivision(qMax, d)`. */
export function divideLong(builder: PlanBuilder, n: Ring, d: Ranged, how: LongDivision): Ring {
  const { top, steps, passes } = how;
  const isPublic = steps === 0;
  const { value, companion } = normalise(builder, d, n, top);
  const divisor = isPublic ? builder.constant(d.lo, n.length) : value;
  const inverse = isPublic
    ? builder.constant((1n << BigInt(top + FRACTION)) / d.lo, n.length)
    : reciprocal(builder, divisor, top, steps).value;
  let left = companion;
  const quotients: Ring[] = [];
  passes.forEach(({ most, cut }, index) => {
    const isLast = index === passes.length - 1;
    const dividend = scaleDown(builder, { value: left, lo: -most, hi: most }, cut).value;
    const shift = top + FRACTION - cut;
    const product = builder.linear(
      [[1n, builder.multiply(dividend, inverse)]],
      isLast ? -(1n << BigInt(shift - 1)) : 0n,
    );
    const quotient = builder.opened(builder.truncate(product, shift));
    quotients.push(quotient);
    left = builder.opened(builder.sub(left, builder.multiply(quotient, divisor)));
  });
  const length = left.length;
  // L = (Q - q') d with -1 < Q - q' < 2, so that -d < L < 2d and -2d < L - d < d. Both comparisons in one gate.
  const widest = 1n << BigInt(top + 1);
  const enough = builder.toRing(
    builder.not(
      builder.lessThanZero(builder.concat(left, builder.sub(left, divisor)), {
        lo: -widest,
        hi: widest - 1n,
      }),
    ),
  );
  return builder.linear(
    [
      ...quotients.map((quotient) => [1n, quotient] as const),
      [1n, builder.slice(enough, 0, length)],
      [1n, builder.slice(enough, length, length)],
    ],
    -1n,
  );
}
