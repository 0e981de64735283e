/**
 * Owns the line that fits y by x: slope C_xy / C_xx and intercept mean(y) - slope mean(x), with C = n E (src/sql/moments.ts).
 *
 * C = n D - t t is exact, but may need n^2 H^2. Where D_xx and |D_xy| are below a public limit L with n L in range, C is used; elsewhere
 * E, rounded to integers: secret bits for each group choose. Where D_xx < L <= |D_xy|, E is kept to j bits after the point, as many as fit:
 * |E_xy|^2 <= E_xx E_yy leaves room for them. How wrong that can be follows from the declared ranges. With q the slope in units, L' = L / 2,
 * and both parts off by at most 1/2, the error is at most (1 + |q|) / (2^(j+1) E_xx - 1), or with j = 0 where D_xx >= L.
 *   D_xx >= L: E_xx >= L' (D_xx <= 2 E_xx), and q^2 E_xx <= E_yy <= Y gives |q| <= sqrt(Y / L'): below (|q| + 1) / (L' - 1).
 *   |D_xy| >= L: |E_xy| >= L' (they differ by n/4 <= L'), so |q| <= Y / L'; and if |q| > 1, E_xx >= L' / |q|: below q^2 / (2^j L' - |q|).
 * Also |q| <= 2 H_y, the steepest line through two rows. A query for which that exceeds half a unit of the last decimal is refused.
 *
 * The quotient is a long division: whole part first, then some decimals at a time of what remains, so that only the divisor times a power
 * of ten must fit. Both results are within one unit of their last decimal.
 */
import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import { absolute, negateWhere } from '../plan/compose/absolute.ts';
import { divideFloor, divideRound } from '../plan/compose/divide.ts';
import { isNarrow, larger, type Ranged, smaller } from '../plan/compose/ranged.ts';
import { floorRoot } from '../plan/compose/square-root.ts';
import { sqlFault } from './faults.ts';
import { powerOfTen } from './literals.ts';
import {
  crossProducts,
  deviationBound,
  farthest,
  type Mean,
  type Moments,
  meanOf,
  requireRoom,
  squares,
} from './moments.ts';
import { fitted } from './values.ts';

/** Largest divisor: at least one decimal at a time, doubled for rounding, must fit. */
const LARGEST_DIVISOR = 2n ** 57n;

/** The slope as a fraction with a positive denominator, both bounded in magnitude. */
interface Line {
  readonly top: Ranged;
  readonly bottom: Ranged;
  readonly meanX: Mean;
  readonly meanY: Mean;
  /** Where all x are equal there is no line. */
  readonly flat: Bits;
}

/** The slope with `decimals`, and where there is none. Throws `sql.too-wide`. */
export function slope(moments: Moments, decimals: number): { value: Ranged; none: Bits } {
  const { builder, at } = moments;
  const exponent = decimals - moments.y.scale + moments.x.scale;
  const line = lineOf(moments, { times: 1n, decimals: exponent });
  return fitted(at, () => {
    const { start, divisor, negative } = wholePart(moments, line);
    const { total, bound } = longer(builder, start, divisor, Math.max(exponent, 0), exponent >= 0);
    const coarser = powerOfTen(Math.max(-exponent, 0));
    const magnitude =
      coarser === 1n
        ? { value: total, lo: 0n, hi: bound }
        : divideFloor(
            builder,
            { value: builder.linear([[1n, total]], coarser / 2n), lo: 0n, hi: bound + coarser },
            constant(builder, coarser, total.length),
          );
    const value = negateWhere(builder, negative, magnitude.value);
    return { value: { value, lo: -magnitude.hi, hi: magnitude.hi }, none: line.flat };
  });
}

/** Parts of a unit that sums of rounded terms are kept in. */
const PARTS = 16n;

/**
 * The intercept with `decimals`, and where there is none. Throws `sql.too-wide`.
 *
 * In units of 10^-decimals (none finer than the columns' own where those have more), with slope = W + F / M, 0 <= F <= M, means y + t_y / n
 * and x + t_x / n:
 *   (y 10^e - W x) + (t_y 10^e - W t_x) / n - (F x + F t_x / n) / M.
 * The quotients are rounded to a PARTS-th of a unit. F is off by 1/2, so M >= 4 |x| keeps the last term within 1/8 of a unit.
 */
