/**
 * Owns what COUNT(DISTINCT) means, against SQLite on random rows: numbers, decimals, texts, conditions and expressions, all rows
 * and groups, NULLs, WHERE, FILTER, HAVING; in the clear and on two servers.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { compileQuery } from '../../src/sql/compile.ts';
import { dealOut, Oracle, type Row, runClear } from './support.ts';

const TABLE = `CREATE TABLE t (
  g TEXT CHECK (g IN ('a', 'b', 'c')),
  x INTEGER CHECK (x BETWEEN -3 AND 30),
  d DECIMAL(6, 2) NOT NULL CHECK (d BETWEEN 1 AND 2000),
  f BOOLEAN);`;

const orNull = (value: fc.Arbitrary<bigint>) => fc.option<bigint, null>(value, { freq: 6, nil: null });
const row: fc.Arbitrary<Row> = fc.tuple(
  orNull(fc.bigInt(0n, 2n)),
  orNull(fc.oneof(fc.bigInt(-3n, 0n), fc.bigInt(-3n, 30n))),
  fc.oneof(fc.bigInt(100n, 103n), fc.bigInt(100n, 200_000n)),
  orNull(fc.bigInt(0n, 1n)),
);

const QUERIES: readonly string[] = [
  'SELECT COUNT(DISTINCT x), COUNT(DISTINCT d), COUNT(DISTINCT g), COUNT(DISTINCT f), COUNT(x) FROM t',
  'SELECT COUNT(DISTINCT x) FILTER (WHERE d < 2), COUNT(DISTINCT x * x), COUNT(DISTINCT d > 1.5) FROM t WHERE f',
  'SELECT g, COUNT(DISTINCT x), COUNT(DISTINCT d), COUNT(*) FROM t GROUP BY g',
  'SELECT g, COUNT(DISTINCT f), COUNT(DISTINCT x) FILTER (WHERE f), COUNT(DISTINCT g) FROM t WHERE d < 1000 GROUP BY g',
  'SELECT f, g, COUNT(DISTINCT x + 1) FROM t GROUP BY f, g HAVING COUNT(DISTINCT x) > 1',
];

const oracle = new Oracle();
after(() => oracle.close());

test('counts of different values equal those of SQLite', async () => {
  let cells = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 50, size: 'max' }), async (rows) => {
      await oracle.run('DROP TABLE IF EXISTS t');
      await oracle.run('CREATE TABLE t (g TEXT, x INT, d REAL, f INT)');
      const number = (cell: bigint | null) => (cell === null ? null : Number(cell));
      await oracle.insert(
        't',
        rows.map(([g, x, d, f]) => [
          g === null ? null : 'abc'[Number(g)],
          number(x!),
          Number(d) / 100,
          number(f!),
        ]),
      );
      for (const query of QUERIES) {
        const { table } = await runClear(TABLE + query, dealOut(rows, 2));
        const expected = (await oracle.rows(query)).map((cellsOf) => Object.values(cellsOf));
        const plain = table.rows.map((cellsOf) =>
          cellsOf.map((cell) => (typeof cell === 'boolean' ? Number(cell) : cell)),
        );
        const sorted = (list: unknown[][]) => list.map((cellsOf) => JSON.stringify(cellsOf)).sort();
        assert.deepEqual(sorted(plain), sorted(expected), query);
        cells += plain.flat().length;
      }
    }),
    { numRuns: 30 },
  );
  assert.ok(cells > 1000, `${cells} cells were compared`);
});

test('two servers find the same', async () => {
  const rows = fc.sample(row, { numRuns: 80, seed: 3 });
  for (const query of QUERIES) await runClear(TABLE + query, dealOut(rows, 2), { twoServers: true });
});

test('different values of too few rows are not counted, where groups have a least size', async () => {
  const rows: Row[] = [1n, 1n, 2n].map((x) => [0n, x, 100n, 1n]);
  const query = `${TABLE}SELECT COUNT(DISTINCT x), COUNT(DISTINCT x) FILTER (WHERE x = 1) FROM t`;
  const of = async (minGroupSize: number) =>
    (await runClear(query, { acme: rows }, { minGroupSize })).table.rows[0];
  assert.deepEqual(await of(1), [2, 1]);
  assert.deepEqual(await of(3), [2, null]);
});

test('rows that WHERE leaves out count for no group, though every place is taken', async () => {
  const rows = Array.from(
    { length: 64 },
    (_, i): Row => [0n, i === 63 ? null : 7n, i === 63 ? 100n : 500n, null],
  );
  const query = `${TABLE}SELECT g, COUNT(DISTINCT x + d), COUNT(*) FROM t WHERE d < 2 GROUP BY g`;
  const { table } = await runClear(query, { acme: rows }, { spare: 0 });
  assert.deepEqual(table.rows, [['a', 0, 1]]);
});

test('only COUNT takes DISTINCT, and not for groups times values beyond 62 bits', async () => {
  const compile = (select: string, table = TABLE) =>
    compileQuery(`${table}SELECT ${select} FROM t`, {
      inputs: [{ party: 'a', table: 't', maxRows: 100 }],
      minGroupSize: 1,
    });
  await assert.rejects(compile('SUM(DISTINCT x)'), { code: 'sql.unsupported' });
  await assert.rejects(compile('COUNT(DISTINCT x, d)'), { code: 'sql.bad-call' });
  await assert.rejects(compile('COUNT(DISTINCT x)', 'CREATE TABLE t (x BIGINT);'), { code: 'sql.too-wide' });
});
