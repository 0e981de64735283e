/**
 * What an earlier result is as rows: columns, types and ranges that follow from what made it, and declarations that do not fit.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { compileQuery } from '../../src/sql/compile.ts';
import { type StoredRows, storedTable } from '../../src/sql/stored.ts';

const FIRST = `CREATE TABLE pay (
    team TEXT NOT NULL CHECK (team IN ('red', 'green')), born DATE NOT NULL CHECK (born BETWEEN '1950-01-01' AND '2000-12-31'),
    wage DECIMAL(6, 2) CHECK (wage BETWEEN -10 AND 900), senior BOOLEAN);
  SELECT team, senior, COUNT(*) AS people, SUM(wage) AS total, MAX(born) AS youngest, COUNT(*) + 1 AS "odd name"
  FROM pay GROUP BY team, senior;`;

async function stored(sql = FIRST): Promise<StoredRows> {
  const { result } = await compileQuery(sql, {
    inputs: [{ party: 'acme', table: 'pay', maxRows: 20 }],
    minGroupSize: 1,
  });
  return { table: 'teams', result: `${'0'.repeat(20)}.1`, parties: ['acme'], specification: result };
}

const compiled = async (sql: string, inputs: { party: string; table: string; maxRows: number }[] = []) =>
  compileQuery(sql, { inputs, minGroupSize: 1, stored: [await stored()] });

test('columns, types, ranges and NULLs follow from the query that made the result', async () => {
  const { columns } = storedTable(await stored());
  const seen = columns.map(({ name, type, scale, lo, hi, nullable, values }) => [
    name,
    type,
    scale,
    lo,
    hi,
    nullable,
    values?.join(),
  ]);
  assert.deepEqual(seen, [
    ['team', 'text', 0, 0n, 1n, false, 'red,green'],
    ['senior', 'boolean', 0, 0n, 1n, true, undefined],
    ['people', 'integer', 0, 1n, 20n, false, undefined],
    ['total', 'decimal', 2, -20000n, 1800000n, true, undefined],
    ['youngest', 'date', 0, -7305n, 11322n, false, undefined],
  ]);
});

test('a table that is not declared is what the result is; one that is declared may allow more', async () => {
  const undeclared = await compiled('SELECT team, SUM(people), MAX(youngest) FROM teams GROUP BY team');
  assert.equal(undeclared.result.rows, 2);
  assert.match(
    undeclared.disclosure.join(' '),
    /Rows of teams are the result 0{20}\.1, in which rows of acme are/,
  );
  const wider = `CREATE TABLE teams (people INTEGER CHECK (people BETWEEN -5 AND 1000), team TEXT CHECK (team IN ('red', 'green', 'blue')));
    SELECT team, SUM(people) FROM teams GROUP BY team`;
  assert.equal((await compiled(wider)).result.columns.length, 2);
});

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['a narrower range', 'people INTEGER NOT NULL CHECK (people BETWEEN 0 AND 19)', 'it may be 1 to 20'],
  ['another type', 'people BOOLEAN', 'it is integer'],
  [
    'another scale',
    'total DECIMAL(9, 3) CHECK (total BETWEEN -1000 AND 100000)',
    'it is decimal of 2 decimals',
  ],
  [
    'no NULL where there may be one',
    'total DECIMAL(9, 2) NOT NULL CHECK (total BETWEEN -1000 AND 100000)',
    'it may be NULL',
  ],
  ['values in another order', "team TEXT CHECK (team IN ('green', 'red'))", "'red', 'green', in this order"],
  ['a column that it lacks', 'wage INTEGER', 'no column wage'],
  [
    'a key that nobody checks',
    'people INTEGER PRIMARY KEY CHECK (people BETWEEN 0 AND 100)',
    'PRIMARY KEY|key',
  ],
];
for (const [what, column, message] of REFUSED)
  test(`refused with its place: ${what}`, async () => {
    const sql = `CREATE TABLE teams (\n  ${column});\nSELECT COUNT(*) FROM teams`;
    await assert.rejects(
      compiled(sql),
      (error: { code: string; message: string; place?: { line?: number } }) => {
        assert.match(error.code, /^sql\./);
        assert.match(error.message, new RegExp(message));
        assert.equal(error.place?.line, 2);
        return true;
      },
    );
  });

test('a result that the query does not read is refused, and so is another table of its name', async () => {
  const other = 'CREATE TABLE t (x INTEGER CHECK (x BETWEEN 0 AND 9)); SELECT COUNT(*) FROM t';
  await assert.rejects(compiled(other, [{ party: 'acme', table: 't', maxRows: 9 }]), {
    code: 'sql.unused-table',
  });
});
