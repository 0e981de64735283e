/**
 * Owns aggregates, over all rows or per group. Used in two steps, so that all sums of a query share one
 * pass over the rows: `need` every call first, then ask for its `value`.
 *
 * What a call counts or sums must be 0 for every row that does not count. In a grouped query rows that are absent or
 * excluded by WHERE are in the extra group and need no zeroing; FILTER and NULL always do.
 *
 * Values other than numbers of rows, over fewer rows than the smallest group allowed come out as NULL, also where FILTER or NULLs
 * made them few: SQL's own rule is that with 1.
 */
import { assert } from '../base/errors.ts';
import type { Bits, Ring } from '../plan/builder.ts';
import { maximum, minimum } from '../plan/compose/extreme.ts';
import { refuseDates } from './arithmetic.ts';
import type { RowScope } from './columns.ts';
import { countDistinct, enumeratedColumn } from './distinct.ts';
import { AVERAGE_DIGITS, average } from './division.ts';
import { lower, lowerTruth } from './expressions.ts';
import type { Groups } from './groups.ts';
import { identityOf } from './identity.ts';
import { distinctValues, percentile, type RankedRows, sortableOf } from './ranking.ts';
import type { Aggregate, Expression } from './statement.ts';
import {
  axisOf,
  checkedDigits,
  isStatistic,
  leastRows,
  type Product,
  productsOf,
  type RowAxis,
  rowAxis,
  STATISTIC_DIGITS,
  type StatisticName,
  statistic,
} from './statistics.ts';
import {
  always,
  badType,
  checkWidth,
  constantNumber,
  fitted,
  isAlways,
  knownOf,
  type NumberValue,
  type Value,
  type Vectors,
} from './values.ts';

const ROWS = -1;

/** The rows of one or more calls: what of the argument is summed, and which rows count. */
interface Request {
  readonly argument: Value | undefined;
  /** The x of pairs, whose y is the argument. */
  readonly second: Value | undefined;
  /** Rows that count, beyond being in a group; undefined where all of them do. */
  readonly filter: Bits | undefined;
  /** 1 where the row counts; undefined where all rows of the group do. */
  readonly counted: Ring | undefined;
  /** What SUM and AVG add up, 0 where the row does not count; undefined where neither is asked for. */
  summed: Ring | undefined;
  /** What statistics add up: columns, and products of them. */
  x: RowAxis | undefined;
  y: RowAxis | undefined;
  readonly products: Map<Product, Ring>;
}

export interface AggregationOptions {
  readonly rows: RowScope;
  /** Rows that are present and satisfy WHERE; undefined where that is all that are present. */
  readonly included: Bits | undefined;
  readonly groups: Groups | undefined;
  readonly groupBy: readonly (Expression & { readonly kind: 'column' })[];
  readonly minGroupSize: bigint;
}

export class Aggregation {
  private readonly options: AggregationOptions;
  private readonly requests = new Map<string, Request>();
  /** By the id of the vector added up; the rows themselves under `ROWS`. */
  private readonly totals = new Map<number, Ring>();
  /** One element for each group; one in all without GROUP BY. */
  readonly vectors: Vectors;

  constructor(options: AggregationOptions) {
    this.options = options;
    this.vectors = { builder: options.rows.builder, length: options.groups?.count ?? 1 };
  }

  /** Reads what a call is over. Throws `sql.bad-type`, `sql.misplaced-aggregate`, `sql.unknown-column`. */
  need(call: Aggregate): void {
    const { rows } = this.options;
    const argument = call.argument ? lower(rows, call.argument) : undefined;
    const second = call.second ? lower(rows, call.second) : undefined;
    if (argument && call.name !== 'count') checkArgument(call, argument);
    if (second) checkArgument(call, second);
    // The number of rows is asked for only where few rows hide it.
    if (this.enumerated(call) && this.options.minGroupSize === 1n) return;
    const chosen = call.filter ? lowerTruth(rows, call.filter).isTrue : always(rows);
    const known = [argument, second].flatMap((value) => (value ? [knownOf(rows, value)] : []));
    const id = identityOf(rowsOf(call));
    const counting = rows.builder.and(chosen, ...known);
    const request = this.requests.get(id) ?? this.request(call, argument, second, counting);
    this.requests.set(id, request);
    if (argument?.kind !== 'number') return;
    if (call.name === 'sum' || call.name === 'avg')
      request.summed = this.summedRing(argument, isAlways(rows, chosen), request.filter);
    if (isStatistic(call.name) && (!call.second || second?.kind === 'number'))
      this.needProducts(call, call.name, request);
  }

