/**
 * A party's client service over real HTTP, with all roles behind it: rows are taken for an approved digest only, and leave masked.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clientCalls } from '../../src/api/calls/calls.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { collaborationsIn } from '../../src/coordination/collaborations.ts';
import { signNotice } from '../../src/coordination/notice.ts';
import { World } from '../support/world.ts';
import { type Answer, answerOf } from './world.ts';

const SQL = `CREATE TABLE pay (team TEXT NOT NULL CHECK (team IN ('red', 'green')), wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 9));
SELECT team, COUNT(*), SUM(wage) FROM pay GROUP BY team ORDER BY team;`;
const ROWS: Readonly<Record<string, string>> = {
  acme: 'team,wage\nred,3\ngreen,4\n',
  beta: 'team,wage\nred,5\n',
};

async function inWorld(act: (world: World, digest: string) => Promise<void>): Promise<void> {
  const rows = Object.entries(ROWS).map(([party, csv]) => ({ party, table: 'pay', maxRows: 5, csv }));
  const world = await World.open({ seed: 1, sql: SQL, rows, services: true });
  try {
    await world.start();
    const created = await world.follower.until(
      (log) => log.collaboration(world.id),
      AbortSignal.timeout(20_000),
    );
    // Each client follows the log by itself.
    for (const party of ['acme', 'beta', 'analyst'])
      for (let tries = 0; (await ask(world, party, `GET /secrets/${world.id}`)).status !== 200; tries++) {
        assert.ok(tries < 200, `${party} hears of the collaboration`);
        await systemClock.sleep(20);
      }
    await act(world, created.digest);
  } finally {
    await world.close();
  }
}

async function ask(
  world: World,
  party: string,
  line: string,
  { body, headers = {} }: { body?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { url, authorization } = world.service(party);
  const [method = '', path = ''] = line.split(' ');
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization, ...headers },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(20_000),
  });
  return answerOf(response);
}

const give = (world: World, party: string, body: string, query = ''): Promise<Answer> =>
  ask(world, party, `POST /secrets/${world.id}/${party}${query}`, {
    body,
    headers: { 'content-type': 'text/csv' },
  });
const approve = (world: World, party: string, digest: string): Promise<Answer> =>
  ask(world, party, `PUT /approve/${world.id}`, {
    body: JSON.stringify({ digest }),
    headers: { 'content-type': 'application/json' },
  });

test('rows for an approved digest become a result, as JSON and as CSV; then they are nowhere on the disk', async () => {
  await inWorld(async (world, digest) => {
    const { body: invitation } = await ask(world, 'acme', `GET /approve/${world.id}`);
    assert.equal(invitation.specification.digest, digest);
    assert.equal(invitation.specification.tables[0].header, 'team,wage');
    const given = await give(world, 'acme', ROWS.acme ?? '', `?approve=${digest}`);
    assert.equal(given.status, 202, JSON.stringify(given.body));
    assert.equal((await approve(world, 'beta', digest)).status, 200);
    assert.equal((await give(world, 'beta', ROWS.beta ?? '')).status, 202);
    const early = await ask(world, 'analyst', `GET /result/${world.id}/analyst`);
    assert.deepEqual([early.status, early.body.code], [409, 'collaboration.no-result']);
    const analyst = world.service('analyst');
    const calls = clientCalls({
      urls: [analyst.url],
      token: analyst.authorization.slice('Bearer '.length),
      clock: systemClock,
      random: systemRandom,
    });
    const approved = await calls.PUT('/approve/{cid}', {
      params: { path: { cid: world.id } },
      body: { digest },
    });
    assert.equal(approved.data?.approved, true);
    await world.follower.until(
      (log) => log.collaboration(world.id)?.lifecycle.context.received.includes('analyst'),
      AbortSignal.timeout(60_000),
    );
    const json = await ask(world, 'analyst', `GET /result/${world.id}/analyst`);
    assert.deepEqual(json.body.table.rows, [
      ['green', 1, 4],
      ['red', 2, 8],
    ]);
    const csv = await ask(world, 'analyst', `GET /result/${world.id}/analyst`, {
      headers: { accept: 'text/csv' },
    });
    assert.equal(csv.body, 'team,count,sum\r\ngreen,1,4\r\nred,2,8\r\n');
    const odd = await ask(world, 'analyst', `GET /result/${world.id}/analyst`, {
      headers: { accept: 'image/png' },
    });
    assert.equal(odd.status, 406);
    const part = (await ask(world, 'acme', `GET /secrets/${world.id}`)).body;
    assert.match(part.secretId, /^[0-9a-f]{64}$/);
    assert.deepEqual(
      filesOf(world, 'acme').filter((name) => /csv|part$/.test(name)),
      [],
    );
    const late = await give(world, 'acme', ROWS.acme ?? '');
    assert.deepEqual(
      [late.status, late.body.code, late.body.state],
      [409, 'collaboration.wrong-state', 'finished'],
    );
    const back = await ask(world, 'acme', `DELETE /approve/${world.id}`);
    assert.deepEqual(
      [back.status, back.body.code],
      [409, 'collaboration.started'],
      JSON.stringify(back.body),
    );
  });
});

test('a part is taken back before the start: what only the desk knows is forgotten, what the log knows is told to all', async () => {
  await inWorld(async (world, digest) => {
    const partOf = async (party: string) => (await ask(world, party, `GET /secrets/${world.id}`)).body;
    assert.equal((await partOf('beta')).canWithdraw, false);
    assert.equal((await approve(world, 'beta', digest)).body.canWithdraw, true);
    const forgotten = (await ask(world, 'beta', `DELETE /approve/${world.id}`)).body;
    assert.deepEqual([forgotten.approved, forgotten.withdrawn], [false, false]);
    assert.equal((await approve(world, 'beta', digest)).status, 200, 'it may approve again');

    await give(world, 'acme', ROWS.acme ?? '', `?approve=${digest}`);
    await world.follower.until(
      (log) => log.collaboration(world.id)?.lifecycle.context.uploads.acme !== undefined,
      AbortSignal.timeout(60_000),
    );
    for (let tries = 0; (await partOf('acme')).secretId === null; tries++) {
      assert.ok(tries < 1000, 'its own client hears of it');
      await systemClock.sleep(20);
    }
    const back = await ask(world, 'acme', `DELETE /approve/${world.id}`);
    assert.equal(back.status, 200, JSON.stringify(back.body));
    assert.deepEqual([back.body.approved, back.body.withdrawn, back.body.canWithdraw], [false, true, false]);
    await world.follower.until(
      (log) =>
        log.collaboration(world.id)?.lifecycle.context.reason?.code === 'collaboration.too-few-parties',
      AbortSignal.timeout(60_000),
    );
    assert.deepEqual(
      filesOf(world, 'acme').filter((name) => /csv|part$|approved/.test(name)),
      [],
    );
  });
});

test('an output party that approves after the others have finished gets its result all the same', async () => {
  await inWorld(async (world, digest) => {
    for (const party of ['acme', 'beta']) await give(world, party, ROWS[party] ?? '', `?approve=${digest}`);
    await world.follower.until(
      (log) => log.collaboration(world.id)?.status === 'finished',
      AbortSignal.timeout(60_000),
    );
    assert.equal((await approve(world, 'analyst', digest)).status, 200);
    await world.follower.until(
      (log) => log.collaboration(world.id)?.lifecycle.context.received.includes('analyst'),
      AbortSignal.timeout(20_000),
    );
    assert.equal((await ask(world, 'analyst', `GET /result/${world.id}/analyst`)).status, 200);
  });
});

test('rows that do not fit are refused with line and column, and nothing of them is kept or repeated', async () => {
  await inWorld(async (world, digest) => {
    const refused = await give(world, 'acme', 'team,wage\nred,3\ngreen,4711\n', `?approve=${digest}`);
    assert.equal(refused.status, 400, JSON.stringify(refused.body));
    assert.match(refused.body.code, /^rows\./);
    assert.deepEqual([refused.body.place.line, refused.body.place.column], [3, 'wage']);
    assert.ok(!JSON.stringify(refused.body).includes('4711'));
    for (const csv of [
      '',
      'team\nred\n',
      'team,wage\nblue,1\n',
      'team,wage\nred,1,2\n',
      `team,wage\n${'red,1\n'.repeat(6)}`,
      '"',
      '\u0000',
    ])
      assert.equal((await give(world, 'acme', csv, `?approve=${digest}`)).status, 400, JSON.stringify(csv));
    assert.deepEqual(
      filesOf(world, 'acme').filter((name) => /csv|part$|approved/.test(name)),
      [],
    );
    const part = (await ask(world, 'acme', `GET /secrets/${world.id}`)).body;
    assert.deepEqual([part.approved, part.part, part.tables[0].given], [false, null, false]);
    const facts = collaborationsIn(world.follower.state).collaboration(world.id)?.lifecycle.context;
    assert.deepEqual(facts?.approvals, []);
  });
});

test('nothing is taken without an approval of that very digest, for another party, or of an unknown collaboration', async () => {
  await inWorld(async (world, digest) => {
    const unapproved = await give(world, 'acme', ROWS.acme ?? '');
    assert.deepEqual([unapproved.status, unapproved.body.code], [409, 'descriptor.not-approved']);
    assert.match(unapproved.body.detail, new RegExp(digest));
    const other = await give(world, 'acme', ROWS.acme ?? '', `?approve=${'0'.repeat(64)}`);
    assert.deepEqual([other.status, other.body.code], [409, 'collaboration.other-descriptor']);
    assert.equal((await approve(world, 'acme', '0'.repeat(64))).status, 409);
    const foreign = await ask(world, 'acme', `POST /secrets/${world.id}/beta?approve=${digest}`, {
      body: ROWS.beta ?? '',
      headers: { 'content-type': 'text/csv' },
    });
    assert.equal(foreign.status, 403);
    assert.equal((await give(world, 'analyst', ROWS.acme ?? '', `?approve=${digest}`)).status, 403);
    assert.equal((await ask(world, 'acme', `GET /result/${world.id}/acme`)).status, 403);
    assert.equal((await ask(world, 'acme', `GET /secrets/${'0'.repeat(20)}`)).status, 404);
    const json = await ask(world, 'acme', `POST /secrets/${world.id}/acme`, {
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(json.status, 415);
    assert.deepEqual(
      filesOf(world, 'acme').filter((name) => /csv|part$/.test(name)),
      [],
    );
  });
});

test('only who can read the token file is served, and notices must be signed by the coordinator for this party', async () => {
  await inWorld(async (world) => {
    const { url, authorization } = world.service('acme');
    for (const headers of [
      {},
      { authorization: 'Bearer x' },
      { authorization: `${authorization}x` },
    ] as Record<string, string>[])
      assert.equal((await fetch(`${url}/sys-status`, { headers })).status, 401);
    assert.equal((await ask(world, 'acme', 'GET /sys-status')).body.party, 'acme');
    const token = statSync(join(world.directory, 'state', 'party-acme', 'api-token'));
    assert.equal(token.mode & 0o077, 0);
    const said = { deployment: 'world', party: 'acme', collaboration: world.id, sequence: 1, status: 'open' };
    const notify = (notice: object): Promise<Answer> =>
      ask(world, 'acme', `PUT /notify/${world.id}`, {
        body: JSON.stringify(notice),
        headers: { 'content-type': 'application/json' },
      });
    const coordinator = world.identityOf('coordinator');
    const good = signNotice(coordinator, said);
    assert.equal((await notify(good)).status, 204);
    assert.equal((await notify({ ...good, status: 'failed' })).status, 403);
    assert.equal((await notify(signNotice(world.identityOf('server-a'), said))).status, 403);
    assert.equal((await notify(signNotice(coordinator, { ...said, party: 'beta' }))).status, 403);
    assert.equal(
      (await notify(signNotice(coordinator, { ...said, collaboration: '0'.repeat(20) }))).status,
      400,
    );
    assert.equal((await notify({})).status, 400);
  });
});

test('what was handed in survives a restart of the client', async () => {
  await inWorld(async (world, digest) => {
    assert.equal((await approve(world, 'acme', digest)).status, 200);
    await world.stop('party-acme');
    await world.start('party-acme');
    for (let tries = 0; (await ask(world, 'acme', 'GET /readyz')).status !== 200; tries++) {
      assert.ok(tries < 500);
      await systemClock.sleep(10);
    }
    const part = (await ask(world, 'acme', `GET /secrets/${world.id}`)).body;
    assert.deepEqual([part.approved, part.part], [true, null]);
    assert.equal((await give(world, 'acme', ROWS.acme ?? '')).status, 202);
    await world.follower.until(
      (log) => log.collaboration(world.id)?.lifecycle.context.uploads.acme !== undefined,
      AbortSignal.timeout(30_000),
    );
  });
});

/** Everything that a party's client keeps, by path. */
function filesOf(world: World, party: string): string[] {
  const directory = join(world.directory, 'state', `party-${party}`);
  assert.ok(existsSync(directory));
  return readdirSync(directory, { recursive: true }).map(String);
}
