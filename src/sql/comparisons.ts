/**
 * Owns comparisons of numbers, dates, texts and truth values. Rounds are spent only where needed: intervals decide what
 * they can, values of enumerated columns are compared through one-hot planes, which cost no round of their own.
 */

import type { Bits } from '../plan/builder.ts';
import { add } from './arithmetic.ts';
import { type Position, sqlFault } from './faults.ts';
import { formatDecimal, parseDate } from './literals.ts';
import { not, or, truthWhere, unknown } from './logic.ts';
import type { ComparisonOperator } from './statement.ts';
import {
  always,
  badType,
  constantNumber,
  isAlways,
  isConstant,
  kindName,
  knownOf,
  type NumberValue,
  never,
  type TextValue,
  type TruthValue,
  type Value,
  type Vectors,
} from './values.ts';

/** x operator y in SQL's three values. Throws `sql.bad-type`, `sql.unknown-value`, `sql.too-wide`. */
export function compare(
  vectors: Vectors,
  operator: ComparisonOperator,
  x: Value,
  y: Value,
  at: Position,
): TruthValue {
  if (x.kind === 'null' || y.kind === 'null') return unknown(vectors);
  const [a, b] = [asDateLike(vectors, x, y, at), asDateLike(vectors, y, x, at)];
  if (a.kind === 'number' && b.kind === 'number') return compareNumbers(vectors, operator, a, b, at);
  if (operator === '=' || operator === '<>') {
    const equal = equality(vectors, a, b, at);
    return operator === '=' ? equal : not(equal);
  }
  const wrong = a.kind === 'number' ? b : a;
  throw badType(
    at,
    `the comparison ${operator}`,
    wrong,
    'texts and conditions compare with = and <>; use IN for several values',
  );
}

/** subject IN (items). Different constants exclude each other: their cases are added up with XOR, which is free. */
export function isOneOf(
  vectors: Vectors,
  subject: Value,
  items: readonly { readonly value: Value; readonly at: Position }[],
): TruthValue {
  const cases = items.map(({ value, at }) => compare(vectors, '=', subject, value, at));
  const constants = items.map(({ value }) => constantOf(value));
  if (constants.includes(undefined) || new Set(constants).size < constants.length) return or(vectors, cases);
  const isTrue = vectors.builder.xor(...cases.map((one) => one.isTrue));
  return { kind: 'truth', isTrue, isFalse: vectors.builder.xor(knownOf(vectors, subject), isTrue) };
}

/** A text that is equal for equal constants only; undefined for what is no constant. */
function constantOf(value: Value): string | undefined {
  if (value.kind === 'text') return value.literal;
  if (value.kind !== 'number' || !isConstant(value)) return undefined;
  return formatDecimal(value.lo, value.scale)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}

function equality(vectors: Vectors, a: Value, b: Value, at: Position): TruthValue {
  if (a.kind === 'text' && b.kind === 'text') return compareTexts(vectors, a, b, at);
  if (a.kind === 'truth' && b.kind === 'truth') {
    const { builder } = vectors;
    const known = builder.and(knownOf(vectors, a), knownOf(vectors, b));
    return truthWhere(vectors, builder.not(builder.xor(a.isTrue, b.isTrue)), known);
  }
  throw sqlFault(
    'bad-type',
    at,
    `${kindName(a)} and ${kindName(b)} cannot be compared`,
    'compare values of one type',
  );
}

/** A text literal beside a date is a date. */
export function asDateLike(vectors: Vectors, x: Value, other: Value, at: Position): Value {
  if (x.kind !== 'text' || x.literal === undefined || other.kind !== 'number' || other.type !== 'date')
    return x;
  const days = parseDate(x.literal);
  if (days === undefined) throw sqlFault('bad-literal', at, 'this is not a date', "write '2026-01-31'");
  return constantNumber(vectors, BigInt(days), 0, 'date');
}

function compareNumbers(
  vectors: Vectors,
  operator: ComparisonOperator,
  x: NumberValue,
  y: NumberValue,
  at: Position,
): TruthValue {
  if ((x.type === 'date') !== (y.type === 'date'))
    throw sqlFault(
      'bad-type',
      at,
      'a date and a number cannot be compared',
      "write the date as '2026-01-31'",
    );
  const { builder } = vectors;
  if (operator === '=' || operator === '<>') {
    const d = add(vectors, x, y, -1n, at);
    const outside = d.lo > 0n || d.hi < 0n;
    const equal = truthWhere(vectors, outside ? never(vectors) : builder.equalsZero(d.ring, d), d.known);
    return operator === '=' ? equal : not(equal);
  }
  // x < y and x >= y ask for the sign of x - y; x > y and x <= y for that of y - x.
  const direct = operator === '<' || operator === '>=';
  const d = direct ? add(vectors, x, y, -1n, at) : add(vectors, y, x, -1n, at);
  const less = truthWhere(vectors, lessThanZero(vectors, d), d.known);
  return operator === '<' || operator === '>' ? less : not(less);
}

function lessThanZero(vectors: Vectors, d: NumberValue): Bits {
  if (d.hi < 0n) return always(vectors);
  return d.lo >= 0n ? never(vectors) : vectors.builder.lessThanZero(d.ring, d);
}

/** Where a text has each of its values; 0 where it is NULL. Planes of one key are one gate, however often asked for. */
export function planesOf(vectors: Vectors, text: TextValue): Bits[] {
  const { builder } = vectors;
  if (text.literal !== undefined) return [always(vectors)];
  if (text.key) {
    const domain = text.values.length + (isAlways(vectors, text.known) ? 0 : 1);
    return builder.oneHot(text.key, domain).slice(0, text.values.length);
  }
  return builder.oneHot(text.code, text.values.length).map((plane) => builder.and(plane, text.known));
}

/** Equal where both have the same value; different values exclude each other, so XOR adds the cases up. */
function compareTexts(vectors: Vectors, x: TextValue, y: TextValue, at: Position): TruthValue {
  requireShared(x, y, at);
  const { builder } = vectors;
  const [p, q] = [planesOf(vectors, x), planesOf(vectors, y)];
  const cases = x.values.flatMap((value, i) => {
    const j = y.values.indexOf(value);
    return j < 0 ? [] : [builder.and(p[i]!, q[j]!)];
  });
  const isTrue = cases.length === 0 ? never(vectors) : builder.xor(...cases);
  // The planes are 0 where a text is NULL, so that `isTrue` needs no further AND.
  return { kind: 'truth', isTrue, isFalse: builder.xor(builder.and(x.known, y.known), isTrue) };
}

/** A literal that the other side cannot have is a slip of the pen, not a condition. */
function requireShared(x: TextValue, y: TextValue, at: Position): void {
  const missing = [
    [x.literal, y],
    [y.literal, x],
  ] as const;
  for (const [literal, other] of missing) {
    if (literal === undefined || other.literal !== undefined || other.values.includes(literal)) continue;
    throw sqlFault(
      'unknown-value',
      at,
      `'${literal}' is not one of the values this can have`,
      `use one of ${other.values.map((value) => `'${value}'`).join(', ')}`,
    );
  }
}
