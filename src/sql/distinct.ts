/**
 * Owns COUNT(DISTINCT column) without sorting: rows are grouped once more, by the column besides the groups, and groups that have
 * rows are counted. For columns of few possible values; NULL is no value.
 */
import { LIMITS } from '../base/limits.ts';
import type { Bits, Ring } from '../plan/builder.ts';
import { sizeOf } from './columns.ts';
import { combinations, groupKeys } from './group-keys.ts';
import { type Groups, numberedGroups } from './groups.ts';
import type { Rows } from './rows.ts';
import type { Aggregate, Expression } from './statement.ts';

type Column = Expression & { readonly kind: 'column' };

/**
 * Groups times values of a column of numbers: beyond it a tape with a word for each of them and each row, 2 KiB, is larger than what a
 * sort takes. Texts and conditions go to the limit of groups.
 */
const NUMBERS = 256;

/** The column whose values are counted, if it makes few enough groups. */
export function enumeratedColumn(
  rows: Rows,
  groupBy: readonly Expression[],
  { argument, distinct }: Aggregate,
): Column | undefined {
  if (!distinct || argument?.kind !== 'column') return undefined;
  const { type, values } = rows.specification(argument);
  if (type === 'text' && !values) return undefined;
  const most = type === 'boolean' || values ? LIMITS.groups : NUMBERS;
  return combinations(groupKeys(rows, [...groupBy, argument])) <= most ? argument : undefined;
}

/** The number of values per group, and most that there can be. `included` are the rows that count. */
export function countDistinct(
  rows: Rows,
  groupBy: readonly Expression[],
  groups: Groups | undefined,
  column: Column,
  included: Bits | undefined,
): { count: Ring; most: bigint } {
  const { builder } = rows;
  const [own] = groupKeys(rows, [column]);
  const finer = numberedGroups(rows, groupKeys(rows, [...groupBy, column]), included);
  const { counts } = builder.groupSum(finer.key, finer.count + 1, []);
  const occurs = builder.toRing(
    builder.not(
      builder.equalsZero(builder.slice(counts, 0, finer.count), { lo: 0n, hi: BigInt(rows.length) }),
    ),
  );
  const { places } = finer.keys.find(({ key }) => key.identity === own!.identity)!;
  const most = sizeOf(own!.domain);
  const size = Number(most);
  // The column is last, so that each group's values lie beside one another, NULL behind them.
  const number = groups?.count ?? 1;
  const each = finer.count / number;
  const sums = Array.from({ length: number }, (_, g) => {
    const values = places.slice(g * each, (g + 1) * each).filter((place) => place < size).length;
    return values === 0 ? builder.constant(0n, 1) : builder.sum(builder.slice(occurs, g * each, values));
  });
  const whole = each === size ? builder.sum(occurs, number) : builder.concat(...sums);
  return { count: whole, most };
}