export function intercept(moments: Moments, decimals: number): { value: Ranged; none: Bits } {
  const { builder, count: n, rows, x, y, at } = moments;
  const wanted = decimals - y.scale;
  const exponent = Math.max(wanted, 0);
  const unit = powerOfTen(exponent);
  const coarser = powerOfTen(exponent - wanted);
  const more = (4n * farthest(x)).toString().length;
  const finer = powerOfTen(more);
  const needs = (halfX: bigint, halfY: bigint) => {
    const [farX, farY] = [farthest({ ...x, half: halfX }) + 2n, farthest({ ...y, half: halfY }) + 2n];
    const steepest = (2n * halfY + 2n) * unit;
    return [
      4n * rows * PARTS * (unit + steepest),
      4n * PARTS * finer * farX,
      4n * PARTS * (unit * farY + steepest * farX + coarser),
    ];
  };
  requireRoom(moments, 'an intercept', (halfX, halfY) => needs(halfX, halfY).reduce(larger), decimals > 0);
  const line = lineOf(moments, { times: 2n * farthest(x), decimals: wanted });
  return fitted(at, () => {
    const { start, divisor, negative } = wholePart(moments, line);
    const whole = longer(builder, start, divisor, exponent, false);
    const part = longer(
      builder,
      { ...whole, total: builder.constant(0n, n.length), bound: 0n },
      divisor,
      more,
      true,
    );
    const signs = builder.repeat(negative, 2);
    const signed = builder.opened(negateWhere(builder, signs, builder.concat(whole.total, part.total)));
    const [w, f] = [builder.slice(signed, 0, n.length), builder.slice(signed, n.length, n.length)];
    const { mean: meanY, rest: restY } = line.meanY;
    const { rest: restX } = line.meanX;
    const meanX = builder.linear([[1n, line.meanX.mean]], x.centre);
    const overCount = (value: Ring, bound: bigint): Ring =>
      divideRound(
        builder,
        { value, lo: -rows * bound, hi: rows * bound },
        { value: n, lo: 0n, hi: rows },
        { largest: bound },
      ).value;
    const rests = builder.linear([
      [PARTS * unit, restY],
      [-PARTS, builder.multiply(w, restX)],
    ]);
    const inParts = PARTS * (unit + whole.bound);
    const correction = builder.add(builder.multiply(f, meanX), overCount(builder.multiply(f, restX), finer));
    const correctionBound = PARTS * finer * (farthest(x) + 2n);
    const corrected = divideRound(
      builder,
      { value: builder.scale(correction, PARTS), lo: -correctionBound, hi: correctionBound },
      constant(builder, finer, n.length),
    );
    const sum = builder.linear(
      [
        [PARTS * unit, meanY],
        [-PARTS, builder.multiply(w, meanX)],
        [1n, overCount(rests, inParts)],
        [-1n, corrected.value],
      ],
      PARTS * unit * y.centre,
    );
    const bound = PARTS * (unit * (farthest(y) + 2n) + (whole.bound + 1n) * (farthest(x) + 2n));
    const exact = { value: sum, lo: -bound, hi: bound };
    return {
      value: divideRound(builder, exact, constant(builder, PARTS * coarser, n.length)),
      none: line.flat,
    };
  });
}

const constant = (builder: PlanBuilder, value: bigint, length: number): Ranged => ({
  value: builder.constant(value, length),
  lo: value,
  hi: value,
});

