/**
 * Owns the rows of one declared table: which encodings of which columns the parties bring. Only what the query uses becomes an
 * input of the plan: dead columns are never masked. Absent rows (padding up to each party's capacity) are zeros.
 */
import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import type { RowSource } from './columns.ts';
import { sqlFault } from './faults.ts';
import type { ColumnSpecification, TableSpecification } from './specification.ts';
import type { Expression } from './statement.ts';

/** How large a table may be. */
export interface TableSize {
  /** All parties' capacities. */
  readonly length: number;
  /** Most rows that all parties may bring. */
  readonly rows: bigint;
  /** Where each party's rows start, and most that there may be: what follows is padding. */
  readonly parts: readonly { readonly start: number; readonly rows: number }[];
  /** Of a table that has an earlier result's rows: whether absent ones among them are zeros. */
  readonly stored?: { readonly isZeroed: boolean };
}

export class TableRows implements RowSource {
  readonly length: number;
  readonly rows: bigint;
  readonly isZeroed: boolean;
  /** Bits of an earlier result are held as bits: integers are made of them. */
  private readonly hasStored: boolean;
  private readonly builder: PlanBuilder;
  private readonly table: TableSpecification;
  private readonly alias: string;

  constructor(builder: PlanBuilder, table: TableSpecification, alias: string, size: TableSize) {
    this.builder = builder;
    this.table = table;
    this.alias = alias;
    this.length = size.length;
    this.rows = size.rows;
    this.isZeroed = size.stored?.isZeroed ?? true;
    this.hasStored = size.stored !== undefined;
  }

  present(): Bits {
    return this.builder.input({ table: this.table.name, encoding: 'present', kind: 'bits' });
  }

  presentRing(): Ring {
    if (this.hasStored) return this.builder.toRing(this.present());
    return this.builder.input({ table: this.table.name, encoding: 'present', kind: 'ring' });
  }

  specification({ name, table, at }: Expression & { readonly kind: 'column' }): ColumnSpecification {
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

  value(column: ColumnSpecification): Ring {
    if (this.hasStored && column.type === 'boolean') return this.builder.toRing(this.truth(column));
    const { name } = column;
    return this.builder.input({ table: this.table.name, encoding: 'value', column: name, kind: 'ring' });
  }

  truth({ name }: ColumnSpecification): Bits {
    return this.builder.input({ table: this.table.name, encoding: 'value', column: name, kind: 'bits' });
  }

  known({ name }: ColumnSpecification): Bits {
    return this.builder.input({ table: this.table.name, encoding: 'known', column: name, kind: 'bits' });
  }

  knownRing(column: ColumnSpecification): Ring {
    if (this.hasStored) return this.builder.toRing(this.known(column));
    const { name } = column;
    return this.builder.input({ table: this.table.name, encoding: 'known', column: name, kind: 'ring' });
  }
}