  /** What a statistic adds up. A single column is x. */
  private needProducts(call: Aggregate, name: StatisticName, request: Request): void {
    const { rows, groups } = this.options;
    const { builder } = rows;
    // A total for each group needs wires: opened here, one opening serves the sum and the products.
    const open = (ring: Ring) => (groups ? builder.opened(ring) : ring);
    const axis = (expression: Expression | undefined, value: Value | undefined): RowAxis => {
      assert(expression && value?.kind === 'number', 'a statistic is over numbers');
      const filtered = request.filter !== undefined && request.filter.id !== value.known.id;
      const values = open(this.summedRing(value, !filtered, request.filter));
      const counted = request.counted ? open(request.counted) : groups ? undefined : this.presence();
      // A column's own bounds: those of its value also hold the 0 of NULLs and absent rows.
      const bounds = expression.kind === 'column' ? rows.specification(expression) : value;
      return rowAxis(builder, values, counted, bounds);
    };
    if (call.second) {
      request.x ??= axis(call.second, request.second);
      request.y ??= axis(call.argument, request.argument);
    } else request.x ??= axis(call.argument, request.argument);
    const { x, y } = request;
    for (const product of productsOf(name)) {
      const [left, right] = [product === 'yy' ? y : x, product === 'xx' ? x : y];
      assert(left && right, 'products of two columns belong to pairs');
      const ring = groups
        ? builder.multiply(left.centred, right.centred)
        : builder.dot(left.centred, right.centred);
      request.products.set(product, ring);
    }
  }

  private request(
    call: Aggregate,
    argument: Value | undefined,
    second: Value | undefined,
    counting: Bits,
  ): Request {
    const filter = isAlways(this.options.rows, counting) ? undefined : counting;
    return {
      argument,
      second,
      filter,
      counted: this.countedRing(call, filter),
      summed: undefined,
      x: undefined,
      y: undefined,
      products: new Map(),
    };
  }

  /** How many rows each group has. */
  rowCount(): NumberValue {
    const { rows, groups, minGroupSize } = this.options;
    // A group that is shown has at least so many; without GROUP BY the one row may be about nothing.
    const least = groups || minGroupSize > 1n ? minGroupSize : 0n;
    return this.count(this.total(undefined), least < rows.rows ? least : rows.rows);
  }

  /** The value of a call that was needed, per group; `wanted` decimals of an average. */
  value(call: Aggregate, wanted?: number): Value {
    const column = this.enumerated(call);
    if (column) return this.distinct(call, column);
    const request = this.requests.get(identityOf(rowsOf(call)));
    assert(request, 'an aggregate is needed before it is asked for');
    const count = request.counted ? this.count(this.total(request.counted), 0n) : this.rowCount();
    if (call.distinct) return this.differentValues(call, request, count);
    if (call.name === 'count' || call.name === 'regr_count') return count;
    const { argument, second } = request;
    if (argument?.kind !== 'number' || (call.second && second?.kind !== 'number')) return { kind: 'null' };
    if (isStatistic(call.name)) return this.statistic(call, call.name, request, count, wanted);
    const known = this.enough(request, count);
    if (call.name === 'min' || call.name === 'max')
      return { ...this.extreme(call, argument, request.filter), known };
    if (call.fraction)
      return { ...percentile(this.ranked(request), argument, call.fraction, count, call.at), known };
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
    const axis = (rows: RowAxis) => axisOf(builder, rows, this.total(rows.values), count.ring);
    const only = axis(x);
    const products = Object.fromEntries([...request.products].map(([id, ring]) => [id, this.total(ring)]));
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
    return enumeratedColumn(this.options.rows, this.options.groupBy, call);
  }

  /** COUNT(DISTINCT column): hidden where too few rows count. */
  private distinct(call: Aggregate, column: Expression & { readonly kind: 'column' }): NumberValue {
    const { rows, groups, groupBy, included, minGroupSize } = this.options;
    const chosen = call.filter ? lowerTruth(rows, call.filter).isTrue : undefined;
    const counted = chosen && (included ? rows.builder.and(included, chosen) : this.present(chosen));
    const { count, most } = countDistinct(rows, groupBy, groups, column, counted ?? included);
    const value = { ...this.count(count, 0n), hi: most };
    if (minGroupSize === 1n) return value;
    const request = this.requests.get(identityOf(rowsOf(call)));
    assert(request, 'an aggregate is needed before it is asked for');
    const number = request.counted ? this.count(this.total(request.counted), 0n) : this.rowCount();
    return { ...value, known: this.enough(request, number) };
  }

