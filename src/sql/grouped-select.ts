/**
 * Owns the way from rows to groups: which rows count, what they are grouped by, and which groups are shown. A subquery that groups is
 * written first: its groups are the rows.
 *
 * A group is shown when at least max(1, minGroupSize) rows count in it, of each table that is joined, and HAVING is true.
 */
import type { Bits } from '../plan/builder.ts';
import { Aggregation } from './aggregates.ts';
import type { Preference } from './choose-plan.ts';
import { DerivedRows } from './derived-rows.ts';
import { lower, lowerTruth } from './expressions.ts';
import { sqlFault } from './faults.ts';
import { groupKeys } from './group-keys.ts';
import { GroupScope } from './group-scope.ts';
import { sizeCondition } from './group-size.ts';
import { areFew, numberedGroups } from './groups.ts';
import { rowsOf, type Sources } from './joins.ts';
import { numberedGrouping } from './numbered-grouping.ts';
import type { Rows } from './rows.ts';
import { sortedGrouping } from './sorted-grouping.ts';
import type { Aggregate, Expression, SelectStatement } from './statement.ts';
import { requireCountable } from './table-counts.ts';
import { isAlways } from './values.ts';
import { innerExpressions } from './walk.ts';

export interface SelectOptions extends Pick<Sources, 'builder' | 'tableOf'> {
  readonly minGroupSize: number;
  readonly prefer: Preference;
}

export interface GroupedSelect {
  readonly scope: GroupScope;
  readonly shown: Bits;
  /** Whether groups are those that rows have, rather than all that are possible. */
  readonly found: boolean;
  /** Whether groups that rows have lie hidden between those that are shown: their places would tell of them. */
  readonly gaps: boolean;
  /** Most groups that are shown. */
  readonly most: bigint;
}

/** Writes the groups of a SELECT into the plan. Throws `sql.*` with the place of what cannot be computed. */
export function groupedSelect(statement: SelectStatement, options: SelectOptions): GroupedSelect {
  requireCountable(statement, options.minGroupSize);
  const { rows, select, counted } = rowsOf(
    {
      ...options,
      groupsOf: (groups) => derivedRows(groups, options),
      countsTables: options.minGroupSize > 1,
    },
    statement,
  );
  const minGroupSize = BigInt(Math.max(1, options.minGroupSize));
  for (const expression of select.unread) lower(rows, expression);
  const included = includedRows(rows, select.where);
  const keys = groupKeys(rows, select.groupBy);
  const numbered = keys.length === 0 || (areFew(keys) && options.prefer === 'numbers');
  const groups = numbered && keys.length > 0 ? numberedGroups(rows, keys, included) : undefined;
  const { least, others } = sizeCondition(select, options.minGroupSize);
  const grouped = { rows, included };
  const grouping = numbered ? numberedGrouping(grouped, groups) : sortedGrouping(grouped, keys, least ?? 1n);
  const { groupBy } = select;
  const aggregation = new Aggregation({ ...grouped, grouping, groupBy, groups, minGroupSize, counted });
  aggregation.needTables(select.at);
  for (const call of aggregatesOf(select)) aggregation.need(call);
  const scope = new GroupScope(rows, keys, groupBy, aggregation);
  const shown = shownGroups(scope, aggregation, select, others, minGroupSize);
  const length = BigInt(scope.length);
  const most = groupBy.length > 0 && rows.rows < length ? rows.rows : length;
  return { scope, shown, found: !numbered, gaps: !numbered && others.length + counted.length > 0, most };
}

/** The groups of a subquery as rows. Of how many rows each is made does not matter: what is shown is made of enough of them. */
function derivedRows(select: SelectStatement, options: SelectOptions): DerivedRows {
  const { scope, shown, most } = groupedSelect(select, { ...options, minGroupSize: 1 });
  const columns = select.columns.map(({ name, expression }) => ({ name, value: lower(scope, expression) }));
  return new DerivedRows({ vectors: scope, shown, rows: most, columns, key: keyColumns(select, scope) });
}

/** A column for each key, if all have one. */
function keyColumns({ columns }: SelectStatement, scope: GroupScope): readonly string[] | undefined {
  const places = columns.map(({ expression }) => scope.keyOf(expression));
  const found = Array.from({ length: scope.keyCount }, (_, key) => columns[places.indexOf(key)]?.name);
  const names = found.filter((name) => name !== undefined);
  return names.length > 0 && names.length === found.length ? names : undefined;
}

/** Present rows that satisfy WHERE; undefined where those are all that hold anything. */
function includedRows(rows: Rows, where: Expression | undefined): Bits | undefined {
  const all = rows.isZeroed ? undefined : rows.present();
  if (!where) return all;
  const condition = lowerTruth(rows, where).isTrue;
  if (isAlways(rows, condition)) return all;
  // Opened once for all that is counted or summed, rather than multiplied into every FILTER again.
  return rows.builder.opened(rows.builder.and(rows.present(), condition));
}

/** All aggregates of the select list and HAVING, in order. Throws `sql.no-aggregate` where rows would be shown. */
function aggregatesOf(select: SelectStatement): Aggregate[] {
  const roots = [
    ...select.columns.map(({ expression }) => expression),
    ...(select.having ? [select.having] : []),
  ];
  const calls: Aggregate[] = [];
  const visit = (expression: Expression): void => {
    if (expression.kind === 'aggregate') calls.push(expression);
    else innerExpressions(expression).forEach(visit);
  };
  roots.forEach(visit);
  const columns = roots.some(usesColumn);
  if (calls.length === 0 && select.groupBy.length === 0 && !columns && !select.having)
    throw sqlFault(
      'no-aggregate',
      select.at,
      'this would show one row for each row of the parties',
      'use aggregates, such as COUNT(*), or GROUP BY',
    );
  return calls;
}

const usesColumn = (expression: Expression): boolean =>
  expression.kind === 'column' || innerExpressions(expression).some(usesColumn);

function shownGroups(
  scope: GroupScope,
  aggregation: Aggregation,
  { groupBy, having }: SelectStatement,
  others: readonly Expression[],
  minGroupSize: bigint,
): Bits {
  const { builder, length } = scope;
  const conditions: Bits[] = [];
  const { exists } = aggregation.summary;
  const terms = exists ? others : having ? [having] : [];
  // Groups that exist are large enough.
  if (exists) conditions.push(exists);
  else if (groupBy.length > 0 || minGroupSize > 1n) {
    const { ring, lo, hi } = aggregation.rowCount();
    const within = { lo: lo - minGroupSize, hi: hi - minGroupSize };
    conditions.push(builder.atLeast(ring, builder.constant(minGroupSize, length), within));
  }
  conditions.push(...aggregation.enoughOfTables());
  for (const term of terms) conditions.push(lowerTruth(scope, term).isTrue);
  return conditions.length === 0 ? builder.bit(1, length) : builder.and(...conditions);
}
