/**
 * Owns what a query's text compiles to beside its plan: what each party must bring, how a result is read, and what
 * everyone agrees to reveal. All of it public, all of it a pure function of the text and the row limits.
 */
import type { Plan } from '../plan/plan.ts';

export type ColumnType = 'integer' | 'decimal' | 'text' | 'boolean' | 'date';

/** One declared column. Bounds are integers in units of 10^-scale (days since 1970-01-01 for dates, codes for text). */
export interface ColumnSpecification {
  readonly name: string;
  readonly type: ColumnType;
  readonly scale: number;
  readonly lo: bigint;
  readonly hi: bigint;
  /** Text only: the allowed values; a value's code is its place here. Text without them cannot be used by a query. */
  readonly values?: readonly string[];
  readonly nullable: boolean;
}

export interface TableSpecification {
  readonly name: string;
  readonly columns: readonly ColumnSpecification[];
  /** Columns that no two rows are equal in, unless one of them is NULL: the party that brings the rows checks them. */
  readonly keys?: readonly (readonly string[])[];
  /** One of the keys, where the plan expects the rows in ascending order of it, those with a NULL in it at the end. */
  readonly order?: readonly string[];
}

/** Where a result column's values come from. */
export type ResultSource =
  | { readonly from: 'key'; readonly values: readonly (string | null)[] } // public: the group's value in each row, as text
  | { readonly from: 'output'; readonly value: string; readonly known?: string }; // plan outputs: ring values (bits for a boolean column; 0 and 1 where groups were moved), and bits that are 0 where NULL

export interface ResultColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly scale: number;
  /** Text results computed from an enumeration: code -> text. */
  readonly values?: readonly string[];
  /** Proven bounds of its integers, as in `ColumnSpecification`; absent where nothing but NULL can come out. */
  readonly lo?: bigint;
  readonly hi?: bigint;
  readonly source: ResultSource;
}

export interface ResultSpecification {
  readonly columns: readonly ResultColumn[];
  /** Candidate rows: 1, or one for each possible group, or as many as there can be groups with rows. */
  readonly rows: number;
  /** Groups are those that rows have, in the order of their keys; absent: all that are possible. */
  readonly found?: boolean;
  /** Plan output (bits; integers where groups were moved): 1 for the candidate rows that are part of the answer. Absent: all are. */
  readonly shown?: string;
  /** ORDER BY, which the output party does: columns by place, most significant first. Absent: the groups' own order. */
  readonly order?: readonly ResultOrder[];
  /** LIMIT, where it leaves out possible groups: the candidate rows are the first ones, already in order. */
  readonly limit?: number;
}

export interface ResultOrder {
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface CompiledQuery {
  readonly plan: Plan;
  readonly tables: readonly TableSpecification[];
  readonly result: ResultSpecification;
  /** Sentences: who learns what. The first names what is revealed, the last says that nothing else is. */
  readonly disclosure: readonly string[];
}

/** A cell of an answer: a JSON number where that is exact, else text; null for NULL. */
export type Cell = number | string | boolean | null;

export interface ResultTable {
  /** `scale`: decimals of a number. */
  readonly columns: readonly {
    readonly name: string;
    readonly type: ColumnType;
    readonly scale: number;
  }[];
  readonly rows: readonly (readonly Cell[])[];
}
