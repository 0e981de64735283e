/**
 * Owns the rows of the queried table as vectors: which encodings of which columns the parties bring. Only what the query
 * uses becomes an input of the plan: dead columns are never masked.
 * Absent rows (padding up to each party's capacity) and NULLs are zeros with their bit 0.
 */

import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import { greatest, least } from './arithmetic.ts';
import { misplacedAggregate } from './expressions.ts';
import { type Position, sqlFault } from './faults.ts';
import { truthWhere } from './logic.ts';
import type { Rows } from './rows.ts';
import type { ColumnSpecification, TableSpecification } from './specification.ts';
import type { Aggregate, Expression } from './statement.ts';
import { always, type Value } from './values.ts';

export class RowScope implements Rows {
  readonly builder: PlanBuilder;
  readonly table: TableSpecification;
  /** Elements of a vector: all parties' capacities. */
  readonly length: number;
  /** Most rows that can be present. */
  readonly rows: bigint;
  private readonly alias: string;

  constructor(builder: PlanBuilder, table: TableSpecification, alias: string, length: number, rows: number) {
    this.builder = builder;
    this.table = table;
    this.alias = alias;
    this.length = length;
    this.rows = BigInt(rows);
  }

  present(): Bits {
    return this.builder.input({ table: this.table.name, encoding: 'present', kind: 'bits' });
  }

  presentRing(): Ring {
    return this.builder.input({ table: this.table.name, encoding: 'present', kind: 'ring' });
  }

  /** The declared column a reference names. Throws `sql.unknown-column`, `sql.unknown-table`. */
  specification(reference: Expression & { readonly kind: 'column' }): ColumnSpecification {
    const { name, table, at } = reference;
    if (table !== undefined && table !== this.alias)
      throw sqlFault(
        'unknown-table',
        at,
        `there is no table ${table} in this query`,
        `it is called ${this.alias}`,
      );
    const column = this.table.columns.find((candidate) => candidate.name === name);
    if (column) return column;
    const names = this.table.columns.map((candidate) => candidate.name).join(', ');
    throw sqlFault('unknown-column', at, `table ${this.table.name} has no column ${name}`, `it has ${names}`);
  }

  column(reference: Expression & { readonly kind: 'column' }): Value {
    const column = this.specification(reference);
    const known = this.known(column);
    const { type, scale } = column;
    if (type === 'boolean') {
      const isTrue = this.builder.input({
        table: this.table.name,
        encoding: 'value',
        column: column.name,
        kind: 'bits',
      });
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

  knownRing({ name }: ColumnSpecification): Ring {
    return this.builder.input({ table: this.table.name, encoding: 'known', column: name, kind: 'ring' });
  }

  private value({ name }: ColumnSpecification): Ring {
    return this.builder.input({ table: this.table.name, encoding: 'value', column: name, kind: 'ring' });
  }

  private known({ name, nullable }: ColumnSpecification): Bits {
    if (!nullable) return always(this);
    return this.builder.input({ table: this.table.name, encoding: 'known', column: name, kind: 'bits' });
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

function enumerationOf({ name, values }: ColumnSpecification, at: Position): readonly string[] {
  if (values) return values;
  throw sqlFault(
    'no-values',
    at,
    `the text column ${name} has no list of values, so it cannot be computed with`,
    `declare ${name} TEXT CHECK (${name} IN ('…', '…'))`,
  );
}
