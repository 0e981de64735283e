/**
 * Owns the promise that nothing in a query is ever ignored: what is not supported is refused with its line and column, a
 * code, and a hint that says what to write instead. The mark » in a text is where the refusal must point.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { compileQuery } from '../../src/sql/compile.ts';

const TABLE = `CREATE TABLE t (
  a INTEGER NOT NULL CHECK (a BETWEEN 0 AND 100),
  d DECIMAL(5, 2),
  e TEXT CHECK (e IN ('x', 'y')),
  f BOOLEAN,
  g DATE,
  big BIGINT,
  name TEXT
);
`;

async function refusal(
  marked: string,
  tables = TABLE,
  inputs = [{ party: 'acme', table: 't', maxRows: 100 }],
) {
  const text = tables + marked;
  const at = text.indexOf('»');
  const before = text.slice(0, Math.max(at, 0)).split('\n');
  const error = await compileQuery(text.replace('»', ''), { inputs, minGroupSize: 1 }).then(
    () => assert.fail(`accepted: ${marked}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof MpcError, `${marked}\n${error}`);
  assert.equal(error.exitCode, EXIT.badData, marked);
  assert.ok(error.hint !== undefined && error.hint.length > 3, `${marked}: a hint`);
  if (at >= 0)
    assert.deepEqual(
      error.place,
      { line: before.length, column: [...before.at(-1)!].length + 1 },
      `${marked}: ${error.message}`,
    );
  return error;
}

/** Everything here is valid PostgreSQL that we do not compute. */
const UNSUPPORTED: readonly string[] = [
  'SELECT COUNT(*) FROM (SELECT a FROM t ORDER BY »a) AS s',
  'SELECT COUNT(*) FROM (SELECT a FROM t LIMIT »3) AS s',
  'SELECT COUNT(*) FROM (SELECT »a FROM t UNION SELECT a FROM t) AS s',
  'SELECT COUNT(*) FROM LATERAL (SELECT »a FROM t) AS s',
  'SELECT COUNT(*) FROM (SELECT »a FROM t) AS s (x)',
  'SELECT COUNT(*) FROM (VALUES (»1)) AS s',
  'SELECT COUNT(*) FROM (SELECT »t.* FROM t) AS s',
  'SELECT SUM(a) FROM t WHERE a > »(SELECT AVG(a) FROM t)',
  'SELECT »(SELECT 1), COUNT(*) FROM t',
  'SELECT COUNT(*) FROM t WHERE »EXISTS (SELECT 1)',
  'SELECT COUNT(*) FROM t WHERE a »IN (SELECT 1)',
  '»WITH RECURSIVE s AS (SELECT a FROM t) SELECT COUNT(*) FROM s',
  'WITH »s (x) AS (SELECT a FROM t) SELECT COUNT(*) FROM s',
  'WITH »s AS (DELETE FROM t RETURNING a) SELECT COUNT(*) FROM s',
  '»SELECT DISTINCT e FROM t GROUP BY e',
  '»SELECT DISTINCT COUNT(*) FROM t',
  'SELECT DISTINCT ON (»e) e FROM t',
  'SELECT »SUM(DISTINCT a) FROM t',
  'SELECT »VARIANCE(DISTINCT a) FROM t',
  'SELECT »MEDIAN(DISTINCT a) FROM t',
  'WITH s AS (SELECT a FROM t LIMIT »3) SELECT COUNT(*) FROM s',
  'SELECT SUM(a) OVER »(PARTITION BY e) FROM t',
  'SELECT COUNT(*) FROM t WINDOW w AS »(PARTITION BY e)',
  'SELECT e, COUNT(*) FROM t GROUP BY e ORDER BY 2 LIMIT 3 OFFSET »1',
  '»SELECT e, COUNT(*) FROM t GROUP BY e ORDER BY 2 FETCH FIRST 3 ROWS WITH TIES',
  'SELECT COUNT(*) FROM t OFFSET »1',
  'SELECT COUNT(*) FROM t ORDER BY »SUM(a)',
  '»SELECT COUNT(*) FROM t FOR UPDATE',
  'SELECT »COUNT(*) FROM t UNION SELECT 1',
  'SELECT e, COUNT(*) FROM t GROUP BY »ROLLUP (e)',
  '»SELECT e, COUNT(*) FROM t GROUP BY DISTINCT e',
  'SELECT COUNT(*) FROM t GROUP BY »name',
  'SELECT COUNT(*) FROM t GROUP BY »NULL',
  'SELECT DISTINCT a, »name FROM t',
  'SELECT SUM(n) FROM (SELECT name, COUNT(*) AS n FROM t GROUP BY »name) AS s',
  'SELECT COUNT(*) FROM (SELECT a, COUNT(*) AS n FROM t GROUP BY a ORDER BY »n) AS s',
  'SELECT COUNT(*) FROM (SELECT a, COUNT(*) AS n FROM t GROUP BY a LIMIT »3) AS s',
  'SELECT COUNT(*) FROM (SELECT DISTINCT »COUNT(*) FROM t GROUP BY a) AS s',
  'SELECT »PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY a) FROM t',
  'SELECT »MODE() WITHIN GROUP (ORDER BY a) FROM t',
  'SELECT MEDIAN(a ORDER BY »a) FROM t',
  'SELECT SUM(a) WITHIN GROUP (ORDER BY »a) FROM t',
  "SELECT »STRING_AGG(e, ',') FROM t",
  "SELECT COUNT(*) FROM t WHERE e »LIKE 'x%'",
  'SELECT COUNT(*) FROM t WHERE a »IS DISTINCT FROM 3',
  'SELECT COUNT(*) FROM t WHERE a »BETWEEN SYMMETRIC 3 AND 1',
  'SELECT COUNT(*) FROM t WHERE a »= ANY (ARRAY[1, 2])',
  'SELECT SUM(a »^ 2) FROM t',
  "SELECT MAX(a) »|| 'x' FROM t",
  'SELECT COUNT(*)::»REAL FROM t',
  'SELECT COUNT(*) FROM t WHERE g < »CURRENT_DATE',
  'SELECT COUNT(*) FROM t WHERE »EXTRACT(MONTH FROM g) = 2',
  'SELECT »REGR_AVGX(a, a) FROM t',
  'SELECT COUNT(*) FROM t WHERE a = »$1',
  'SELECT »* FROM t',
  'SELECT »t.* FROM t',
  'SELECT COUNT(*) FROM »public.t',
  'SELECT COUNT(*) FROM t TABLESAMPLE »SYSTEM (10)',
  'SELECT COUNT(*) FROM »t AS s (x, y)',
  '»INSERT INTO t VALUES (1)',
  'SELECT COUNT(*) FROM t; »SELECT 1',
  'SELECT COUNT(*) FROM t WHERE »(a, a) = (1, 2)',
];