/** The line. `tolerance`: the slope's error `times` as much must be below half a unit of 10^-decimals. */
function lineOf(moments: Moments, tolerance: { readonly times: bigint; readonly decimals: number }): Line {
  const { builder, at, count: n, rows, x, y, products } = moments;
  requireRoom(
    moments,
    'a slope',
    (halfX, halfY) => larger(32n * rows * (halfX * halfX + 2n), 4n * rows * (halfX + 1n) * (halfY + 2n)),
    false,
  );
  return fitted(at, () => {
    const [meanX, meanY] = [meanOf(moments, x), meanOf(moments, y)];
    const dxx = squares(moments, x, products.xx!, meanX);
    const dxy = crossProducts(moments, products.xy!, meanX, meanY);
    const flat = builder.equalsZero(dxx.value, dxx);
    const exact = (d: Ranged, left: Ring, right: Ring): Ring =>
      builder.sub(builder.multiply(n, d.value), builder.multiply(left, right));
    const between = (value: Ring, hi: bigint, lo = -hi): Ranged => ({ value, lo, hi });
    const limit = rows * larger(dxx.hi, dxy.hi) + rows * rows;
    if (limit <= LARGEST_DIVISOR) {
      const top = between(exact(dxy, meanX.rest, meanY.rest), limit);
      return { top, bottom: between(exact(dxx, meanX.rest, meanX.rest), limit, 0n), meanX, meanY, flat };
    }
    const form = roundedForm(moments, dxx.hi, dxy.hi);
    requireSmallError(moments, form, tolerance);
    const { small, shift } = form;
    const above = builder.lessThanZero(
      builder.concat(
        builder.linear([[-1n, dxx.value]], small),
        builder.linear([[-1n, dxy.value]], small),
        builder.linear([[1n, dxy.value]], small),
      ),
      { lo: small - larger(dxx.hi, dxy.hi), hi: small + dxy.hi },
    );
    const [a, b, c] = [0, 1, 2].map((part) => builder.slice(above, part * n.length, n.length));
    const wide = builder.or(a!, b!, c!);
    // 2^shift where D_xx is small, 1 elsewhere.
    const finer = 1n << BigInt(shift);
    const factor = builder.opened(builder.linear([[1n - finer, builder.toRing(a!)]], finer));
    // factor D - round(factor t t / n): the share of the rests, made positive.
    const most = finer * rows;
    const rounded = (d: Ranged, left: Ring, right: Ring): Ring => {
      const product = builder.multiply(factor, builder.multiply(left, right));
      const value = builder.linear([
        [2n, product],
        [2n * most + 1n, n],
      ]);
      const share = divideFloor(
        builder,
        { value, lo: 0n, hi: 4n * most * rows },
        { value: builder.scale(n, 2n), lo: 0n, hi: 2n * rows },
        { largest: 2n * most },
      );
      return builder.linear(
        [
          [1n, builder.multiply(factor, d.value)],
          [-1n, share.value],
        ],
        most,
      );
    };
    const either = (d: Ranged, left: Ring, right: Ring): Ring =>
      builder.select(wide, rounded(d, left, right), exact(d, left, right));
    const top = between(either(dxy, meanX.rest, meanY.rest), form.top);
    const bottom = between(either(dxx, meanX.rest, meanX.rest), form.bottom, 0n);
    return { top, bottom, meanX, meanY, flat };
  });
}

/** Where E is used instead of C, and how it is bounded. */
interface RoundedForm {
  /** L: n D is used below it. */
  readonly small: bigint;
  /** Bits of E kept after the point where D_xx is below L. */
  readonly shift: number;
  readonly top: bigint;
  readonly bottom: bigint;
}

function roundedForm(moments: Moments, xx: bigint, xy: bigint): RoundedForm {
  const { rows, y } = moments;
  const small = (LARGEST_DIVISOR - rows * rows) / rows;
  const belowX = smaller(small, xx) + rows;
  // |E_xy|^2 <= E_xx E_yy.
  const belowXY = smaller(xy, floorRoot(belowX * deviationBound(moments, y, y)) + 1n) + rows;
  const fits = (bits: number) => {
    const finer = 1n << BigInt(bits);
    return finer * belowX <= LARGEST_DIVISOR && isNarrow(8n * finer * larger(belowXY, rows * rows));
  };
  let shift = 0;
  while (fits(shift + 1)) shift += 1;
  const finer = 1n << BigInt(shift);
  return {
    small,
    shift,
    top: larger(larger(xy + rows, finer * belowXY), LARGEST_DIVISOR),
    bottom: larger(xx + rows, LARGEST_DIVISOR),
  };
}

