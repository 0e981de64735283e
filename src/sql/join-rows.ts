/**
 * Owns one join of two relations: which way it is computed, and what its rows hold.
 *
 * Where one side has a key among the columns that are to be equal, rows of the other side look theirs up, and stay as many as they are
 * (src/plan/compose/join.ts). Where neither has, every row stands beside every row; only small tables have room for that.
 */
import type { Bits, PlanBuilder } from '../plan/builder.ts';
import { lookUp, lookUpAndKeep, MOST_PAIRS, matchingPairs } from '../plan/compose/join.ts';
import { RowScope } from './columns.ts';
import { lowerTruth } from './expressions.ts';
import { type Position, sqlFault, unsupported } from './faults.ts';
import { Baggage, isInterchangeable, nullUnless, withoutNulls } from './join-columns.ts';
import { joinKeys } from './join-keys.ts';
import { nameOf, type Relation, RelationRows } from './relation.ts';
import type { Expression } from './statement.ts';
import { columnsIn } from './walk.ts';

/** Two columns that are to be equal, by their names in the left and in the right relation. */
export interface Equality {
  readonly left: string;
  readonly right: string;
  readonly condition: Expression;
}

/** Which side's rows are looked up, if any, and by which equalities. What else is to be equal is a condition like others. */
export interface Matching {
  readonly unique: 'left' | 'right' | undefined;
  readonly by: readonly Equality[];
}

export interface JoinRequest {
  readonly builder: PlanBuilder;
  readonly left: Relation;
  readonly right: Relation;
  readonly matching: Matching;
  /** LEFT JOIN; with what must hold besides the equalities that `matching` names. */
  readonly outer: { readonly besides: readonly Expression[] } | undefined;
  /** Names of the columns that are wanted afterwards. */
  readonly wanted: ReadonlySet<string>;
  readonly at: Position;
}

/** The right side is preferred: it is a declared table, whose one party can bring it in order. */
export function matchingOf(left: Relation, right: Relation, equalities: readonly Equality[]): Matching {
  for (const side of ['right', 'left'] as const) {
    for (const key of (side === 'right' ? right : left).keys) {
      const by = key.map((name) => equalities.find((equality) => equality[side] === name));
      if (by.every((equality) => equality !== undefined)) return { unique: side, by };
    }
  }
  return { unique: undefined, by: equalities };
}

/** The rows of both sides together. Throws `sql.*` where the join is refused. */
export function joinRows(request: JoinRequest): Relation {
  const { outer, matching, left, right } = request;
  const isSmall = left.length * right.length <= MOST_PAIRS;
  if (matching.unique === 'right')
    return outer ? optionalLookup(request, outer.besides) : innerLookup(request);
  if (matching.unique === 'left' && !outer) return innerLookup(request);
  if (matching.unique === 'left' && outer) {
    const others = outer.besides.flatMap(columnsIn).filter((column) => !right.columns.has(nameOf(column)));
    if (others.length === 0) return keepingLookup(request, outer.besides);
    if (!isSmall)
      throw unsupported(
        others[0]!.at,
        'LEFT JOIN of large tables with a condition on its left side besides the equality',
        'put the condition into a CASE in the SELECT',
      );
  }
  if (!isSmall) throw tooLarge(request);
  return allPairs(request);
}

function tooLarge({ matching, left, right, at }: JoinRequest): Error {
  const pairs = `${left.length} times ${right.length} pairs of rows are more than the ${MOST_PAIRS} that can be compared`;
  return matching.by.length === 0
    ? sqlFault(
        'join-too-large',
        at,
        `no column of this table is to be equal to one of the tables before it, and ${pairs}`,
        'join by an equality, such as ON a.id = b.a_id, or lower the row limits',
      )
    : sqlFault(
        'join-too-large',
        at,
        `neither side of this join is known to have each key once, and ${pairs}`,
        'declare PRIMARY KEY or UNIQUE on the columns of one side, or lower the row limits',
      );
}

/** What a joined table cannot be asked: it has no order. */
const orderBy = () => false;

