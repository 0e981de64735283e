/**
 * Owns rows of one table, of a subquery's groups, or of several that were joined, as the vectors that another join takes and leaves. Rows that a join leaves over
 * are absent: which ones is as secret as everything they hold.
 * Invariants are those of `RowSource`: every value is one that its column may have, or 0, also in absent rows; NULLs are zeros.
 */
import { assert } from '../base/errors.ts';
import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import type { RowSource } from './columns.ts';
import type { DerivedRows } from './derived-rows.ts';
import type { ColumnSpecification, TableSpecification } from './specification.ts';
import type { Expression, TableReference } from './statement.ts';
import { ROW_NUMBER } from './table-counts.ts';
import { TableRows, type TableSize } from './table-rows.ts';

type ColumnReference = Expression & { readonly kind: 'column' };

export interface RelationColumn {
  readonly specification: ColumnSpecification;
  readonly value: Ring;
  /** 0 where NULL, else 1; undefined for a column that is not nullable. */
  readonly known: Ring | undefined;
}

export interface Relation {
  readonly length: number;
  /** Most rows that can be present. */
  readonly rows: bigint;
  readonly present: Bits;
  readonly presentRing: Ring;
  /** Whether absent rows are zeros in every column. */
  readonly isZeroed: boolean;
  /** By `columnName`. Columns that were one and the same in all rows may have two names. */
  readonly columns: ReadonlyMap<string, RelationColumn>;
  /** Names of columns that no two present rows are equal in, unless one is NULL. */
  readonly keys: readonly (readonly string[])[];
  /** Aliases of tables each of whose rows is in one row at most, whatever parties bring: declared keys say nothing here. */
  readonly once: ReadonlySet<string>;
  /** Asks the party that brings the rows to bring them in order of one of the keys; false where they come in another. */
  readonly orderBy: (key: readonly string[]) => boolean;
}

export const columnName = (table: string, column: string): string => `${table}.${column}`;

/** The name of the column that a reference in a statement with joins means. */
export function nameOf({ table, name, at }: ColumnReference): string {
  assert(table !== undefined, `a column of a join names its table (line ${at.line})`);
  return columnName(table, name);
}

export interface DeclaredTable {
  readonly specification: TableSpecification;
  readonly size: TableSize;
  /** As `Relation.orderBy`, with the table's own names. */
  readonly orderBy: (key: readonly string[]) => boolean;
}

/** A declared table under an alias, without its padding: joins are dear for every row. */
export function tableRelation(
  builder: PlanBuilder,
  { specification, size, orderBy }: DeclaredTable,
  { alias }: TableReference,
): Relation {
  const rows = new TableRows(builder, specification, alias, size);
  const without = (column: Ring) =>
    builder.concat(...size.parts.map(({ start, rows: count }) => builder.slice(column, start, count)));
  const presentRing = without(rows.presentRing());
  const named = (column: string): string => columnName(alias, column);
  return {
    length: presentRing.length,
    rows: size.rows,
    present: builder.lowBit(presentRing),
    presentRing,
    isZeroed: rows.isZeroed,
    columns: new Map([
      ...specification.columns.map((column): [string, RelationColumn] => [
        named(column.name),
        {
          // A copy, since a table may be joined with itself.
          specification: { ...column },
          value: without(rows.value(column)),
          known: column.nullable ? without(rows.knownRing(column)) : undefined,
        },
      ]),
      numbered(builder, alias, presentRing.length),
    ]),
    once: new Set([alias]),
    keys: (specification.keys ?? []).map((key) => key.map(named)),
    orderBy: (key) => orderBy(key.map((name) => name.slice(alias.length + 1))),
  };
}

/** The groups of a subquery under an alias. What they are grouped by is a key of theirs. */
export function groupsRelation(rows: DerivedRows, { alias }: TableReference): Relation {
  const named = (column: string): string => columnName(alias, column);
  return {
    length: rows.length,
    rows: rows.rows,
    present: rows.present(),
    presentRing: rows.presentRing(),
    isZeroed: rows.isZeroed,
    columns: new Map([
      ...rows.specifications.map((column): [string, RelationColumn] => [
        named(column.name),
        {
          // A copy, since groups may be joined with themselves.
          specification: { ...column },
          value: rows.value(column),
          known: column.nullable ? rows.knownRing(column) : undefined,
        },
      ]),
      numbered(rows.builder, alias, rows.length),
    ]),
    once: new Set([alias]),
    keys: rows.unique ? [rows.unique.map(named)] : [],
    orderBy: () => false,
  };
}

/** The rows' numbers: public, and the only column that is not 0 in absent rows. Nothing adds them up. */
function numbered(builder: PlanBuilder, alias: string, length: number): [string, RelationColumn] {
  const hi = BigInt(length - 1);
  return [
    columnName(alias, ROW_NUMBER),
    {
      specification: { name: ROW_NUMBER, type: 'integer', scale: 0, lo: 0n, hi, nullable: false },
      value: builder.linear([[1n, builder.runningSum(builder.constant(1n, length))]], -1n),
      known: undefined,
    },
  ];
}

/** A relation's rows as those of a query. */
export class RelationRows implements RowSource {
  readonly length: number;
  readonly rows: bigint;
  readonly isZeroed: boolean;
  private readonly builder: PlanBuilder;
  private readonly relation: Relation;
  private readonly columns: ReadonlyMap<ColumnSpecification, RelationColumn>;

  constructor(builder: PlanBuilder, relation: Relation) {
    this.builder = builder;
    this.relation = relation;
    this.columns = new Map([...relation.columns.values()].map((column) => [column.specification, column]));
    this.length = relation.length;
    this.rows = relation.rows;
    this.isZeroed = relation.isZeroed;
  }

  present(): Bits {
    return this.relation.present;
  }

  presentRing(): Ring {
    return this.relation.presentRing;
  }

  specification(reference: ColumnReference): ColumnSpecification {
    const column = this.relation.columns.get(nameOf(reference));
    assert(column, 'what a query names is kept by its joins');
    return column.specification;
  }

  value(column: ColumnSpecification): Ring {
    return this.column(column).value;
  }

  truth(column: ColumnSpecification): Bits {
    return this.builder.lowBit(this.value(column));
  }

  known(column: ColumnSpecification): Bits {
    return this.builder.lowBit(this.knownRing(column));
  }

  knownRing(column: ColumnSpecification): Ring {
    const { known } = this.column(column);
    assert(known, 'only a nullable column is asked where it is NULL');
    return known;
  }

  private column(specification: ColumnSpecification): RelationColumn {
    const column = this.columns.get(specification);
    assert(column, 'a column belongs to the rows it is asked of');
    return column;
  }
}