/** Declarations that PostgreSQL takes and we do not. */
const UNSUPPORTED_TABLES: readonly string[] = [
  'CREATE TABLE t (a TEXT »PRIMARY KEY);',
  'CREATE TABLE t (a INTEGER, b TEXT, »UNIQUE (a, b));',
  'CREATE TABLE t (a INTEGER UNIQUE »DEFERRABLE);',
  'CREATE TABLE t (a INTEGER, »UNIQUE NULLS NOT DISTINCT (a));',
  'CREATE TABLE t (a INTEGER »DEFAULT 3);',
  'CREATE TABLE t (a INTEGER »REFERENCES u (a));',
  'CREATE TABLE t (a INTEGER »GENERATED ALWAYS AS IDENTITY);',
  'CREATE TABLE t (a INTEGER, »FOREIGN KEY (a) REFERENCES u (b));',
  'CREATE TABLE t (LIKE »u);',
  'CREATE TABLE t (a INTEGER) INHERITS (»u);',
  'CREATE TABLE t (a INTEGER) »PARTITION BY LIST (a);',
  'CREATE TABLE t (a INTEGER) WITH (»fillfactor = 70);',
  'CREATE TEMPORARY TABLE »t (a INTEGER);',
  '»CREATE TABLE IF NOT EXISTS t (a INTEGER);',
  'CREATE TABLE »s.t (a INTEGER);',
  'CREATE TABLE t (a »REAL);',
  'CREATE TABLE t (a »DOUBLE PRECISION);',
  'CREATE TABLE t (a »TIMESTAMP);',
  'CREATE TABLE t (a »SERIAL);',
  'CREATE TABLE t (a »INTEGER[]);',
  'CREATE TABLE t (a TEXT »COLLATE "C");',
  'CREATE TABLE t (a INTEGER CHECK (a % 2 »= 0));',
  'CREATE TABLE t (a INTEGER CHECK (a > 0 »OR a < -3));',
  'CREATE TABLE t (a INTEGER CHECK (a »IN (1, 2)));',
  "CREATE TABLE t (a TEXT CHECK (a IN (»'')));",
  'CREATE TABLE t (a INTEGER, b INTEGER CHECK (»a > 0));',
];

