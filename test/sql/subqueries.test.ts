/**
 * Owns subqueries in FROM and WITH: a query over a projection is the query over its table, and compiles to the same plan; a query over groups
 * has the answer SQLite gives, and no group of the subquery is among the results.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planDigest } from '../../src/plan/check.ts';
import { compileQuery } from '../../src/sql/compile.ts';
import { dealOut, Oracle, type Row, runClear } from './support.ts';

const TABLE = `CREATE TABLE t (a TEXT NOT NULL CHECK (a IN ('x', 'y')), b INTEGER CHECK (b BETWEEN 0 AND 9),
  d INTEGER NOT NULL CHECK (d BETWEEN 0 AND 9), note TEXT);`;
const ROWS: readonly Row[] = [
  [0n, 1n, 4n, null],
  [0n, 2n, 5n, null],
  [1n, 3n, 6n, null],
  [1n, 9n, 7n, null],
  [1n, null, 8n, null],
  [0n, 4n, 1n, null],
];

const compiled = async (select: string) =>
  compileQuery(TABLE + select, { inputs: [{ party: 'p', table: 't', maxRows: 10 }], minGroupSize: 1 });

const SAME: readonly (readonly [string, string])[] = [
  [
    'SELECT a, SUM(c) AS s FROM (SELECT a, b * 2 AS c FROM t WHERE d > 3) AS s WHERE c < 9 GROUP BY a',
    'SELECT a, SUM(b * 2) AS s FROM t WHERE d > 3 AND b * 2 < 9 GROUP BY a',
  ],
  [
    'WITH s AS (SELECT a AS kind, b + d AS e FROM t) SELECT kind, AVG(e) FROM s GROUP BY kind HAVING MAX(e) > 3 ORDER BY 2 DESC',
    'SELECT a AS kind, AVG(b + d) FROM t GROUP BY a HAVING MAX(b + d) > 3 ORDER BY 2 DESC',
  ],
  [
    'WITH s AS (SELECT * FROM t WHERE d > 3), u AS MATERIALIZED (SELECT u.*, b FROM s AS u) SELECT COUNT(*) FROM u',
    'SELECT COUNT(*) FROM t WHERE d > 3',
  ].map((text) => text.replace('u.*, b', 'a, b')) as [string, string],
  [
    'SELECT COUNT(*) FILTER (WHERE w) AS n FROM (SELECT s.e > 4 AS w, s.a FROM (SELECT t.a, -(-t.d) AS e FROM t) s) q',
    'SELECT COUNT(*) FILTER (WHERE -(-d) > 4) AS n FROM t',
  ],
  [
    'SELECT DISTINCT kind FROM (SELECT a AS kind FROM t WHERE d > 6) AS s',
    'SELECT a AS kind FROM t WHERE d > 6 GROUP BY a',
  ],
  ['SELECT SUM(d) FROM (SELECT * FROM t)', 'SELECT SUM(d) FROM t'],
  [
    'SELECT s.a, COUNT(*) FROM (SELECT a, a AS again, d FROM t) s GROUP BY s.a',
    'SELECT a, COUNT(*) FROM t GROUP BY a',
  ],
];

test('a query over a projection is the query over its table: the same plan, the same answer, the same promise', async () => {
  for (const [nested, flat] of SAME) {
    const [one, other] = [await compiled(nested), await compiled(flat)];
    assert.equal(planDigest(one.plan), planDigest(other.plan), nested);
    assert.deepEqual(one.disclosure, other.disclosure, nested);
    const [mine, theirs] = [
      await runClear(TABLE + nested, { p: ROWS }),
      await runClear(TABLE + flat, { p: ROWS }),
    ];
    assert.deepEqual(mine.table, theirs.table, nested);
    assert.ok(mine.table.rows.length > 0, nested);
  }
  assert.equal(SAME.length, 7);
});

test('the example of the manual has the answer it should', async () => {
  const { table } = await runClear(`${TABLE}${SAME[0]![0]}`, { p: ROWS });
  assert.deepEqual(table.rows, [
    ['x', 6],
    ['y', 6],
  ]);
});

test('the answer names the outer columns, and a hidden column of a subquery is not brought', async () => {
  const { query, table } = await runClear(
    `${TABLE}SELECT c, COUNT(*) FROM (SELECT a AS c, b, d FROM t) AS s GROUP BY c`,
    { p: ROWS },
  );
  assert.deepEqual(
    table.columns.map(({ name }) => name),
    ['c', 'count'],
  );
  const columns = query.plan.nodes.flatMap(({ operation: o }) =>
    o.op === 'input' ? [o.column ?? o.encoding] : [],
  );
  assert.deepEqual(columns.sort(), ['a', 'present']);
});

test('subqueries that multiply an expression beyond reason are refused, quickly', async () => {
  let source = 't';
  for (let level = 0; level < 18; level++) source = `(SELECT d + d AS d FROM ${source}) AS s${level}`;
  const started = performance.now();
  await assert.rejects(compiled(`SELECT SUM(d) FROM ${source}`), { name: 'MpcError', code: 'sql.too-deep' });
  for (let level = 18; level < 40; level++) source = `(SELECT d FROM ${source}) AS s${level}`;
  await assert.rejects(compiled(`SELECT SUM(d) FROM ${source}`), { name: 'MpcError', code: 'sql.too-deep' });
  assert.ok(performance.now() - started < 5000, 'in good time');
});

const GROUPING: readonly string[] = [
  'SELECT n, COUNT(*), SUM(s) FROM (SELECT b, COUNT(*) AS n, SUM(d) AS s FROM t GROUP BY b) AS g GROUP BY n',
  'WITH g AS (SELECT a, b, SUM(d) AS n, MAX(d) AS m FROM t WHERE d > 1 GROUP BY a, b HAVING COUNT(*) > 1) SELECT a, COUNT(*), SUM(n), MIN(m), COUNT(DISTINCT b) FROM g GROUP BY a',
  'SELECT COUNT(*), MAX(b), COUNT(b), SUM(b) FILTER (WHERE d > 4) FROM (SELECT DISTINCT b, d FROM t) AS g WHERE d > 2',
  'SELECT MAX(m), COUNT(*), SUM(v) FROM (SELECT SUM(b) > 30 AS p, COUNT(*) AS m, SUM(d) AS v FROM t) AS g WHERE p',
  'SELECT k, SUM(c) FROM (SELECT n % 3 AS k, COUNT(*) AS c FROM (SELECT d, a, COUNT(*) AS n FROM t GROUP BY d, a) AS g GROUP BY k) AS u GROUP BY k',
  "SELECT SUM(CASE WHEN a = 'x' THEN n END), COUNT(a), MAX(one) FROM (SELECT a, d, COUNT(b) AS n, 1 AS one FROM t GROUP BY 1, 2) AS g",
  'SELECT a, big, COUNT(*) FROM (SELECT a, SUM(d) * 1000 AS big, NULL AS none FROM t GROUP BY a, b) AS g GROUP BY big, a',
  'SELECT many, COUNT(*), AVG(n) FROM (SELECT d, COUNT(*) > 2 AS many, COUNT(*) AS n FROM t GROUP BY d) AS g GROUP BY many',
];

test('a query over groups has the answer of SQLite, in the clear and on two servers', async () => {
  const rows = Array.from(
    { length: 50 },
    (_, i): Row => [
      BigInt((i * 7) % 3 === 0 ? 1 : 0),
      i % 9 === 4 ? null : BigInt((i * i) % 10),
      BigInt((i * 11) % 7),
      null,
    ],
  );
  const oracle = new Oracle();
  await oracle.run('CREATE TABLE t (a TEXT, b INT, d INT)');
  await oracle.insert(
    't',
    rows.map(([a, b, d]) => ['xy'[Number(a)], b === null ? null : Number(b), Number(d)]),
  );
  let cells = 0;
  for (const query of GROUPING) {
    const { table } = await runClear(TABLE + query, dealOut(rows, 2), { twoServers: true });
    const expected = (await oracle.rows(query)).map((row) => Object.values(row));
    const plain = table.rows.map((row) =>
      row.map((cell, at) =>
        typeof cell === 'boolean'
          ? Number(cell)
          : table.columns[at]?.name === 'avg'
            ? Number(cell).toFixed(3)
            : cell,
      ),
    );
    const theirs = expected.map((row) =>
      row.map((cell, at) => (table.columns[at]?.name === 'avg' ? Number(cell).toFixed(3) : cell)),
    );
    const sorted = (list: readonly unknown[][]) => list.map((row) => JSON.stringify(row)).sort();
    assert.deepEqual(sorted(plain), sorted(theirs), query);
    cells += plain.flat().length;
  }
  await oracle.close();
  assert.ok(cells > 60, `only ${cells} cells were compared`);
});

test('the least size of a group counts what the query is over, and nothing but the answer is an output', async () => {
  const rows = Array.from({ length: 12 }, (_, i): Row => [0n, BigInt(i % 3), BigInt(i % 6), null]);
  const query = `${TABLE}SELECT b, SUM(n) FROM (SELECT b, d, COUNT(*) AS n FROM t GROUP BY b, d) AS g GROUP BY b`;
  const of = async (minGroupSize: number) => runClear(query, { p: rows }, { minGroupSize });
  assert.deepEqual((await of(2)).table.rows, [
    [0, 4],
    [1, 4],
    [2, 4],
  ]);
  const { table, outputs } = await of(3);
  assert.deepEqual(table.rows, [], 'each b has two groups');
  assert.deepEqual(
    outputs.map(({ name }) => name),
    ['value-2', 'known-2', 'shown'].filter((name) => outputs.some((output) => output.name === name)),
  );
});
