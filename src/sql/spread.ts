/**
 * Owns variances, covariances and standard deviations, each the exact value rounded once.
 *
 * With E = D - t_x t_y / n (src/sql/moments.ts) and w = n, or n - 1 for a sample, the value is v = E / w. In steps that fit:
 *   D + K w = a w + b (0 <= b < w; K makes D positive),   v = a - K + f,   f = (b n - t_x t_y) / (n w) in (-1, 1),
 *   floor(u v + o) = u (a - K - 1) + floor(u (f + 1) + o)   for whole u; o is 1/2 to round, 3/4 for a root (below).
 * u is a power of ten, as many decimals as are asked for. The last step needs u n^2 to fit, D needs n H^2: powers of ten move from u
 * to the columns' units until the first fits. For fewer decimals than v has by itself, floor((floor(v) + o d) / d) is as exact.
 * Halves are rounded upwards.
 *
 * A standard deviation rounded to the nearest unit is the largest r with (r - 1/2)^2 <= v, that is r^2 - r < floor(v + 3/4): the
 * rounded root of that integer. Where PostgreSQL gives 16 digits or floating point, these give declared decimals.
 */
import { divideFloor } from '../plan/compose/divide.ts';
import { isNarrow, type Ranged } from '../plan/compose/ranged.ts';
import { squareRoot } from '../plan/compose/square-root.ts';
import { powerOfTen } from './literals.ts';
import {
  crossProducts,
  deviationBound,
  type Moments,
  meanOf,
  requireRoom,
  scaled,
  squares,
} from './moments.ts';
import { fitted } from './values.ts';

/** n / d, added before the floor. */
interface Offset {
  readonly n: bigint;
  readonly d: bigint;
}
const HALF: Offset = { n: 1n, d: 2n };
const THREE_QUARTERS: Offset = { n: 3n, d: 4n };

/** The covariance of x and y (the variance, where they are one column) with `decimals`. Throws `sql.too-wide`. */
export function covariance(moments: Moments, sample: boolean, decimals: number): Ranged {
  const exponent = decimals - moments.x.scale - moments.y.scale;
  return covarianceUnits(moments, sample, exponent, HALF);
}

/** The standard deviation of x with `decimals`. Throws `sql.too-wide`. */
export function deviation(moments: Moments, sample: boolean, decimals: number): Ranged {
  const variance = covarianceUnits(moments, sample, 2 * (decimals - moments.x.scale), THREE_QUARTERS);
  return fitted(moments.at, () => squareRoot(moments.builder, variance, true));
}

/** floor(v 10^exponent + offset). */
function covarianceUnits(moments: Moments, sample: boolean, exponent: number, offset: Offset): Ranged {
  const single = moments.x === moments.y;
  const what = single ? 'a variance' : 'a covariance';
  const fractionNeeds = (units: bigint) => 4n * offset.d * (units + 1n) * moments.rows * moments.rows;
  let inside = 0;
  while (2 * inside + 2 <= exponent && !isNarrow(fractionNeeds(powerOfTen(exponent - 2 * inside))))
    inside += 1;
  const factor = powerOfTen(inside);
  const units = powerOfTen(Math.max(exponent - 2 * inside, 0));
  const coarser = powerOfTen(Math.max(-exponent, 0));
  const { rows } = moments;
  // Dividends are doubled by the division's first digit. K is as large as the bound of v, twice that of D / n for a sample.
  const dividends = single ? 2n : sample ? 6n : 4n;
  requireRoom(
    moments,
    what,
    (halfX, halfY) => {
      const product = single ? (factor * halfX) ** 2n + 1n : (factor * halfX + 1n) * (factor * halfY + 1n);
      const needs = [
        rows * (dividends * product + 2n * coarser),
        4n * units * (product + coarser),
        fractionNeeds(units),
      ];
      return needs.reduce((most, need) => (need > most ? need : most));
    },
    exponent > 0,
  );
  const finer = scaled(moments, factor);
  return fitted(moments.at, () => {
    const value = quotient(finer, sample, units, coarser, offset);
    return single ? { ...value, lo: 0n } : value;
  });
}

function quotient(moments: Moments, sample: boolean, units: bigint, coarser: bigint, offset: Offset): Ranged {
  const { builder, count: n, rows, x, y } = moments;
  const single = x === y;
  const meanX = meanOf(moments, x);
  const meanY = single ? meanX : meanOf(moments, y);
  const d = single
    ? squares(moments, x, moments.products.xx!, meanX)
    : crossProducts(moments, moments.products.xy!, meanX, meanY);
  // |v| is at most D / w: n / (n - 1) is at most 2 where a sample has a variance.
  const bound = (sample ? 2n : 1n) * (deviationBound(moments, x, y) / rows);
  const shift = single ? 0n : ((bound + coarser - 1n) / coarser) * coarser;
  const weight = builder.opened(sample ? builder.linear([[1n, n]], -1n) : n);
  const top = builder.linear([
    [1n, d.value],
    [shift, weight],
  ]);
  const whole = divideFloor(
    builder,
    { value: top, lo: 0n, hi: d.hi + shift * rows },
    { value: weight, lo: 0n, hi: rows },
    { largest: bound + shift },
  );
  const a = builder.opened(whole.value);
  const b = builder.sub(top, builder.multiply(a, weight));
  const area = builder.opened(builder.multiply(n, weight));
  // n w (f + 1), between 0 and 5/2 n w.
  const part = builder.linear([
    [1n, builder.multiply(b, n)],
    [-1n, builder.multiply(meanX.rest, meanY.rest)],
    [1n, area],
  ]);
  const last = coarser === 1n ? offset : { n: 0n, d: 1n };
  const fraction = divideFloor(
    builder,
    {
      value: builder.linear([
        [last.d * units, part],
        [last.n, area],
      ]),
      lo: 0n,
      hi: (3n * last.d * units + last.n) * rows * rows,
    },
    { value: builder.scale(area, last.d), lo: 0n, hi: last.d * rows * rows },
    { largest: 3n * units + 1n },
  );
  const floor = builder.linear(
    [
      [units, a],
      [1n, fraction.value],
    ],
    -units,
  );
  const reach = units * (bound + 1n) + 1n;
  if (coarser === 1n) return { value: builder.linear([[1n, floor]], -units * shift), lo: -reach, hi: reach };
  const rounded = divideFloor(
    builder,
    {
      value: builder.linear([[1n, floor]], (offset.n * coarser) / offset.d),
      lo: 0n,
      hi: bound + shift + 2n + coarser,
    },
    { value: builder.constant(coarser, floor.length), lo: coarser, hi: coarser },
  );
  const limit = bound / coarser + 2n;
  return { value: builder.linear([[1n, rounded.value]], -(shift / coarser)), lo: -limit, hi: limit };
}