test('what PostgreSQL has and we do not is refused with its place', async () => {
  for (const query of UNSUPPORTED) {
    const error = await refusal(query);
    assert.equal(error.code, 'sql.unsupported', `${query}: ${error.message}`);
  }
  assert.ok(UNSUPPORTED.length >= 40);
});

test('declarations we cannot keep are refused with their place', async () => {
  for (const declaration of UNSUPPORTED_TABLES) {
    const error = await refusal(`${declaration} SELECT COUNT(*) FROM t`, '');
    assert.equal(error.code, 'sql.unsupported', `${declaration}: ${error.message}`);
  }
  assert.ok(UNSUPPORTED_TABLES.length >= 20);
});

const WRONG: readonly (readonly [string, string])[] = [
  ['syntax', 'SELECT COUNT(*) FROM t WHERE ») 1'],
  ['syntax', "SELECT COUNT(*) FROM t WHERE e = 'é' »AN a = 1"],
  ['no-select', ''],
  ['unknown-column', 'SELECT SUM(»wage) FROM t'],
  ['unknown-column', 'SELECT COUNT(*) FROM t GROUP BY »z'],
  ['unknown-table', 'SELECT COUNT(*) FROM »u'],
  ['unknown-table', 'SELECT SUM(»u.a) FROM t'],
  ['not-grouped', 'SELECT »a FROM t'],
  ['not-grouped', 'SELECT e, »a + COUNT(*) FROM t GROUP BY e'],
  ['not-grouped', 'SELECT a / 3, »a FROM t GROUP BY a / 3'],
  ['not-grouped', 'SELECT a % 10 + COUNT(*), big / »a FROM t GROUP BY big, a % 10'],
  ['not-grouped', 'SELECT COUNT(*) FROM (SELECT »a FROM t HAVING TRUE) AS s'],
  ['not-grouped', 'SELECT SUM(n) FROM (SELECT »big, COUNT(*) AS n FROM t GROUP BY a) AS s'],
  [
    'unknown-column',
    'SELECT a, SUM(n) FROM (SELECT a, COUNT(*) AS n FROM t GROUP BY a) AS s GROUP BY »big, a',
  ],
  ['unknown-column', 'SELECT COUNT(*) AS n FROM t GROUP BY a + »n'],
  ['unknown-column', 'SELECT SUM(»d) FROM (SELECT a FROM t) AS s'],
  ['unknown-column', 'SELECT SUM(a) FROM (SELECT a, »z AS y FROM t) AS s'],
  ['unknown-column', 'SELECT SUM(a) FROM (SELECT a FROM t WHERE »z > 3) AS s'],
  ['unknown-table', 'SELECT SUM(»t.a) FROM (SELECT a FROM t) AS s'],
  ['unknown-table', 'SELECT SUM(a) FROM (SELECT a FROM »u) AS s'],
  ['unknown-table', 'SELECT SUM(a) FROM (SELECT * FROM »u) AS s'],
  ['unused-table', 'WITH s AS (SELECT a FROM r), »r AS (SELECT a FROM t) SELECT SUM(a) FROM s'],
  ['unused-table', 'WITH »s AS (SELECT a FROM t) SELECT SUM(a) FROM t'],
  ['duplicate-table', 'WITH »t AS (SELECT a FROM t) SELECT SUM(a) FROM t'],
  ['duplicate-table', 'WITH s AS (SELECT a FROM t), »s AS (SELECT a FROM t) SELECT SUM(a) FROM s'],
  ['ambiguous-column', 'SELECT SUM(»a) FROM (SELECT a, big AS a FROM t) AS s'],
  ['bad-type', 'SELECT COUNT(*) FROM (SELECT a, »e + 1 AS x FROM t) AS s'],
  ['bad-type', 'SELECT »STDDEV(e) FROM t'],
  ['bad-type', 'SELECT »CORR(a, f) FROM t'],
  ['bad-type', 'SELECT »VAR_POP(g) FROM t'],
  ['bad-type', 'SELECT »GREATEST(SUM(a), e) FROM t GROUP BY e'],
  ['bad-type', "SELECT SUM(»LEAST(a, 'x')) FROM t"],
  ['bad-type', 'SELECT »GREATEST(MAX(g), 3) FROM t'],
  ['bad-type', 'SELECT »SIGN(MAX(g)) FROM t'],
  ['bad-type', 'SELECT »EXTRACT(YEAR FROM SUM(a)) FROM t'],
  ['bad-type', 'SELECT MAX(g) »% 3 FROM t'],
  ['bad-call', 'SELECT »CORR(a) FROM t'],
  ['bad-call', 'SELECT »STDDEV(a, a) FROM t'],
  ['bad-call', 'SELECT »ABS(DISTINCT a) FROM t'],
  ['bad-call', 'SELECT »MOD(a) FROM t'],
  ['misplaced-aggregate', 'SELECT STDDEV(»SUM(a)) FROM t'],
  ['misplaced-aggregate', 'SELECT CORR(a, »MAX(a)) FROM t'],
  ['too-wide', 'SELECT »VARIANCE(big) FROM t'],
  ['too-wide', 'SELECT »CORR(big, a) FROM t'],
  ['too-wide', 'SELECT ROUND(»REGR_R2(a, a), 9) FROM t'],
  ['too-wide', 'SELECT »REGR_SLOPE(a, big) FROM t'],
  ['too-wide', 'SELECT ROUND(»STDDEV(a), 13) FROM t'],
  ['too-wide', 'SELECT SUM(»EXTRACT(YEAR FROM g)) FROM t'],
  ['no-aggregate', '»SELECT 1 FROM t'],
  ['nothing-computed', '»SELECT 1 FROM t HAVING TRUE'],
  ['misplaced-aggregate', 'SELECT COUNT(*) FROM t WHERE »SUM(a) > 3'],
  ['misplaced-aggregate', 'SELECT SUM(»MAX(a)) FROM t'],
  ['misplaced-aggregate', 'SELECT COUNT(*) FROM t GROUP BY »SUM(a)'],
  ['misplaced-aggregate', 'SELECT big, MAX(a) FROM t GROUP BY big, »2'],
  ['misplaced-aggregate', 'SELECT COUNT(*) FROM (SELECT a FROM t WHERE a > »MAX(a)) AS s'],
  ['bad-type', 'SELECT COUNT(*) FROM t GROUP BY »e + 1'],
  ['too-wide', 'SELECT d, »MIN(big) FROM t GROUP BY d'],
  ['too-wide', 'SELECT d, »MEDIAN(big) FROM t GROUP BY d'],
  ['too-wide', 'SELECT d, »COUNT(DISTINCT big) FROM t GROUP BY d'],
  ['bad-type', 'SELECT »SUM(e) FROM t'],
  ['bad-type', 'SELECT »MIN(f) FROM t'],
  ['bad-type', 'SELECT »SUM(g) FROM t'],
  ['bad-type', 'SELECT COUNT(*) FROM t WHERE »a'],
  ['bad-type', "SELECT COUNT(*) FROM t WHERE e »< 'x'"],
  ['bad-type', "SELECT COUNT(*) FROM t WHERE a »= 'x'"],
  ['bad-type', 'SELECT COUNT(*) FROM t WHERE »f + 1 = 2'],
  ['bad-type', 'SELECT COUNT(*) FROM t WHERE g »= 3'],
  ['bad-type', "SELECT CASE WHEN COUNT(*) > 3 THEN »1 ELSE 'x' END FROM t"],
  ['bad-type', 'SELECT COUNT(*) FILTER (WHERE »a) FROM t'],
  ['bad-literal', "SELECT COUNT(*) FROM t WHERE g »= '2026-02-30'"],
  ['bad-literal', 'SELECT SUM(a * »1e3) FROM t'],
  ['bad-limit', 'SELECT e, COUNT(*) FROM t GROUP BY e LIMIT »0'],
  ['bad-limit', 'SELECT e, COUNT(*) FROM t GROUP BY e LIMIT 1 »+ 1'],
  ['bad-call', 'SELECT »COUNT() FROM t'],
  ['bad-call', 'SELECT ROUND(SUM(a), »99) FROM t'],
  ['bad-position', 'SELECT e, COUNT(*) FROM t GROUP BY »3'],
  ['unknown-value', "SELECT COUNT(*) FROM t WHERE e »= 'z'"],
  ['unknown-value', "SELECT COUNT(*) FROM t WHERE e IN ('x', »'q')"],
  ['no-values', "SELECT COUNT(*) FROM t WHERE »name = 'Ann'"],
  ['too-wide', 'SELECT »SUM(big) FROM t'],
  ['too-wide', 'SELECT SUM(big »* big) FROM t'],
  ['too-wide', 'SELECT COUNT(*) FROM t WHERE big < »-big'],
  ['too-wide', 'SELECT AVG(a)»::DECIMAL(4, 3) FROM t'],
];

