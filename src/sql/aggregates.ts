/**
 * Owns aggregates, over all rows or per group. Used in two steps, so that all sums of a query share one
 * pass over the rows: `need` every call first, then ask for its `value`.
 *
 * Values other than numbers of rows, over fewer rows than the smallest group allowed come out as NULL, also where FILTER or NULLs
 * made them few: SQL's own rule is that with 1.
 */
import { assert } from '../base/errors.ts';
import type { Bits, Ring } from '../plan/builder.ts';
import { countDistinct, enumeratedColumn } from './distinct.ts';
import { AVERAGE_DIGITS, average } from './division.ts';
import { lowerTruth } from './expressions.ts';
import type { Position } from './faults.ts';
import type { GroupedRows, Grouping, Summary } from './grouping.ts';
import type { Groups } from './groups.ts';
import { type Request, Requests } from './requests.ts';
import type { Aggregate, Expression } from './statement.ts';
import {
  axisOf,
  checkedDigits,
  isStatistic,
  leastRows,
  type RowAxis,
  STATISTIC_DIGITS,
  type StatisticName,
  statistic,
} from './statistics.ts';
import type { TableCount } from './table-counts.ts';
import { always, checkWidth, constantNumber, type NumberValue, type Value, type Vectors } from './values.ts';

export interface AggregationOptions extends GroupedRows {
  readonly grouping: Grouping;
  readonly groupBy: readonly Expression[];
  /** Where groups are numbered beforehand. */
  readonly groups: Groups | undefined;
  readonly minGroupSize: bigint;
  /** Joined tables of which a group must have so many different rows, too. */
  readonly counted: readonly TableCount[];
}

/** Aggregates that say how many rows there are: these are shown however few they are. */
const NUMBERS_OF_ROWS: ReadonlySet<string> = new Set(['count', 'regr_count']);

export class Aggregation {
  private readonly options: AggregationOptions;
  private readonly requests: Requests;
  /** Rows of tables among those that are requested, and (undefined) in the whole group. */
  private readonly tables = new Map<
    Request | undefined,
    readonly { readonly table: TableCount; readonly request: Request }[]
  >();
  private asked: Summary | undefined;
  /** One element for each group; one in all without GROUP BY. */
  readonly vectors: Vectors;

  constructor(options: AggregationOptions) {
    this.options = options;
    this.requests = new Requests(options, this.hasGroups);
    this.vectors = { builder: options.rows.builder, length: options.grouping.length };
  }

  /** Reads what a call is over. Throws `sql.bad-type`, `sql.misplaced-aggregate`, `sql.unknown-column`. */
  need(call: Aggregate): void {
    // The number of rows is asked for only where few rows hide it.
    if (this.enumerated(call) && this.options.minGroupSize === 1n) this.requests.check(call);
    else this.requests.add(call);
    const isNumberOfRows = NUMBERS_OF_ROWS.has(call.name) && !call.distinct;
    if (this.options.counted.length === 0 || isNumberOfRows) return;
    const request = this.requests.of(call);
    // Whole groups are hidden as such.
    if (request.filter) this.tables.set(request, this.tableRequests(request.filter, call.at));
  }

  /** Asks for different rows of each table in each group. */
  needTables(at: Position): void {
    this.tables.set(undefined, this.tableRequests(undefined, at));
  }

  /** Where a group has enough different rows of each table. */
  enoughOfTables(of?: Request): Bits[] {
    const { minGroupSize, rows } = this.options;
    const { builder, length } = this.vectors;
    return (this.tables.get(of) ?? []).map(({ request, table: { isOptional } }) => {
      const counted = this.counted(request);
      const ordering = request.orderings.get('different');
      const number = ordering ? this.summary.different(ordering, counted.ring) : counted.ring;
      const within = { lo: -minGroupSize, hi: rows.rows };
      const enough = builder.atLeast(number, builder.constant(minGroupSize, length), within);
      return isOptional ? builder.or(enough, builder.equalsZero(number, { lo: 0n, hi: rows.rows })) : enough;
    });
  }

  private tableRequests(filter: Bits | undefined, at: Position) {
    return this.options.counted.map((table) => ({
      table,
      request: this.requests.addTable(table, filter, at),
    }));
  }

  /** All that the calls need of the groups; no call can be needed any more. */
  get summary(): Summary {
    this.asked ??= this.options.grouping.summary(this.requests.needs());
    return this.asked;
  }

  /** How many rows each group has. */
  rowCount(): NumberValue {
    const { rows, minGroupSize } = this.options;
    // A group that is shown has at least so many; without GROUP BY the one row may be about nothing.
    const least = this.hasGroups || minGroupSize > 1n ? minGroupSize : 0n;
    return this.count(this.summary.counts(), least < rows.rows ? least : rows.rows);
  }

