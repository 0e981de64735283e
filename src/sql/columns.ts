/**
 * Owns what a name means in rows: a value for each row, from vectors that a source of rows has.
 */

import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import { greatest, least } from './arithmetic.ts';
import { misplacedAggregate } from './expressions.ts';
import { type Position, sqlFault } from './faults.ts';
import { truthWhere } from './logic.ts';
import type { Rows } from './rows.ts';
import type { ColumnSpecification } from './specification.ts';
import type { Aggregate, Expression } from './statement.ts';
import { always, type Value } from './values.ts';

/** Rows as vectors of one length. Every value is one that the column may have, or 0; NULLs are zeros with their bit 0. */
export interface RowSource {
  readonly length: number;
  /** Most rows that can be present. */
  readonly rows: bigint;
  /** Whether absent rows are zeros in every column, and their known bits 0. */
  readonly isZeroed: boolean;
  present(): Bits;
  presentRing(): Ring;
  /** The column a reference names. Throws `sql.unknown-column`, `sql.unknown-table`. */
  specification(reference: Expression & { readonly kind: 'column' }): ColumnSpecification;
  value(column: ColumnSpecification): Ring;
  /** A boolean column's values. */
  truth(column: ColumnSpecification): Bits;
  /** Where a nullable column is not NULL. */
  known(column: ColumnSpecification): Bits;
  knownRing(column: ColumnSpecification): Ring;
}

export class RowScope implements Rows {
  readonly builder: PlanBuilder;
  /** Elements of a vector. */
  readonly length: number;
  /** Most rows that can be present. */
  readonly rows: bigint;
  /** Whether absent rows add nothing to a sum of a column. */
  readonly isZeroed: boolean;
  private readonly source: RowSource;

  constructor(builder: PlanBuilder, source: RowSource) {
    this.builder = builder;
    this.source = source;
    this.length = source.length;
    this.rows = source.rows;
    this.isZeroed = source.isZeroed;
  }

  present(): Bits {
    return this.source.present();
  }

  presentRing(): Ring {
    return this.source.presentRing();
  }

  /** The declared column a reference names. Throws `sql.unknown-column`, `sql.unknown-table`. */
  specification(reference: Expression & { readonly kind: 'column' }): ColumnSpecification {
    return this.source.specification(reference);
  }

  column(reference: Expression & { readonly kind: 'column' }): Value {
    const column = this.specification(reference);
    const known = this.known(column);
    const { type, scale } = column;
    if (type === 'boolean') {
      const isTrue = this.source.truth(column);
      // NULLs are zeros, so the value bit is already 0 where the column is unknown.
      return column.nullable
        ? { kind: 'truth', isTrue, isFalse: this.builder.xor(known, isTrue) }
        : truthWhere(this, isTrue, always(this));
    }
    const ring = this.value(column);
    if (type === 'text') {
      const values = enumerationOf(column, reference.at);
      return { kind: 'text', values, code: ring, key: this.key(column), known };
    }
    const [lo, hi] = [least([column.lo, 0n]), greatest([column.hi, 0n])];
    return { kind: 'number', type, scale, lo, hi, ring, known, zeroed: true };
  }

  aggregate(call: Aggregate): Value {
    throw misplacedAggregate(call);
  }

  /** 0 for the smallest value of the column, one more for each next, and one past the largest for NULL. */
  key(column: ColumnSpecification): Ring {
    return keyOf(this.builder, column, this.value(column), () => this.knownRing(column));
  }

  knownRing(column: ColumnSpecification): Ring {
    return this.source.knownRing(column);
  }

  private value(column: ColumnSpecification): Ring {
    return this.source.value(column);
  }

  private known(column: ColumnSpecification): Bits {
    return column.nullable ? this.source.known(column) : always(this);
  }
}

/** The key of a column from its value, which is 0 for NULL and in absent rows, and 1 where it is known. */
export function keyOf(
  builder: PlanBuilder,
  column: ColumnSpecification,
  value: Ring,
  known: () => Ring,
): Ring {
  if (!column.nullable) return builder.linear([[1n, value]], -column.lo);
  // value - lo known + size (1 - known).
  const size = sizeOf(column);
  return builder.linear(
    [
      [1n, value],
      [-column.lo - size, known()],
    ],
    size,
  );
}

/** Possible values of a column besides NULL. */
export const sizeOf = ({ lo, hi }: Pick<ColumnSpecification, 'lo' | 'hi'>): bigint => hi - lo + 1n;

/** The texts of a text column. Throws `sql.no-values`. */
export function enumerationOf({ name, values }: ColumnSpecification, at: Position): readonly string[] {
  if (values) return values;
  throw sqlFault(
    'no-values',
    at,
    `the text column ${name} has no list of values, so it cannot be computed with`,
    `declare ${name} TEXT CHECK (${name} IN ('…', '…'))`,
  );
}
