/**
 * Owns what CASE and COALESCE choose between: two values become one of a common type, element by element.
 */
import type { Bits } from '../plan/builder.ts';
import { greatest, least, rescale } from './arithmetic.ts';
import { type Position, sqlFault } from './faults.ts';
import {
  isAlways,
  isConstant,
  kindName,
  knownOf,
  type NumberValue,
  type TextValue,
  type Value,
  type Vectors,
} from './values.ts';

/** condition ? x : y. Throws `sql.bad-type` where the two have no common type. */
export function choose(vectors: Vectors, condition: Bits, x: Value, y: Value, at: Position): Value {
  if (x.kind === 'null')
    return y.kind === 'null' ? x : chooseNull(vectors, vectors.builder.not(condition), y);
  if (y.kind === 'null') return chooseNull(vectors, condition, x);
  if (x.kind === 'number' && y.kind === 'number') return chooseNumber(vectors, condition, x, y, at);
  if (x.kind === 'truth' && y.kind === 'truth') {
    const isTrue = chooseBits(vectors, condition, x.isTrue, y.isTrue);
    return { kind: 'truth', isTrue, isFalse: chooseBits(vectors, condition, x.isFalse, y.isFalse) };
  }
  if (x.kind === 'text' && y.kind === 'text') return chooseText(vectors, condition, x, y, at);
  throw sqlFault('bad-type', at, `this gives ${kindName(x)} or ${kindName(y)}`, 'give all results one type');
}

/** The first of the values that is not NULL. */
export function coalesce(vectors: Vectors, values: readonly Value[], at: Position): Value {
  return values.reduceRight<Value>(
    (rest, value) => {
      if (value.kind === 'null') return rest;
      const known = knownOf(vectors, value);
      if (isAlways(vectors, known)) return value;
      const zero =
        rest.kind === 'number' && isConstant(rest) && rest.lo === 0n && isAlways(vectors, rest.known);
      if (zero && value.kind === 'number' && value.zeroed)
        return { ...rescale(vectors, value, Math.max(value.scale, rest.scale), at), known: rest.known };
      return choose(vectors, known, value, rest, at);
    },
    { kind: 'null' },
  );
}

/** x where the condition holds, NULL elsewhere. */
function chooseNull(vectors: Vectors, condition: Bits, x: Exclude<Value, { kind: 'null' }>): Value {
  const { builder } = vectors;
  if (x.kind === 'truth')
    return { ...x, isTrue: builder.and(condition, x.isTrue), isFalse: builder.and(condition, x.isFalse) };
  if (x.kind === 'number') {
    const { each: _, ...rest } = x;
    return { ...rest, known: builder.and(condition, x.known), zeroed: isConstant(x) && x.lo === 0n };
  }
  const { key: _, literal: __, ...rest } = x;
  return { ...rest, known: builder.and(condition, x.known) };
}

function chooseBits({ builder }: Vectors, condition: Bits, x: Bits, y: Bits): Bits {
  return x.id === y.id ? x : builder.xor(y, builder.and(condition, builder.xor(x, y)));
}

function chooseNumber(
  vectors: Vectors,
  condition: Bits,
  x: NumberValue,
  y: NumberValue,
  at: Position,
): NumberValue {
  if ((x.type === 'date') !== (y.type === 'date'))
    throw sqlFault('bad-type', at, 'this gives a date or a number', 'give all results one type');
  const scale = Math.max(x.scale, y.scale);
  const [a, b] = [rescale(vectors, x, scale, at), rescale(vectors, y, scale, at)];
  return {
    kind: 'number',
    type: x.type === y.type ? x.type : 'decimal',
    scale,
    lo: least([a.lo, b.lo]),
    hi: greatest([a.hi, b.hi]),
    ring: vectors.builder.select(condition, a.ring, b.ring),
    known: chooseBits(vectors, condition, a.known, b.known),
    zeroed: a.zeroed && b.zeroed,
  };
}

/** Codes of both go into one list: the longer list first, then what the other, a literal, adds. */
function chooseText(vectors: Vectors, condition: Bits, x: TextValue, y: TextValue, at: Position): TextValue {
  const base = x.literal === undefined || y.literal !== undefined ? x : y;
  const other = base === x ? y : x;
  const values = [...base.values, ...other.values.filter((value) => !base.values.includes(value))];
  const code = (text: TextValue) => {
    const offset = values.indexOf(text.values[0]!);
    const moved = text.values.every((value, i) => values.indexOf(value) === offset + i);
    if (moved) return vectors.builder.linear([[1n, text.code]], BigInt(offset));
    throw sqlFault(
      'unsupported',
      at,
      'a choice between text columns with different lists of values is not supported',
      'declare both columns with the same list of values',
    );
  };
  return {
    kind: 'text',
    values,
    code: vectors.builder.select(condition, code(x), code(y)),
    known: chooseBits(vectors, condition, x.known, y.known),
  };
}