  /** The value of a call that was needed, per group; `wanted` decimals of an average. */
  value(call: Aggregate, wanted?: number): Value {
    const column = this.enumerated(call);
    if (column) return this.distinct(call, column);
    const request = this.requests.of(call);
    const count = this.counted(request);
    if (call.distinct) return this.differentValues(call, request, count);
    if (call.name === 'count' || call.name === 'regr_count') return count;
    const { argument, second } = request;
    if (argument?.kind !== 'number' || (call.second && second?.kind !== 'number')) return { kind: 'null' };
    if (isStatistic(call.name)) return this.statistic(call, call.name, request, count, wanted);
    const known = this.enough(request, count);
    const ordering = this.requests.orderingOf(call);
    if (ordering && call.fraction)
      return { ...this.summary.percentile(ordering, argument, call.fraction, count), known };
    if (ordering) {
      const { each: _, ...rest } = argument;
      return { ...rest, ring: this.summary.extreme(ordering), known, zeroed: false };
    }
    const sum = { ...this.sum(call, argument, request.summed, count), known };
    if (call.name === 'sum') return sum;
    const scale = wanted ?? argument.scale + AVERAGE_DIGITS;
    return { ...average(this.vectors, sum, count, scale, call.at), known };
  }

  private statistic(
    call: Aggregate,
    name: StatisticName,
    request: Request,
    count: NumberValue,
    wanted: number | undefined,
  ): NumberValue {
    const { builder } = this.vectors;
    const { x, y } = request;
    assert(x, 'a statistic is needed before it is asked for');
    const total = (ring: Ring) => this.summary.total(ring);
    const axis = (rows: RowAxis) => axisOf(builder, rows, total(rows.values), count.ring);
    const only = axis(x);
    const products = Object.fromEntries([...request.products].map(([id, ring]) => [id, total(ring)]));
    const scale = checkedDigits(call, wanted ?? STATISTIC_DIGITS);
    const { value, none } = statistic(
      name,
      {
        builder,
        at: call.at,
        count: count.ring,
        rows: this.options.rows.rows,
        x: only,
        y: y ? axis(y) : only,
        products,
      },
      scale,
    );
    const known = this.enough(request, count, leastRows(name));
    return {
      kind: 'number',
      type: 'decimal',
      scale,
      lo: value.lo,
      hi: value.hi,
      ring: value.value,
      known: none ? builder.and(known, builder.not(none)) : known,
      zeroed: false,
    };
  }

  /** The column of a COUNT(DISTINCT column) that needs no sorting. */
  private enumerated(call: Aggregate) {
    const { rows, groupBy, groups } = this.options;
    return this.hasGroups && !groups ? undefined : enumeratedColumn(rows, groupBy, call);
  }

  /** COUNT(DISTINCT column): hidden where too few rows count. */
  private distinct(call: Aggregate, column: Expression & { readonly kind: 'column' }): NumberValue {
    const { rows, groups, groupBy, included, minGroupSize } = this.options;
    const chosen = call.filter ? lowerTruth(rows, call.filter).isTrue : undefined;
    const counted = chosen && rows.builder.and(included ?? rows.present(), chosen);
    const { count, most } = countDistinct(rows, groupBy, groups, column, counted ?? included);
    const value = { ...this.count(count, 0n), hi: most };
    if (minGroupSize === 1n) return value;
    const request = this.requests.of(call);
    return { ...value, known: this.enough(request, this.counted(request)) };
  }

  /** How many rows count for a request. */
  private counted({ counted }: Request): NumberValue {
    return counted ? this.count(this.summary.total(counted), 0n) : this.rowCount();
  }

  private count(ring: Ring, lo: bigint): NumberValue {
    const { rows } = this.options.rows;
    return { ...constantNumber(this.vectors, 0n, 0, 'integer'), lo, hi: rows, ring, zeroed: false };
  }

  private sum(
    call: Aggregate,
    argument: NumberValue,
    summed: Ring | undefined,
    count: NumberValue,
  ): NumberValue {
    assert(summed, 'what is summed is a number');
    const { rows } = this.options.rows;
    const lo = argument.lo < 0n ? argument.lo : 0n;
    const hi = argument.hi > 0n ? argument.hi : 0n;
    checkWidth(call.at, rows * lo, rows * hi, `the sum over ${rows} rows`);
    return {
      kind: 'number',
      type: argument.type,
      scale: argument.scale,
      lo: rows * lo,
      hi: rows * hi,
      ring: this.summary.total(summed),
      known: count.known,
      zeroed: false,
      each: { count: count.ring.id, lo, hi },
    };
  }

  /** Where enough rows count for a value to be shown. Groups with too few rows are hidden as a whole. */
  private enough(request: Request, count: NumberValue, least = 1n): Bits {
    const { minGroupSize } = this.options;
    const whole = request.counted === undefined;
    if (whole && (this.hasGroups || minGroupSize > 1n) && least <= minGroupSize) return always(this.vectors);
    const { builder, length } = this.vectors;
    const needed = least > minGroupSize ? least : minGroupSize;
    const within = { lo: count.lo - needed, hi: count.hi };
    const enough = builder.atLeast(count.ring, builder.constant(needed, length), within);
    return builder.and(enough, ...this.enoughOfTables(request));
  }

  /** Not NULL where nothing counts, as any COUNT, but hidden as values are: few rows with one value tell much. */
  private differentValues(call: Aggregate, request: Request, count: NumberValue): NumberValue {
    const ordering = this.requests.orderingOf(call);
    if (!ordering) return constantNumber(this.vectors, 0n, 0, 'integer');
    const known = this.options.minGroupSize > 1n ? this.enough(request, count) : always(this.vectors);
    return { ...this.count(this.summary.different(ordering, count.ring), 0n), known };
  }

  private get hasGroups(): boolean {
    return this.options.groupBy.length > 0;
  }
}
