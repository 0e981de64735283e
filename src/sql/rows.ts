/**
 * Owns what a query can ask of the rows it is over, whether parties bring them, joins put them together, or a subquery makes them of
 * groups. Every value is one that its column may have, or 0; NULLs are zeros, and so are absent rows, if `isZeroed` says so.
 * A column is the same vectors however often it is asked for: by them it is known that two names mean one column.
 */
import type { Bits, Ring } from '../plan/builder.ts';
import type { Scope } from './expressions.ts';
import type { ColumnSpecification } from './specification.ts';
import type { Expression } from './statement.ts';

export interface Rows extends Scope {
  /** Most rows that can be present. */
  readonly rows: bigint;
  /** Whether absent rows add nothing to a sum of a column. */
  readonly isZeroed: boolean;
  present(): Bits;
  presentRing(): Ring;
  /** The column a reference names. Throws `sql.unknown-column`, `sql.unknown-table`. */
  specification(reference: Expression & { readonly kind: 'column' }): ColumnSpecification;
  /** 0 for the smallest value of the column, one more for each next, and one past the largest for NULL. */
  key(column: ColumnSpecification): Ring;
  /** 1 where the column is not NULL; of absent rows it says nothing, unless they are zeroed. */
  knownRing(column: ColumnSpecification): Ring;
}
