/**
 * Owns the SELECT as a whole: from groups to output columns, and the rule that nothing is opened that is hidden. Values of groups that are
 * not shown, and values that are NULL, are zeroed before they are opened: neither leaves a trace in the result.
 */
import type { Bits, PlanBuilder } from '../plan/builder.ts';
import { lower } from './expressions.ts';
import { sqlFault } from './faults.ts';
import type { GroupScope } from './group-scope.ts';
import { groupedSelect, type SelectOptions } from './grouped-select.ts';
import { firstGroups, shownGroupsFirst } from './limit.ts';
import type { ResultColumn, ResultSource, ResultSpecification } from './specification.ts';
import type { SelectColumn, SelectStatement } from './statement.ts';
import { isAlways, knownOf, type Value } from './values.ts';
import { publicText, typeOf, visibleVector } from './visible.ts';

/** Writes the query into the plan. Throws `sql.*` with the place of what cannot be computed. */
export function lowerSelect(select: SelectStatement, options: SelectOptions): ResultSpecification {
  const { scope, shown, found, gaps } = groupedSelect(select, options);
  const common = found ? { found } : {};
  if (select.limit !== undefined && select.limit < scope.length)
    return { ...firstGroups(select, select.limit, scope, shown), ...common };
  const order = orderOf(select);
  if (gaps) return { ...shownGroupsFirst(select, scope, shown), ...common, ...order };
  const { builder } = scope;
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
    ...common,
    ...(isAlways(scope, shown) ? {} : { shown: 'shown' }),
    ...order,
  };
}

/** ORDER BY as the output party does it. */
function orderOf({ orderBy }: SelectStatement): Pick<ResultSpecification, 'order'> {
  if (orderBy.length === 0) return {};
  const order = orderBy.map(({ column, descending, nullsFirst }) => ({ column, descending, nullsFirst }));
  return { order };
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
