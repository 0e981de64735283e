/**
 * Owns what ORDER BY … LIMIT means over groups, against SQLite on random rows, and that nothing but the first groups is
 * among the results; in the clear and on two servers.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { dealOut, Oracle, type Row, runClear } from './support.ts';

const TABLE = `CREATE TABLE t (
  g TEXT CHECK (g IN ('c', 'a', 'd', 'b')),
  k SMALLINT NOT NULL CHECK (k BETWEEN 3 AND 5),
  x INTEGER CHECK (x BETWEEN -30 AND 30),
  f BOOLEAN);`;
const LETTERS = ['c', 'a', 'd', 'b'];

const orNull = (value: fc.Arbitrary<bigint>) => fc.option<bigint, null>(value, { freq: 6, nil: null });
const row: fc.Arbitrary<Row> = fc.tuple(
  orNull(fc.bigInt(0n, 3n)),
  fc.bigInt(3n, 5n),
  orNull(fc.oneof(fc.bigInt(-2n, 2n), fc.bigInt(-30n, 30n))),
  orNull(fc.bigInt(0n, 1n)),
);

/** Each order is total, so that ties are nobody's choice. */
const QUERIES: readonly string[] = [
  'SELECT g, COUNT(*) AS n FROM t GROUP BY g ORDER BY n DESC, g NULLS FIRST LIMIT 2',
  'SELECT g, k, SUM(x) AS s FROM t GROUP BY g, k ORDER BY s DESC NULLS LAST, k DESC, g NULLS FIRST LIMIT 4',
  'SELECT SUM(x) AS s, f, k FROM t WHERE k > 3 GROUP BY k, f ORDER BY s NULLS FIRST, f DESC NULLS LAST, k LIMIT 3',
  'SELECT g, MAX(x) > 0 AS positive, COUNT(x) AS n, 7 AS seven FROM t GROUP BY g HAVING COUNT(*) > 2 ORDER BY positive DESC NULLS LAST, n, g DESC NULLS LAST LIMIT 3',
  'SELECT k, MIN(x) AS least FROM t GROUP BY k ORDER BY k DESC LIMIT 1',
  "SELECT k, CASE WHEN COUNT(*) > 4 THEN 'many' WHEN COUNT(*) > 2 THEN 'few' END AS size FROM t GROUP BY k ORDER BY size NULLS FIRST, k LIMIT 2",
];

const oracle = new Oracle();
after(() => oracle.close());

test('the first groups are those of SQLite, in its order', async () => {
  let rowsSeen = 0;
  let short = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 30, size: 'max' }), async (rows) => {
      await oracle.run('DROP TABLE IF EXISTS t');
      await oracle.run('CREATE TABLE t (g TEXT, k INT, x INT, f INT)');
      const number = (cell: bigint | null) => (cell === null ? null : Number(cell));
      await oracle.insert(
        't',
        rows.map(([g, k, x, f]) => [
          g === null ? null : LETTERS[Number(g)],
          number(k!),
          number(x!),
          number(f!),
        ]),
      );
      for (const query of QUERIES) {
        const { table } = await runClear(TABLE + query, dealOut(rows, 2));
        const expected = (await oracle.rows(query)).map((cells) => Object.values(cells));
        const ours = table.rows.map((cells) =>
          cells.map((cell) => (typeof cell === 'boolean' ? Number(cell) : cell)),
        );
        assert.deepEqual(ours, expected, query);
        rowsSeen += ours.length;
        if (ours.length < Number(/\d+$/.exec(query)?.[0])) short++;
      }
    }),
    { numRuns: 40 },
  );
  assert.ok(rowsSeen > 200 && short > 10, `${rowsSeen} rows, ${short} answers shorter than their limit`);
});

test('two servers find the same', async () => {
  const rows = fc.sample(row, { numRuns: 60, seed: 8 });
  for (const query of QUERIES) await runClear(TABLE + query, dealOut(rows, 2), { twoServers: true });
});

test('only as many rows as asked for are opened, and those of hidden groups hold nothing', async () => {
  const rows: Row[] = [
    [0n, 3n, 5n, 1n],
    [0n, 3n, 6n, 1n],
    [1n, 4n, 7n, 0n],
  ];
  const query = `${TABLE}SELECT g, k, SUM(x) AS s FROM t GROUP BY g, k ORDER BY s DESC LIMIT 3`;
  const { table, outputs, query: compiled } = await runClear(query, { acme: rows }, { minGroupSize: 2 });
  assert.deepEqual(table.rows, [['c', 3, 11]]);
  assert.equal(compiled.result.rows, 3);
  assert.ok(outputs.length >= 4, `${outputs.length} outputs`);
  for (const { name, values } of outputs) {
    assert.equal(values.length, 3, name);
    assert.deepEqual(values.slice(1), [0n, 0n], `${name}: no trace of a group that is not shown`);
  }
});

test('groups that are equal in what is ordered by stand as they are declared', async () => {
  const rows: Row[] = [2n, 3n, 1n, 0n].map((g) => [g, 3n, 1n, 1n]);
  const first = async (order: string) =>
    (await runClear(`${TABLE}SELECT g, COUNT(*) FROM t GROUP BY g ${order}`, { acme: rows })).table.rows.map(
      ([g]) => g,
    );
  assert.deepEqual(await first('ORDER BY 2 LIMIT 3'), ['c', 'a', 'd']);
  assert.deepEqual(await first('LIMIT 2'), ['c', 'a']);
  assert.deepEqual(await first('ORDER BY g LIMIT 2'), ['a', 'b']);
  assert.deepEqual(await first('ORDER BY g DESC LIMIT ALL'), ['d', 'c', 'b', 'a']);
  assert.deepEqual(await first('ORDER BY g LIMIT 5000000000'), ['a', 'b', 'c', 'd']);
});

test('one row in all needs no sorting', async () => {
  const { table, query } = await runClear(`${TABLE}SELECT COUNT(*) FROM t LIMIT 1`, { acme: [] });
  assert.deepEqual(table.rows, [[0]]);
  assert.ok(
    query.plan.nodes.every(({ operation }) => operation.op !== 'sort' && operation.op !== 'sampleSort'),
    'nothing is sorted',
  );
});
