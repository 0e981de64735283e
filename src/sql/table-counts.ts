/**
 * Owns how an agreed minimum of rows is kept where tables are joined: one row of a small table that is put together with many rows of a
 * large one is still one row. So of every table whose rows may stand in several joined rows, or in none, the different rows in each group
 * are counted, and among those that a value is over: there must be enough of them, or, of a table that need not have a row, none.
 *
 * A row is known by its number, which is public and travels with it: no party can make one row look like several, whatever it
 * brings, and declared keys are not relied on. Must never leave a table out because its keys are said to differ.
 */
import { type Position, sqlFault } from './faults.ts';
import type { Aggregate, Expression, Join, SelectStatement, TableReference } from './statement.ts';
import { columnsIn } from './walk.ts';

/** A table of a join, whose rows have to be counted. */
export interface TableCount {
  readonly alias: string;
  /** Whether joined rows may be without one of its rows: then none of them is enough, too. */
  readonly isOptional: boolean;
  /** Whether one of its rows may be in several joined rows. */
  readonly isRepeated: boolean;
}

/** The column of rows' numbers. No column of a query has this name. */
export const ROW_NUMBER = '';

/** A row's number, NULL where there is no row. */
export const rowNumberOf = (alias: string, at: Position): Expression & { readonly kind: 'column' } => ({
  kind: 'column',
  table: alias,
  name: ROW_NUMBER,
  at,
});

/** How many different rows of the table there are. */
export const differentRows = ({ alias, isRepeated }: TableCount, at: Position): Aggregate => ({
  kind: 'aggregate',
  name: 'count',
  argument: rowNumberOf(alias, at),
  ...(isRepeated ? { distinct: true } : {}),
  at,
});

/** The tables of a join whose rows have to be counted. `isOnce`: each row of it is in one joined row at most. */
export function countedTables(select: SelectStatement, isOnce: (alias: string) => boolean): TableCount[] {
  return tablesOf(select).flatMap(({ table: { alias }, isOptional }) => {
    const isRepeated = !isOnce(alias);
    return isRepeated || isOptional ? [{ alias, isOptional, isRepeated }] : [];
  });
}

/** The tables that have a say in the answer: one that need not have a row, and of which nothing is read, has none. */
export function tablesOf(
  select: SelectStatement,
): { readonly table: TableReference; readonly isOptional: boolean }[] {
  const { from, joins } = select;
  const optional = joins.filter((join) => join.isOuter && !isRead(select, join));
  return [from, ...joins.map(({ table }) => table)]
    .filter((table) => !optional.some((join) => join.table === table))
    .map((table) => ({ table, isOptional: joins.some((join) => join.isOuter && join.table === table) }));
}

/** Whether anything but its own condition reads a column of the joined table. */
function isRead({ columns, groupBy, where, having, joins }: SelectStatement, join: Join): boolean {
  const expressions = [
    ...columns.map(({ expression }) => expression),
    ...groupBy,
    ...(where ? [where] : []),
    ...(having ? [having] : []),
    ...joins.flatMap((other) => (other === join ? [] : other.on)),
  ];
  return expressions.flatMap(columnsIn).some(({ table }) => table === join.table.alias);
}

/** Refuses a minimum where nothing can be said of the rows that groups are made of. Throws `sql.min-group-size`. */
export function requireCountable(select: SelectStatement, minGroupSize: number): void {
  if (minGroupSize <= 1) return;
  for (const { groups } of [select.from, ...select.joins.map(({ table }) => table)]) {
    if (!groups) continue;
    if (groups.joins.length > 0)
      throw sqlFault(
        'min-group-size',
        groups.at,
        `groups of fewer than ${minGroupSize} rows are to stay hidden, and a subquery that groups joined rows does not say how many rows of each table its groups are made of`,
        'join outside of the subquery, or agree on a minimum group size of 1',
      );
    requireCountable(groups, minGroupSize);
  }
}
