/**
 * Owns what rows are grouped by: columns and expressions, each as an integer that is equal exactly where SQL's GROUP BY finds
 * the values equal. NULL is a value of its own here, after all others.
 */

import type { Ring } from '../plan/builder.ts';
import { apart } from '../plan/intervals.ts';
import { sizeOf } from './columns.ts';
import { lower } from './expressions.ts';
import { sqlFault, unsupported } from './faults.ts';
import { identityOf } from './identity.ts';
import { formatDate, formatDecimal } from './literals.ts';
import { certain } from './logic.ts';
import type { Rows } from './rows.ts';
import type { ColumnSpecification } from './specification.ts';
import type { Expression } from './statement.ts';
import { always, isAlways, knownOf, type NumberValue, type Value, type Vectors } from './values.ts';
import { withInner } from './walk.ts';

/** What a key's values are: those of a declared column, or an expression's. */
type Domain = Pick<ColumnSpecification, 'type' | 'scale' | 'lo' | 'hi' | 'values' | 'nullable'>;

/** An integer of a key, from 0 on. */
export interface KeyPart {
  readonly ring: Ring;
  /** How many there are. */
  readonly domain: bigint;
  /** What it is in rows that are absent; undefined where nobody says. */
  readonly absent: bigint | undefined;
}

export interface GroupKey {
  readonly identity: string;
  readonly domain: Domain;
  /**
   * One part: the place of the value among all values, and one past the last for NULL. Two where that does not fit 64 bits:
   * 1 for NULL, else 0; and the place.
   */
  readonly parts: readonly KeyPart[];
}

/** Places and one more that 64 bits hold. */
const MOST_PLACES = 2n ** 64n;

/** The keys that GROUP BY lists, each once. Throws `sql.unsupported`, and what `lower` throws. */
export function groupKeys(rows: Rows, groupBy: readonly Expression[]): GroupKey[] {
  const keys = groupBy.map((expression) => groupKey(rows, expression));
  return keys.filter(({ identity }, at) => keys.findIndex((key) => key.identity === identity) === at);
}

/**
 * Equal for expressions that are the same but for their places in the text, and for how they name the same column. Throws
 * `sql.unknown-column`, `sql.unknown-table`.
 */
export function keyIdentity(rows: Rows, expression: Expression): string {
  const named = (inner: Expression): Expression =>
    inner.kind === 'column'
      ? { kind: 'column', name: columnIdentity(rows, inner), at: inner.at }
      : withInner(inner, named);
  return identityOf(named(expression));
}

/** Columns are what is in them: the same vector of the plan. */
function columnIdentity(rows: Rows, reference: Expression & { readonly kind: 'column' }): string {
  const { name, type, values } = rows.specification(reference);
  if (type === 'text' && !values) return name;
  const value = rows.column(reference);
  if (value.kind === 'null') return name;
  return `${value.kind === 'truth' ? value.isTrue.id : value.kind === 'text' ? value.code.id : value.ring.id}`;
}

function groupKey(rows: Rows, expression: Expression): GroupKey {
  const identity = keyIdentity(rows, expression);
  if (expression.kind === 'column') return { identity, ...columnKey(rows, expression) };
  const value = lower(rows, expression);
  const { builder } = rows;
  const known = knownOf(rows, value);
  const nullable = !isAlways(rows, known);
  switch (value.kind) {
    case 'null':
      throw unsupported(expression.at, 'GROUP BY over NULL', 'leave it out: it puts all rows in one group');
    case 'truth': {
      const places: (readonly [bigint, Ring])[] = [[1n, builder.toRing(value.isTrue)]];
      if (nullable) places.push([-2n, builder.toRing(known)]);
      const ring = builder.linear(places, nullable ? 2n : 0n);
      const domain = { type: 'boolean', scale: 0, lo: 0n, hi: 1n, nullable } as const;
      return { identity, domain, parts: [{ ring, domain: nullable ? 3n : 2n, absent: undefined }] };
    }
    default: {
      const domain = domainOf(value, nullable);
      const size = sizeOf(domain);
      const code = value.kind === 'text' ? value.code : value.ring;
      const place = builder.linear([[1n, code]], -domain.lo);
      const part = (ring: Ring, of: bigint): KeyPart => ({ ring, domain: of, absent: undefined });
      if (!nullable) return { identity, domain, parts: [part(place, size)] };
      if (size < MOST_PLACES) {
        const ring = builder.select(known, place, builder.constant(size, rows.length));
        return { identity, domain, parts: [part(ring, size + 1n)] };
      }
      const isNull = builder.toRing(builder.not(known));
      return { identity, domain, parts: [part(isNull, 2n), part(builder.timesBit(known, place), size)] };
    }
  }
}

