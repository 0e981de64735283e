/**
 * Owns what aggregates ask of groups, however rows are brought together: src/sql/numbered-grouping.ts numbers all possible groups,
 * src/sql/sorted-grouping.ts sorts the rows. All that is asked is named before any of it is computed, so that it shares one pass
 * over the rows.
 */
import type { Bits, Ring } from '../plan/builder.ts';
import type { Position } from './faults.ts';
import type { Rows } from './rows.ts';
import type { Fraction } from './statement.ts';
import type { NumberValue, Value, Vectors } from './values.ts';

/** The rows that are grouped. */
export interface GroupedRows {
  readonly rows: Rows;
  /** Rows that are present and satisfy WHERE; undefined where all that are present do. */
  readonly included: Bits | undefined;
}

/** What rows are put in order by: integers in lo..hi, in every row that counts. */
export interface Sortable {
  readonly ring: Ring;
  readonly lo: bigint;
  readonly hi: bigint;
}

export type Use = 'least' | 'greatest' | 'different' | 'percentile';

/** An aggregate of rows in order. */
export interface Ordering {
  readonly use: Use;
  readonly values: Sortable;
  /** Rows that count beyond being in a group; undefined where all of them do. */
  readonly filter: Bits | undefined;
  readonly at: Position;
}

export interface Needs {
  /** Vectors to be added up. What rows outside all groups hold is not added, but without GROUP BY there are no such rows. */
  readonly sums: readonly Ring[];
  readonly orderings: readonly Ordering[];
}

/** What is asked for, one element for each group. Groups without rows have counts and totals of 0. */
export interface Summary extends Vectors {
  /** How many rows each group has. */
  counts(): Ring;
  /** The total of a vector among `sums`. */
  total(vector: Ring): Ring;
  /** MIN or MAX, as `use` says. Says nothing where no row counts, nor do percentiles. Throws `sql.too-wide`, as they all do. */
  extreme(ordering: Ordering): Ring;
  /** The percentile of an argument, which the rows are in order of; `count` of them count. */
  percentile(ordering: Ordering, argument: NumberValue, fraction: Fraction, count: NumberValue): NumberValue;
  /** COUNT(DISTINCT); `count` of the rows count. */
  different(ordering: Ordering, count: Ring): Ring;
  /** The value of the key of that place in GROUP BY. */
  key(at: number): Value;
  /** The same where it is public: as text. */
  keyTexts(at: number): readonly (string | null)[] | undefined;
  /** Where there is a group, if counts need not say so. */
  readonly exists: Bits | undefined;
}

/** How rows are brought together. */
export interface Grouping {
  /** Groups there can be. */
  readonly length: number;
  summary(needs: Needs): Summary;
}
