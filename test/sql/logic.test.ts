/**
 * Owns SQL's truth tables: every operator on every combination of TRUE, FALSE and NULL, as rows of nullable columns.
 * The expected tables are written out here, not taken from another program.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Row, runClear } from './support.ts';

type Truth = true | false | null;
const TRUTHS: readonly Truth[] = [true, false, null];
const coded = (truth: Truth): bigint | null => (truth === null ? null : truth ? 1n : 0n);

const OPERATORS: readonly (readonly [string, (p: Truth, q: Truth) => Truth])[] = [
  ['p AND q', (p, q) => (p === false || q === false ? false : p === null || q === null ? null : true)],
  ['p OR q', (p, q) => (p === true || q === true ? true : p === null || q === null ? null : false)],
  ['NOT p', (p) => (p === null ? null : !p)],
  ['p = q', (p, q) => (p === null || q === null ? null : p === q)],
  ['p <> q', (p, q) => (p === null || q === null ? null : p !== q)],
  ['p IS NULL', (p) => p === null],
  ['p IS NOT NULL', (p) => p !== null],
  ['p IS TRUE', (p) => p === true],
  ['p IS NOT TRUE', (p) => p !== true],
  ['p IS FALSE', (p) => p === false],
  ['p IS NOT FALSE', (p) => p !== false],
  ['p IS UNKNOWN', (p) => p === null],
  ['p IS NOT UNKNOWN', (p) => p !== null],
  ['p AND NULL', (p) => (p === false ? false : null)],
  ['p OR NULL', (p) => (p === true ? true : null)],
  ['COALESCE(p, q)', (p, q) => (p === null ? q : p)],
  ['CASE WHEN p THEN q END', (p, q) => (p === true ? q : null)],
  ['CASE WHEN p THEN FALSE ELSE q END', (p, q) => (p === true ? false : q)],
  ['NULLIF(p, q)', (p, q) => (p !== null && p === q ? null : p)],
  // The same truths as numbers and as texts.
  ['a = b', (p, q) => (p === null || q === null ? null : p === q)],
  ['a < b', (p, q) => (p === null || q === null ? null : !p && q)],
  ['a <= b', (p, q) => (p === null || q === null ? null : !p || q)],
  ['a > b', (p, q) => (p === null || q === null ? null : p && !q)],
  ['a >= b', (p, q) => (p === null || q === null ? null : p || !q)],
  ['a <> b', (p, q) => (p === null || q === null ? null : p !== q)],
  ['a BETWEEN b AND 1', (p, q) => (p === null || q === null ? null : p || !q)],
  [
    'a NOT BETWEEN 1 AND b',
    (p, q) => (p === null ? null : p === false || q === false ? true : q === null ? null : false),
  ],
  ['a IN (1, b)', (p, q) => (p === null ? null : p === true || p === q ? true : q === null ? null : false)],
  ['a NOT IN (1, NULL)', (p) => (p === true ? false : null)],
  ['x = y', (p, q) => (p === null || q === null ? null : p === q)],
  ['x <> y', (p, q) => (p === null || q === null ? null : p !== q)],
  ["x = 'yes'", (p) => p],
  ["x IN ('no', 'yes')", (p) => (p === null ? null : true)],
  ["x NOT IN ('yes')", (p) => (p === null ? null : !p)],
  ["COALESCE(x, 'no') = 'no'", (p) => p !== true],
];

const TABLE = `CREATE TABLE t (p BOOLEAN, q BOOLEAN, a INTEGER CHECK (a BETWEEN 0 AND 1), b INTEGER CHECK (b BETWEEN 0 AND 1),
  x TEXT CHECK (x IN ('no', 'yes')), y TEXT CHECK (y IN ('no', 'yes')), i INTEGER NOT NULL CHECK (i BETWEEN 0 AND 8));`;

test('every operator keeps its truth table, NULLs included', async () => {
  const pairs = TRUTHS.flatMap((p) => TRUTHS.map((q) => [p, q] as const));
  const rows = pairs.map(([p, q], at): Row => [p, q, p, q, p, q].map(coded).concat(BigInt(at)));
  let checked = 0;
  for (const [operator, truth] of OPERATORS) {
    const select = `SELECT i, COUNT(*) FILTER (WHERE ${operator}) AS yes, COUNT(*) FILTER (WHERE NOT (${operator})) AS no,
      COUNT(*) FILTER (WHERE (${operator}) IS NULL) AS maybe, COUNT(${operator}) AS known FROM t GROUP BY i`;
    const { table } = await runClear(TABLE + select, { acme: rows });
    const expected = pairs.map(([p, q], at) => {
      const result = truth(p, q);
      return [
        at,
        Number(result === true),
        Number(result === false),
        Number(result === null),
        Number(result !== null),
      ];
    });
    assert.deepEqual(table.rows, expected, operator);
    checked += expected.length;
  }
  assert.equal(checked, OPERATORS.length * 9);
});

test('WHERE takes rows that are true, and leaves out those that are unknown', async () => {
  const rows = TRUTHS.map((p): Row => [coded(p), null, null, null, null, null, 0n]);
  const count = async (where: string) =>
    (await runClear(`${TABLE}SELECT COUNT(*) FROM t WHERE ${where}`, { acme: rows })).table.rows;
  assert.deepEqual(await count('p'), [[1]]);
  assert.deepEqual(await count('NOT p'), [[1]]);
  assert.deepEqual(await count('p IS NULL'), [[1]]);
  assert.deepEqual(await count('q'), [[0]]);
  assert.deepEqual(await count('TRUE'), [[3]]);
  assert.deepEqual(await count('NULL'), [[0]]);
});
