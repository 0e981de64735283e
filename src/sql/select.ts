/**
 * Owns the SELECT as a whole: rows to groups, groups to output columns, and the rule that nothing is opened that is hidden.
 *
 * A group is shown when at least max(1, minGroupSize) rows count in it and HAVING is true. Values of groups that are not
 * shown, and values that are NULL, are zeroed before they are opened: neither leaves a trace in the result.
 */
import type { Bits, PlanBuilder } from '../plan/builder.ts';
import { Aggregation } from './aggregates.ts';
import type { Preference } from './choose-plan.ts';
import type { RowScope } from './columns.ts';
import { lower, lowerTruth } from './expressions.ts';
import { sqlFault } from './faults.ts';
import { groupKeys } from './group-keys.ts';
import { GroupScope } from './group-scope.ts';
import { areFew, numberedGroups } from './groups.ts';
import { firstGroups } from './limit.ts';
import { numberedGrouping } from './numbered-grouping.ts';
import { sortedGrouping } from './sorted-grouping.ts';
import type { ResultColumn, ResultSource, ResultSpecification } from './specification.ts';
import type { Aggregate, Expression, SelectColumn, SelectStatement } from './statement.ts';
import { isAlways, knownOf, type Value } from './values.ts';
import { publicText, typeOf, visibleVector } from './visible.ts';
import { innerExpressions } from './walk.ts';

export interface SelectOptions {
  readonly rows: RowScope;
  readonly minGroupSize: number;
  readonly prefer: Preference;
}

/** Writes the query into the plan. Throws `sql.*` with the place of what cannot be computed. */
export function lowerSelect(select: SelectStatement, options: SelectOptions): ResultSpecification {
  const { rows } = options;
  const { builder } = rows;
  const minGroupSize = BigInt(Math.max(1, options.minGroupSize));
  for (const expression of select.unread) lower(rows, expression);
  const included = includedRows(rows, select.where);
  const keys = groupKeys(rows, select.groupBy);
  const numbered = keys.length === 0 || (areFew(keys) && options.prefer === 'numbers');
  const groups = numbered && keys.length > 0 ? numberedGroups(rows, keys, included) : undefined;
  const grouped = { rows, included };
  const grouping = numbered ? numberedGrouping(grouped, groups) : sortedGrouping(grouped, keys);
  const aggregation = new Aggregation({
    ...grouped,
    grouping,
    groupBy: select.groupBy,
    groups,
    minGroupSize,
  });
  for (const call of aggregatesOf(select)) aggregation.need(call);
  const scope = new GroupScope(rows, keys, select.groupBy, aggregation);
  const found = numbered ? {} : { found: true as const };
  const shown = shownGroups(scope, aggregation, select, minGroupSize);
  if (select.limit !== undefined && select.limit < scope.length)
    return { ...firstGroups(select, select.limit, scope, shown), ...found };
  const writer = new OutputWriter(builder, scope, shown);
  const columns = select.columns.map((column, index) => writer.column(column, index));
  if (!isAlways(scope, shown)) builder.output('shown', shown);
  if (!writer.wrote && isAlways(scope, shown))
    throw sqlFault(
      'nothing-computed',
      select.at,
      'this query reads no row',
      'select an aggregate, such as COUNT(*)',
    );
  return {
    columns,
    rows: scope.length,
    ...found,
    ...(isAlways(scope, shown) ? {} : { shown: 'shown' }),
    ...(select.orderBy.length === 0
      ? {}
      : {
          order: select.orderBy.map(({ column, descending, nullsFirst }) => ({
            column,
            descending,
            nullsFirst,
          })),
        }),
  };
}

/** Present rows that satisfy WHERE; undefined without WHERE. */
function includedRows(rows: RowScope, where: Expression | undefined): Bits | undefined {
  if (!where) return undefined;
  const condition = lowerTruth(rows, where).isTrue;
  if (isAlways(rows, condition)) return undefined;
  // Opened once for all that is counted or summed, rather than multiplied into every FILTER again.
  return rows.builder.opened(rows.builder.and(rows.present(), condition));
}

/** All aggregates of the select list and HAVING, in order. Throws `sql.no-aggregate` where rows would be shown. */
export function aggregatesOf(select: SelectStatement): Aggregate[] {
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
  select: SelectStatement,
  minGroupSize: bigint,
): Bits {
  const { builder, length } = scope;
  const conditions: Bits[] = [];
  const { exists } = aggregation.summary;
  // Groups that do not exist have no rows.
  if (exists && minGroupSize === 1n) conditions.push(exists);
  else if (select.groupBy.length > 0 || minGroupSize > 1n)
    conditions.push(builder.atLeast(aggregation.rowCount().ring, builder.constant(minGroupSize, length)));
  if (select.having) conditions.push(lowerTruth(scope, select.having).isTrue);
  return conditions.length === 0 ? builder.bit(1, length) : builder.and(...conditions);
}

class OutputWriter {
  wrote = false;
  private readonly builder: PlanBuilder;
  private readonly scope: GroupScope;
  private readonly shown: Bits;

  constructor(builder: PlanBuilder, scope: GroupScope, shown: Bits) {
    this.builder = builder;
    this.scope = scope;
    this.shown = shown;
  }

  column({ name, expression }: SelectColumn, index: number): ResultColumn {
    const texts = this.scope.publicTexts(expression);
    const value = lower(this.scope, expression);
    const fixed = publicText(this.scope, value);
    const source: ResultSource = texts
      ? { from: 'key', values: texts }
      : fixed === undefined
        ? this.output(index, value)
        : { from: 'key', values: Array.from({ length: this.scope.length }, () => fixed) };
    return { name, ...typeOf(value), source };
  }

  /** Opens a value where its group is shown and it is not NULL; zeros elsewhere. */
  private output(index: number, value: Value): ResultSource {
    const known = knownOf(this.scope, value);
    const visible = this.builder.and(this.shown, known);
    const name = `value-${index + 1}`;
    this.builder.output(name, visibleVector(this.scope, value, visible));
    this.wrote = true;
    if (isAlways(this.scope, known)) return { from: 'output', value: name };
    this.builder.output(`known-${index + 1}`, visible);
    return { from: 'output', value: name, known: `known-${index + 1}` };
  }
}