test('mistakes are refused with their place', async () => {
  for (const [code, query] of WRONG) {
    const error = await refusal(query);
    assert.equal(error.code, `sql.${code}`, `${query}: ${error.message}`);
  }
});

test('mistakes in declarations are refused with their place', async () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['duplicate-column', 'CREATE TABLE t (a INTEGER, »a INTEGER);'],
    ['duplicate-table', 'CREATE TABLE t (a INTEGER); »CREATE TABLE t (b INTEGER);'],
    ['unused-table', 'CREATE TABLE t (a INTEGER); »CREATE TABLE u (b INTEGER);'],
    ['contradiction', 'CREATE TABLE t (a INTEGER NOT NULL »NULL);'],
    ['contradiction', 'CREATE TABLE t (»a INTEGER NULL, PRIMARY KEY (a));'],
    ['contradiction', 'CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER »PRIMARY KEY);'],
    ['unknown-column', 'CREATE TABLE t (a INTEGER, »UNIQUE (b));'],
    ['duplicate-column', 'CREATE TABLE t (a INTEGER, »UNIQUE (a, a));'],
    ['bad-check', 'CREATE TABLE t (»a INTEGER CHECK (a BETWEEN 5 AND 1));'],
    ['bad-check', "CREATE TABLE t (a INTEGER CHECK (a > »'x'));"],
    ['bad-check', "CREATE TABLE t (a TEXT CHECK (a »IN ('x', 'x')));"],
    ['bad-check', "CREATE TABLE t (a VARCHAR(2) CHECK (a IN ('ok', »'long')));"],
    ['unknown-column', 'CREATE TABLE t (a INTEGER, CHECK (»b > 0));'],
    ['too-wide', 'CREATE TABLE t (a »DECIMAL(30, 2));'],
    ['too-wide', 'CREATE TABLE t (a »DECIMAL);'],
    ['bad-type', 'CREATE TABLE t (a »DECIMAL(3, 5));'],
    ['name-too-long', `CREATE TABLE t (»${'a'.repeat(70)} INTEGER);`],
    ['bad-name', 'CREATE TABLE »"T t" (a INTEGER);'],
  ];
  let checked = 0;
  for (const [code, declaration] of wrong) {
    const error = await refusal(`${declaration} SELECT COUNT(*) FROM t`, '');
    assert.equal(error.code, `sql.${code}`, `${declaration}: ${error.message}`);
    checked += 1;
  }
  assert.equal(checked, 18);
});

