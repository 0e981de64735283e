/**
 * Owns aggregates over groups of any values: rows are sorted by the keys, so that each group is a run, known by its last row.
 *
 *   P_i = v_0 + ... + v_i over the sorted rows is local. At the last rows of two groups that follow one another P differs by the second
 *   group's total. The last rows are brought to the front by a stable sort of one bit; where they are and how many there are is
 *   as secret as the rows.
 * There are no more groups than rows, nor than combinations of values: so many elements the answers have. Those past the groups that
 * exist are zeros; `exists` says which they are.
 *
 * Aggregates of rows in order sort by the keys and then by the value, which puts the groups in the same places:
 *   MIN is the first row of a run, MAX the last; rows that do not count hold a value that never wins.
 *   COUNT(DISTINCT) counts the rows that differ from the next; rows that do not count are one value more.
 *   PERCENTILE_CONT reads the row that its group's count says, among those from the group's first on; rows that do not count come last.
 */
import { assert } from '../base/errors.ts';
import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import { requireFits } from '../plan/compose/ranged.ts';
import { rowsAt } from '../plan/compose/rows-at.ts';
import { compacted, differences, following, lastOfRuns, preceding } from '../plan/compose/runs.ts';
import { sortRows } from '../plan/compose/sort.ts';
import { combinations, type GroupKey, keyValue } from './group-keys.ts';
import type { GroupedRows, Grouping, Needs, Ordering, Summary, Use } from './grouping.ts';
import { carriedKeys, packedKeys, partsFrom, runColumns, sortKeys } from './packed-keys.ts';
import { percentile } from './percentile.ts';
import type { Fraction } from './statement.ts';
import { fitted, type NumberValue, type Value } from './values.ts';

export function sortedGrouping(grouped: GroupedRows, keys: readonly GroupKey[]): Grouping {
  const { rows } = grouped.rows;
  const possible = combinations(keys);
  const length = Number(possible < rows ? possible : rows);
  return { length, summary: (needs) => new SortedSummary(grouped, keys, length, needs) };
}

/** What rows of a group are ordered by: integers in 0..hi, of all rows. */
interface Part {
  readonly ring: Ring;
  readonly hi: bigint;
}

class SortedSummary implements Summary {
  readonly builder: PlanBuilder;
  readonly length: number;
  readonly exists: Bits;
  private readonly keys: readonly GroupKey[];
  private readonly keyParts: readonly (readonly Ring[])[];
  /** The parts of all rows in order, by what they were before. */
  private readonly ordered: ReadonlyMap<number, Ring>;
  /** What the last row of each group has, by name; anything past the groups that exist. */
  private readonly lasts: ReadonlyMap<string, Ring>;
  /** Totals, 0 past the groups that exist. */
  private readonly totals = new Map<string, Ring>();

  constructor(grouped: GroupedRows, keys: readonly GroupKey[], length: number, needs: Needs) {
    const { builder } = grouped.rows;
    this.builder = builder;
    this.length = length;
    this.keys = keys;
    const numbers = packedKeys(grouped, keys);
    const by = sortKeys(numbers);
    const carried = carriedKeys(numbers);
    const [first, ...others] = unique(needs.orderings.map((ordering) => partOf(builder, ordering).ring));
    const ranges = new Map(
      needs.orderings.map((ordering) => partOf(builder, ordering)).map((part) => [part.ring.id, part.hi]),
    );
    const order = (ring: Ring) => [...by, { value: ring, lo: 0n, hi: ranges.get(ring.id) ?? 0n }];
    const sums = unique(needs.sums);
    // One of the orders serves the totals too.
    const sorted = sortRows(builder, first ? order(first) : by, [
      ...carried,
      ...sums,
      ...(first ? [first] : []),
    ]);
    const keysSorted = sorted.slice(0, carried.length);
    const ordered = new Map(others.map((ring) => [ring.id, sortRows(builder, order(ring), [ring])[0]!]));
    if (first) ordered.set(first.id, sorted.at(-1)!);
    this.ordered = ordered;
    const last = lastOfRuns(builder, runColumns(numbers, keysSorted));
    const isLast = builder.toRing(last);
    this.exists = this.firstOf(builder.sum(isLast));
    const columns = new Map([[ROWS, builder.runningSum(builder.constant(1n, isLast.length))]]);
    sums.forEach(({ id }, at) => {
      columns.set(`sum ${id}`, builder.runningSum(sorted[carried.length + at]!));
    });
    for (const ordering of needs.orderings) {
      const part = partOf(builder, ordering);
      const ring = this.inOrder(part);
      const name = nameOf(ordering.use, part);
      if (ordering.use === 'least') columns.set(name, following(builder, ring, builder.slice(ring, 0, 1)));
      if (ordering.use === 'greatest') columns.set(name, ring);
      if (ordering.use === 'different') {
        const next = following(builder, ring, builder.slice(ring, 0, 1));
        const differs = builder.or(last, builder.not(builder.equals(ring, next)));
        columns.set(name, builder.runningSum(builder.toRing(differs)));
      }
    }
    const gathered = compacted(builder, isLast, [...keysSorted, ...columns.values()], length);
    this.lasts = new Map([...columns.keys()].map((name, at) => [name, gathered[carried.length + at]!]));
    const existing = gathered.slice(0, carried.length).map((ring) => builder.timesBit(this.exists, ring));
    this.keyParts = partsFrom(grouped, numbers, keys, existing);
  }

