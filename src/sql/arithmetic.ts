/**
 * Owns + - * unary minus and ABS on scaled integers, with the intervals that prove that nothing wraps around 64 bits.
 * Sums and products are exact, as PostgreSQL's integers and decimals are; what may not fit is refused before it runs.
 */
import { absolute } from '../plan/compose/absolute.ts';
import { type Position, sqlFault } from './faults.ts';
import { powerOfTen } from './literals.ts';
import {
  badType,
  checkWidth,
  fitted,
  isAlways,
  isConstant,
  type NumberValue,
  type Vectors,
} from './values.ts';

/** Most decimals of any value. */
const LARGEST_SCALE = 18;

/** The same numbers in units of 10^-scale; `scale` is at least the value's own. */
export function rescale({ builder }: Vectors, x: NumberValue, scale: number, at: Position): NumberValue {
  if (scale === x.scale) return x;
  if (scale > LARGEST_SCALE)
    throw sqlFault('too-wide', at, `this needs ${scale} decimals`, `round to at most ${LARGEST_SCALE}`);
  const factor = powerOfTen(scale - x.scale);
  const [lo, hi] = [x.lo * factor, x.hi * factor];
  checkWidth(at, lo, hi, `a value with ${scale} decimals`);
  return { ...scaledEach(x, factor), type: 'decimal', scale, lo, hi, ring: builder.scale(x.ring, factor) };
}

/** x + y, or x - y with sign -1. Dates take whole days. */
export function add(
  vectors: Vectors,
  x: NumberValue,
  y: NumberValue,
  sign: 1n | -1n,
  at: Position,
): NumberValue {
  const type = sumType(x, y, sign, at);
  const scale = Math.max(x.scale, y.scale);
  const [a, b] = [rescale(vectors, x, scale, at), rescale(vectors, y, scale, at)];
  const [lo, hi] = sign === 1n ? [a.lo + b.lo, a.hi + b.hi] : [a.lo - b.hi, a.hi - b.lo];
  checkWidth(at, lo, hi, sign === 1n ? 'this sum' : 'this difference');
  const { builder } = vectors;
  const ring = builder.linear([
    [1n, a.ring],
    [sign, b.ring],
  ]);
  const known = builder.and(a.known, b.known);
  return {
    kind: 'number',
    type,
    scale,
    lo,
    hi,
    ring,
    known,
    zeroed: a.zeroed && b.zeroed && a.known.id === b.known.id,
  };
}

function sumType(x: NumberValue, y: NumberValue, sign: 1n | -1n, at: Position): NumberValue['type'] {
  if (x.type !== 'date' && y.type !== 'date') return commonType(x, y);
  if (x.type === 'date' && y.type === 'date' && sign === -1n) return 'integer';
  if (x.type === 'date' && y.type === 'integer') return 'date';
  if (x.type === 'integer' && y.type === 'date' && sign === 1n) return 'date';
  throw badType(at, 'this sum', x.type === 'date' ? y : x, 'dates take whole days: d + 30, d - e');
}

export const commonType = (x: NumberValue, y: NumberValue): 'integer' | 'decimal' =>
  x.type === 'decimal' || y.type === 'decimal' ? 'decimal' : 'integer';

export function refuseDates(at: Position, what: string, ...operands: readonly NumberValue[]): void {
  for (const x of operands) {
    if (x.type === 'date') throw badType(at, what, x, 'dates take + and - of whole days, and comparisons');
  }
}

export function negate({ builder }: Vectors, x: NumberValue, at: Position): NumberValue {
  refuseDates(at, 'unary minus', x);
  checkWidth(at, -x.hi, -x.lo, 'the negated value');
  return { ...scaledEach(x, -1n), lo: -x.hi, hi: -x.lo, ring: builder.negate(x.ring) };
}

export function multiply(vectors: Vectors, x: NumberValue, y: NumberValue, at: Position): NumberValue {
  const { builder } = vectors;
  refuseDates(at, 'a product', x, y);
  const scale = x.scale + y.scale;
  if (scale > LARGEST_SCALE)
    throw sqlFault('too-wide', at, `this product has ${scale} decimals`, 'ROUND the factors first');
  const corners = [x.lo * y.lo, x.lo * y.hi, x.hi * y.lo, x.hi * y.hi];
  const [lo, hi] = [least(corners), greatest(corners)];
  checkWidth(at, lo, hi, 'this product');
  const base = isConstant(y) ? scaledEach(x, y.lo) : scaledEach(y, isConstant(x) ? x.lo : undefined);
  return {
    ...base,
    type: commonType(x, y),
    scale,
    lo,
    hi,
    ring: builder.multiply(x.ring, y.ring),
    known: builder.and(x.known, y.known),
    zeroed:
      (x.zeroed && (y.zeroed || isAlways(vectors, y.known))) || (y.zeroed && isAlways(vectors, x.known)),
  };
}

export function magnitude({ builder }: Vectors, x: NumberValue, at: Position): NumberValue {
  refuseDates(at, 'ABS', x);
  const { value, lo, hi } = fitted(at, () =>
    absolute(builder, { value: x.ring, lo: x.lo, hi: x.hi }),
  ).magnitude;
  return { ...scaledEach(x, undefined), lo, hi, ring: value };
}

/** The value with what it says about each summed row scaled alike, or forgotten. */
function scaledEach(x: NumberValue, factor: bigint | undefined): NumberValue {
  const { each, ...rest } = x;
  if (!each || factor === undefined) return rest;
  const ends = [each.lo * factor, each.hi * factor];
  return { ...rest, each: { count: each.count, lo: least(ends), hi: greatest(ends) } };
}

export const least = (values: readonly bigint[]): bigint => pick(values, (a, b) => a < b);
export const greatest = (values: readonly bigint[]): bigint => pick(values, (a, b) => a > b);

function pick(values: readonly bigint[], better: (a: bigint, b: bigint) => boolean): bigint {
  return values.reduce((best, value) => (better(value, best) ? value : best));
}
