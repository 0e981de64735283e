/**
 * Owns what medians and percentiles mean, against plain arithmetic on sorted lists: all rows and groups, NULLs, WHERE, FILTER,
 * groups without rows; in the clear and on two servers.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planCost } from '../../src/plan/cost.ts';
import { compileQuery } from '../../src/sql/compile.ts';
import { dealOut, type Row, runClear } from './support.ts';

const TABLE = `CREATE TABLE t (
  g TEXT CHECK (g IN ('a', 'b', 'c')),
  x INTEGER CHECK (x BETWEEN -20 AND 30),
  d DECIMAL(6, 2) NOT NULL CHECK (d BETWEEN 1 AND 2000));`;

const orNull = (value: fc.Arbitrary<bigint>) => fc.option<bigint, null>(value, { freq: 5, nil: null });
const row: fc.Arbitrary<Row> = fc.tuple(
  orNull(fc.bigInt(0n, 2n)),
  orNull(fc.bigInt(-20n, 30n)),
  fc.oneof(fc.bigInt(100n, 105n), fc.bigInt(100n, 200_000n)),
);
const rowsOf = (maxLength: number) => fc.array(row, { minLength: 0, maxLength, size: 'max' });

/** The value at that share of the way through the list, or null; hundredths of the list's unit. */
function percentileOf(values: readonly bigint[], hundredths: bigint): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const steps = hundredths * BigInt(sorted.length - 1);
  const at = Number(steps / 100n);
  const low = sorted[at]!;
  const high = sorted[Math.min(at + 1, sorted.length - 1)]!;
  return Number(100n * low + (steps % 100n) * (high - low)) / 100;
}

const known = (values: readonly (bigint | null)[]): bigint[] => values.filter((value) => value !== null);

test('medians and percentiles over all rows that count', async () => {
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(rowsOf(40), fc.nat(100), async (rows, p) => {
      const share = (p / 100).toFixed(2);
      const { table } = await runClear(
        `${TABLE}SELECT MEDIAN(x), PERCENTILE_CONT(${share}) WITHIN GROUP (ORDER BY x),
           PERCENTILE_CONT(${share}) WITHIN GROUP (ORDER BY d DESC) FILTER (WHERE x > 3),
           MEDIAN(x * x - 5) FROM t WHERE d < 1500`,
        dealOut(rows, 2),
      );
      const counting = rows.filter(([, , d]) => d! < 150_000n);
      const x = known(counting.map((cells) => cells[1]!));
      const chosen = known(counting.filter((cells) => (cells[1] ?? 0n) > 3n).map((cells) => cells[2]!));
      const d = percentileOf(chosen, BigInt(100 - p));
      assert.deepEqual(table.rows, [
        [
          percentileOf(x, 50n),
          percentileOf(x, BigInt(p)),
          d === null ? null : Number((d / 100).toFixed(4)),
          percentileOf(
            x.map((value) => value * value - 5n),
            50n,
          ),
        ],
      ]);
      checked += x.length;
    }),
    { numRuns: 60 },
  );
  assert.ok(checked > 300, `${checked} rows were ranked`);
});

test('medians and percentiles per group, and groups without values', async () => {
  const seen = { groups: 0, nulls: 0 };
  await fc.assert(
    fc.asyncProperty(rowsOf(50), async (rows) => {
      const { table } = await runClear(
        `${TABLE}SELECT g, COUNT(*), MEDIAN(x), MEDIAN(d), PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY d),
           PERCENTILE_CONT(0) WITHIN GROUP (ORDER BY x) FILTER (WHERE d < 1.03) FROM t GROUP BY g`,
        dealOut(rows, 3),
      );
      const groups = [0n, 1n, 2n, null].map((g) => rows.filter((cells) => cells[0] === g));
      const expected = groups.flatMap((group, g) => {
        if (group.length === 0) return [];
        const d = known(group.map((cells) => cells[2]!));
        const least = known(group.filter((cells) => cells[2]! < 103n).map((cells) => cells[1]!));
        const inUnits = (value: number | null) => (value === null ? null : Number((value / 100).toFixed(4)));
        return [
          [
            ['a', 'b', 'c', null][g],
            group.length,
            percentileOf(known(group.map((cells) => cells[1]!)), 50n),
            inUnits(percentileOf(d, 50n)),
            inUnits(percentileOf(d, 90n)),
            percentileOf(least, 0n),
          ],
        ];
      });
      assert.deepEqual(table.rows, expected);
      seen.groups += expected.length;
      seen.nulls += expected.flat().filter((cell) => cell === null).length;
    }),
    { numRuns: 50 },
  );
  assert.ok(seen.groups > 80 && seen.nulls > 10, JSON.stringify(seen));
});

