/**
 * Owns the promises about a collaboration's life, with all roles on one memory bus: a minimum of parties by a deadline, taking
 * one's part back, further attempts, and what servers check by themselves whatever the log says.
 */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import type { Address } from '../../src/bus/subjects.ts';
import { subjects } from '../../src/bus/subjects.ts';
import type { CommandBody } from '../../src/coordination/bodies.ts';
import { commandBytes, signCommand } from '../../src/coordination/commands.ts';
import { noticeSchema } from '../../src/coordination/notice.ts';
import { resultIds } from '../../src/coordination/sources.ts';
import { World, type WorldOptions } from '../support/world.ts';

const VALUES = { acme: [1, 2], beta: [10], gamma: [100, 200, 300] } as const;
const ROWS = Object.entries(VALUES).map(([party, values]) => ({
  party,
  table: 't',
  maxRows: 10,
  csv: `x\n${values.join('\n')}\n`,
}));
const LIFE: Omit<WorldOptions, 'seed'> = {
  sql: 'CREATE TABLE t (x INTEGER NOT NULL CHECK (x BETWEEN 0 AND 1000)); SELECT COUNT(*), SUM(x), MAX(x), MIN(x) FROM t;',
  rows: ROWS,
};
const answerOf = (...parties: (keyof typeof VALUES)[]): number[] => {
  const all = parties.flatMap((party) => VALUES[party] as readonly number[]);
  return [all.length, all.reduce((a, b) => a + b), Math.max(...all), Math.min(...all)];
};

const all = (world: World, ...but: readonly Address[]): Address[] =>
  world.addresses.filter((address) => !but.includes(address));

async function inWorld(
  options: Omit<WorldOptions, 'seed'>,
  seed: number,
  run: (world: World) => Promise<void>,
): Promise<void> {
  const world = await World.open({ ...options, seed });
  try {
    await run(world);
  } finally {
    await world.close();
  }
}

const facts = (world: World) => world.follower.collaboration(world.id)!.lifecycle.context;
const until = (world: World, what: (world: World) => boolean): Promise<unknown> =>
  world.follower.until(
    (log) => log.collaboration(world.id) !== undefined && what(world),
    AbortSignal.timeout(20_000),
  );
const status = (world: World) => world.follower.collaboration(world.id)?.status;

test('a party that never comes is not waited for longer than was agreed; its rows count for nothing', () =>
  inWorld({ ...LIFE, terms: { minimum: { parties: 2, waitMs: 1_000 } } }, 1, async (world) => {
    await world.start(...all(world, 'party-gamma'));
    const { table, disclosure } = await world.result();
    assert.deepEqual(table.rows, [answerOf('acme', 'beta')]);
    assert.deepEqual([facts(world).closed, Object.keys(facts(world).uploads)], [true, ['acme', 'beta']]);
    assert.match(disclosure.join(' '), /may start with 2 of the 3 parties/);
  }));

test('when all come in time it starts at once, and all rows count', () =>
  inWorld({ ...LIFE, terms: { minimum: { parties: 2, waitMs: 600_000 } } }, 2, async (world) => {
    await world.start();
    assert.deepEqual((await world.result()).table.rows, [answerOf('acme', 'beta', 'gamma')]);
    assert.equal(facts(world).closed, false);
  }));

test('too few parties by the deadline end it, and whoever waits for the result is told why', () =>
  inWorld({ ...LIFE, terms: { minimum: { parties: 3, waitMs: 1_000 } } }, 3, async (world) => {
    await world.start(...all(world, 'party-gamma'));
    await until(world, () => status(world) === 'failed');
    assert.equal(facts(world).reason?.code, 'collaboration.too-few-parties');
    assert.match((await world.endOf('party-analyst')).code, /too-few-parties/);
  }));

test('a party takes its rows back: both servers destroy them, and the others go on without', () =>
  inWorld({ ...LIFE, terms: { minimum: { parties: 2, waitMs: 600_000 } } }, 4, async (world) => {
    await world.start(...all(world, 'party-acme'));
    await until(world, () => Object.keys(facts(world).uploads).length === 2);
    const held = (['server-a', 'server-b'] as const).map((server) => world.fileOf(server, 'rows', 'gamma'));
    assert.deepEqual(held.map(existsSync), [true, true]);
    await world.say('party-gamma', { kind: 'withdraw', collaboration: world.id, attempt: 1 });
    await world.eventually('the rows are gone', () => held.every((file) => !existsSync(file)));
    await world.start('party-acme');
    assert.deepEqual((await world.result()).table.rows, [answerOf('acme', 'beta')]);
  }));

test('an attempt that failed is followed by another, on another tape and with new uploads', () =>
  inWorld(LIFE, 5, async (world) => {
    await world.start(...all(world, 'party-acme'));
    await until(world, () => Object.keys(facts(world).uploads).length === 2);
    const before = facts(world).uploads;
    const reason = { code: 'test.trouble', message: 'one of our rows was wrong' };
    await world.say('party-beta', { kind: 'fail', collaboration: world.id, attempt: 1, reason });
    assert.match((await world.endOf('party-analyst')).code, /test\.trouble/);
    await world.say('party-analyst', { kind: 'rerun', collaboration: world.id, attempt: 2 });
    await world.start('party-acme');
    assert.deepEqual((await world.result()).table.rows, [answerOf('acme', 'beta', 'gamma')]);
    const { attempt, uploads } = facts(world);
    assert.equal(attempt, 2);
    assert.notEqual(uploads.beta, before.beta, 'the same rows, under masks of another tape');
    assert.deepEqual(resultIds(world.follower.collaboration(world.id)!), [`${world.id}.2`]);
  }));

