/**
 * Owns the answer to "is it right?": the real executable on real survey data, split over 2, 3 and 5 parties, against SQLite on
 * the union of their rows. Integers exactly; averages within one unit of their last digit.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { mpc } from '../support/mpc.ts';
import { sqliteAnswer, surveyLines, writeParties } from '../support/rows.ts';

const TABLE = `
  CREATE TABLE cps (
    wage DECIMAL(7,2) NOT NULL CHECK (wage BETWEEN 0 AND 20000),
    education INTEGER NOT NULL CHECK (education BETWEEN 0 AND 20),
    experience INTEGER NOT NULL CHECK (experience BETWEEN -10 AND 80),
    ethnicity TEXT NOT NULL CHECK (ethnicity IN ('cauc', 'afam')),
    smsa TEXT NOT NULL CHECK (smsa IN ('no', 'yes')),
    region TEXT NOT NULL CHECK (region IN ('northeast', 'midwest', 'south', 'west')),
    parttime TEXT NOT NULL CHECK (parttime IN ('no', 'yes')));`;

/** The query for us, for SQLite where it must say it otherwise, and the number of parties. */
const QUERIES: readonly {
  readonly sql: string;
  readonly parties: number;
  /** Not all of them. */
  readonly people?: number;
}[] = [
  { parties: 2, sql: 'SELECT COUNT(*), SUM(education), SUM(experience) FROM cps' },
  { parties: 3, sql: 'SELECT region, COUNT(*), AVG(wage) FROM cps GROUP BY region' },
  {
    parties: 5,
    sql: 'SELECT ethnicity, parttime, COUNT(*), AVG(wage), AVG(education) FROM cps GROUP BY ethnicity, parttime',
  },
  { parties: 2, sql: "SELECT COUNT(*), AVG(wage) FROM cps WHERE education >= 16 AND region = 'west'" },
  { parties: 3, sql: 'SELECT MIN(wage), MAX(wage), MIN(experience), MAX(experience) FROM cps' },
  {
    parties: 5,
    sql: "SELECT smsa, COUNT(*) FILTER (WHERE parttime = 'yes'), COUNT(*) FROM cps GROUP BY smsa",
  },
  {
    parties: 2,
    sql: 'SELECT region, COUNT(*) FROM cps WHERE experience BETWEEN 5 AND 10 GROUP BY region HAVING COUNT(*) >= 1200',
  },
  { parties: 3, sql: "SELECT COUNT(*) FROM cps WHERE NOT (region IN ('south', 'west') OR wage > 1000.50)" },
  {
    parties: 5,
    sql: 'SELECT SUM(CASE WHEN experience < 0 THEN 1 ELSE 0 END), SUM(experience * education) FROM cps',
  },
  { parties: 2, sql: 'SELECT ethnicity, SUM(education) + COUNT(*) * 2 FROM cps GROUP BY ethnicity' },
  // Two million possible wages: rows are sorted.
  {
    parties: 3,
    people: 6000,
    sql: 'SELECT wage, COUNT(*), SUM(experience), MAX(education) FROM cps GROUP BY wage HAVING COUNT(*) >= 10',
  },
];

const survey = surveyLines();

for (const { sql, parties, people } of QUERIES) {
  test(`${parties} parties: ${sql}`, {
    skip: survey === undefined ? 'the survey data is not here' : false,
  }, async () => {
    assert.ok(survey !== undefined, 'the survey is here');
    const rows = survey.rows.slice(0, people);
    const directory = mkdtempSync(join(tmpdir(), 'mpc-survey-'));
    try {
      const query = join(directory, 'query.sql');
      writeFileSync(query, `${TABLE}\n${sql};\n`);
      const inputs = writeParties(directory, survey.header, rows, parties).flatMap((input) => [
        '--input',
        input,
      ]);
      const { code, stdout, stderr } = await mpc(['run', query, ...inputs, '--json']);
      assert.equal(code, 0, stderr);
      const answer: {
        rows: unknown[][];
        columns: string[];
        disclosure: string[];
        collaboration: string;
        stats: object;
      } = JSON.parse(stdout);
      const expected = await sqliteAnswer(sql, 'cps', survey.header, rows);
      assert.equal(answer.rows.length, expected.length);
      assert.ok(expected.length > 0);
      const actualRows = sorted(answer.rows);
      for (const [at, row] of sorted(expected).entries())
        for (const [column, cell] of row.entries()) {
          const got = actualRows[at]?.[column];
          // An average has four decimals more than its column: six for wages, four for years.
          if (typeof cell === 'number' && !Number.isInteger(cell))
            assert.ok(Math.abs(Number(got) - cell) <= 1e-4, `${got} is not ${cell}`);
          else assert.deepEqual(got, cell);
        }
      assert.deepEqual(Object.keys(answer).sort(), [
        'collaboration',
        'columns',
        'disclosure',
        'rows',
        'stats',
      ]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
}

/** SQL promises no order without ORDER BY. */
const sorted = (rows: readonly unknown[][]): unknown[][] =>
  [...rows].sort((x, y) => (JSON.stringify(x.slice(0, 2)) < JSON.stringify(y.slice(0, 2)) ? -1 : 1));
