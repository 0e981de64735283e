/**
 * Owns the comparison with a real database on real data: 28,155 people of the Current Population Survey, spread over two,
 * three and five employers; our plan in the clear against SQLite on the union. Integers are exact; an average is within one
 * unit of its last digit (SQLite's is a floating-point number). Skips where the data are not at hand.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { dealOut, Oracle, type Row, runClear } from './support.ts';

const DATA = resolve(import.meta.dirname, '../../../shared/data/cps1988.csv');

const TABLE = `CREATE TABLE people (
  wage       DECIMAL(7, 2) NOT NULL CHECK (wage BETWEEN 0 AND 20000),
  education  SMALLINT      NOT NULL CHECK (education BETWEEN 0 AND 18),
  experience INTEGER       NOT NULL CHECK (experience >= -5 AND experience <= 70),
  ethnicity  TEXT          NOT NULL CHECK (ethnicity IN ('afam', 'cauc')),
  smsa       BOOLEAN       NOT NULL,
  region     TEXT          NOT NULL CHECK (region IN ('midwest', 'northeast', 'south', 'west')),
  parttime   BOOLEAN       NOT NULL
);`;
const REGIONS = ['midwest', 'northeast', 'south', 'west'];
const ETHNICITIES = ['afam', 'cauc'];

/** Result columns whose name starts with `about_` are floating-point in SQLite. */
const QUERIES: readonly string[] = [
  'SELECT COUNT(*) AS n, SUM(education) AS years, MIN(experience) AS least, MAX(wage) AS most FROM people',
  'SELECT region, COUNT(*) AS n, AVG(wage) AS about_wage FROM people GROUP BY region',
  'SELECT ethnicity, region, COUNT(*) AS n, ROUND(AVG(wage), 2) AS about_wage FROM people GROUP BY ethnicity, region',
  'SELECT smsa, parttime, SUM(wage) AS paid, AVG(education) AS about_education FROM people GROUP BY smsa, parttime',
  'SELECT region, COUNT(*) AS n FROM people WHERE wage > 1000.5 AND NOT parttime GROUP BY region',
  'SELECT COUNT(*) AS n, AVG(wage) AS about_wage FROM people WHERE education BETWEEN 12 AND 15 OR experience < 0',
  'SELECT education, COUNT(*) AS n, AVG(wage) AS about_wage FROM people GROUP BY education HAVING COUNT(*) >= 100',
  "SELECT COUNT(*) FILTER (WHERE region = 'south') AS south, COUNT(*) FILTER (WHERE region IN ('west', 'midwest')) AS inland, SUM(wage) FILTER (WHERE ethnicity <> 'afam') AS paid FROM people",
  "SELECT region, SUM(CASE WHEN education > 16 THEN 2 WHEN smsa THEN 1 ELSE 0 END) AS points FROM people WHERE ethnicity = 'afam' GROUP BY region",
  'SELECT region, SUM(education * experience) AS product, SUM(education - experience + 1) AS difference FROM people GROUP BY region',
  'SELECT smsa, SUM(education) * 100 / COUNT(*) AS percent, MAX(experience) - MIN(experience) AS spread FROM people GROUP BY smsa',
  'SELECT region, MIN(wage) AS least, MAX(wage) AS most, MIN(experience) FILTER (WHERE parttime) AS part FROM people GROUP BY region',
  'SELECT ethnicity, COUNT(*) AS n FROM people WHERE wage >= 5000 GROUP BY ethnicity HAVING COUNT(*) > 2 AND MAX(education) = 18',
  'SELECT region, AVG(wage) FILTER (WHERE parttime) AS about_part, AVG(wage) FILTER (WHERE NOT parttime) AS about_full FROM people WHERE smsa GROUP BY region',
];

describe('answers equal those of SQLite on real data', {
  skip: existsSync(DATA) ? false : `no ${DATA}`,
}, () => {
  const oracle = new Oracle();
  const rows: Row[] = [];
  let compared = 0;

  before(async () => {
    const plain = readFileSync(DATA, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    const raw = plain.map(([, wage, education, experience, ethnicity, smsa, region, parttime]) => [
      Number(wage),
      Number(education),
      Number(experience),
      ethnicity,
      smsa === 'yes' ? 1 : 0,
      region,
      parttime === 'yes' ? 1 : 0,
    ]);
    for (const [wage, education, experience, ethnicity, smsa, region, parttime] of raw) {
      rows.push([
        BigInt(Math.round(Number(wage) * 100)),
        BigInt(education!),
        BigInt(experience!),
        BigInt(ETHNICITIES.indexOf(String(ethnicity))),
        BigInt(smsa!),
        BigInt(REGIONS.indexOf(String(region))),
        BigInt(parttime!),
      ]);
    }
    await oracle.run(
      'CREATE TABLE people (wage REAL, education INT, experience INT, ethnicity TEXT, smsa INT, region TEXT, parttime INT)',
    );
    await oracle.insert('people', raw);
  });

  after(async () => {
    await oracle.close();
    assert.ok(compared > 150, `only ${compared} cells were compared`);
  });

  QUERIES.forEach((query, at) => {
    const parties = [2, 3, 5][at % 3]!;
    test(`${parties} parties: ${query}`, async () => {
      const { table } = await runClear(TABLE + query, dealOut(rows, parties), { spare: 100 });
      const expected = await oracle.rows(query);
      const order = (row: Record<string, unknown>) =>
        JSON.stringify(Object.values(row).map((cell) => String(cell).padStart(9)));
      const grouped = query.includes('GROUP BY');
      const ours = table.rows.map((row) =>
        Object.fromEntries(
          table.columns.map(({ name, type }, column) => [
            name,
            type === 'boolean' ? Number(row[column]) : row[column],
          ]),
        ),
      );
      const sorted = (list: Record<string, unknown>[]) =>
        grouped ? [...list].sort((a, b) => (order(a) < order(b) ? -1 : 1)) : list;
      assert.equal(ours.length, expected.length, 'as many rows');
      assert.ok(ours.length > 0);
      sorted(ours).forEach((row, index) => {
        const theirs = sorted(expected)[index]!;
        for (const [name, cell] of Object.entries(row)) {
          compared += 1;
          const other = theirs[name];
          if (!name.startsWith('about_')) {
            const exact =
              typeof other === 'number' && !Number.isInteger(other) ? Number(other.toFixed(2)) : other;
            assert.equal(cell, exact, `${name} of row ${index}`);
          } else {
            const digits = query.includes('ROUND') ? 0.01 : name.includes('education') ? 0.0001 : 0.000001;
            assert.ok(
              Math.abs(Number(cell) - Number(other)) <= digits * 1.000001,
              `${name} of row ${index}: ${cell}, ${other}`,
            );
          }
        }
      });
    });
  });
});
