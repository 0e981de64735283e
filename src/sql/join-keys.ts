/**
 * Owns what rows are joined by: pairs of columns as integers that are equal where the columns are, whatever their scales and lists of
 * values, several pairs in one integer where it has room. A NULL is equal to nothing, so its row may not match.
 */
import type { PlanBuilder, Ring } from '../plan/builder.ts';
import type { JoinSide } from '../plan/compose/join.ts';
import { isNarrow } from '../plan/compose/ranged.ts';
import { greatest, least } from './arithmetic.ts';
import { enumerationOf, sizeOf } from './columns.ts';
import { type Position, sqlFault } from './faults.ts';
import { powerOfTen } from './literals.ts';
import type { Relation, RelationColumn } from './relation.ts';
import type { ColumnSpecification } from './specification.ts';

/** Two columns that are to be equal. */
export interface KeyPair {
  readonly first: RelationColumn;
  readonly second: RelationColumn;
  readonly at: Position;
}

export interface JoinKeys {
  /** How many values each key may have. */
  readonly spans: readonly bigint[];
  readonly first: Omit<JoinSide, 'columns'>;
  readonly second: Omit<JoinSide, 'columns'>;
}

/** A column as integers in 0..span-1 in every usable row: scale * value - lo, or the places of its texts. */
interface Coded {
  readonly column: RelationColumn;
  readonly scale: bigint;
  readonly lo: bigint;
  readonly places?: readonly bigint[];
}

/**
 * The keys of both relations' rows, in the order of the pairs: ascending where the first relation's columns are, text in the order
 * of its own list. Throws `sql.bad-type`, `sql.no-values`, `sql.too-wide`.
 */
export function joinKeys(
  builder: PlanBuilder,
  pairs: readonly KeyPair[],
  first: Relation,
  second: Relation,
): JoinKeys {
  const coded = pairs.map(codePair);
  const spans = coded.map(({ span }) => span);
  const side = (relation: Relation, columns: readonly Coded[]) => {
    const { usable, keys } = keysOf(builder, relation, columns);
    return { usable, keys: packed(spans).map((group) => packKeys(builder, group, keys, spans)) };
  };
  return {
    spans: packed(spans).map((group) => group.reduce((product, at) => product * spans[at]!, 1n)),
    first: side(
      first,
      coded.map((pair) => pair.first),
    ),
    second: side(
      second,
      coded.map((pair) => pair.second),
    ),
  };
}

function codePair({ first, second, at }: KeyPair): { first: Coded; second: Coded; span: bigint } {
  const [a, b] = [first.specification, second.specification];
  if (kindOf(a) !== kindOf(b))
    throw sqlFault(
      'bad-type',
      at,
      `the ${a.type} column ${a.name} and the ${b.type} column ${b.name} cannot be compared`,
      'join by columns of one type',
    );
  if (a.type === 'text') {
    const [own, others] = [enumerationOf(a, at), enumerationOf(b, at)];
    const all = [...new Set([...own, ...others])];
    const places = others.map((text) => BigInt(all.indexOf(text)));
    const isSame = places.every((place, code) => place === BigInt(code));
    return {
      first: { column: first, scale: 1n, lo: 0n },
      second: { column: second, scale: 1n, lo: 0n, ...(isSame ? {} : { places }) },
      span: BigInt(all.length),
    };
  }
  const digits = Math.max(a.scale, b.scale);
  const [scaleA, scaleB] = [powerOfTen(digits - a.scale), powerOfTen(digits - b.scale)];
  const lo = least([a.lo * scaleA, b.lo * scaleB]);
  const hi = greatest([a.hi * scaleA, b.hi * scaleB]);
  const span = hi - lo + 1n;
  if (!isNarrow(4n * span))
    throw sqlFault(
      'too-wide',
      at,
      `a join by ${a.name} and ${b.name} needs ${span.toString(2).length} bits, and there are 60`,
      'narrow both columns with CHECK (c BETWEEN lowest AND highest)',
    );
  return { first: { column: first, scale: scaleA, lo }, second: { column: second, scale: scaleB, lo }, span };
}

const kindOf = ({ type }: ColumnSpecification): string => (type === 'decimal' ? 'integer' : type);

/** Keys that are 0 in rows that are not usable: absent ones, and those with a NULL in a key. */
function keysOf(builder: PlanBuilder, relation: Relation, columns: readonly Coded[]) {
  const known = columns.flatMap(({ column }) => (column.known ? [column.known] : []));
  const [only] = known;
  // Rows of a table are zeros where they are absent or NULL: then nothing has to be cleared.
  const isClear =
    relation.isZeroed &&
    known.length <= (columns.length === 1 ? 1 : 0) &&
    columns.every(({ places }) => !places);
  const everyRow = known.length === 0;
  const bits = everyRow
    ? relation.present
    : builder.and(
        ...(relation.isZeroed ? [] : [relation.present]),
        ...known.map((ring) => builder.lowBit(ring)),
      );
  const usable = everyRow
    ? relation.presentRing
    : relation.isZeroed && known.length === 1
      ? only!
      : builder.toRing(bits);
  const keys = columns.map(({ column: { value, specification }, scale, lo, places }) => {
    if (places) return builder.timesBit(bits, placesOf(builder, value, specification, places));
    if (!isClear) return builder.timesBit(bits, builder.linear([[scale, value]], -lo));
    return builder.linear([
      [scale, value],
      [-lo, usable],
    ]);
  });
  return { usable, keys };
}

/** Codes of one list of texts as places in another. */
function placesOf(
  builder: PlanBuilder,
  codes: Ring,
  specification: ColumnSpecification,
  places: readonly bigint[],
): Ring {
  const planes = builder.oneHot(codes, Number(sizeOf(specification)));
  return builder.linear(planes.map((plane, code) => [places[code]!, builder.toRing(plane)]));
}

/** Which keys go into one integer: neighbours, as long as there is room. */
function packed(spans: readonly bigint[]): readonly (readonly number[])[] {
  const groups: number[][] = [];
  let room = 0n;
  spans.forEach((span, at) => {
    const last = groups.at(-1);
    if (last && isNarrow(4n * room * span)) {
      last.push(at);
      room *= span;
    } else {
      groups.push([at]);
      room = span;
    }
  });
  return groups;
}

function packKeys(
  builder: PlanBuilder,
  group: readonly number[],
  keys: readonly Ring[],
  spans: readonly bigint[],
): Ring {
  let unit = 1n;
  const terms = [...group].reverse().map((at) => {
    const term = [unit, keys[at]!] as const;
    unit *= spans[at]!;
    return term;
  });
  return builder.linear(terms);
}
