/**
 * Owns aggregates over groups of any values: rows are sorted by the keys, so that each group is a run, known by its last row.
 *
 *   P_i = v_0 + ... + v_i over the sorted rows is local. At the last rows of two groups that follow one another P differs by the second
 *   group's total. The last rows are brought to the front by a stable sort of one bit; where they are and how many there are is
 *   as secret as the rows.
 * There are no more groups than rows, nor than combinations of values: so many elements the answers have; `exists` says which of them
 * are groups. Where only groups of at least k rows are shown, those are brought to the front in the same way: there are no more than rows / k,
 * and no gap tells where a smaller group was.
 *
 * Aggregates of rows in order sort by the keys and then by the value, which puts the groups in the same places:
 *   MIN is the first row of a run, MAX the last; rows that do not count hold a value that never wins.
 *   COUNT(DISTINCT) counts the rows that differ from the next; rows that do not count are one value more.
 *   PERCENTILE_CONT reads the row that its group's count says, among those from the group's first on; rows that do not count come last.
 */
import { assert } from '../base/errors.ts';
import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import { larger, type Ranged, requireFits, smaller } from '../plan/compose/ranged.ts';
import { rowsAt } from '../plan/compose/rows-at.ts';
import { compacted, differences, following, lastOfRuns, preceding } from '../plan/compose/runs.ts';
import { sortRows } from '../plan/compose/sort.ts';
import { combinations, type GroupKey, keyValue } from './group-keys.ts';
import type { GroupedRows, Grouping, Needs, Ordering, Summary } from './grouping.ts';
import { carriedKeys, type Packed, packedKeys, partsFrom, runColumns, sortKeys } from './packed-keys.ts';
import { percentile } from './percentile.ts';
import type { Rows } from './rows.ts';
import type { Fraction } from './statement.ts';
import { fitted, type NumberValue, type Value } from './values.ts';

/** Groups of fewer than `least` rows are left out. */
export function sortedGrouping(grouped: GroupedRows, keys: readonly GroupKey[], least: bigint): Grouping {
  const { rows } = grouped.rows;
  const size = smaller(least, rows + 1n);
  const length = Number(smaller(combinations(keys), rows));
  // At least one element, though no group may be large enough.
  const shown = Number(smaller(BigInt(length), larger(rows / size, 1n)));
  const summary = (needs: Needs) => {
    const sorted = sortedRows(grouped, keys, needs);
    const groups = groupsOf(grouped, sorted, length);
    return new SortedSummary(
      grouped.rows,
      keys,
      sorted,
      size > 1n ? largeGroups(grouped, groups, size, shown) : groups,
    );
  };
  return { length: size > 1n ? shown : length, summary };
}

/** What rows of a group are ordered by: integers in 0..hi, of all rows. */
interface Part {
  readonly ring: Ring;
  readonly hi: bigint;
}

interface SortedRows {
  readonly numbers: readonly Packed[];
  /** What travelled of the keys. */
  readonly carried: readonly Ring[];
  readonly sums: ReadonlyMap<string, Ring>;
  /** The parts of the rows in each order. */
  readonly orders: ReadonlyMap<Ordering, Ring>;
}

function sortedRows(grouped: GroupedRows, keys: readonly GroupKey[], needs: Needs): SortedRows {
  const { builder } = grouped.rows;
  const numbers = packedKeys(grouped, keys);
  const carried = carriedKeys(numbers);
  const parts = new Map(needs.orderings.map((ordering) => [ordering, partOf(builder, ordering)]));
  const distinct = new Map([...parts.values()].map((part) => [part.ring.id, part]));
  const by = ({ ring, hi }: Part): Ranged[] => [...sortKeys(numbers), { value: ring, lo: 0n, hi }];
  // One of the orders serves the totals too.
  const [first, ...others] = distinct.values();
  const travelling = [...carried, ...needs.sums, ...(first ? [first.ring] : [])];
  const sorted = sortRows(builder, first ? by(first) : sortKeys(numbers), travelling);
  const inOrder = new Map<number, Ring>();
  if (first) inOrder.set(first.ring.id, sorted.at(-1)!);
  for (const part of others) inOrder.set(part.ring.id, sortRows(builder, by(part), [part.ring])[0]!);
  return {
    numbers,
    carried: sorted.slice(0, carried.length),
    sums: new Map(needs.sums.map((ring, at) => [sumOf(ring), sorted[carried.length + at]!])),
    orders: new Map([...parts].map(([ordering, { ring }]) => [ordering, inOrder.get(ring.id)!])),
  };
}

