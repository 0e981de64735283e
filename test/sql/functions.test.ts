/**
 * Owns MOD, SIGN, GREATEST, LEAST, EXTRACT(YEAR), COUNT(DISTINCT) and SELECT DISTINCT, against the rows themselves.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDate, parseDate } from '../../src/sql/literals.ts';
import { dealOut, type Row, runClear } from './support.ts';

/** The counts of what was checked depend on it; MPC_SEED tries another. */
const SEED = Number(process.env.MPC_SEED ?? 20_261_121);

const TABLE = `CREATE TABLE t (a INTEGER CHECK (a BETWEEN -50 AND 50), b INTEGER CHECK (b BETWEEN -9 AND 9),
  c DECIMAL(4, 1) CHECK (c BETWEEN -20 AND 20), d DATE CHECK (d BETWEEN '1995-06-01' AND '2012-03-31'),
  e TEXT CHECK (e IN ('p', 'q', 'r')), f BOOLEAN NOT NULL, n INTEGER NOT NULL CHECK (n BETWEEN 5 AND 8));`;

const DAYS = [BigInt(parseDate('1995-06-01')!), BigInt(parseDate('2012-03-31')!)] as const;
const newYears = ['1996-12-31', '1997-01-01', '2000-01-01', '1999-12-31', '2012-01-01'].map((text) =>
  BigInt(parseDate(text)!),
);

const orNull = (value: fc.Arbitrary<bigint>) => fc.option(value, { freq: 4, nil: null });
const rowArbitrary = fc.tuple(
  orNull(fc.bigInt(-50n, 50n)),
  orNull(fc.bigInt(-9n, 9n)),
  orNull(fc.bigInt(-200n, 200n)),
  orNull(fc.oneof(fc.bigInt(DAYS[0], DAYS[1]), fc.constantFrom(...newYears, ...DAYS))),
  orNull(fc.bigInt(0n, 2n)),
  fc.bigInt(0n, 1n),
  fc.bigInt(5n, 8n),
);
const lists = fc.array(rowArbitrary, { minLength: 0, maxLength: 40, size: 'max' });

const total = (rows: readonly Row[], value: (row: Row) => bigint | null): number | null => {
  const known = rows.map(value).filter((x) => x !== null);
  return known.length === 0 ? null : Number(known.reduce((sum, x) => sum + x, 0n));
};
const tenth = (value: number | null): number | null => (value === null ? null : value / 10);
const most = (...values: (bigint | null)[]): bigint | null =>
  values.reduce((best, x) => (x === null || (best !== null && best >= x) ? best : x), null);
const least = (...values: (bigint | null)[]): bigint | null =>
  values.reduce((best, x) => (x === null || (best !== null && best <= x) ? best : x), null);

test('remainders, signs, greatest, least and years of rows are those of the rows', async () => {
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(lists, async (rows) => {
      const select = `SELECT SUM(MOD(a, b)), SUM(a % 7), SUM(c % 1.5), SUM(a % (b + 20)), SUM(SIGN(a)), SUM(SIGN(c - 1)), SUM(SIGN(n)),
        SUM(GREATEST(a, b, 3)), SUM(LEAST(a, c)), SUM(GREATEST(a, b)), SUM(LEAST(n, 6)), SUM(EXTRACT(YEAR FROM d)),
        COUNT(*) FILTER (WHERE EXTRACT(YEAR FROM d) = 2000), MAX(GREATEST(d, '2000-06-01')), MAX(LEAST(d, NULL)) FROM t`;
      const { table } = await runClear(TABLE + select, dealOut(rows, 2));
      const year = (day: bigint) => BigInt(formatDate(Number(day)).slice(0, 4));
      const days = rows.map(([, , , d]) => d!).filter((d) => d !== null);
      const sign = (x: bigint | null) => (x === null ? null : x > 0n ? 1n : x < 0n ? -1n : 0n);
      const mid = BigInt(parseDate('2000-06-01')!);
      const latest = rows.map(([, , , d]) => most(d!, mid)!).reduce((best, x) => (best > x ? best : x), 0n);
      assert.deepEqual(table.rows, [
        [
          total(rows, ([a, b]) => (a === null || b === null || b === 0n ? null : a! % b!)),
          total(rows, ([a]) => (a === null ? null : a! % 7n)),
          tenth(total(rows, ([, , c]) => (c === null ? null : c! % 15n))),
          total(rows, ([a, b]) => (a === null || b === null ? null : a! % (b! + 20n))),
          total(rows, ([a]) => sign(a!)),
          total(rows, ([, , c]) => sign(c === null ? null : c! - 10n)),
          total(rows, () => 1n),
          total(rows, ([a, b]) => most(a!, b!, 3n)),
          tenth(total(rows, ([a, , c]) => least(a === null ? null : a! * 10n, c!))),
          total(rows, ([a, b]) => most(a!, b!)),
          total(rows, ([, , , , , , n]) => least(n!, 6n)),
          total(rows, ([, , , d]) => (d === null ? null : year(d!))),
          days.filter((d) => year(d) === 2000n).length,
          rows.length === 0 ? null : formatDate(Number(latest)),
          days.length === 0 ? null : formatDate(Number(days.reduce((best, d) => (best > d ? best : d)))),
        ],
      ]);
      checked += rows.length;
    }),
    { numRuns: 25, seed: SEED },
  );
  assert.ok(checked > 100, `only ${checked} rows`);
});