test('a result is computed again with changed rows, as often as was agreed and no more', () =>
  inWorld({ ...LIFE, terms: { reruns: 1 } }, 6, async (world) => {
    await world.start();
    assert.deepEqual((await world.result()).table.rows, [answerOf('acme', 'beta', 'gamma')]);
    writeFileSync(join(world.directory, 'acme-t.csv'), 'x\n500\n');
    await world.say('party-analyst', { kind: 'rerun', collaboration: world.id, attempt: 2 });
    await until(world, () => facts(world).attempt === 2 && facts(world).received.length === 1);
    assert.deepEqual((await world.result()).table.rows, [[5, 1110, 500, 10]]);
    assert.deepEqual(resultIds(world.follower.collaboration(world.id)!), [`${world.id}.1`, `${world.id}.2`]);
    const third = { kind: 'rerun', collaboration: world.id, attempt: 3 } as const;
    await assert.rejects(world.say('party-analyst', third), { code: 'collaboration.over' });
  }));

const FLOORS = { minParties: 1, minGroupSize: 1, resultUses: 1000, reruns: 1000 };
const DEMANDS: readonly (readonly [string, Partial<typeof FLOORS>, WorldOptions['terms'], string])[] = [
  ['more parties', { minParties: 3 }, { minimum: { parties: 2, waitMs: 60_000 } }, 'limits.parties'],
  ['larger groups', { minGroupSize: 5 }, {}, 'limits.group-size'],
  ['fewer uses of results', { resultUses: 0 }, { resultUses: 1 }, 'limits.result-uses'],
  ['fewer results', { reruns: 0 }, { reruns: 1 }, 'limits.reruns'],
];
for (const [index, [what, limits, terms, code]] of DEMANDS.entries())
  test(`a server that demands ${what} than the parties agreed on refuses, and all learn why`, () =>
    inWorld(
      { ...LIFE, limits: { ...FLOORS, ...limits }, ...(terms ? { terms } : {}) },
      10 + index,
      async (world) => {
        await world.start();
        await until(world, () => status(world) === 'failed');
        assert.equal(facts(world).reason?.code, code);
        assert.match((await world.endOf('party-analyst')).code, new RegExp(code));
      },
    ));

test('a coordinator that writes lies into the log starts nothing: what counts has to be signed by its own author', () =>
  inWorld(LIFE, 20, async (world) => {
    await world.start(...all(world, 'party-gamma'));
    await until(world, () => Object.keys(facts(world).uploads).length === 2);
    const log = await world.hub.connect('coordinator').log(subjects.logStream('world'));
    const lie = async (author: Address, body: CommandBody, id: number): Promise<void> => {
      const identity = world.identityOf('coordinator');
      const command = signCommand({
        deployment: 'world',
        identity,
        author,
        body,
        id: String(id).padStart(32, '0'),
      });
      await log.append(command.id, commandBytes(command));
    };
    const about = { collaboration: world.id, attempt: 1 };
    const skipped = world.follower.state.counters.skipped;
    await lie(
      'party-gamma',
      { kind: 'approve', ...about, descriptor: world.follower.collaboration(world.id)!.digest },
      1,
    );
    await lie('party-gamma', { kind: 'uploaded', ...about, rows: '0'.repeat(64) }, 2);
    await lie('party-beta', { kind: 'withdraw', ...about }, 3);
    await lie('server-b', { kind: 'bound', ...about, binding: '0'.repeat(64) }, 4);
    await lie('coordinator', { kind: 'close', ...about }, 5);
    await world.follower.until((state) => state.counters.skipped >= skipped + 4, AbortSignal.timeout(10_000));
    assert.deepEqual(facts(world).approvals.includes('gamma'), false);
    assert.deepEqual(
      [Object.keys(facts(world).uploads), facts(world).withdrawn, facts(world).closed],
      [['acme', 'beta'], [], false],
    );
    assert.equal(status(world), 'registering');
    await world.start('party-gamma');
    assert.deepEqual((await world.result()).table.rows, [answerOf('acme', 'beta', 'gamma')]);
  }));

test('a receiver that waits is told of every change at its endpoint, and of the failure, too', async () => {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const notice = noticeSchema.parse(JSON.parse(Buffer.concat(pieces).toString()));
      heard.push(`${request.url} ${notice.status}`);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const notify = { allow: [`http://127.0.0.1:${port}`], allowLocal: true };
  try {
    await inWorld({ ...LIFE, notify }, 30, async (world) => {
      await world.start('coordinator', 'server-a', 'server-b', 'party-analyst');
      await until(world, () => true);
      const collaboration = world.id;
      await world.say('party-analyst', {
        kind: 'register',
        collaboration,
        as: 'output',
        notify: `http://127.0.0.1:${port}`,
      });
      await world.start('party-acme', 'party-beta', 'party-gamma');
      await until(world, () => facts(world).approvals.length === 4);
      const reason = { code: 'test.trouble', message: 'no tape' };
      await world.say('dealer', { kind: 'fail', collaboration, attempt: 1, reason });
      await world.eventually('the failure is told', () => heard.some((line) => line.endsWith(' failed')));
      const statuses = heard.map((line) => line.split(' ')[1]);
      assert.deepEqual(statuses.slice(-2), ['collecting', 'failed']);
      assert.ok(heard.every((line) => line.startsWith(`/notify/${collaboration} `)));
    });
  } finally {
    server.close();
  }
});
