/**
 * Owns what each aggregate asks of the rows: which of them count, what of them is added up or put in order.
 *
 * What a call counts or sums must be 0 for every row that does not count. In a grouped query rows that are absent or
 * excluded by WHERE are in no group and need no zeroing; FILTER and NULL always do.
 */
import { assert } from '../base/errors.ts';
import type { Bits, Ring } from '../plan/builder.ts';
import { refuseDates } from './arithmetic.ts';
import { lower, lowerTruth } from './expressions.ts';
import type { Position } from './faults.ts';
import type { GroupedRows, Needs, Ordering, Sortable, Use } from './grouping.ts';
import { identityOf } from './identity.ts';
import type { Aggregate, Expression } from './statement.ts';
import {
  isStatistic,
  type Product,
  productsOf,
  type RowAxis,
  rowAxis,
  type StatisticName,
} from './statistics.ts';
import { differentRows, type TableCount } from './table-counts.ts';
import { always, badType, isAlways, knownOf, type NumberValue, type Value } from './values.ts';

/** The rows of one or more calls: what of the argument is summed, and which rows count. */
export interface Request {
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
  /** The orders they are asked for in. */
  readonly orderings: Map<Use, Ordering>;
}

export class Requests {
  private readonly grouped: GroupedRows;
  /** Whether there is GROUP BY. */
  private readonly hasGroups: boolean;
  private readonly requests = new Map<string, Request>();

  constructor(grouped: GroupedRows, hasGroups: boolean) {
    this.grouped = grouped;
    this.hasGroups = hasGroups;
  }

  /** Refuses what the call cannot be over. Throws `sql.bad-type`, `sql.misplaced-aggregate`, `sql.unknown-column`. */
  check(call: Aggregate): void {
    this.valuesOf(call);
  }

  /** Reads what a call is over. Throws what `check` throws. */
  add(call: Aggregate): void {
    const { rows } = this.grouped;
    const { argument, second } = this.valuesOf(call);
    const chosen = call.filter ? lowerTruth(rows, call.filter).isTrue : always(rows);
    const known = [argument, second].flatMap((value) => (value ? [knownOf(rows, value)] : []));
    const id = identityOf(rowsOf(call));
    const counting = rows.builder.and(chosen, ...known);
    const request = this.requests.get(id) ?? this.request(call, argument, second, counting);
    this.requests.set(id, request);
    const use = useOf(call);
    const values = use && this.sortable(argument);
    if (values && !request.orderings.has(use))
      request.orderings.set(use, { use, values, filter: request.filter, at: call.at });
    if (argument?.kind !== 'number') return;
    if (call.name === 'sum' || call.name === 'avg')
      request.summed = this.summedRing(argument, isAlways(rows, chosen), request.filter);
    if (isStatistic(call.name) && (!call.second || second?.kind === 'number'))
      this.addProducts(call, call.name, request);
  }

  /** Different rows of a table among those that `filter` chooses: all of the group where it is undefined. */
  addTable(table: TableCount, filter: Bits | undefined, at: Position): Request {
    const { rows } = this.grouped;
    const call = differentRows(table, at);
    const { argument } = this.valuesOf(call);
    assert(argument, 'a row has a number');
    const counting = rows.builder.and(filter ?? always(rows), knownOf(rows, argument));
    const id = `${identityOf(call)} among ${counting.id}`;
    const request = this.requests.get(id) ?? this.request(call, argument, undefined, counting);
    this.requests.set(id, request);
    const values = this.sortable(argument);
    if (table.isRepeated && values)
      request.orderings.set('different', { use: 'different', values, filter: request.filter, at });
    return request;
  }

  /** What was read of a call. */
  of(call: Aggregate): Request {
    const request = this.requests.get(identityOf(rowsOf(call)));
    assert(request, 'an aggregate is needed before it is asked for');
    return request;
  }

  /** All that was read. */
  needs(): Needs {
    const all = [...this.requests.values()];
    const vectors = all.flatMap(({ counted, summed, x, y, products }) => [
      counted,
      summed,
      x?.values,
      y?.values,
      ...products.values(),
    ]);
    const sums = new Map(vectors.flatMap((ring) => (ring ? [[ring.id, ring] as const] : [])));
    return { sums: [...sums.values()], orderings: all.flatMap(({ orderings }) => [...orderings.values()]) };
  }

  /** The order of rows that a call is about; undefined where it is about none, or can count no row. */
  orderingOf(call: Aggregate): Ordering | undefined {
    const use = useOf(call);
    return use && this.of(call).orderings.get(use);
  }

