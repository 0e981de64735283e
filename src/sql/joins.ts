/**
 * Owns the joins of a query: in which order tables are put beside one another, by which of its equalities, and what is left of its WHERE.
 *
 * Conditions of inner joins and of WHERE are one set: each equality between two tables may decide how they are joined, wherever it is
 * written. Tables come in the order in which they are written, but one that an equality ties to those before it comes first.
 * Must never carry a column through a join that nothing behind it names: columns that travel are what joins cost.
 */
import { assert } from '../base/errors.ts';
import type { PlanBuilder } from '../plan/builder.ts';
import { RowScope } from './columns.ts';
import type { DerivedRows } from './derived-rows.ts';
import { type Equality, joinRows, matchingOf } from './join-rows.ts';
import {
  type DeclaredTable,
  groupsRelation,
  nameOf,
  type Relation,
  RelationRows,
  tableRelation,
} from './relation.ts';
import type { Rows } from './rows.ts';
import type { Expression, Join, SelectStatement, TableReference } from './statement.ts';
import { countedTables, rowNumberOf, type TableCount, tablesOf } from './table-counts.ts';
import { TableRows } from './table-rows.ts';
import { columnsIn, conjuncts } from './walk.ts';

/** Where the rows of a FROM come from. */
export interface Sources {
  readonly builder: PlanBuilder;
  readonly tableOf: (reference: TableReference) => DeclaredTable;
  /** Writes a subquery that groups. Throws `sql.*`. */
  readonly groupsOf: (select: SelectStatement) => DerivedRows;
  /** Whether different rows of each table will be counted. */
  readonly countsTables: boolean;
}

interface FromRows {
  readonly rows: Rows;
  /** The statement with those of its conditions that do not hold by the joins. */
  readonly select: SelectStatement;
  /** Tables of which different rows have to be counted. */
  readonly counted: readonly TableCount[];
}

/** The rows that a statement is over. Throws `sql.*`. */
export function rowsOf(
  { builder, tableOf, groupsOf, countsTables }: Sources,
  select: SelectStatement,
): FromRows {
  const { from, joins } = select;
  if (joins.length === 0) {
    if (from.groups) return { rows: groupsOf(from.groups), select, counted: [] };
    const { specification, size } = tableOf(from);
    const source = new TableRows(builder, specification, from.alias, size);
    return { rows: new RowScope(builder, source), select, counted: [] };
  }
  const relationOf = (reference: TableReference) =>
    reference.groups
      ? groupsRelation(groupsOf(reference.groups), reference)
      : tableRelation(builder, tableOf(reference), reference);
  const outputs = namesIn([
    ...select.columns.map(({ expression }) => expression),
    ...select.groupBy,
    ...(select.having ? [select.having] : []),
    ...select.unread,
    ...(countsTables ? tablesOf(select).map(({ table: { alias, at } }) => rowNumberOf(alias, at)) : []),
  ]);
  let pool = [...joins.flatMap(({ isOuter, on }) => (isOuter ? [] : on)), ...conjuncts(select.where)];
  const waiting = [...joins];
  const joined = new Set([from.alias]);
  let rows = relationOf(from);
  while (waiting.length > 0) {
    const join = nextOf(waiting, joined, pool);
    waiting.splice(waiting.indexOf(join), 1);
    const right = relationOf(join.table);
    const conditions = join.isOuter ? join.on : pool;
    const matching = matchingOf(rows, right, equalitiesOf(conditions, joined, join.table.alias));
    const held = new Set(matching.by.map(({ condition }) => condition));
    const besides = conditions.filter((condition) => !held.has(condition));
    if (!join.isOuter) pool = besides;
    const later = waiting.flatMap(({ isOuter, on }) => (isOuter ? on : []));
    const outer = join.isOuter ? { besides } : undefined;
    const wanted = new Set([...outputs, ...namesIn([...pool, ...later])]);
    rows = joinRows({ builder, left: rows, right, matching, outer, wanted, at: join.at });
    joined.add(join.table.alias);
  }
  const { where: _, ...others } = select;
  const [first, second] = pool;
  const where: Expression | undefined = first && second ? { kind: 'and', of: pool, at: first.at } : first;
  const { once } = rows;
  return {
    rows: scopeOf(builder, rows),
    select: { ...others, ...(where ? { where } : {}) },
    counted: countsTables ? countedTables(select, (alias) => once.has(alias)) : [],
  };
}

const scopeOf = (builder: PlanBuilder, rows: Relation) =>
  new RowScope(builder, new RelationRows(builder, rows));

const namesIn = (expressions: readonly Expression[]): readonly string[] =>
  expressions.flatMap(columnsIn).map(nameOf);

/** The first table that can be joined by an equality, or by LEFT JOIN to what its condition names; else the first. */
function nextOf(waiting: readonly Join[], joined: ReadonlySet<string>, pool: readonly Expression[]): Join {
  const isReady = ({ isOuter, on, table: { alias } }: Join): boolean =>
    isOuter
      ? on.flatMap(columnsIn).every(({ table }) => table === alias || joined.has(table ?? ''))
      : equalitiesOf(pool, joined, alias).length > 0;
  const next = waiting.find(isReady) ?? waiting.find(({ isOuter }) => !isOuter);
  assert(next, 'what a LEFT JOIN names is joined before it');
  return next;
}

/** Conditions column = column between the tables joined so far and one more. */
function equalitiesOf(
  conditions: readonly Expression[],
  joined: ReadonlySet<string>,
  alias: string,
): readonly Equality[] {
  return conditions.flatMap((condition) => {
    if (condition.kind !== 'compare' || condition.operator !== '=') return [];
    const { left, right } = condition;
    if (left.kind !== 'column' || right.kind !== 'column') return [];
    for (const [a, b] of [
      [left, right],
      [right, left],
    ] as const)
      if (joined.has(a.table ?? '') && b.table === alias)
        return [{ left: nameOf(a), right: nameOf(b), condition }];
    return [];
  });
}