/** Both sides with their keys, the unique one first; the names of the equal columns are [unique, other]. */
function sidesOf({ builder, left, right, matching }: JoinRequest) {
  const isRight = matching.unique === 'right';
  const [unique, other] = isRight ? [right, left] : [left, right];
  const names = matching.by.map((equality) =>
    isRight ? ([equality.right, equality.left] as const) : ([equality.left, equality.right] as const),
  );
  const pairs = names.map(([first, second], at) => ({
    first: unique.columns.get(first)!,
    second: other.columns.get(second)!,
    at: matching.by[at]!.condition.at,
  }));
  return { unique, other, names, pairs, keys: joinKeys(builder, pairs, unique, other) };
}

function innerLookup(request: JoinRequest): Relation {
  const { builder, wanted } = request;
  const { unique, other, names, pairs, keys } = sidesOf(request);
  // Where rows match, equal columns are one, which is not NULL.
  const same = new Map<string, string>();
  pairs.forEach(({ first, second }, at) => {
    if (isInterchangeable(first, second)) same.set(...names[at]!);
  });
  const equal = new Set(names.map(([, second]) => second));
  const merged = [...same].filter(([first]) => wanted.has(first));
  const wantedHere = (name: string) => wanted.has(name) || merged.some(([, second]) => second === name);
  const narrowed = withoutNulls(other, equal);
  const [uniques, others] = [
    new Baggage(unique, (name) => wanted.has(name) && !same.has(name)),
    new Baggage(narrowed, wantedHere),
  ];
  const looked = lookUp(
    builder,
    keys.spans,
    { ...keys.first, columns: uniques.rings, isOrdered: unique.orderBy(names.map(([first]) => first)) },
    { ...keys.second, columns: others.rings },
  );
  const columns = new Map([...others.unpacked(looked.other), ...uniques.unpacked(looked.unique)]);
  for (const [first, second] of merged) columns.set(first, columns.get(second)!);
  const bothUnique = other.keys.some((key) => key.every((name) => equal.has(name)));
  return {
    length: looked.matched.length,
    rows: bothUnique && unique.rows < other.rows ? unique.rows : other.rows,
    present: looked.matched,
    presentRing: builder.toRing(looked.matched),
    isZeroed: false,
    columns,
    keys: [...other.keys, ...(bothUnique ? unique.keys : [])],
    once: other.once,
    orderBy,
  };
}

/** LEFT JOIN with a table whose rows are looked up: the left rows stay as they are. */
function optionalLookup(request: JoinRequest, besides: readonly Expression[]): Relation {
  const { builder, left, right, wanted } = request;
  const { names, keys } = sidesOf(request);
  const asked = new Set(besides.flatMap(columnsIn).map(nameOf));
  const carried = (name: string) => wanted.has(name) || asked.has(name);
  const [lefts, rights] = [new Baggage(left, carried), new Baggage(right, carried)];
  const looked = lookUp(
    builder,
    keys.spans,
    { ...keys.first, columns: rights.rings, isOrdered: right.orderBy(names.map(([first]) => first)) },
    { ...keys.second, columns: [left.presentRing, ...lefts.rings] },
  );
  const [presentRing, ...rings] = looked.other;
  const rows = {
    length: looked.matched.length,
    rows: left.rows,
    present: builder.lowBit(presentRing!),
    presentRing: presentRing!,
    isZeroed: left.isZeroed,
    keys: left.keys,
    once: left.once,
    orderBy,
  };
  const columns = lefts.unpacked(rings);
  const found = { ...rows, columns: new Map([...columns, ...rights.unpacked(looked.unique)]) };
  const matched = satisfied(builder, found, looked.matched, besides);
  const optional = rights.unpacked(looked.unique, (column) => nullUnless(builder, matched, column));
  return { ...rows, columns: new Map([...columns, ...optional]) };
}