  /** Any value but NULL as integers that are equal where the values are. */
  private sortable(value: Value | undefined): Sortable | undefined {
    if (value === undefined || value.kind === 'null') return undefined;
    if (value.kind === 'number') return value;
    if (value.kind === 'text') return { ring: value.code, lo: 0n, hi: BigInt(value.values.length - 1) };
    return { ring: this.grouped.rows.builder.toRing(value.isTrue), lo: 0n, hi: 1n };
  }

  private valuesOf(call: Aggregate) {
    const { rows } = this.grouped;
    const argument = call.argument ? lower(rows, call.argument) : undefined;
    const second = call.second ? lower(rows, call.second) : undefined;
    if (argument && call.name !== 'count') checkArgument(call, argument);
    if (second) checkArgument(call, second);
    return { argument, second };
  }

  private request(
    call: Aggregate,
    argument: Value | undefined,
    second: Value | undefined,
    counting: Bits,
  ): Request {
    const filter = isAlways(this.grouped.rows, counting) ? undefined : counting;
    return {
      argument,
      second,
      filter,
      counted: this.countedRing(call, filter),
      summed: undefined,
      x: undefined,
      y: undefined,
      products: new Map(),
      orderings: new Map(),
    };
  }

  /** What a statistic adds up. A single column is x. */
  private addProducts(call: Aggregate, name: StatisticName, request: Request): void {
    const { hasGroups } = this;
    const { rows } = this.grouped;
    const { builder } = rows;
    // A total for each group needs wires: opened here, one opening serves the sum and the products.
    const open = (ring: Ring) => (hasGroups ? builder.opened(ring) : ring);
    const axis = (expression: Expression | undefined, value: Value | undefined): RowAxis => {
      assert(expression && value?.kind === 'number', 'a statistic is over numbers');
      const filtered = request.filter !== undefined && request.filter.id !== value.known.id;
      const values = open(this.summedRing(value, !filtered, request.filter));
      const counted = request.counted ? open(request.counted) : hasGroups ? undefined : this.presence();
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
      const ring = hasGroups
        ? builder.multiply(left.centred, right.centred)
        : builder.dot(left.centred, right.centred);
      request.products.set(product, ring);
    }
  }

  /** The rows that count, as integers to be added up; undefined where they are all rows of the group. */
  private countedRing(call: Aggregate, filter: Bits | undefined): Ring | undefined {
    const { hasGroups } = this;
    const { rows, included } = this.grouped;
    if (!filter) return undefined;
    // A column's own bits are brought as integers: counting them costs nothing.
    const own = [call.argument, call.second].find(
      (column) => column?.kind === 'column' && knownOf(rows, rows.column(column)).id === filter.id,
    );
    if (own?.kind === 'column' && (hasGroups || !included)) return rows.knownRing(rows.specification(own));
    return rows.builder.toRing(hasGroups ? filter : rows.builder.and(filter, this.presentBits()));
  }

  private summedRing(argument: NumberValue, unfiltered: boolean, filter: Bits | undefined): Ring {
    const { hasGroups } = this;
    const { rows, included } = this.grouped;
    if (argument.zeroed && unfiltered && (hasGroups || !included)) return argument.ring;
    const bits = [...(filter ? [filter] : []), ...(hasGroups ? [] : [this.presentBits()])];
    return bits.length === 0
      ? argument.ring
      : rows.builder.timesBit(rows.builder.and(...bits), argument.ring);
  }

  private presentBits(): Bits {
    return this.grouped.included ?? this.grouped.rows.present();
  }

  private presence(): Ring {
    const { rows, included } = this.grouped;
    return included ? rows.builder.toRing(included) : rows.presentRing();
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

/** The order of rows that a call is about. */
function useOf({ name, distinct, fraction }: Aggregate): Use | undefined {
  if (distinct) return 'different';
  if (fraction) return 'percentile';
  return name === 'min' ? 'least' : name === 'max' ? 'greatest' : undefined;
}

function checkArgument(call: Aggregate, argument: Value): void {
  const what = call.name.toUpperCase();
  if (argument.kind === 'truth' || argument.kind === 'text')
    throw badType(call.at, what, argument, 'count conditions and texts with COUNT(*) FILTER (WHERE …)');
  if (argument.kind === 'number' && !['min', 'max', 'regr_count'].includes(call.name))
    refuseDates(call.at, what, argument);
}
