/**
 * Owns the line that fits y by x: slope C_xy / C_xx and intercept mean(y) - slope mean(x), with C = n E (src/sql/moments.ts).
 *
 * C = n D - t t is exact, but may need n^2 H^2. Where D_xx and |D_xy| are below a public limit L with n L in range, C is used; elsewhere
 * E, rounded to integers: one secret bit for each group chooses. How wrong that can be follows from the declared ranges. With E_xx and
 * E_xy off by at most 1/2 each and q the slope in units, the error is at most (1 + |q|) / (2 E_xx - 1). Elsewhere means E_xx or
 * |E_xy| >= L' = L/2 (D_xx <= 2 E_xx; |D_xy - E_xy| <= n/4 <= L/2). If |q| <= 1, E_xx >= L', and the error is below 2 / L'. If not, |E_xy| >= L',
 * so E_xx >= L' / |q|; and q^2 E_xx <= E_yy <= Y gives |q| <= Y / L'; also |q| <= 2 H_y, the steepest line through two rows: the error is
 * below Q^2 / (L' - Q) with Q the smaller. A query for which that exceeds half a unit of the last decimal is refused.
 *
 * The quotient is a long division: whole part first, then some decimals at a time of what remains, so that only the divisor times a power
 * of ten must fit. Both results are within one unit of their last decimal.
 */
import type { Bits, Ring } from '../plan/builder.ts';
import { absolute, negateWhere } from '../plan/compose/absolute.ts';
import { divideFloor, divideRound } from '../plan/compose/divide.ts';
import { isNarrow, larger, type Ranged, smaller } from '../plan/compose/ranged.ts';
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

interface Line {
  readonly slope: Ranged;
  readonly meanX: Mean;
  readonly meanY: Mean;
  /** Where all x are equal there is no line. */
  readonly flat: Bits;
}

/** The slope with `decimals`, and where there is none. Throws `sql.too-wide`. */
export function slope(moments: Moments, decimals: number): { value: Ranged; none: Bits } {
  const exponent = decimals - moments.y.scale + moments.x.scale;
  const { slope: value, flat: none } = line(moments, exponent, { times: 1n, decimals: exponent });
  return { value, none };
}

/** The intercept with `decimals`, and where there is none. Throws `sql.too-wide`. */
export function intercept(moments: Moments, decimals: number): { value: Ranged; none: Bits } {
  const { builder, count, rows, x, y, at } = moments;
  // More decimals than asked for, as the slope's rounding is multiplied by the mean of x.
  const wanted = decimals - y.scale;
  let more = (4n * farthest(x)).toString().length;
  if (wanted + more < 0) more = -wanted;
  const exponent = wanted + more;
  const unit = powerOfTen(exponent);
  const {
    slope: steep,
    meanX,
    meanY,
    flat,
  } = line(moments, exponent, {
    times: 2n * farthest(x),
    decimals: wanted,
  });
  // mean(y) - slope mean(x), the means as integers and a fraction: A + Z / n in units of 10^-exponent.
  const whole = builder.linear(
    [
      [unit, meanY.mean],
      [-1n, builder.multiply(steep.value, builder.linear([[1n, meanX.mean]], x.centre))],
    ],
    unit * y.centre,
  );
  const fraction = builder.linear([
    [unit, meanY.rest],
    [-1n, builder.multiply(steep.value, meanX.rest)],
  ]);
  const fractionBound = rows * (unit + steep.hi);
  const bound = unit * (farthest(y) + 1n) + steep.hi * (farthest(x) + 1n);
  requireRoom(moments, 'an intercept', (halfX, halfY) => {
    // The same bounds for other ranges: the slope is at most 2 H_y.
    const steepest = 2n * (halfY + 1n) * unit;
    return larger(
      4n * rows * (unit + steepest),
      4n *
        (unit * (farthest({ ...y, half: halfY }) + 1n) + steepest * (farthest({ ...x, half: halfX }) + 1n)),
    );
  });
  return fitted(at, () => {
    const share = divideRound(
      builder,
      { value: fraction, lo: -fractionBound, hi: fractionBound },
      { value: count, lo: 0n, hi: rows },
      { largest: unit + steep.hi },
    );
    const coarser = powerOfTen(more);
    const exact = {
      value: builder.add(whole, share.value),
      lo: -bound,
      hi: bound,
    };
    const value = divideRound(builder, exact, {
      value: builder.constant(coarser, count.length),
      lo: coarser,
      hi: coarser,
    });
    return { value, none: flat };
  });
}