/** LEFT JOIN of a table whose rows are looked up: they stay, too, where nothing has found them. */
function keepingLookup(request: JoinRequest, besides: readonly Expression[]): Relation {
  const { builder, left, wanted } = request;
  const right = restricted(builder, request.right, besides);
  const { names, keys } = sidesOf({ ...request, right });
  const carried = (name: string) => wanted.has(name);
  const [lefts, rights] = [new Baggage(left, carried), new Baggage(right, carried)];
  const looked = lookUpAndKeep(
    builder,
    keys.spans,
    {
      ...keys.first,
      columns: lefts.rings,
      present: left.presentRing,
      isOrdered: left.orderBy(names.map(([first]) => first)),
    },
    { ...keys.second, columns: rights.rings },
  );
  const present = builder.xor(looked.matched, looked.left);
  return {
    length: present.length,
    rows: left.rows + right.rows,
    present,
    presentRing: builder.toRing(present),
    isZeroed: false,
    columns: new Map([
      ...lefts.unpacked(looked.unique),
      ...rights.unpacked(looked.other, (column) => nullUnless(builder, looked.matched, column)),
    ]),
    keys: right.keys,
    once: right.once,
    orderBy,
  };
}

/** Every left row beside every right row; with LEFT JOIN the left rows once more, for those that match none. */
function allPairs(request: JoinRequest): Relation {
  const { builder, left, right, matching, outer, wanted } = request;
  const pairs = matching.by.map((equality) => ({
    first: left.columns.get(equality.left)!,
    second: right.columns.get(equality.right)!,
    at: equality.condition.at,
  }));
  const keys = joinKeys(builder, pairs, left, right);
  const asked = new Set(outer?.besides.flatMap(columnsIn).map(nameOf));
  const carried = (name: string) => wanted.has(name) || asked.has(name);
  const [lefts, rights] = [new Baggage(left, carried), new Baggage(right, carried)];
  const equal = matchingPairs(
    builder,
    keys.spans,
    { ...keys.first, columns: [] },
    { ...keys.second, columns: [] },
  );
  const columns = lefts.unpacked(
    lefts.rings.map((x) => builder.repeat(builder.opened(x), right.length, true)),
  );
  const beside = rights.rings.map((x) => builder.repeat(builder.opened(x), left.length));
  const rows = {
    length: equal.length,
    rows: left.rows * right.rows,
    present: equal,
    presentRing: builder.toRing(equal),
    isZeroed: false,
    columns: new Map([...columns, ...rights.unpacked(beside)]),
    keys: [],
    once: new Set<string>(),
    orderBy,
  };
  if (!outer) return rows;
  const matched = satisfied(builder, rows, equal, outer.besides);
  const found = builder.sum(builder.toRing(matched), left.length);
  const present = builder.concat(
    matched,
    builder.and(left.present, builder.equalsZero(found, { lo: 0n, hi: BigInt(right.length) })),
  );
  const alone = builder.constant(0n, left.length);
  const optional = rights.unpacked(beside, (column) => {
    const { specification, value, known } = nullUnless(builder, matched, column);
    return { specification, value: builder.concat(value, alone), known: builder.concat(known, alone) };
  });
  const whole = lefts.unpacked(
    lefts.rings.map((x) => builder.concat(builder.repeat(builder.opened(x), right.length, true), x)),
  );
  return {
    ...rows,
    length: present.length,
    rows: rows.rows > left.rows ? rows.rows : left.rows,
    present,
    presentRing: builder.toRing(present),
    columns: new Map([...whole, ...optional]),
  };
}

/** The rows that match and satisfy the conditions too. */
function satisfied(
  builder: PlanBuilder,
  rows: Relation,
  matched: Bits,
  conditions: readonly Expression[],
): Bits {
  const scope = new RowScope(builder, new RelationRows(builder, rows));
  return builder.and(matched, ...conditions.map((condition) => lowerTruth(scope, condition).isTrue));
}

/** The rows that satisfy the conditions; the others are absent. */
function restricted(builder: PlanBuilder, rows: Relation, conditions: readonly Expression[]): Relation {
  if (conditions.length === 0) return rows;
  const present = satisfied(builder, rows, rows.present, conditions);
  return { ...rows, present, presentRing: builder.toRing(present), isZeroed: false };
}