test('two servers find the same', async () => {
  const rows = fc.sample(row, { numRuns: 90, seed: 5 });
  for (const select of [
    'SELECT MEDIAN(x), PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY d) FROM t WHERE x IS NOT NULL',
    'SELECT g, MEDIAN(x), PERCENTILE_CONT(0.125) WITHIN GROUP (ORDER BY d) FILTER (WHERE x < 9) FROM t GROUP BY g',
  ])
    await runClear(TABLE + select, dealOut(rows, 2), { twoServers: true });
});

test('a median is rounded like any number, filters what it is told, and is hidden where too few rows count', async () => {
  const rows: Row[] = [1n, 2n, 4n, 5n].map((x) => [0n, x, 100n * x]);
  const of = async (select: string, minGroupSize = 1) =>
    (await runClear(`${TABLE}SELECT ${select} FROM t`, { acme: rows }, { minGroupSize })).table.rows[0];
  assert.deepEqual(await of('MEDIAN(x), ROUND(MEDIAN(x)), MEDIAN(d), MEDIAN(x) * 2 > MAX(x)'), [
    3,
    3,
    3,
    true,
  ]);
  assert.deepEqual(await of('PERCENTILE_CONT(0.3333) WITHIN GROUP (ORDER BY x)'), [1.9999]);
  assert.deepEqual(await of('MEDIAN(x) FILTER (WHERE x > 1), MEDIAN(x) FILTER (WHERE x > 9)'), [4, null]);
  assert.deepEqual(await of('MEDIAN(x) FILTER (WHERE x > 1), MEDIAN(x) FILTER (WHERE x > 2)', 3), [4, null]);
  assert.deepEqual(await of('MEDIAN(NULL), MEDIAN(7), MEDIAN(x / 0)'), [null, 7, null]);
});

test('what cannot be ranked is refused', async () => {
  const compile = (select: string) =>
    compileQuery(`${TABLE}SELECT ${select} FROM t`, {
      inputs: [{ party: 'a', table: 't', maxRows: 100 }],
      minGroupSize: 1,
    });
  const refused: readonly (readonly [string, string])[] = [
    ['MEDIAN(g)', 'sql.bad-type'],
    ['MEDIAN(x > 3)', 'sql.bad-type'],
    ['MEDIAN()', 'sql.bad-call'],
    ['MEDIAN(x, d)', 'sql.bad-call'],
    ['PERCENTILE_CONT(0.5)', 'sql.bad-call'],
    ['PERCENTILE_CONT(1.01) WITHIN GROUP (ORDER BY x)', 'sql.bad-call'],
    ['PERCENTILE_CONT(0.12345) WITHIN GROUP (ORDER BY x)', 'sql.bad-call'],
    ['PERCENTILE_CONT(x) WITHIN GROUP (ORDER BY x)', 'sql.bad-call'],
    ['PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x, d)', 'sql.bad-call'],
    ['MEDIAN(SUM(x))', 'sql.misplaced-aggregate'],
  ];
  for (const [select, code] of refused) await assert.rejects(compile(select), { code }, select);
});

test('several percentiles of one column sort once', async () => {
  const sortsOf = async (select: string) => {
    const inputs = [{ party: 'a', table: 't', maxRows: 100 }];
    const { plan } = await compileQuery(`${TABLE}SELECT ${select} FROM t`, { inputs, minGroupSize: 1 });
    const { sort, sampleSort } = planCost(plan).perOperation;
    return (sort?.nodes ?? 0) + (sampleSort?.nodes ?? 0);
  };
  assert.equal(await sortsOf('MEDIAN(d), PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY d), AVG(d)'), 1);
  assert.equal(await sortsOf('MEDIAN(d), MEDIAN(x)'), 2);
});
