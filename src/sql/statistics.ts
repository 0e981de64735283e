/**
 * Owns which statistics there are, what each needs of the rows, and when it is NULL. The arithmetic is in spread.ts, regression.ts and
 * correlation.ts.
 *
 * PostgreSQL's rules: pairs with a NULL do not count; a sample's variance needs two rows; a line or a correlation needs two different x,
 * a correlation also two different y. All have STATISTIC_DIGITS decimals, or as many as ROUND(…, n) or CAST(… AS DECIMAL(p, n)) right
 * around one asks for.
 */
import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import type { Ranged } from '../plan/compose/ranged.ts';
import { greatest } from './arithmetic.ts';
import { correlation, determination } from './correlation.ts';
import { sqlFault } from './faults.ts';
import type { Axis, Moments } from './moments.ts';
import { intercept, slope } from './regression.ts';
import { covariance, deviation } from './spread.ts';
import type { Aggregate, PairName, SpreadName } from './statement.ts';
import type { NumberValue } from './values.ts';

/** Decimals of a statistic. */
export const STATISTIC_DIGITS = 4;

export type StatisticName = SpreadName | Exclude<PairName, 'regr_count'>;
export type Product = 'xx' | 'xy' | 'yy';

/** Sums of products that each needs. The x of one column is the column. */
const NEEDS: Readonly<Record<StatisticName, readonly Product[]>> = {
  variance: ['xx'],
  var_samp: ['xx'],
  var_pop: ['xx'],
  stddev: ['xx'],
  stddev_samp: ['xx'],
  stddev_pop: ['xx'],
  covar_pop: ['xy'],
  covar_samp: ['xy'],
  corr: ['xx', 'xy', 'yy'],
  regr_slope: ['xx', 'xy'],
  regr_intercept: ['xx', 'xy'],
  regr_r2: ['xx', 'xy', 'yy'],
};

export const isStatistic = (name: Aggregate['name']): name is StatisticName => Object.hasOwn(NEEDS, name);
export const productsOf = (name: StatisticName): readonly Product[] => NEEDS[name];

const SAMPLES: readonly string[] = ['variance', 'var_samp', 'stddev', 'stddev_samp', 'covar_samp'];

/** Rows without which the statistic is NULL. */
export const leastRows = (name: StatisticName): bigint => (SAMPLES.includes(name) ? 2n : 1n);

export interface Statistic {
  readonly value: Ranged;
  /** Where it is NULL though there are rows enough. */
  readonly none?: Bits;
}

/** The statistic with `decimals`, per group. Throws `sql.too-wide`. */
export function statistic(name: StatisticName, moments: Moments, decimals: number): Statistic {
  const sample = SAMPLES.includes(name);
  const { builder } = moments;
  switch (name) {
    case 'variance':
    case 'var_samp':
    case 'var_pop':
    case 'covar_pop':
    case 'covar_samp':
      return { value: covariance(moments, sample, decimals) };
    case 'stddev':
    case 'stddev_samp':
    case 'stddev_pop':
      return { value: deviation(moments, sample, decimals) };
    case 'regr_slope':
      return slope(moments, decimals);
    case 'regr_intercept':
      return intercept(moments, decimals);
    case 'corr': {
      const { value, flatX, flatY } = correlation(moments, decimals);
      return { value, none: builder.or(flatX, flatY) };
    }
    case 'regr_r2': {
      const { value, flatX } = determination(moments, decimals);
      return { value, none: flatX };
    }
  }
}

/** One column of the rows that count, each row for itself. */
export interface RowAxis {
  /** 0 where the row does not count. */
  readonly values: Ring;
  /** values - centre, 0 where the row does not count. */
  readonly centred: Ring;
  readonly centre: bigint;
  readonly half: bigint;
  readonly scale: number;
}

/**
 * Centres a column. `counted` is 1 where the row counts; undefined where rows that do not are in no group that is asked for.
 * `bounds` are those of rows that count.
 */
export function rowAxis(
  builder: PlanBuilder,
  values: Ring,
  counted: Ring | undefined,
  { lo, hi, scale }: Pick<NumberValue, 'lo' | 'hi' | 'scale'>,
): RowAxis {
  const centre = (lo + hi) >> 1n;
  const centred = counted
    ? builder.linear([
        [1n, values],
        [-centre, counted],
      ])
    : builder.linear([[1n, values]], -centre);
  return { values, centred, centre, half: greatest([hi - centre, centre - lo]), scale };
}

/** The axis of a group: its rows' sum shifted to the centre. */
export function axisOf(builder: PlanBuilder, axis: RowAxis, total: Ring, count: Ring): Axis {
  const { centre, half, scale } = axis;
  const sum = builder.linear([
    [1n, total],
    [-centre, count],
  ]);
  return { sum, centre, half, scale };
}

/** Refuses decimals that cannot be held. */
export function checkedDigits(call: Aggregate, decimals: number): number {
  if (decimals <= 12) return decimals;
  throw sqlFault('too-wide', call.at, 'a statistic has at most 12 decimals', 'ROUND to fewer decimals');
}
