/**
 * Owns the scalar functions beyond arithmetic: MOD and %, SIGN, GREATEST and LEAST, EXTRACT(YEAR FROM …). All exact.
 *
 * PostgreSQL's rules: a remainder has the sign of its dividend; GREATEST and LEAST pass over NULLs; SIGN and EXTRACT give
 * decimals. One declared difference, as for division: a remainder by zero is NULL.
 */
import type { Bits } from '../plan/builder.ts';
import { greatest, least, refuseDates, rescale } from './arithmetic.ts';
import { asDateLike } from './comparisons.ts';
import { divide } from './division.ts';
import { type Position, sqlFault } from './faults.ts';
import { formatDate, parseDate } from './literals.ts';
import {
  badType,
  checkWidth,
  constantNumber,
  isAlways,
  type NumberValue,
  type Value,
  type Vectors,
} from './values.ts';

/** x - y trunc(x / y). NULL where y = 0. */
export function remainder(vectors: Vectors, x: NumberValue, y: NumberValue, at: Position): NumberValue {
  refuseDates(at, 'MOD', x, y);
  const scale = Math.max(x.scale, y.scale);
  const [a, b] = [rescale(vectors, x, scale, at), rescale(vectors, y, scale, at)];
  const units = (value: NumberValue): NumberValue => ({ ...value, type: 'integer', scale: 0 });
  const whole = divide(vectors, units(a), units(b), at);
  const type = x.type === 'decimal' || y.type === 'decimal' ? 'decimal' : 'integer';
  if (b.lo === 0n && b.hi === 0n) return { ...whole, type, scale };
  const { builder } = vectors;
  // The quotient times the divisor is at most the dividend: it fits, whatever the ranges' corners say.
  const ring = builder.sub(a.ring, builder.multiply(whole.ring, b.ring));
  const largest = greatest([b.hi, -b.lo]) - 1n;
  const lo = a.lo < 0n ? greatest([a.lo, -largest]) : 0n;
  const hi = a.hi > 0n ? least([a.hi, largest]) : 0n;
  return {
    kind: 'number',
    type,
    scale,
    lo,
    hi,
    ring,
    known: whole.known,
    zeroed: a.zeroed && whole.zeroed,
  };
}

/** -1, 0 or 1: [x > 0] - [x < 0], both signs asked for in one gate. */
export function sign({ builder, length }: Vectors, x: NumberValue, at: Position): NumberValue {
  refuseDates(at, 'SIGN', x);
  checkWidth(at, -x.hi, -x.lo, 'the negated value');
  const lo = x.lo < 0n ? -1n : x.lo > 0n ? 1n : 0n;
  const hi = x.hi > 0n ? 1n : x.hi < 0n ? -1n : 0n;
  const { each: _, ...rest } = x;
  const widest = greatest([-x.lo, x.hi]);
  const result = (ring: NumberValue['ring']): NumberValue => ({
    ...rest,
    type: 'decimal',
    scale: 0,
    lo,
    hi,
    ring,
    zeroed: x.zeroed && lo <= 0n && hi >= 0n,
  });
  if (lo === hi) return result(builder.constant(lo, length));
  if (lo === 0n)
    return result(builder.toRing(builder.lessThanZero(builder.negate(x.ring), { lo: -x.hi, hi: -x.lo })));
  if (hi === 0n) return result(builder.negate(builder.toRing(builder.lessThanZero(x.ring, x))));
  const signs = builder.toRing(
    builder.lessThanZero(builder.concat(x.ring, builder.negate(x.ring)), { lo: -widest, hi: widest }),
  );
  return result(builder.sub(builder.slice(signs, length, length), builder.slice(signs, 0, length)));
}

