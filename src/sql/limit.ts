/**
 * Owns which rows of the answer groups stand in, where that must not follow from their numbers: with LIMIT the groups are sorted inside
 * the computation, and only the first ones are opened; groups that were found are moved to the front, if hidden ones lie between them.
 * Which group stands in which row is as secret as its values are, so that grouped columns become values like all others.
 *
 * Groups that are not shown come last, with nothing but zeros in their rows: if there are fewer groups than rows, that
 * is all one learns. NULLs stand where the query says. Equal groups stand in the groups' own order.
 */
import type { Bits, Ring } from '../plan/builder.ts';
import type { Ranged } from '../plan/compose/ranged.ts';
import { sortRows } from '../plan/compose/sort.ts';
import { greatest, least } from './arithmetic.ts';
import { planesOf } from './comparisons.ts';
import { lower } from './expressions.ts';
import type { GroupScope } from './group-scope.ts';
import type { ResultColumn, ResultSpecification } from './specification.ts';
import type { OrderTerm, SelectStatement } from './statement.ts';
import { isAlways, knownOf, type TextValue, type Value } from './values.ts';
import { publicText, typeOf, visibleVector } from './visible.ts';

interface Column {
  readonly value: Value;
  /** The value where its group is shown and it is not NULL, else 0. */
  readonly seen: Ring;
  readonly visible: Bits;
  /** 1 where the value is seen; undefined where it is not NULL in any group that is shown. */
  readonly known: Ring | undefined;
}

/** Writes the first `limit` groups into the plan, in the statement's order. */
export function firstGroups(
  select: SelectStatement,
  limit: number,
  scope: GroupScope,
  shown: Bits,
): ResultSpecification {
  return { ...sortedGroups(select, select.orderBy, limit, scope, shown), limit };
}

/** Writes all groups into the plan, those that are shown first, else in their own order. */
export function shownGroupsFirst(
  select: SelectStatement,
  scope: GroupScope,
  shown: Bits,
): ResultSpecification {
  return sortedGroups(select, [], scope.length, scope, shown);
}

function sortedGroups(
  select: SelectStatement,
  orderBy: readonly OrderTerm[],
  limit: number,
  scope: GroupScope,
  shown: Bits,
): ResultSpecification {
  const { builder } = scope;
  const columns = select.columns.map(({ expression }) => columnOf(scope, lower(scope, expression), shown));
  const keys = orderBy.flatMap((term) => keysOf(scope, columns[term.column]!, term));
  const shownRing = isAlways(scope, shown) ? undefined : builder.toRing(shown);
  const hiddenLast = shownRing ? [descending({ value: shownRing, lo: 0n, hi: 1n }, scope)] : [];
  const payload = new Map<string, Ring>();
  if (shownRing) payload.set('shown', shownRing);
  const described = columns.map((column, index): Pick<ResultColumn, 'source'> => {
    const fixed = publicText(scope, column.value);
    if (fixed !== undefined) return { source: { from: 'key', values: Array(limit).fill(fixed) } };
    const [value, known] = [`value-${index + 1}`, `known-${index + 1}`];
    payload.set(value, column.seen);
    if (!column.known) return { source: { from: 'output', value } };
    payload.set(known, column.known);
    return { source: { from: 'output', value, known } };
  });
  const sorted = sortRows(builder, [...hiddenLast, ...keys], [...payload.values()], limit);
  [...payload.keys()].forEach((name, at) => {
    builder.output(name, sorted[at]!);
  });
  return {
    columns: select.columns.map(({ name }, index) => ({
      name,
      ...typeOf(columns[index]!.value),
      ...described[index]!,
    })),
    rows: limit,
    ...(shownRing ? { shown: 'shown' } : {}),
  };
}

function columnOf(scope: GroupScope, value: Value, shown: Bits): Column {
  const { builder } = scope;
  const known = knownOf(scope, value);
  const visible = builder.and(shown, known);
  const vector = visibleVector(scope, value, visible);
  return {
    value,
    seen: vector.kind === 'bits' ? builder.toRing(vector) : vector,
    visible,
    known: isAlways(scope, known) ? undefined : builder.toRing(visible),
  };
}

/** What the groups are sorted by for one term: where it is NULL, then its value. */
function keysOf(scope: GroupScope, column: Column, term: OrderTerm): Ranged[] {
  const value = orderOf(scope, column);
  if (!value) return [];
  const known = column.known && { value: column.known, lo: 0n, hi: 1n };
  const nulls = known ? [term.nullsFirst ? known : descending(known, scope)] : [];
  return [...nulls, term.descending ? descending(value, scope) : value];
}

/** Integers in the order of the values that are seen. */
function orderOf(scope: GroupScope, { value, seen, visible }: Column): Ranged | undefined {
  if (value.kind === 'null' || publicText(scope, value) !== undefined) return undefined;
  if (value.kind === 'truth') return { value: seen, lo: 0n, hi: 1n };
  if (value.kind === 'text') return textOrder(scope, value, seen, visible);
  return { value: seen, lo: least([value.lo, 0n]), hi: greatest([value.hi, 0n]) };
}

/** Texts are ordered by code unit, which need not be the order in which they were declared. */
function textOrder(scope: GroupScope, text: TextValue, seen: Ring, visible: Bits): Ranged {
  const { builder } = scope;
  const ordered = [...new Set(text.values)].sort();
  const hi = BigInt(text.values.length - 1);
  if (text.values.every((value, code) => value === ordered[code])) return { value: seen, lo: 0n, hi };
  const places = planesOf(scope, text).map(
    (plane, code) =>
      [BigInt(ordered.indexOf(text.values[code]!)), builder.toRing(builder.and(plane, visible))] as const,
  );
  return { value: builder.linear(places), lo: 0n, hi };
}

const descending = ({ value, lo, hi }: Ranged, { builder }: GroupScope): Ranged => ({
  value: builder.negate(value),
  lo: -hi,
  hi: -lo,
});