const differing = (rows: readonly Row[], column: number) =>
  new Set(rows.map((row) => row[column]).filter((value) => value !== null)).size;

test('different values are counted, with filters, groups and NULLs', async () => {
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(lists, async (rows) => {
      const whole =
        'SELECT COUNT(DISTINCT e), COUNT(DISTINCT b), COUNT(DISTINCT n), COUNT(DISTINCT f), COUNT(DISTINCT n) FILTER (WHERE a > 0), COUNT(DISTINCT e) FILTER (WHERE f) FROM t';
      const positive = rows.filter(([a]) => a !== null && a! > 0n);
      const marked = rows.filter((row) => row[5] === 1n);
      const { table } = await runClear(TABLE + whole, dealOut(rows, 2));
      assert.deepEqual(table.rows, [
        [
          differing(rows, 4),
          differing(rows, 1),
          differing(rows, 6),
          differing(rows, 5),
          differing(positive, 6),
          differing(marked, 4),
        ],
      ]);
      const kept = rows.filter(([, b]) => b === null || b! < 5n);
      const grouped = await runClear(
        `${TABLE}SELECT e, COUNT(DISTINCT n), COUNT(DISTINCT b), COUNT(DISTINCT e), COUNT(DISTINCT n) FILTER (WHERE f) FROM t WHERE b IS NULL OR b < 5 GROUP BY e`,
        dealOut(rows, 3),
      );
      const groups = [0n, 1n, 2n, null].flatMap((value) => {
        const inside = kept.filter((row) => row[4] === value);
        const set = inside.filter((row) => row[5] === 1n);
        const name = value === null ? null : 'pqr'[Number(value)]!;
        return inside.length === 0
          ? []
          : [[name, differing(inside, 6), differing(inside, 1), differing(inside, 4), differing(set, 6)]];
      });
      assert.deepEqual(grouped.table.rows, groups);
      checked += groups.length;
    }),
    { numRuns: 25, seed: SEED },
  );
  assert.ok(checked > 20, `only ${checked} groups`);
});

test('numbers of different values over too few rows are not shown', async () => {
  const row = (e: bigint | null, n: bigint): Row => [1n, 1n, 1n, DAYS[0], e, 1n, n];
  const rows = [row(0n, 5n), row(0n, 6n), row(0n, 6n), row(1n, 5n), row(null, 5n), row(null, 8n)];
  const { table, query } = await runClear(
    `${TABLE}SELECT COUNT(DISTINCT e), COUNT(DISTINCT n), COUNT(DISTINCT n) FILTER (WHERE e IS NULL) FROM t`,
    { p: rows },
    { minGroupSize: 3 },
  );
  assert.deepEqual(table.rows, [[2, 3, null]]);
  assert.deepEqual(query.disclosure.slice(0, 2), [
    'analyst learns, if at least 3 rows count: the number of different values of e; the number of different values of n; the number of different values of n among rows where e IS NULL; and whether that is so.',
    'A sum, average, number of different values, smallest or largest value over fewer than 3 rows is not shown; numbers of rows are.',
  ]);
});

test('SELECT DISTINCT tells which combinations there are', async () => {
  const row = (e: bigint | null, f: bigint): Row => [1n, 1n, 1n, DAYS[0], e, f, 5n];
  const rows = [row(0n, 1n), row(2n, 0n), row(2n, 0n), row(null, 1n)];
  const { table } = await runClear(`${TABLE}SELECT DISTINCT f, e FROM t ORDER BY e DESC`, { p: rows });
  assert.deepEqual(table.rows, [
    [true, null],
    [false, 'r'],
    [true, 'p'],
  ]);
});
