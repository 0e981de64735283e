/**
 * Owns COUNT(DISTINCT column): rows are grouped once more, by the column besides the groups, and groups that have rows are counted.
 * For enumerated and boolean columns, whose values need no sorting; NULL is no value.
 */
import { LIMITS } from '../base/limits.ts';
import type { Bits, Ring } from '../plan/builder.ts';
import { type RowScope, sizeOf } from './columns.ts';
import { domainOf, type Groups, groupRows } from './groups.ts';
import type { Aggregate, Expression } from './statement.ts';

type Column = Expression & { readonly kind: 'column' };

/** The column whose values are counted, if it is enumerated or boolean and makes no more groups than are allowed. */
export function enumeratedColumn(
  rows: RowScope,
  groupBy: readonly Column[],
  { argument, distinct }: Aggregate,
): Column | undefined {
  if (!distinct || argument?.kind !== 'column') return undefined;
  const { type, values } = rows.specification(argument);
  if (type !== 'boolean' && !values) return undefined;
  const columns = new Set([...groupBy, argument].map((reference) => rows.specification(reference)));
  return [...columns].reduce((count, column) => count * domainOf(column), 1) <= LIMITS.groups
    ? argument
    : undefined;
}

/** The number of values per group, and most that there can be. `included` are the rows that count. */
export function countDistinct(
  rows: RowScope,
  groupBy: readonly Column[],
  groups: Groups | undefined,
  column: Column,
  included: Bits | undefined,
): { count: Ring; most: bigint } {
  const { builder } = rows;
  const specification = rows.specification(column);
  const finer = groupRows(rows, [...groupBy, column], included, {
    what: 'COUNT(DISTINCT …)',
    at: column.at,
  });
  const { counts } = builder.groupSum(finer.key, finer.count + 1, []);
  const occurs = builder.toRing(builder.not(builder.equalsZero(builder.slice(counts, 0, finer.count))));
  const { places } = finer.columns.find((candidate) => candidate.column === specification)!;
  const size = Number(sizeOf(specification));
  // The column is last, so that each group's values lie beside one another, NULL behind them.
  const number = groups?.count ?? 1;
  const each = finer.count / number;
  const sums = Array.from({ length: number }, (_, g) => {
    const values = places.slice(g * each, (g + 1) * each).filter((place) => place < size).length;
    return values === 0 ? builder.constant(0n, 1) : builder.sum(builder.slice(occurs, g * each, values));
  });
  const whole = each === size ? builder.sum(occurs, number) : builder.concat(...sums);
  return { count: whole, most: sizeOf(specification) };
}