function columnKey(
  rows: Rows,
  reference: Expression & { readonly kind: 'column' },
): Omit<GroupKey, 'identity'> {
  const column = rows.specification(reference);
  const { name, type, values, lo, nullable } = column;
  if (type === 'text' && !values)
    throw unsupported(
      reference.at,
      `GROUP BY over the text column ${name}, which has no list of values,`,
      `declare ${name} TEXT CHECK (${name} IN ('…', '…'))`,
    );
  const size = sizeOf(column);
  const ring = rows.key(column);
  if (!nullable) return { domain: column, parts: [{ ring, domain: size, absent: -lo }] };
  if (size < MOST_PLACES) return { domain: column, parts: [{ ring, domain: size + 1n, absent: size }] };
  const { builder } = rows;
  // The place of NULL wraps around to 0, that of the smallest value.
  const isNull = builder.linear([[-1n, rows.knownRing(column)]], 1n);
  return {
    domain: column,
    parts: [
      { ring: isNull, domain: 2n, absent: 1n },
      { ring, domain: size, absent: 0n },
    ],
  };
}

function domainOf(value: Exclude<Value, { kind: 'null' | 'truth' }>, nullable: boolean): Domain {
  if (value.kind === 'number') {
    const { type, scale, lo, hi } = value;
    return { type, scale, lo, hi, nullable };
  }
  const { values } = value;
  return { type: 'text', scale: 0, lo: 0n, hi: BigInt(values.length - 1), values, nullable };
}

/** Combinations of values, NULL among them. */
export const combinations = (keys: readonly GroupKey[]): bigint =>
  keys.reduce((product, { parts }) => parts.reduce((all, { domain }) => all * domain, product), 1n);

/** The value at a public place; undefined for NULL. */
export function valueAt({ domain }: GroupKey, place: bigint): bigint | undefined {
  return place < sizeOf(domain) ? domain.lo + place : undefined;
}

/** A value as text, or null: what the result shows for the group. */
export function textOf({ domain }: GroupKey, value: bigint | undefined): string | null {
  if (value === undefined) return null;
  const { type, scale, lo, values } = domain;
  if (values) return values[Number(value - lo)] ?? null;
  if (type === 'boolean') return value === 1n ? 'true' : 'false';
  return type === 'date' ? formatDate(Number(value)) : formatDecimal(value, scale);
}

/** The value that secret parts stand for. */
export function keyValue(vectors: Vectors, { domain }: GroupKey, parts: readonly Ring[]): Value {
  const { builder, length } = vectors;
  const place = parts.at(-1)!;
  const size = sizeOf(domain);
  const known = !domain.nullable
    ? always(vectors)
    : parts.length === 1
      ? builder.not(builder.equals(place, builder.constant(size, length), apart(size)))
      : builder.equalsZero(parts[0]!, { lo: 0n, hi: 1n });
  if (domain.type === 'boolean') {
    const isTrue = builder.equalsZero(builder.linear([[1n, place]], -1n), { lo: -1n, hi: size });
    return domain.nullable
      ? { kind: 'truth', isTrue, isFalse: builder.xor(known, isTrue) }
      : certain(vectors, isTrue);
  }
  if (domain.type === 'text')
    return { kind: 'text', values: domain.values ?? [], code: place, key: place, known };
  return { ...keyNumber(domain, domain.type), ring: builder.linear([[1n, place]], domain.lo), known };
}

/** What is known of a number besides its vectors. */
export function keyNumber(
  { scale, lo, hi }: Domain,
  type: NumberValue['type'],
): Omit<NumberValue, 'ring' | 'known'> {
  // Groups that are not shown hold zeros.
  return { kind: 'number', type, scale, lo: lo < 0n ? lo : 0n, hi: hi > 0n ? hi : 0n, zeroed: false };
}

/** The refusal of a column that is neither a key nor inside an aggregate. */
export const notGrouped = ({ name, at }: Expression & { readonly kind: 'column' }): Error =>
  sqlFault(
    'not-grouped',
    at,
    `${name} must be in GROUP BY or inside an aggregate: single rows are not revealed`,
    `write AVG(${name}), COUNT(${name}) or the like, or GROUP BY ${name}`,
  );