/** The slope in units of 10^-exponent. `tolerance`: its error `times` as much must be below half a unit of 10^-decimals. */
function line(
  moments: Moments,
  exponent: number,
  tolerance: { readonly times: bigint; readonly decimals: number },
): Line {
  const { builder, at, count: n, rows, x, y, products } = moments;
  requireRoom(moments, 'a slope', (halfX, halfY) =>
    larger(32n * rows * (halfX * halfX + 1n), 4n * rows * (halfX + 1n) * (halfY + 1n)),
  );
  return fitted(at, () => {
    const [meanX, meanY] = [meanOf(moments, x), meanOf(moments, y)];
    const dxx = squares(moments, x, products.xx!, meanX);
    const dxy = crossProducts(moments, products.xy!, meanX, meanY);
    const flat = builder.equalsZero(dxx.value);
    const exact = (d: Ranged, left: Ring, right: Ring): Ring =>
      builder.sub(builder.multiply(n, d.value), builder.multiply(left, right));
    const bound = larger(dxx.hi, dxy.hi);
    const steepest = 2n * y.half + 1n;
    if (rows * bound + rows * rows <= LARGEST_DIVISOR) {
      const top = exact(dxy, meanX.rest, meanY.rest);
      const bottom = exact(dxx, meanX.rest, meanX.rest);
      const limit = rows * bound + rows * rows;
      const steep = ratio(moments, top, bottom, { top: limit, bottom: limit, steepest, exponent });
      return { slope: steep, meanX, meanY, flat };
    }
    const small = (LARGEST_DIVISOR - rows * rows) / rows;
    requireSmallError(moments, small, tolerance);
    const above = builder.lessThanZero(
      builder.concat(
        builder.linear([[-1n, dxx.value]], small),
        builder.linear([[-1n, dxy.value]], small),
        builder.linear([[1n, dxy.value]], small),
      ),
    );
    const [a, b, c] = [0, 1, 2].map((part) => builder.slice(above, part * n.length, n.length));
    const wide = builder.or(a!, b!, c!);
    // D - round(t t / n): the share of the rests, shifted to be positive.
    const rounded = (d: Ranged, left: Ring, right: Ring): Ring => {
      const top = builder.linear([
        [2n, builder.multiply(left, right)],
        [2n * rows + 1n, n],
      ]);
      const share = divideFloor(
        builder,
        { value: top, lo: 0n, hi: 4n * rows * rows },
        { value: builder.scale(n, 2n), lo: 0n, hi: 2n * rows },
        { largest: 2n * rows },
      );
      return builder.linear(
        [
          [1n, d.value],
          [-1n, share.value],
        ],
        rows,
      );
    };
    const either = (d: Ranged, left: Ring, right: Ring): Ring =>
      builder.select(wide, rounded(d, left, right), exact(d, left, right));
    const limit = larger(bound + rows, LARGEST_DIVISOR);
    const top = either(dxy, meanX.rest, meanY.rest);
    const bottom = either(dxx, meanX.rest, meanX.rest);
    const divisor = larger(dxx.hi + rows, LARGEST_DIVISOR);
    const steep = ratio(moments, top, bottom, { top: limit, bottom: divisor, steepest, exponent });
    return { slope: steep, meanX, meanY, flat };
  });
}

/** Refuses ranges for which the rounded form could be off by more than half a unit: see the derivation above. */
function requireSmallError(
  moments: Moments,
  small: bigint,
  { times, decimals }: { readonly times: bigint; readonly decimals: number },
): void {
  const { rows, y, at } = moments;
  const least = small / 2n;
  const steepest = smaller(2n * y.half, deviationBound(moments, y, y) / larger(least, 1n) + 1n);
  const [n, d] = [larger(steepest * steepest, 2n), least - steepest];
  const up = powerOfTen(Math.max(decimals, 0));
  const down = powerOfTen(Math.max(-decimals, 0));
  if (rows <= 2n * small && d > 0n && 2n * n * times * up <= d * down) return;
  throw sqlFault(
    'too-wide',
    at,
    `a line through ${rows} rows that far apart cannot be told to so many decimals`,
    'declare narrower ranges (CHECK … BETWEEN …), lower the row limits, or ROUND to fewer decimals',
  );
}

interface RatioBounds {
  readonly top: bigint;
  readonly bottom: bigint;
  /** The whole part of the quotient is at most this. */
  readonly steepest: bigint;
  /** Decimals of the result. */
  readonly exponent: number;
}

/** top / bottom for bottom > 0, rounded half away from zero, in units of 10^-exponent. */
function ratio(moments: Moments, top: Ring, bottom: Ring, bounds: RatioBounds): Ranged {
  const { builder } = moments;
  const { exponent, steepest } = bounds;
  const { magnitude, negative } = absolute(builder, { value: top, lo: -bounds.top, hi: bounds.top });
  const divisor = { value: builder.opened(bottom), lo: 0n, hi: bounds.bottom };
  let total = divideFloor(builder, magnitude, divisor, { largest: steepest }).value;
  let bound = steepest + 1n;
  let rest = builder.sub(magnitude.value, builder.multiply(total, divisor.value));
  const steps = exponent <= 0 ? (exponent === 0 ? [1n] : []) : decimalSteps(exponent, bounds.bottom);
  steps.forEach((step, at) => {
    const last = at === steps.length - 1;
    const factor = last ? 2n : 1n;
    const digits = divideFloor(
      builder,
      {
        value: builder.linear([
          [factor * step, rest],
          [factor - 1n, divisor.value],
        ]),
        lo: 0n,
        hi: (factor * step + factor - 1n) * bounds.bottom,
      },
      { value: builder.scale(divisor.value, factor), lo: 0n, hi: factor * bounds.bottom },
      { largest: step },
    ).value;
    if (!last)
      rest = builder.linear([
        [step, rest],
        [-1n, builder.multiply(digits, divisor.value)],
      ]);
    total = builder.linear([
      [step, total],
      [1n, digits],
    ]);
    bound *= step;
  });
  if (exponent < 0) {
    const coarser = powerOfTen(-exponent);
    const value = builder.linear([[1n, total]], coarser / 2n);
    const constant = { value: builder.constant(coarser, value.length), lo: coarser, hi: coarser };
    total = divideFloor(builder, { value, lo: 0n, hi: bound + coarser }, constant).value;
    bound = bound / coarser + 1n;
  }
  return { value: builder.opened(negateWhere(builder, negative, total)), lo: -bound, hi: bound };
}

/** Powers of ten whose product is 10^exponent, each as large as leaves room beside the divisor. */
function decimalSteps(exponent: number, divisor: bigint): bigint[] {
  let most = 1;
  while (most < exponent && isNarrow((2n * powerOfTen(most + 1) + 1n) * divisor)) most += 1;
  const steps = Math.ceil(exponent / most);
  return Array.from({ length: steps }, (_, at) => powerOfTen(Math.ceil((exponent - at) / steps)));
}