  private present(chosen: Bits): Bits {
    return this.options.rows.builder.and(this.options.rows.present(), chosen);
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
      ring: this.total(summed),
      known: count.known,
      zeroed: false,
      each: { count: count.ring.id, lo, hi },
    };
  }

  /** Where enough rows count for a value to be shown. Groups with too few rows are hidden as a whole. */
  private enough(request: Request, count: NumberValue, least = 1n): Bits {
    const { groups, minGroupSize } = this.options;
    const whole = request.counted === undefined;
    if (whole && (groups || minGroupSize > 1n) && least <= minGroupSize) return always(this.vectors);
    const { builder, length } = this.vectors;
    const needed = least > minGroupSize ? least : minGroupSize;
    return builder.atLeast(count.ring, builder.constant(needed, length));
  }

  /** The rows that count, as integers to be added up; undefined where they are all rows of the group. */
  private countedRing(call: Aggregate, filter: Bits | undefined): Ring | undefined {
    const { rows, groups, included } = this.options;
    if (!filter) return undefined;
    // A column's own bits are brought as integers: counting them costs nothing.
    const own = [call.argument, call.second].find(
      (column) => column?.kind === 'column' && knownOf(rows, rows.column(column)).id === filter.id,
    );
    if (own?.kind === 'column' && (groups || !included)) return rows.knownRing(rows.specification(own));
    return rows.builder.toRing(groups ? filter : rows.builder.and(filter, this.presentBits()));
  }

  private summedRing(argument: NumberValue, unfiltered: boolean, filter: Bits | undefined): Ring {
    const { rows, groups, included } = this.options;
    if (argument.zeroed && unfiltered && (groups || !included)) return argument.ring;
    const bits = [...(filter ? [filter] : []), ...(groups ? [] : [this.presentBits()])];
    return bits.length === 0
      ? argument.ring
      : rows.builder.timesBit(rows.builder.and(...bits), argument.ring);
  }

  private presentBits(): Bits {
    return this.options.included ?? this.options.rows.present();
  }

  private presence(): Ring {
    const { rows, included } = this.options;
    return included ? rows.builder.toRing(included) : rows.presentRing();
  }

  /** The total of a vector for each group (undefined: the number of rows). All vectors needed go through one gate. */
  private total(vector: Ring | undefined): Ring {
    const { rows, groups } = this.options;
    if (!groups) return rows.builder.sum(vector ?? this.presence());
    if (this.totals.size === 0) {
      const vectors = [...this.requests.values()].flatMap(({ counted, summed, x, y, products }) => [
        counted,
        summed,
        x?.values,
        y?.values,
        ...products.values(),
      ]);
      const unique = new Map(vectors.flatMap((ring) => (ring ? [[ring.id, ring] as const] : [])));
      const { counts, sums } = rows.builder.groupSum(groups.key, groups.count + 1, [...unique.values()]);
      const inside = (ring: Ring) => rows.builder.slice(ring, 0, groups.count);
      this.totals.set(ROWS, inside(counts));
      [...unique.keys()].forEach((id, at) => {
        this.totals.set(id, inside(sums[at]!));
      });
    }
    const total = this.totals.get(vector?.id ?? ROWS);
    assert(total, 'all vectors are known before the first total is asked for');
    return total;
  }

  /** Not NULL where nothing counts, as any COUNT, but hidden as values are: few rows with one value tell much. */
  private differentValues(call: Aggregate, request: Request, count: NumberValue): NumberValue {
    const { vectors } = this;
    const values = sortableOf(vectors.builder, request.argument);
    if (!values) return constantNumber(vectors, 0n, 0, 'integer');
    const known = this.options.minGroupSize > 1n ? this.enough(request, count) : always(vectors);
    const ring = distinctValues(this.ranked(request), values, call.at);
    return { ...this.count(ring, 0n), known };
  }

  private ranked({ filter }: Request): RankedRows {
    const { rows, groups } = this.options;
    return { rows, groups, present: this.presentBits(), filter };
  }

  /** Rows that do not count play with the value that never wins. */
  private extreme(call: Aggregate, argument: NumberValue, filter: Bits | undefined): NumberValue {
    const { rows, groups } = this.options;
    const { builder } = rows;
    const count = groups?.count ?? 1;
    const planes = groups ? builder.oneHot(groups.key, count + 1).slice(0, count) : [this.presentBits()];
    const inGroup = builder.concat(...planes);
    const counts = filter ? builder.and(inGroup, builder.repeat(filter, count)) : inGroup;
    const loser = builder.constant(call.name === 'min' ? argument.hi : argument.lo, rows.length * count);
    const players = builder.select(counts, builder.repeat(argument.ring, count), loser);
    const tournament = call.name === 'min' ? minimum : maximum;
    const { lo, hi } = argument;
    const ring = fitted(call.at, () => tournament(builder, { value: players, lo, hi }, count));
    const { each: _, ...rest } = argument;
    return { ...rest, ring, zeroed: false };
  }
}

/** The call as far as its rows go: SUM, AVG and COUNT over the same rows are summed once. */
const rowsOf = ({ argument, second, filter, at }: Aggregate): Aggregate => ({
  kind: 'aggregate',
  name: 'count',
  ...(argument ? { argument } : {}),
  ...(second ? { second } : {}),
  ...(filter ? { filter } : {}),
  at,
});

function checkArgument(call: Aggregate, argument: Value): void {
  const what = call.name.toUpperCase();
  if (argument.kind === 'truth' || argument.kind === 'text')
    throw badType(call.at, what, argument, 'count conditions and texts with COUNT(*) FILTER (WHERE …)');
  if (argument.kind === 'number' && !['min', 'max', 'regr_count'].includes(call.name))
    refuseDates(call.at, what, argument);
}
