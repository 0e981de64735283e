/**
 * Owns / AVG ROUND and numeric casts: exact quotients with declared decimals.
 *
 * PostgreSQL's rules, except for three declared differences:
 *  - a quotient of decimals has max(6, both scales) decimals, an average its column's decimals + 4;
 *    ROUND(…, n) and CAST(… AS DECIMAL(p, n)) right around one replace them, so that nothing is rounded twice;
 *  - division by zero gives NULL: an error would reveal that there is a zero;
 *  - a cast is refused unless the declared ranges prove that its precision suffices: it could not fail while running.
 * Integers divided by integers are cut towards zero; decimals round half away from zero.
 */

import { divideRound, divideTruncate } from '../plan/compose/divide.ts';
import { commonType, greatest, least, refuseDates, rescale } from './arithmetic.ts';
import { type Position, sqlFault, unsupported } from './faults.ts';
import { powerOfTen } from './literals.ts';
import type { TypeName } from './statement.ts';
import {
  checkWidth,
  constantNumber,
  fitted,
  isAlways,
  isConstant,
  type NumberValue,
  never,
  type Vectors,
} from './values.ts';
import { divideWide } from './wide-division.ts';

/** Decimals of a quotient of decimals, at least. */
const QUOTIENT_SCALE = 6;
/** Decimals of an average beyond those of its column. */
export const AVERAGE_DIGITS = 4;

/** x / y. `wanted` decimals replace the declared ones of a decimal quotient. */
export function divide(
  vectors: Vectors,
  x: NumberValue,
  y: NumberValue,
  at: Position,
  wanted?: number,
): NumberValue {
  refuseDates(at, 'a quotient', x, y);
  const type = commonType(x, y);
  const scale = type === 'integer' ? 0 : (wanted ?? Math.max(x.scale, y.scale, QUOTIENT_SCALE));
  const { builder } = vectors;
  if (isConstant(y) && y.lo === 0n)
    return { ...constantNumber(vectors, 0n, scale, type), known: never(vectors) };
  const known = builder.and(x.known, y.known);
  const mayBeZero = y.lo <= 0n && y.hi >= 0n;
  return {
    ...quotient(vectors, x, y, { scale, type, at }),
    known: mayBeZero ? builder.and(known, builder.not(builder.equalsZero(y.ring, y))) : known,
    zeroed: x.zeroed && !mayBeZero && isAlways(vectors, y.known),
  };
}

/** The average: total / count with `scale` decimals. Says nothing where the count is 0. */
export function average(
  vectors: Vectors,
  total: NumberValue,
  count: NumberValue,
  scale: number,
  at: Position,
): NumberValue {
  return quotient(vectors, total, count, { scale, type: 'decimal', at });
}

interface QuotientOptions {
  readonly scale: number;
  readonly type: 'integer' | 'decimal';
  readonly at: Position;
}

/** In units: x 10^-sx / (y 10^-sy) 10^scale = x up / (y down), with one of the powers 1. Known and zeroed are x's. */
function quotient(
  { builder }: Vectors,
  x: NumberValue,
  y: NumberValue,
  { scale, type, at }: QuotientOptions,
): NumberValue {
  const exponent = scale + y.scale - x.scale;
  const up = powerOfTen(Math.max(exponent, 0));
  const down = powerOfTen(Math.max(-exponent, 0));
  const what = `this quotient with ${scale} decimals`;
  checkWidth(at, x.lo * up, x.hi * up, what);
  checkWidth(at, y.lo * down, y.hi * down, what);
  const bounds = quotientBounds(x, y, up, down);
  const largest = greatest([bounds.hi, -bounds.lo]);
  const n = { value: builder.scale(x.ring, up), lo: x.lo * up, hi: x.hi * up };
  const d = { value: builder.scale(y.ring, down), lo: y.lo * down, hi: y.hi * down };
  const rounded = type !== 'integer';
  const divideUnits = rounded ? divideRound : divideTruncate;
  // Twice, for rounding: see src/plan/compose/divide.ts for why the largest quotient times the divisor must fit.
  const fits = 2n * largest * greatest([d.hi, -d.lo]) < 2n ** 62n;
  const ring = fitted(at, () =>
    fits ? divideUnits(builder, n, d, { largest }).value : divideWide(builder, n, d, rounded),
  );
  const { each: _, ...rest } = x;
  return { ...rest, type, scale, ...bounds, ring };
}

/** Bounds of the quotient, 0 among them: an average of the rows lies between its rows' bounds. */
function quotientBounds(
  x: NumberValue,
  y: NumberValue,
  up: bigint,
  down: bigint,
): { lo: bigint; hi: bigint } {
  const sum = x.each?.count === y.ring.id ? x.each : undefined;
  // Halves round away from zero, so a bound that is no whole unit is rounded outwards.
  const outwards = (n: bigint, d: bigint) => (n < 0n ? -((-n + d - 1n) / d) : (n + d - 1n) / d);
  if (sum)
    return { lo: outwards(least([sum.lo, 0n]) * up, down), hi: outwards(greatest([sum.hi, 0n]) * up, down) };
  const smallest = greatest([y.lo, -y.hi, 1n]) * down;
  const ends = [outwards(x.lo * up, smallest), outwards(x.hi * up, smallest), 0n];
  const both = y.lo >= 0n ? ends : [...ends, ...ends.map((end) => -end)];
  return { lo: least(both), hi: greatest(both) };
}

/** ROUND to `digits` decimals; more decimals than there are change nothing but the scale. */
export function round(vectors: Vectors, x: NumberValue, digits: number, at: Position): NumberValue {
  refuseDates(at, 'ROUND', x);
  if (x.type === 'integer' && digits === 0) return { ...x, type: 'decimal' };
  if (digits >= x.scale) return { ...rescale(vectors, x, digits, at), type: 'decimal' };
  const one = constantNumber(vectors, 1n, 0, 'integer');
  return {
    ...quotient(vectors, x, one, { scale: digits, type: 'decimal', at }),
    known: x.known,
    zeroed: x.zeroed,
  };
}

/** CAST to INTEGER, BIGINT, SMALLINT or DECIMAL[(p,s)] (without p and s: as many decimals as it has). */
export function castNumber(vectors: Vectors, x: NumberValue, type: TypeName, at: Position): NumberValue {
  refuseDates(at, 'this cast', x);
  if (type.name !== 'integer' && type.name !== 'decimal')
    throw unsupported(at, `a cast of a number to ${type.text}`, 'cast to INTEGER or DECIMAL(p,s)');
  if (type.name === 'decimal' && type.precision === undefined) return { ...x, type: 'decimal' };
  const rounded = round(vectors, x, type.scale ?? 0, at);
  const limit =
    type.name === 'integer' ? 2n ** BigInt((type.bits ?? 64) - 1) : powerOfTen(type.precision ?? 0);
  const lowest = type.name === 'integer' ? -limit : -limit + 1n;
  if (rounded.lo < lowest || rounded.hi >= limit)
    throw sqlFault(
      'too-wide',
      at,
      `values of up to ${greatest([rounded.hi, -rounded.lo]).toString().length} digits may not fit ${type.text}`,
      'cast to a wider type, or narrow the columns with CHECK (c BETWEEN lowest AND highest)',
    );
  return { ...rounded, type: type.name };
}
