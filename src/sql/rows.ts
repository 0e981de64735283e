/**
 * Owns what a query can ask of the rows it is over, whether parties bring them or a subquery makes them of groups.
 * Absent rows and NULLs are zeros in every vector of a column.
 */
import type { Bits, Ring } from '../plan/builder.ts';
import type { Scope } from './expressions.ts';
import type { ColumnSpecification } from './specification.ts';
import type { Expression } from './statement.ts';

export interface Rows extends Scope {
  /** Most rows that can be present. */
  readonly rows: bigint;
  present(): Bits;
  presentRing(): Ring;
  /** The column a reference names. Throws `sql.unknown-column`, `sql.unknown-table`. */
  specification(reference: Expression & { readonly kind: 'column' }): ColumnSpecification;
  /** 0 for the smallest value of the column, one more for each next, and one past the largest for NULL. */
  key(column: ColumnSpecification): Ring;
  /** 1 where the row is present and the column is not NULL. */
  knownRing(column: ColumnSpecification): Ring;
}
