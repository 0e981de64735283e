/**
 * Owns the aggregates that need rows in order: MEDIAN, PERCENTILE_CONT and COUNT(DISTINCT), over all rows or per group.
 *
 * Rows are sorted once by   order = group * size + (x - lo),   size = hi - lo + 1;   rows that do not count have the
 * order of an extra group past the last. Of the sorted rows only the orders are kept. Where a group's rows begin is the
 * number of rows in the groups before it, which is as secret as every place: nothing of the order is opened.
 */
import type { Bits, Ring } from '../plan/builder.ts';
import { requireFits } from '../plan/compose/ranged.ts';
import { sortRows } from '../plan/compose/sort.ts';
import type { Position } from './faults.ts';
import type { Sortable } from './grouping.ts';
import type { Groups } from './groups.ts';
import { percentile } from './percentile.ts';
import type { Rows } from './rows.ts';
import type { Fraction } from './statement.ts';
import { fitted, type NumberValue } from './values.ts';

export interface RankedRows {
  readonly rows: Rows;
  readonly groups: Groups | undefined;
  /** Rows that are present and satisfy WHERE. */
  readonly present: Bits;
  /** Rows that count beyond being in a group; undefined where all of them do. */
  readonly filter: Bits | undefined;
}

/** PERCENTILE_CONT in each group. Says nothing for a group without rows. Throws `sql.too-wide`. */
export function groupPercentile(
  ranked: RankedRows,
  argument: NumberValue,
  fraction: Fraction,
  count: NumberValue,
  at: Position,
): NumberValue {
  const { builder } = ranked.rows;
  const { orders, size } = sortedOrders(ranked, argument, at);
  const before = starts(ranked, count.ring);
  return percentile(builder, argument, fraction, count, at, (index, withStep) => {
    const { low, step } = pick(ranked, orders, builder.add(before, index), withStep);
    const place = builder.linear([
      [1n, low],
      [-size, groupNumbers(ranked)],
    ]);
    return { low: place, step };
  });
}

/** COUNT(DISTINCT): rows whose value differs from that of the next row in order. Throws `sql.too-wide`. */
export function differentValues(ranked: RankedRows, values: Sortable, at: Position): Ring {
  const { rows, groups } = ranked;
  const { builder, length } = rows;
  const { orders, outside, size, carried } = sortedOrders(ranked, values, at, groups ? [groups.key] : []);
  // Rows that do not count have one order, which is also what follows the last row: none of them differs.
  const next = builder.concat(builder.slice(orders, 1, length - 1), builder.constant(outside, 1));
  const lasts = builder.toRing(
    builder.not(builder.equals(orders, next, { lo: -outside - size, hi: outside + size })),
  );
  const [group] = carried;
  if (!groups || !group) return builder.sum(lasts);
  // In a grouped query those rows may differ, in the extra group.
  const { sums } = builder.groupSum(group, groups.count + 1, [lasts]);
  return builder.slice(sums[0] ?? lasts, 0, groups.count);
}

/** The orders of all rows, ascending, and how many orders a group has; with `carry`, what travels with the rows too. */
function sortedOrders(
  { rows, groups, present, filter }: RankedRows,
  { ring, lo, hi }: Sortable,
  at: Position,
  carry: readonly Ring[] = [],
): {
  readonly orders: Ring;
  readonly size: bigint;
  readonly outside: bigint;
  readonly carried: readonly Ring[];
} {
  const { builder } = rows;
  const size = hi - lo + 1n;
  const outside = BigInt(groups?.count ?? 1) * size;
  const inGroup: (readonly [bigint, Ring])[] = groups ? [[size, groups.key]] : [];
  const order = builder.linear([[1n, ring], ...inGroup], -lo);
  const counting = filter ? builder.and(filter, present) : groups ? undefined : present;
  const value = counting ? builder.select(counting, order, builder.constant(outside, rows.length)) : order;
  // Without a filter rows outside all groups keep what they hold, so that their orders fill an extra group.
  const largest = counting ? outside : outside + size - 1n;
  fitted(at, () => requireFits(largest, 'the group and the value together'));
  const [orders, ...carried] = sortRows(builder, [{ value, lo: 0n, hi: largest }], [value, ...carry]);
  return { orders: orders ?? value, size, outside, carried };
}

/** For each group the place of its first row among all sorted rows. */
function starts({ rows: { builder } }: RankedRows, counts: Ring): Ring {
  const opened = builder.opened(counts);
  let before = builder.constant(0n, 1);
  const places = Array.from({ length: counts.length }, (_, g) => {
    const place = before;
    before = builder.add(before, builder.slice(opened, g, 1));
    return place;
  });
  return builder.concat(...places);
}

/** For each group the order at its place, and, if asked for, how much greater the next one is. */
function pick(
  { rows: { builder } }: RankedRows,
  orders: Ring,
  places: Ring,
  withStep: boolean,
): { readonly low: Ring; readonly step: Ring | undefined } {
  const [length, groups] = [orders.length, places.length];
  const distances = builder.sub(
    builder.repeat(builder.linear([[1n, builder.runningSum(builder.constant(1n, length))]], -1n), groups),
    builder.repeat(builder.opened(places), length, true),
  );
  // Of groups that have rows, places are those of rows.
  const here = builder.equalsZero(distances, { lo: -BigInt(length), hi: BigInt(length) });
  const opened = builder.opened(orders);
  const at = (values: Ring) => builder.sum(builder.timesBit(here, builder.repeat(values, groups)), groups);
  const next = builder.concat(builder.slice(opened, 1, length - 1), builder.slice(opened, length - 1, 1));
  return { low: at(opened), step: withStep ? at(builder.sub(next, opened)) : undefined };
}

const groupNumbers = ({ rows, groups }: RankedRows): Ring =>
  rows.builder.vector(Array.from({ length: groups?.count ?? 1 }, (_, g) => BigInt(g)));