/** Refuses ranges for which the rounded form could be off by more than half a unit: see the derivation above. */
function requireSmallError(
  moments: Moments,
  { small, shift }: RoundedForm,
  { times, decimals }: { readonly times: bigint; readonly decimals: number },
): void {
  const { rows, y, at } = moments;
  const up = powerOfTen(Math.max(decimals, 0));
  const down = powerOfTen(Math.max(-decimals, 0));
  const least = small / 2n;
  if (least > 1n && rows <= 2n * small) {
    const highest = deviationBound(moments, y, y);
    const steep = smaller(2n * y.half, highest / least) + 1n;
    const gentle = smaller(2n * y.half, floorRoot(highest / least)) + 1n;
    const errors = [
      [steep * steep, (least << BigInt(shift)) - steep],
      [gentle + 1n, least - 1n],
    ] as const;
    if (errors.every(([n, d]) => d > 0n && 2n * n * times * up <= d * down)) return;
  }
  throw sqlFault(
    'too-wide',
    at,
    `a line through ${rows} rows that far apart cannot be told to so many decimals`,
    'declare narrower ranges (CHECK … BETWEEN …), lower the row limits, or ROUND to fewer decimals',
  );
}

/** A quotient so far, and what remains of the dividend. */
interface Quotient {
  readonly total: Ring;
  readonly rest: Ring;
  readonly bound: bigint;
}

/** floor(|top| / bottom), and the sign. A slope is at most 2 H_y, the steepest line through two rows, and is off by less than 1. */
function wholePart(
  moments: Moments,
  { top, bottom }: Line,
): { start: Quotient; divisor: Ranged; negative: Bits } {
  const { builder, y } = moments;
  const { magnitude, negative } = absolute(builder, top);
  const divisor = { ...bottom, value: builder.opened(bottom.value) };
  const bound = 2n * y.half + 1n;
  const quotient = divideFloor(builder, magnitude, divisor, { largest: bound });
  const total = builder.opened(quotient.value);
  const rest = builder.sub(magnitude.value, builder.multiply(total, divisor.value));
  return { start: { total, rest, bound: bound + 1n }, divisor, negative };
}

/** The quotient with `decimals` more; the last of them rounded, or cut. */
function longer(
  builder: PlanBuilder,
  start: Quotient,
  divisor: Ranged,
  decimals: number,
  rounded: boolean,
): Quotient {
  let { total, rest, bound } = start;
  const steps = decimals === 0 ? (rounded ? [1n] : []) : decimalSteps(decimals, divisor.hi);
  steps.forEach((step, at) => {
    // floor((2 step rest + D) / 2D) rounds to the nearest.
    const factor = rounded && at === steps.length - 1 ? 2n : 1n;
    const value = builder.linear([
      [factor * step, rest],
      [factor - 1n, divisor.value],
    ]);
    const digits = divideFloor(
      builder,
      { value, lo: 0n, hi: (factor * step + factor - 1n) * divisor.hi },
      { value: builder.scale(divisor.value, factor), lo: 0n, hi: factor * divisor.hi },
      { largest: step },
    ).value;
    rest = builder.linear([
      [step, rest],
      [-1n, builder.multiply(digits, divisor.value)],
    ]);
    total = builder.linear([
      [step, total],
      [1n, digits],
    ]);
    bound = (bound + 1n) * step;
  });
  return { total, rest, bound };
}

/** Powers of ten whose product is 10^exponent, each as large as leaves room beside the divisor. */
function decimalSteps(exponent: number, divisor: bigint): bigint[] {
  let most = 1;
  while (most < exponent && isNarrow((2n * powerOfTen(most + 1) + 1n) * divisor)) most += 1;
  const steps = Math.ceil(exponent / most);
  return Array.from({ length: steps }, (_, at) => powerOfTen(Math.ceil((exponent - at) / steps)));
}
