/**
 * Owns the promise that a bad network costs time and nothing else: all roles on the memory bus with loss, duplication,
 * delay and reordering give SQLite's answer.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { sqliteAnswer } from '../support/rows.ts';
import { World, type WorldOptions } from '../support/world.ts';

const HEADER = 'team,wage,bonus';
const ROWS = Array.from(
  { length: 90 },
  (_, row) => `${['red', 'green'][row % 2]},${(row * 7919) % 5000},${row % 4 === 0 ? '' : row}`,
);
const WORLD: Omit<WorldOptions, 'seed'> = {
  sql: `CREATE TABLE pay (team TEXT NOT NULL CHECK (team IN ('red', 'green')),
                          wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 5000),
                          bonus INTEGER CHECK (bonus BETWEEN 0 AND 100));
        SELECT team, COUNT(*), SUM(wage), MAX(wage), COUNT(bonus), SUM(bonus) FROM pay WHERE wage > 500 GROUP BY team;`,
  rows: ['acme', 'beta', 'gamma'].map((party, at) => ({
    party,
    table: 'pay',
    maxRows: 40,
    csv: `${[HEADER, ...ROWS.filter((_, row) => row % 3 === at)].join('\n')}\n`,
  })),
};

const expected = await sqliteAnswer(
  'SELECT team, COUNT(*), SUM(wage), MAX(wage), COUNT(bonus), SUM(bonus) FROM pay WHERE wage > 500 GROUP BY team ORDER BY team DESC',
  'pay',
  HEADER,
  ROWS,
);

for (const seed of [1, 2, 3]) {
  test(`loss, duplication, delay and reordering change nothing (seed ${seed})`, async () => {
    const faults = { drop: 0.08, duplicate: 0.15, delayMs: [0, 3] as const, reorder: 0.2 };
    const world = await World.open({ ...WORLD, seed, faults });
    try {
      await world.start();
      const { table } = await world.result();
      assert.deepEqual(table.rows, expected);
    } finally {
      await world.close();
    }
  });
}

test('roles may start in any order, each long before the next', async () => {
  const world = await World.open({ ...WORLD, seed: 4 });
  try {
    await world.start(...[...world.addresses].reverse());
    const { table } = await world.result();
    assert.deepEqual(table.rows, expected);
  } finally {
    await world.close();
  }
});

test('roles that are stopped in good order and started again go on where they were', async () => {
  const world = await World.open({ ...WORLD, seed: 5 });
  try {
    await world.start('coordinator', 'server-a', 'dealer', 'party-analyst', 'party-acme');
    await world.follower.until((log) =>
      log.collaboration(world.id)?.lifecycle.context.randomness.includes('server-a'),
    );
    await world.stop('server-a');
    await world.stop('party-acme');
    await world.start('server-b', 'party-beta', 'party-gamma', 'party-acme', 'server-a');
    const { table } = await world.result();
    assert.deepEqual(table.rows, expected);
  } finally {
    await world.close();
  }
});

test('a role that is stopped while the log goes on has nothing to complain of', async () => {
  const world = await World.open({ ...WORLD, seed: 8 });
  try {
    await world.start('coordinator', 'server-a', 'party-analyst');
    await world.follower.until((log) => log.collaboration(world.id));
    for (let stops = 0; stops < 20; stops++) {
      const said = [1, 2, 3].map(() =>
        world.say('party-acme', { kind: 'register', collaboration: world.id, as: 'input' }),
      );
      await world.stop('server-a');
      await Promise.all(said);
      await world.start('server-a');
    }
  } finally {
    await world.close();
  }
});

test('a server that has its tape, but was stopped before it could say so, hands out masks after its restart', async () => {
  const world = await World.open({ ...WORLD, seed: 7 });
  try {
    await world.start(...world.addresses.filter((address) => address !== 'dealer'));
    await world.follower.until(
      (log) => log.collaboration(world.id)?.lifecycle.context.approvals.length === 4,
    );
    const parties = ['party-acme', 'party-beta', 'party-gamma'] as const;
    for (const address of ['coordinator', ...parties] as const) await world.stop(address);
    await world.start('dealer');
    await world.hasFile('server-a', 'tape', 'head');
    // Its chart has taken note of that, and waits for the log to take its word.
    await systemClock.sleep(500);
    await world.stop('server-a');
    await world.start('server-a', ...parties);
    // The parties ask for masks, while nobody can write to the log.
    await systemClock.sleep(1000);
    await world.start('coordinator');
    const { table } = await world.result();
    assert.deepEqual(table.rows, expected);
  } finally {
    await world.close();
  }
});

test('without a dealer everyone sees that randomness is waited for, and with one the run goes on', async () => {
  const { describeWaiting } = await import('../../src/coordination/waiting.ts');
  const world = await World.open({ ...WORLD, seed: 6 });
  try {
    await world.start(...world.addresses.filter((address) => address !== 'dealer'));
    const waiting = await world.follower.until((log) => {
      const collaboration = log.collaboration(world.id);
      return collaboration?.lifecycle.context.approvals.length === 4
        ? describeWaiting(collaboration)
        : undefined;
    });
    assert.ok(
      waiting.includes('waiting for randomness: server-a, server-b have no tape yet (the dealer makes it)'),
      waiting.join('; '),
    );
    await world.start('dealer');
    const { table } = await world.result();
    assert.deepEqual(table.rows, expected);
  } finally {
    await world.close();
  }
});