/** What a group has: an aggregate of an order, or something else by its name. */
type Name = Ordering | string;

interface SortedGroups {
  /** 1 for as many groups as there are. */
  readonly exists: Bits;
  readonly values: ReadonlyMap<Name, Ring>;
}

/** The first `length` groups. Past those that exist, counts, totals and keys are 0. */
function groupsOf(grouped: GroupedRows, sorted: SortedRows, length: number): SortedGroups {
  const { builder } = grouped.rows;
  const last = lastOfRuns(builder, runColumns(sorted.numbers, sorted.carried));
  const isLast = builder.toRing(last);
  const totals = new Map<Name, Ring>([[ROWS, builder.constant(1n, isLast.length)], ...sorted.sums]);
  const columns = new Map<Name, Ring>();
  for (const [ordering, ring] of sorted.orders) {
    const { use } = ordering;
    const next = following(builder, ring, builder.slice(ring, 0, 1));
    // The row behind a group's last one is the first of the next.
    if (use === 'least') columns.set(ordering, next);
    if (use === 'greatest') columns.set(ordering, ring);
    if (use === 'different')
      totals.set(ordering, builder.toRing(builder.or(last, builder.not(builder.equals(ring, next)))));
  }
  sorted.carried.forEach((ring, at) => {
    columns.set(carriedAs(at), ring);
  });
  for (const [name, ring] of totals) columns.set(name, builder.runningSum(ring));
  const gathered = compacted(builder, isLast, [...columns.values()], length);
  const exists = firstOf(builder, builder.sum(isLast), BigInt(isLast.length), length);
  const zeroed = (ring: Ring) => builder.timesBit(exists, ring);
  const values = new Map([...columns.keys()].map((name, at) => [name, gathered[at]!]));
  values.set(START, preceding(builder, values.get(ROWS)!, builder.constant(0n, 1)));
  for (const name of totals.keys()) values.set(name, zeroed(differences(builder, values.get(name)!)));
  for (const at of sorted.carried.keys()) values.set(carriedAs(at), zeroed(values.get(carriedAs(at))!));
  for (const [ordering, ring] of sorted.orders) {
    if (ordering.use === 'least')
      values.set(ordering, preceding(builder, values.get(ordering)!, builder.slice(ring, 0, 1)));
  }
  return { exists, values };
}

/** The groups of at least `least` rows, in their order, before others: the first `length` of that. */
function largeGroups(
  { rows: { builder, rows } }: GroupedRows,
  { values }: SortedGroups,
  least: bigint,
  length: number,
): SortedGroups {
  const counts = values.get(ROWS)!;
  const isLarge = builder.toRing(
    builder.atLeast(counts, builder.constant(least, counts.length), { lo: -least, hi: rows }),
  );
  const gathered = compacted(builder, isLarge, [...values.values()], length);
  return {
    exists: firstOf(builder, builder.sum(isLarge), BigInt(isLarge.length), length),
    values: new Map([...values.keys()].map((name, at) => [name, gathered[at]!])),
  };
}

class SortedSummary implements Summary {
  readonly builder: PlanBuilder;
  readonly length: number;
  readonly exists: Bits;
  private readonly rows: bigint;
  private readonly keys: readonly GroupKey[];
  private readonly sorted: SortedRows;
  private readonly values: ReadonlyMap<Name, Ring>;
  private readonly keyParts: readonly (readonly Ring[])[];

