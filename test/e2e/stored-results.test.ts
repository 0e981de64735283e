/**
 * Owns the promise that a result can be computed with again without leaving the servers: two collaborations one after the
 * other give what SQLite gives for both statements; and that nobody reads a result more often, or of other parties, than agreed.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import sqlite3 from 'sqlite3';
import { World, type WorldOptions } from '../support/world.ts';

const HEADER = 'team,wage,senior';
const TEAMS = ['red', 'green', 'blue', 'grey'];
const ROWS = Array.from(
  { length: 70 },
  (_, row) => `${TEAMS[(row * 5) % 3]},${((row * 7919) % 5000) + 1},${row % 4 === 0}`,
);
const PAY = `CREATE TABLE pay (team TEXT NOT NULL CHECK (team IN ('red', 'green', 'blue', 'grey')),
                              wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 6000),
                              senior BOOLEAN NOT NULL);`;
const party = (name: string, at: number) => ({
  party: name,
  table: 'pay',
  maxRows: 40,
  csv: `${[HEADER, ...ROWS.filter((_, row) => row % 2 === at)].join('\n')}\n`,
});
const WORLD: Omit<WorldOptions, 'seed'> = {
  sql: '',
  rows: [party('acme', 0), party('beta', 1)],
  terms: { resultUses: 1 },
};

/** SQLite's answer to a SELECT over the table that another SELECT over the same rows makes. */
async function inTwoSteps(
  first: string,
  name: string,
  second: string,
  more: readonly string[] = [],
): Promise<unknown[][]> {
  const database = new sqlite3.Database(':memory:');
  const all = (sql: string): Promise<Record<string, unknown>[]> =>
    new Promise((done, fail) =>
      database.all<Record<string, unknown>>(sql, (error, rows) => (error ? fail(error) : done(rows))),
    );
  const values = ROWS.map((row) => {
    const [team, wage, senior] = row.split(',');
    return `('${team}', ${wage}, ${senior === 'true' ? 1 : 0})`;
  });
  await all('CREATE TABLE pay (team, wage, senior)');
  await all(`INSERT INTO pay VALUES ${values.join(',')}`);
  await all(`CREATE TABLE ${name} AS ${first}`);
  for (const row of more) await all(`INSERT INTO ${name} VALUES (${row})`);
  const answer = (await all(second)).map((row) => Object.values(row));
  await new Promise<void>((done) => database.close(() => done()));
  return answer;
}

/** The first collaboration's result id, when the analyst has it. */
async function firstResult(world: World): Promise<string> {
  await world.start();
  await world.result();
  return `${world.id}.1`;
}

/** The second one's answer. */
async function secondAnswer(world: World): Promise<readonly (readonly unknown[])[]> {
  for (const address of ['party-acme', 'party-beta', 'party-analyst'] as const) await world.stop(address);
  await world.start('party-acme', 'party-beta', 'party-analyst');
  return (await world.result()).table.rows;
}

/** First statement over pay, second over what it makes; the table is declared or not. */
const PAIRS: readonly (readonly [string, string, string, string])[] = [
  [
    'groups that are numbered, some of which are hidden or do not occur',
    'SELECT team, COUNT(*) AS people, SUM(wage) AS total FROM pay WHERE wage < 4900 GROUP BY team',
    'SELECT COUNT(*), SUM(people), MAX(total), MIN(people) FROM teams WHERE total > 10000',
    '',
  ],
  [
    'groups that are found by sorting, with a truth value and an average that is divided inside',
    'SELECT wage, senior, COUNT(*) AS n FROM pay GROUP BY wage, senior',
    'SELECT senior, COUNT(*), SUM(wage) FROM teams GROUP BY senior ORDER BY senior',
    '',
  ],
  [
    'the first groups of a list, whose presence was sorted',
    'SELECT team, SUM(wage) AS total, MAX(senior) AS any_senior FROM pay WHERE wage > 2000 GROUP BY team ORDER BY total DESC LIMIT 2'.replace(
      'MAX(senior) AS any_senior',
      'COUNT(*) AS n',
    ),
    'SELECT team, COUNT(*), SUM(total), SUM(n) FROM teams GROUP BY team ORDER BY team',
    '',
  ],
  [
    'one row, declared with a wider range',
    'SELECT COUNT(*) AS people, SUM(wage) AS total FROM pay WHERE senior',
    'SELECT SUM(people) + SUM(total), COUNT(*) FROM teams',
    'CREATE TABLE teams (people INTEGER CHECK (people BETWEEN 0 AND 1000000), total INTEGER CHECK (total BETWEEN -1000000 AND 1000000));',
  ],
];

for (const [index, [what, first, second, declaration]] of PAIRS.entries())
  test(`in two steps as in SQLite: ${what}`, async () => {
    const expected = await inTwoSteps(first, 'teams', second);
    const world = await World.open({ ...WORLD, seed: 20 + index, sql: `${PAY} ${first};` });
    try {
      const result = await firstResult(world);
      await world.describeAnother(`${declaration} ${second};`, { sources: { teams: result } });
      assert.deepEqual(world.descriptor.sources[0]?.parties, ['acme', 'beta']);
      const rows = await secondAnswer(world);
      const numbers = rows.map((row) => row.map((cell) => (typeof cell === 'boolean' ? Number(cell) : cell)));
      assert.deepEqual(numbers, expected);
    } finally {
      await world.close();
    }
  });

const TEAMS_SQL = `CREATE TABLE teams (team TEXT NOT NULL CHECK (team IN (${TEAMS.map((team) => `'${team}'`).join(', ')}, 'none')),
                                      people INTEGER NOT NULL CHECK (people BETWEEN 0 AND 500));`;

test('a result beside rows that a party brings; and it is read as often as was agreed, not once more', async () => {
  const first = 'SELECT team, COUNT(*) AS people FROM pay WHERE wage > 4000 GROUP BY team';
  const second = 'SELECT team, COUNT(*), SUM(people) FROM teams GROUP BY team';
  const more = ["'red', 100", "'none', 3", "'red', 1"];
  const expected = await inTwoSteps(first, 'teams', second, more);
  const world = await World.open({ ...WORLD, seed: 31, sql: `${PAY} ${first};` });
  try {
    const result = await firstResult(world);
    const csv = 'team,people\nred,100\nnone,3\nred,1\n';
    const rows = [{ party: 'acme', table: 'teams', maxRows: 10, csv }];
    await world.describeAnother(`${TEAMS_SQL} ${second};`, { rows, sources: { teams: result } });
    const answer = await secondAnswer(world);
    assert.deepEqual([...answer].sort(), expected.sort());
    await world.describeAnother('SELECT COUNT(*) FROM teams;', { sources: { teams: result } });
    await assert.rejects(world.say('party-analyst', { kind: 'create', descriptor: world.descriptor }), {
      code: 'result.used-up',
    });
  } finally {
    await world.close();
  }
});
