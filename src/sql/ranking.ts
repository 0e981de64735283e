/**
 * Owns the aggregates that need rows in order: MEDIAN, PERCENTILE_CONT and COUNT(DISTINCT), over all rows or per group.
 *
 * Rows are sorted once by   order = group * size + (x - lo),   size = hi - lo + 1;   rows that do not count have the
 * order of an extra group past the last. Of the sorted rows only the orders are kept. Where a group's rows begin is the
 * number of rows in the groups before it, which is as secret as every place: nothing of the order is opened.
 */
import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import { divideFloor } from '../plan/compose/divide.ts';
import { requireFits } from '../plan/compose/ranged.ts';
import { sortRows } from '../plan/compose/sort.ts';
import { greatest } from './arithmetic.ts';
import type { RowScope } from './columns.ts';
import type { Position } from './faults.ts';
import type { Groups } from './groups.ts';
import { decimalsOf, powerOfTen } from './literals.ts';
import type { Fraction } from './statement.ts';
import { fitted, type NumberValue, type Value } from './values.ts';

export interface RankedRows {
  readonly rows: RowScope;
  readonly groups: Groups | undefined;
  /** Rows that are present and satisfy WHERE. */
  readonly present: Bits;
  /** Rows that count beyond being in a group; undefined where all of them do. */
  readonly filter: Bits | undefined;
}

/** What rows are sorted by: integers in lo..hi, in every row that counts. */
interface Sortable {
  readonly ring: Ring;
  readonly lo: bigint;
  readonly hi: bigint;
}

/**
 * PERCENTILE_CONT(a / b): with N rows in ascending order x_0.., and a (N - 1) = b k + rest, it is x_k + (rest / b)(x_(k+1) - x_k).
 * Exact, in as many more decimals as b needs. Says nothing for a group without rows. Throws `sql.too-wide`.
 */
export function percentile(
  ranked: RankedRows,
  argument: NumberValue,
  { numerator, denominator }: Fraction,
  count: NumberValue,
  at: Position,
): NumberValue {
  const { builder } = ranked.rows;
  const { orders, size } = sortedOrders(ranked, argument, at);
  const digits = decimalsOf(denominator);
  const unit = powerOfTen(digits) / denominator;
  const largest = greatest([argument.hi, -argument.lo, argument.hi - argument.lo]) * powerOfTen(digits);
  fitted(at, () => requireFits(largest, 'this percentile'));
  // a (N - 1) + b is not negative even where N is 0, so its quotient is k + 1.
  const shifted = builder.linear([[numerator, count.ring]], denominator - numerator);
  const above = quotientByPublic(
    builder,
    shifted,
    numerator * count.hi + denominator - numerator,
    denominator,
  );
  const rest = builder.linear([
    [1n, shifted],
    [-denominator, above],
  ]);
  const picked = pick(
    ranked,
    orders,
    builder.linear(
      [
        [1n, starts(ranked, count.ring)],
        [1n, above],
      ],
      -1n,
    ),
    denominator > 1n,
  );
  const low = builder.linear(
    [
      [1n, picked.low],
      [-size, groupNumbers(ranked)],
    ],
    argument.lo,
  );
  const ring = picked.step
    ? builder.linear([
        [unit * denominator, low],
        [unit, builder.multiply(rest, picked.step)],
      ])
    : low;
  const { each: _, ...value } = argument;
  return {
    ...value,
    type: 'decimal',
    scale: argument.scale + digits,
    lo: argument.lo * powerOfTen(digits),
    hi: argument.hi * powerOfTen(digits),
    ring,
    zeroed: false,
  };
}

/** COUNT(DISTINCT): rows whose value differs from that of the next row in order. Throws `sql.too-wide`. */
export function distinctValues(ranked: RankedRows, values: Sortable, at: Position): Ring {
  const { rows, groups } = ranked;
  const { builder, length } = rows;
  const { orders, outside, carried } = sortedOrders(ranked, values, at, groups ? [groups.key] : []);
  // Rows that do not count have one order, which is also what follows the last row: none of them differs.
  const next = builder.concat(builder.slice(orders, 1, length - 1), builder.constant(outside, 1));
  const lasts = builder.toRing(builder.not(builder.equals(orders, next)));
  const [group] = carried;
  if (!groups || !group) return builder.sum(lasts);
  // In a grouped query those rows may differ, in the extra group.
  const { sums } = builder.groupSum(group, groups.count + 1, [lasts]);
  return builder.slice(sums[0] ?? lasts, 0, groups.count);
}

/** Any value but NULL as integers that are equal where the values are. */
export function sortableOf(builder: PlanBuilder, value: Value | undefined): Sortable | undefined {
  if (value === undefined || value.kind === 'null') return undefined;
  if (value.kind === 'number') return value;
  if (value.kind === 'text') return { ring: value.code, lo: 0n, hi: BigInt(value.values.length - 1) };
  return { ring: builder.toRing(value.isTrue), lo: 0n, hi: 1n };
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
  const counting = groups ? filter : filter ? builder.and(filter, present) : present;
  const value = counting ? builder.select(counting, order, builder.constant(outside, rows.length)) : order;
  // Rows outside all groups keep what they hold, so that their orders fill an extra group.
  const largest = groups ? outside + size - 1n : outside;
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
    builder.repeat(numbersBelow(builder, length), groups),
    builder.repeat(builder.opened(places), length, true),
  );
  const here = builder.equalsZero(distances);
  const opened = builder.opened(orders);
  const at = (values: Ring) => builder.sum(builder.timesBit(here, builder.repeat(values, groups)), groups);
  const next = builder.concat(builder.slice(opened, 1, length - 1), builder.slice(opened, length - 1, 1));
  return { low: at(opened), step: withStep ? at(builder.sub(next, opened)) : undefined };
}

/** 0, 1, ..., length - 1: each half is the one before it with its length added. */
function numbersBelow(builder: PlanBuilder, length: number): Ring {
  let numbers = builder.constant(0n, 1);
  while (numbers.length < length) {
    numbers = builder.concat(numbers, builder.linear([[1n, numbers]], BigInt(numbers.length)));
  }
  return builder.slice(numbers, 0, length);
}

/** 0 <= n <= largest divided by a public number. */
function quotientByPublic(builder: PlanBuilder, n: Ring, largest: bigint, divisor: bigint): Ring {
  if (divisor === 1n) return n;
  const by = { value: builder.constant(divisor, n.length), lo: divisor, hi: divisor };
  return divideFloor(builder, { value: n, lo: 0n, hi: largest }, by).value;
}

const groupNumbers = ({ rows, groups }: RankedRows): Ring =>
  rows.builder.vector(Array.from({ length: groups?.count ?? 1 }, (_, g) => BigInt(g)));
