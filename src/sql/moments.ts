/**
 * Owns what all statistics of spread are made of, for each group, in exact integers that fit 64 bits: how far rows lie from
 * their mean.
 *
 * A column is first centred by the middle c of its declared range, a public constant: x' = x - c, |x'| <= H, half the range.
 * Rows are summed once: S = sum of x', and Q = sum of x' y'. With n rows that count, the textbook n Q - S^2 needs n^2 H^2; instead
 *   m = the integer nearest to S / n,   t = S - m n   (|t| <= n/2),
 *   D_xy = sum of (x' - m_x)(y' - m_y) = Q - m_x S_y - m_y t_x,
 *   E_xy = D_xy - t_x t_y / n = n times the covariance of the rows, exactly.
 * D fits where n (H_x + 1)(H_y + 1) does. For integers E_xx <= D_xx <= 2 E_xx: with d the distance of the mean from m, at most 1/2,
 * D_xx - E_xx = n d^2 <= n d (1 - d) <= E_xx. So D_xx is 0 exactly where all values are equal.
 * Where n = 0 all of this says nothing; callers mask it.
 */
import type { PlanBuilder, Ring } from '../plan/builder.ts';
import { divideFloor } from '../plan/compose/divide.ts';
import { isNarrow, type Ranged } from '../plan/compose/ranged.ts';
import { greatest } from './arithmetic.ts';
import { type Position, sqlFault } from './faults.ts';
import { formatDecimal } from './literals.ts';

/** One column of the rows that count, per group. */
export interface Axis {
  /** Sum of x' = x - centre. */
  readonly sum: Ring;
  readonly centre: bigint;
  /** |x'| is at most this. */
  readonly half: bigint;
  readonly scale: number;
}

/** Sums over the rows that count, per group; the same axis twice for one column. */
export interface Moments {
  readonly builder: PlanBuilder;
  readonly at: Position;
  readonly count: Ring;
  /** Most rows that count. */
  readonly rows: bigint;
  readonly x: Axis;
  readonly y: Axis;
  /** Sums of products of centred values; asked for only where needed. */
  readonly products: { readonly xx?: Ring; readonly xy?: Ring; readonly yy?: Ring };
}

/** A mean as an integer m, and what is left of the sum. */
export interface Mean {
  readonly mean: Ring;
  readonly rest: Ring;
}

/** The nearest integer to the mean of x', halves upwards, and sum - m n. */
export function meanOf({ builder, count, rows }: Moments, { sum, half }: Axis): Mean {
  // floor((2 (S + H n) + n) / 2n) = m + H, which is not negative.
  const top = builder.linear([
    [2n, sum],
    [2n * half + 1n, count],
  ]);
  const quotient = divideFloor(
    builder,
    { value: top, lo: 0n, hi: (4n * half + 1n) * rows },
    { value: builder.scale(count, 2n), lo: 0n, hi: 2n * rows },
    { largest: 2n * half },
  );
  const mean = builder.opened(builder.linear([[1n, quotient.value]], -half));
  return { mean, rest: builder.sub(sum, builder.multiply(mean, count)) };
}

/** Bounds of D, which are also those of E. */
export function deviationBound({ rows }: Moments, x: Axis, y: Axis): bigint {
  return rows * (x === y ? x.half * x.half + 1n : (x.half + 1n) * (y.half + 1n));
}

/** D_xx of one column. */
export function squares(moments: Moments, axis: Axis, product: Ring, { mean, rest }: Mean): Ranged {
  const { builder } = moments;
  const value = builder.sub(product, builder.multiply(mean, builder.add(axis.sum, rest)));
  return { value, lo: 0n, hi: deviationBound(moments, axis, axis) };
}

/** D_xy of two columns. */
export function crossProducts(moments: Moments, product: Ring, meanX: Mean, meanY: Mean): Ranged {
  const { builder, x, y } = moments;
  const value = builder.linear([
    [1n, product],
    [-1n, builder.multiply(meanX.mean, y.sum)],
    [-1n, builder.multiply(meanY.mean, meanX.rest)],
  ]);
  const bound = deviationBound(moments, x, y);
  return { value, lo: -bound, hi: bound };
}

/**
 * Refuses ranges for which `needs` of the half ranges would not fit. The hint names the widest range of two like columns that
 * would do for so many rows.
 */
export function requireRoom(
  moments: Moments,
  what: string,
  needs: (halfX: bigint, halfY: bigint) => bigint,
  /** Whether fewer decimals of the result would help. */
  rounding: boolean,
): void {
  const { at, rows, x, y } = moments;
  if (isNarrow(needs(x.half, y.half))) return;
  let widest = 0n;
  for (let step = 1n << 40n; step > 0n; step >>= 1n) {
    if (isNarrow(needs(widest + step, widest + step))) widest += step;
  }
  const scale = Math.max(x.scale, y.scale);
  throw sqlFault(
    'too-wide',
    at,
    `${what} over ${rows} rows needs more than 62 bits for values that far apart`,
    [
      ...(widest === 0n
        ? []
        : [`declare values at most ${formatDecimal(2n * widest, scale)} apart (CHECK … BETWEEN …)`]),
      ...(rounding ? ['ROUND the result to fewer decimals'] : []),
      'lower the row limits',
    ].join(', or '),
  );
}

/** The same moments with values in units `factor` times finer. */
export function scaled(moments: Moments, factor: bigint): Moments {
  if (factor === 1n) return moments;
  const { builder, products } = moments;
  const axis = ({ sum, centre, half, scale }: Axis): Axis => ({
    sum: builder.scale(sum, factor),
    centre: centre * factor,
    half: half * factor,
    scale,
  });
  const x = axis(moments.x);
  const finer = (ring: Ring | undefined) => (ring ? builder.scale(ring, factor * factor) : undefined);
  const [xx, xy, yy] = [finer(products.xx), finer(products.xy), finer(products.yy)];
  return {
    ...moments,
    x,
    y: moments.y === moments.x ? x : axis(moments.y),
    products: { ...(xx ? { xx } : {}), ...(xy ? { xy } : {}), ...(yy ? { yy } : {}) },
  };
}

/** The greatest value in magnitude of an axis, uncentred. */
export const farthest = ({ centre, half }: Axis): bigint => greatest([centre + half, half - centre]);
