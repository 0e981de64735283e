/**
 * Owns the names of what a query can call, and what single calls take beyond their arguments.
 */
import type { AggregateName, PairName, RankName, SpreadName } from './statement.ts';

const SIMPLE: readonly string[] = ['count', 'sum', 'avg', 'min', 'max'] satisfies AggregateName[];
const RANKS: readonly string[] = ['median', 'percentile_cont'] satisfies RankName[];
const SPREADS: readonly string[] = [
  'variance',
  'var_samp',
  'var_pop',
  'stddev',
  'stddev_samp',
  'stddev_pop',
] satisfies SpreadName[];
export const PAIRS: readonly string[] = [
  'covar_pop',
  'covar_samp',
  'corr',
  'regr_slope',
  'regr_intercept',
  'regr_r2',
  'regr_count',
] satisfies PairName[];
export const AGGREGATES: readonly string[] = [...SIMPLE, ...RANKS, ...SPREADS, ...PAIRS];
export const FUNCTIONS: readonly string[] = [...AGGREGATES, 'round', 'abs', 'sign', 'mod', 'extract'];

/** What single functions take beyond their arguments, where it is not DISTINCT. */
export const OWN_FIELDS: Readonly<Record<string, readonly string[]>> = {
  percentile_cont: ['agg_order', 'agg_within_group'],
};