test('row limits that do not fit the query are refused', async () => {
  const all = [
    [],
    [{ party: 'acme', table: 'u', maxRows: 3 }],
    [{ party: 'acme', table: 't', maxRows: 0 }],
    [{ party: 'acme', table: 't', maxRows: 1.5 }],
    [
      { party: 'acme', table: 't', maxRows: 3 },
      { party: 'acme', table: 't', maxRows: 4 },
    ],
    [{ party: 'acme', table: 't', maxRows: LIMITS.rows + 1 }],
  ];
  for (const inputs of all)
    assert.equal((await refusal('SELECT COUNT(*) FROM t', TABLE, inputs)).code, 'sql.bad-input');
});

test('texts that are too long, too deep or cut by a NUL are refused', async () => {
  const long = `SELECT COUNT(*) FROM t WHERE a = 1${' '.repeat(LIMITS.sqlBytes)}`;
  assert.equal((await refusal(long)).code, 'sql.too-long');
  const deep = `SELECT COUNT(*) FROM t WHERE ${'NOT ('.repeat(300)}f${')'.repeat(300)}`;
  assert.equal((await refusal(deep)).code, 'sql.too-deep');
  for (const depth of [5_000, 12_000]) {
    const deeper = await refusal(
      `SELECT COUNT(*) FROM t WHERE ${'NOT ('.repeat(depth)}f${')'.repeat(depth)}`.slice(0, 65_000),
    );
    assert.match(deeper.code, /^sql\.(syntax|too-deep|too-long)$/);
  }
  assert.equal((await refusal('SELECT COUNT(*) FROM t\0 WHERE FALSE')).code, 'sql.syntax');
  assert.equal(
    (
      await compileQuery(`${TABLE}SELECT COUNT(*) FROM t`, {
        inputs: [{ party: 'a', table: 't', maxRows: 1 }],
        minGroupSize: 1,
      })
    ).result.rows,
    1,
  );
});

test('a statistic of columns that are too wide says how wide they may be', async () => {
  const wide = 'CREATE TABLE t (a DECIMAL(12, 2) NOT NULL CHECK (a BETWEEN 0 AND 1000000000));\n';
  const error = await refusal('SELECT »STDDEV(a) FROM t', wide);
  assert.equal(error.code, 'sql.too-wide');
  const range = /at most ([\d.]+) apart/.exec(error.hint ?? '')?.[1];
  assert.ok(range, error.hint);
  const compiled = (most: string) =>
    compileQuery(
      `CREATE TABLE t (a DECIMAL(12, 2) NOT NULL CHECK (a BETWEEN 0 AND ${most})); SELECT STDDEV(a) FROM t`,
      {
        inputs: [{ party: 'acme', table: 't', maxRows: 100 }],
        minGroupSize: 1,
      },
    );
  assert.equal((await compiled(range)).result.rows, 1);
  await assert.rejects(compiled(String(Number(range) + 1)), { code: 'sql.too-wide' });
});
