/**
 * Owns the comparison of all that sorts with SQLite on the Current Population Survey: all 28,155 people in the clear, some
 * of them on two servers. SQLite has no median: it is written out with window functions. Skips where the data are not at hand.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { dealOut, Oracle, type Row, runClear } from './support.ts';

const DATA = resolve(import.meta.dirname, '../../../shared/data/cps1988.csv');
const REGIONS = ['midwest', 'northeast', 'south', 'west'];
const TABLE = `CREATE TABLE people (
  wage       DECIMAL(7, 2) NOT NULL CHECK (wage BETWEEN 0 AND 20000),
  experience INTEGER       NOT NULL CHECK (experience BETWEEN -5 AND 70),
  region     TEXT          NOT NULL CHECK (region IN ('midwest', 'northeast', 'south', 'west')),
  parttime   BOOLEAN       NOT NULL
);`;
/** For the two servers, and for SQLite: line numbers modulo this. */
const EVERY = 40;

/** Medians by hand: the middle row, or the mean of the two middle rows. Amounts are in cents, to be exact. */
const medianOf = (value: string, where: string) => `
  SELECT region, n, AVG(v) AS median FROM (
    SELECT region, ${value} AS v, COUNT(*) OVER (PARTITION BY region) AS n,
      ROW_NUMBER() OVER (PARTITION BY region ORDER BY ${value}) AS place FROM people WHERE ${where})
  WHERE place IN ((n + 1) / 2, (n + 2) / 2) GROUP BY region ORDER BY region`;

describe('ordered aggregates and groups of any values equal those of SQLite on real data', {
  skip: existsSync(DATA) ? false : `no ${DATA}`,
}, () => {
  const oracle = new Oracle();
  const rows: Row[] = [];

  before(async () => {
    const lines = readFileSync(DATA, 'utf8').trim().split('\n').slice(1);
    const raw = lines.map((line, id) => {
      const [, wage, , experience, , , region, parttime] = line.split(',');
      return [
        Math.round(Number(wage) * 100),
        Number(experience),
        region ?? '',
        Number(parttime === 'yes'),
        id % EVERY,
      ] as const;
    });
    for (const [cents, experience, region, parttime] of raw)
      rows.push([BigInt(cents), BigInt(experience), BigInt(REGIONS.indexOf(region)), BigInt(parttime)]);
    await oracle.run('CREATE TABLE people (cents INT, experience INT, region TEXT, parttime INT, part INT)');
    await oracle.insert('people', raw);
  });

  after(() => oracle.close());

  test('medians per region, of everybody', async () => {
    const select = 'SELECT region, COUNT(*), MEDIAN(wage) FROM people WHERE NOT parttime GROUP BY region';
    const { table } = await runClear(TABLE + select, dealOut(rows, 3));
    const expected = await oracle.rows(medianOf('cents', 'parttime = 0'));
    assert.equal(expected.length, 4);
    assert.deepEqual(
      table.rows,
      expected.map(({ region, n, median }) => [region, n, Number(median) / 100]),
    );
  });

  test('medians per region on two servers', async () => {
    const some = rows.filter((_, id) => id % EVERY === 0);
    const select = 'SELECT region, COUNT(*), MEDIAN(experience) FROM people GROUP BY region';
    const { table } = await runClear(TABLE + select, dealOut(some, 2), { twoServers: true });
    const expected = await oracle.rows(medianOf('experience', 'part = 0'));
    assert.equal(expected.length, 4);
    assert.deepEqual(
      table.rows,
      expected.map(({ region, n, median }) => [region, n, median]),
    );
  });

  const GROUPS: readonly string[] = [
    'SELECT cents, COUNT(*), SUM(experience), MIN(experience), MAX(experience) FROM people GROUP BY cents HAVING COUNT(*) >= 100',
    'SELECT experience, cents / 10000 AS hundreds, parttime, COUNT(*) FROM people GROUP BY experience, hundreds, parttime',
    "SELECT cents % 1000, COUNT(DISTINCT experience), SUM(cents) FROM people WHERE region <> 'west' GROUP BY cents % 1000 ORDER BY 3 DESC, 1 LIMIT 20",
    'SELECT n, COUNT(*), SUM(spread) FROM (SELECT cents, COUNT(*) AS n, MAX(experience) - MIN(experience) AS spread FROM people GROUP BY cents) AS g GROUP BY n',
  ];

  for (const select of GROUPS)
    test(`everybody: ${select}`, async () => {
      const cents = TABLE.replace(
        'wage       DECIMAL(7, 2) NOT NULL CHECK (wage BETWEEN 0 AND 20000)',
        'cents INTEGER NOT NULL CHECK (cents BETWEEN 0 AND 2000000)',
      );
      const { table, query } = await runClear(cents + select, dealOut(rows, 3));
      const expected = (await oracle.rows(select)).map((row) => Object.values(row));
      assert.ok(expected.length > 15, `only ${expected.length} groups`);
      assert.ok(
        query.disclosure.some((sentence) => sentence.startsWith('This query sorts')),
        'it sorts',
      );
      const plain = table.rows.map((row) =>
        row.map((cell) => (typeof cell === 'boolean' ? Number(cell) : cell)),
      );
      const sorted = (list: readonly unknown[][]) => list.map((row) => JSON.stringify(row)).sort();
      assert.deepEqual(sorted(plain), sorted(expected));
    });
});
