/**
 * Owns runs: rows that lie beside one another and are equal in some columns, as the groups of sorted rows are. A run is known by
 * its last row; where these are, and how many, is as secret as the rows.
 */
import { assert } from '../../base/errors.ts';
import type { Bits, PlanBuilder, Ring } from '../builder.ts';
import { apart } from '../intervals.ts';
import { sortRows } from './sort.ts';

/** A column that is equal within a run, and what follows its last row. */
export interface RunColumn {
  readonly value: Ring;
  readonly after: bigint;
  /** No two of its elements, nor what follows, are further apart. */
  readonly widest: bigint;
}

/** 1 in each row that differs from the next one in any column. Rows equal to what follows all rows are in no run. */
export function lastOfRuns(builder: PlanBuilder, columns: readonly RunColumn[]): Bits {
  const differing = columns.map(({ value, after, widest }) => {
    const next = following(builder, value, builder.constant(after, 1));
    return builder.not(builder.equals(value, next, apart(widest)));
  });
  return builder.or(...differing);
}

/** Each element's successor; `last` follows the last one. */
export function following(builder: PlanBuilder, x: Ring, last: Ring): Ring {
  assert(last.length === 1, 'one element follows the last');
  return x.length === 1 ? last : builder.concat(builder.slice(x, 1, x.length - 1), last);
}

/** Each element's predecessor; `first` precedes the first one. */
export function preceding(builder: PlanBuilder, x: Ring, first: Ring): Ring {
  assert(first.length === 1, 'one element precedes the first');
  return x.length === 1 ? first : builder.concat(first, builder.slice(x, 0, x.length - 1));
}

/** Each element less the one before it: of running sums at the ends of runs, the sums of the runs. */
export function differences(builder: PlanBuilder, x: Ring): Ring {
  return builder.sub(x, preceding(builder, x, builder.constant(0n, 1)));
}

/**
 * The rows that are chosen (1 in `chosen`, else 0), in their order, and others behind them: the first `count` rows of that.
 * Nobody learns how many there are.
 */
export function compacted(
  builder: PlanBuilder,
  chosen: Ring,
  columns: readonly Ring[],
  count: number,
): readonly Ring[] {
  const left = { value: builder.linear([[-1n, chosen]], 1n), lo: 0n, hi: 1n };
  return sortRows(builder, [left], columns).map((column) => builder.slice(column, 0, count));
}
