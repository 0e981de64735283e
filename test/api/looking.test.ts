/**
 * What a party's page looks at, over real HTTP with all roles behind it: a file before it is handed in, and everything as it changes.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { components } from '../../src/api/calls/client-types.ts';
import { World } from '../support/world.ts';

type Schemas = components['schemas'];

const SQL = `CREATE TABLE pay (team TEXT NOT NULL CHECK (team IN ('red', 'green')), wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 9999));
SELECT team, COUNT(*), SUM(wage) FROM pay GROUP BY team ORDER BY team;`;
const ROWS: Readonly<Record<string, string>> = {
  acme: 'team,name,wage\nred,ann,3\ngreen,bob,4711\n',
  beta: 'team,wage\nred,5\n',
};
const LIMIT_MS = 240_000;

async function inWorld(act: (world: World, digest: string) => Promise<void>): Promise<void> {
  const rows = Object.entries(ROWS).map(([party, csv]) => ({ party, table: 'pay', maxRows: 100, csv }));
  const world = await World.open({ seed: 1, sql: SQL, rows, services: true });
  try {
    await world.start();
    const created = await world.follower.until(
      (log) => log.collaboration(world.id),
      AbortSignal.timeout(LIMIT_MS),
    );
    await act(world, created.digest);
  } finally {
    await world.close();
  }
}

async function ask<Answer = Record<string, unknown>>(
  world: World,
  party: string,
  line: string,
  body?: string,
): Promise<{ status: number; body: Answer }> {
  const { url, authorization } = world.service(party);
  const [method = '', path = ''] = line.split(' ');
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'text/csv' }) },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  return { status: response.status, body: (await response.json()) as Answer };
}

/** The events of a party's client, from now on until `isEnough`; asked again while the client is not ready. */
async function* eventsOf(world: World, party: string): AsyncGenerator<{ name: string; data: unknown }> {
  const { url, authorization } = world.service(party);
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(LIMIT_MS)]);
  try {
    const response = await fetch(`${url}/events`, { headers: { authorization }, signal });
    assert.equal(response.status, 200);
    assert.ok(response.body !== null);
    for await (const { event = '', data } of response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream()))
      yield { name: event, data: JSON.parse(data) };
  } finally {
    ending.abort();
  }
}

/** Waits until a party's client has heard of the collaboration: it follows the log by itself. */
async function heard(world: World, party: string): Promise<void> {
  for await (const { name, data } of eventsOf(world, party)) {
    if (name === 'one') return;
    if (name !== 'all') continue;
    const { collaborations } = data as Schemas['Overview']; // what `all` holds
    if (collaborations.length > 0) return;
  }
}

test('a file is looked at as a whole: every fault by line and column, without a cell of it, and nothing is kept', async () => {
  await inWorld(async (world) => {
    await heard(world, 'acme');
    const bad = 'team,wage\nred,3\nblue,1\ngreen,\nred,47110\nred\n"green",12\nblue,-1\n';
    const { status, body } = await ask<Schemas['Review']>(world, 'acme', `POST /check/${world.id}/acme`, bad);
    assert.equal(status, 200);
    assert.deepEqual(
      body.faults.map(({ place }) => [place?.line, place?.column]),
      [
        [3, 'team'],
        [4, 'wage'],
        [5, 'wage'],
        [6, undefined],
        [8, 'team'],
        [8, 'wage'],
      ],
    );
    assert.deepEqual([body.rows, body.hasMore, body.table], [2, false, 'pay']);
    assert.ok(!JSON.stringify(body.faults).includes('47110'));
    const many = await ask<Schemas['Review']>(
      world,
      'acme',
      `POST /check/${world.id}/acme`,
      `team,wage\n${'blue,1\n'.repeat(99)}`,
    );
    assert.deepEqual([many.body.faults.length, many.body.hasMore], [50, true]);
    const noHeader = await ask<Schemas['Review']>(world, 'acme', `POST /check/${world.id}/acme`, 'a;b\n');
    assert.deepEqual([noHeader.body.faults.length, noHeader.body.faults[0]?.code], [1, 'rows.header']);
    const tooMany = await ask<Schemas['Review']>(
      world,
      'acme',
      `POST /check/${world.id}/acme`,
      `team,wage\n${'red,1\n'.repeat(101)}`,
    );
    assert.deepEqual(
      [tooMany.body.faults[0]?.code, tooMany.body.faults[0]?.place?.line],
      ['rows.too-many', 102],
    );
    const good = await ask<Schemas['Review']>(world, 'acme', `POST /check/${world.id}/acme`, ROWS.acme);
    assert.deepEqual(good.body.faults, []);
    assert.deepEqual(good.body.preview, [
      ['red', '3'],
      ['green', '4711'],
    ]);
    assert.deepEqual([good.body.columns, good.body.passedOver], [['team', 'wage'], ['name']]);
    const desk = join(world.directory, 'state', 'party-acme', 'desk');
    assert.deepEqual(
      readdirSync(desk, { recursive: true })
        .map(String)
        .filter((name) => /csv|part|approved/.test(name)),
      [],
    );
    const part = await ask<Schemas['Part']>(world, 'acme', `GET /secrets/${world.id}`);
    assert.deepEqual([part.body.approved, part.body.part], [false, null]);
    assert.equal((await ask(world, 'acme', `POST /check/${world.id}/beta`, ROWS.beta)).status, 403);
    await heard(world, 'analyst');
    assert.equal((await ask(world, 'analyst', `POST /check/${world.id}/analyst`, ROWS.beta)).status, 403);
  });
});

test('a client tells of everything its party takes part in, from the invitation to the end of its part', async () => {
  await inWorld(async (world, digest) => {
    await heard(world, 'acme');
    await heard(world, 'beta');
    const parts: (string | null)[] = [];
    let approved = false;
    for await (const { name, data } of eventsOf(world, 'acme')) {
      if (name === 'all') {
        const { party, collaborations } = data as Schemas['Overview']; // what `all` holds
        assert.deepEqual([party, collaborations.map(({ part }) => part.approved)], ['acme', [false]]);
        for (const giver of ['acme', 'beta'])
          assert.equal(
            (await ask(world, giver, `POST /secrets/${world.id}/${giver}?approve=${digest}`, ROWS[giver]))
              .status,
            202,
          );
        continue;
      }
      if (name === 'post') continue; // of messages
      const { part, collaboration } = data as Schemas['TakingPart']; // what `one` holds
      assert.deepEqual([part.party, collaboration.id], ['acme', world.id]);
      approved ||= part.approved;
      parts.push(part.part);
      if (part.part === 'done' && collaboration.status === 'finished') break;
    }
    assert.ok(approved);
    for (const state of ['waitingForMasks', 'waitingForResult', 'done'])
      assert.ok(parts.includes(state), `${state} was told: ${parts.join(' ')}`);
    const { body } = await ask<Schemas['Overview']>(world, 'acme', 'GET /collaborations');
    assert.equal(body.collaborations[0]?.part.part, 'done');
  });
});