  constructor(rows: Rows, keys: readonly GroupKey[], sorted: SortedRows, groups: SortedGroups) {
    this.builder = rows.builder;
    this.rows = rows.rows;
    this.length = groups.exists.length;
    this.exists = groups.exists;
    this.keys = keys;
    this.sorted = sorted;
    this.values = groups.values;
    const carried = sorted.carried.map((_, at) => this.valueOf(carriedAs(at)));
    this.keyParts = partsFrom(rows.builder, sorted.numbers, keys, carried);
  }

  counts(): Ring {
    return this.valueOf(ROWS);
  }

  total(vector: Ring): Ring {
    return this.valueOf(sumOf(vector));
  }

  extreme(ordering: Ordering): Ring {
    return this.builder.linear([[1n, this.valueOf(ordering)]], ordering.values.lo);
  }

  percentile(ordering: Ordering, argument: NumberValue, fraction: Fraction, count: NumberValue): NumberValue {
    const { builder, length } = this;
    const { filter, at } = ordering;
    const ring = this.sorted.orders.get(ordering);
    assert(ring, 'all orders are named before');
    const rows = builder.constant(BigInt(ring.length), length);
    // Groups of which no row counts read their first row: places must ascend.
    const none = () => builder.toRing(builder.equalsZero(count.ring, count));
    const some = { ...count, ring: filter ? builder.add(count.ring, none()) : count.ring };
    return percentile(builder, argument, fraction, some, at, (index, withStep) => {
      const place = builder.add(this.valueOf(START), index);
      const steps = builder.sub(following(builder, ring, builder.slice(ring, 0, 1)), ring);
      const columns = withStep ? [ring, steps] : [ring];
      const [low, step] = rowsAt(builder, columns, builder.select(this.exists, place, rows));
      assert(low, 'a column read is a column found');
      return { low, step };
    });
  }

  different(ordering: Ordering, count: Ring): Ring {
    const { builder } = this;
    const found = this.valueOf(ordering);
    if (!ordering.filter) return found;
    return builder.sub(
      found,
      builder.toRing(builder.lessThan(count, this.counts(), { lo: -this.rows, hi: 0n })),
    );
  }

  key(at: number): Value {
    const [key, parts] = [this.keys[at], this.keyParts[at]];
    assert(key && parts, 'a key is one of those grouped by');
    return keyValue(this, key, parts);
  }

  keyTexts(): undefined {
    return undefined;
  }

  private valueOf(name: Name): Ring {
    const ring = this.values.get(name);
    assert(ring, 'all that is asked for is named before');
    return ring;
  }
}

const ROWS = 'rows';
/** Rows before the group's first. */
const START = 'start';
const carriedAs = (at: number): string => `key ${at}`;
const sumOf = ({ id }: Ring): string => `sum ${id}`;

/** 1 in the first `groups`, at most `most`, of `length` elements. */
function firstOf(builder: PlanBuilder, groups: Ring, most: bigint, length: number): Bits {
  const numbers = builder.runningSum(builder.constant(1n, length));
  const within = { lo: -BigInt(length), hi: most };
  return builder.atLeast(builder.repeat(builder.opened(groups), length), numbers, within);
}

/** Rows that do not count come last; where only the last row is asked for they come first. */
function partOf(builder: PlanBuilder, { use, values, filter, at }: Ordering): Part {
  const { ring, lo, hi } = values;
  const size = hi - lo + 1n;
  fitted(at, () => requireFits(size, 'a number of possible values'));
  const part = builder.linear([[1n, ring]], -lo);
  if (!filter) return { ring: part, hi: size - 1n };
  const other = use === 'greatest' ? 0n : size;
  const chosen = builder.select(filter, part, builder.constant(other, ring.length));
  return { ring: chosen, hi: use === 'greatest' ? size - 1n : size };
}