/** The greatest or least of the values that are not NULL. Throws `sql.bad-type`. */
export function extreme(vectors: Vectors, most: boolean, values: readonly Value[], at: Position): Value {
  const what = most ? 'GREATEST' : 'LEAST';
  const date = values.find((value) => value.kind === 'number' && value.type === 'date');
  const numbers = values.flatMap((value): NumberValue[] => {
    const read = date ? asDateLike(vectors, value, date, at) : value;
    if (read.kind === 'null') return [];
    if (read.kind === 'number') return [read];
    throw badType(at, what, value, 'it takes numbers or dates');
  });
  const [first, ...others] = numbers;
  if (!first) return { kind: 'null' };
  return others.reduce((best, next) => better(vectors, most, best, next, at), first);
}

function better(vectors: Vectors, most: boolean, x: NumberValue, y: NumberValue, at: Position): NumberValue {
  if ((x.type === 'date') !== (y.type === 'date'))
    throw sqlFault('bad-type', at, 'this gives a date or a number', 'give all values one type');
  const { builder } = vectors;
  const scale = Math.max(x.scale, y.scale);
  const [a, b] = [rescale(vectors, x, scale, at), rescale(vectors, y, scale, at)];
  const [low, high] = [a.lo - b.hi, a.hi - b.lo];
  checkWidth(at, low, high, 'this difference');
  const below: Bits =
    high < 0n
      ? builder.bit(1, vectors.length)
      : low >= 0n
        ? builder.bit(0, vectors.length)
        : builder.lessThan(a.ring, b.ring, { lo: low, hi: high });
  const wins = most ? builder.not(below) : below;
  // x is taken where it is known and wins, or y is NULL.
  const takes = builder.or(builder.and(a.known, wins), builder.not(b.known));
  const both = isAlways(vectors, a.known) && isAlways(vectors, b.known);
  const ends = [a, b].flatMap(({ lo, hi }) => [lo, hi]);
  return {
    kind: 'number',
    type: x.type === y.type ? x.type : 'decimal',
    scale,
    lo: both && most ? greatest([a.lo, b.lo]) : least(ends),
    hi: both && !most ? least([a.hi, b.hi]) : greatest(ends),
    ring: builder.select(takes, a.ring, b.ring),
    known: builder.or(a.known, b.known),
    zeroed: a.zeroed && b.zeroed,
  };
}

/** Years of one column: each is one comparison for each row. */
const YEARS = 150;

/** The year of a date: the first year, and one more for each first of January that is not after it. */
export function yearOf(vectors: Vectors, x: NumberValue, at: Position): NumberValue {
  if (x.type !== 'date') throw badType(at, 'EXTRACT(YEAR FROM …)', x, 'it takes a date');
  const [first, last] = [x.lo, x.hi].map((day) => Number(formatDate(Number(day)).slice(0, 4)));
  const years = last! - first!;
  if (years >= YEARS)
    throw sqlFault(
      'too-wide',
      at,
      `these dates span ${years + 1} years, EXTRACT takes ${YEARS}`,
      "declare the column with CHECK (d BETWEEN '2000-01-01' AND '2049-12-31')",
    );
  const { builder, length } = vectors;
  const value = constantNumber(vectors, BigInt(first!), 0, 'decimal');
  if (years === 0) return { ...value, known: x.known };
  const starts = Array.from({ length: years }, (_, at) => newYear(first! + at + 1));
  const distances = builder.concat(...starts.map((day) => builder.linear([[1n, x.ring]], -day)));
  const within = { lo: least([x.lo, 0n]) - starts.at(-1)!, hi: greatest([x.hi, 0n]) - starts[0]! };
  const passed = builder.toRing(builder.not(builder.lessThanZero(distances, within)));
  const counts = starts.map((_, at) => [1n, builder.slice(passed, at * length, length)] as const);
  return {
    ...value,
    hi: BigInt(last!),
    ring: builder.linear(counts, BigInt(first!)),
    known: x.known,
    zeroed: false,
  };
}

const newYear = (year: number): bigint => BigInt(parseDate(`${String(year).padStart(4, '0')}-01-01`)!);