  counts(): Ring {
    return this.totalOf(ROWS);
  }

  total({ id }: Ring): Ring {
    return this.totalOf(`sum ${id}`);
  }

  extreme(ordering: Ordering): Ring {
    const { builder } = this;
    const part = partOf(builder, ordering);
    const found = this.atLast(nameOf(ordering.use, part));
    // The row behind a group's last one is the first of the next.
    const first = () => preceding(builder, found, builder.slice(this.inOrder(part), 0, 1));
    return builder.linear([[1n, ordering.use === 'least' ? first() : found]], ordering.values.lo);
  }

  percentile(ordering: Ordering<NumberValue>, fraction: Fraction, count: NumberValue): NumberValue {
    const { builder, length } = this;
    const { values, filter, at } = ordering;
    const ring = this.inOrder(partOf(builder, ordering));
    const rows = builder.constant(BigInt(ring.length), length);
    // Groups of which no row counts read their first row: places must ascend.
    const some = filter
      ? builder.add(count.ring, builder.toRing(builder.equalsZero(count.ring)))
      : count.ring;
    const before = preceding(builder, this.atLast(ROWS), builder.constant(0n, 1));
    return percentile(builder, values, fraction, { ...count, ring: some }, at, (index, withStep) => {
      const places = builder.select(this.exists, builder.add(before, index), rows);
      const steps = builder.sub(following(builder, ring, builder.slice(ring, 0, 1)), ring);
      const [low, step] = rowsAt(builder, withStep ? [ring, steps] : [ring], places);
      assert(low, 'a column read is a column found');
      return { low, step };
    });
  }

  different(ordering: Ordering, count: Ring): Ring {
    const { builder } = this;
    const found = this.totalOf(nameOf('different', partOf(builder, ordering)));
    if (!ordering.filter) return found;
    return builder.sub(found, builder.toRing(builder.lessThan(count, this.counts())));
  }

  key(at: number): Value {
    const [key, parts] = [this.keys[at], this.keyParts[at]];
    assert(key && parts, 'a key is one of those grouped by');
    return keyValue(this, key, parts);
  }

  keyTexts(): undefined {
    return undefined;
  }

  /** 1 for as many groups as there are. */
  private firstOf(groups: Ring): Bits {
    const { builder, length } = this;
    const numbers = builder.runningSum(builder.constant(1n, length));
    return builder.lessThanZero(
      builder.linear(
        [
          [1n, numbers],
          [-1n, builder.repeat(groups, length)],
        ],
        -1n,
      ),
    );
  }

  private totalOf(name: string): Ring {
    const known = this.totals.get(name);
    if (known) return known;
    const total = this.builder.timesBit(this.exists, differences(this.builder, this.atLast(name)));
    this.totals.set(name, total);
    return total;
  }

  private atLast(name: string): Ring {
    const ring = this.lasts.get(name);
    assert(ring, 'all that is asked for is named before');
    return ring;
  }

  private inOrder({ ring }: Part): Ring {
    const sorted = this.ordered.get(ring.id);
    assert(sorted, 'all orders are named before');
    return sorted;
  }
}

const ROWS = 'rows';

const nameOf = (use: Use, { ring }: Part): string => `${use} ${ring.id}`;

const unique = (rings: readonly Ring[]): Ring[] => [
  ...new Map(rings.map((ring) => [ring.id, ring])).values(),
];

/** Rows that do not count come last, where only the last row is asked for they come first. */
function partOf(builder: PlanBuilder, { use, values, filter, at }: Ordering): Part {
  const { ring, lo, hi } = values;
  fitted(at, () => requireFits(hi - lo + 1n, 'a number of possible values'));
  const part = builder.linear([[1n, ring]], -lo);
  const size = hi - lo + 1n;
  if (!filter) return { ring: part, hi: size - 1n };
  const other = use === 'greatest' ? 0n : size;
  return {
    ring: builder.select(filter, part, builder.constant(other, ring.length)),
    hi: use === 'greatest' ? size - 1n : size,
  };
}
