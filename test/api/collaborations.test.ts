/**
 * The coordinator's face over real HTTP: collaborations are created, found, looked at and taken back.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../src/bus/subjects.ts';
import type { CommandBody } from '../../src/coordination/bodies.ts';
import { submit } from '../coordination/replica.ts';
import { commandId } from '../coordination/world.ts';
import { type Faces, newCollaboration, withFaces } from './world.ts';

test('a collaboration is created from SQL, and every replica shows it', async () => {
  await withFaces(
    async (faces) => {
      const created = await faces.ask('POST /collaboration', { as: 'analyst', body: newCollaboration() });
      assert.equal(created.status, 201, JSON.stringify(created.body));
      const { collaboration, disclosure } = created.body;
      assert.equal(collaboration.status, 'open');
      assert.equal(collaboration.creator, 'analyst');
      assert.deepEqual(collaboration.inputs, ['acme', 'beta']);
      assert.match(disclosure.join('\n'), /analyst/);
      assert.equal(created.headers.get('location'), `/collaboration/${collaboration.id}`);
      const config = await faces.ask(`GET /collaboration/${collaboration.id}/compute-config`, {
        as: 'acme',
        at: 1,
      });
      assert.equal(config.body.digest, collaboration.digest);
      assert.equal(config.body.descriptor.program.kind, 'sql');
      const seen = await faces.ask(`GET /collaboration/${collaboration.id}`, { as: 'acme', at: 1 });
      assert.deepEqual(seen.body, collaboration);
    },
    { replicas: 2 },
  );
});

test('a request repeated with its idempotency key at another replica makes no second collaboration', async () => {
  await withFaces(
    async (faces) => {
      const body = newCollaboration();
      const headers = { 'idempotency-key': 'first try'.replace(' ', '-') };
      const answers = await Promise.all(
        [0, 1, 0, 1].map((at) => faces.ask('POST /collaboration', { as: 'analyst', body, headers, at })),
      );
      assert.deepEqual(
        answers.map(({ status }) => status),
        [201, 201, 201, 201],
      );
      assert.equal(new Set(answers.map((answer) => answer.body.collaboration.id)).size, 1);
      const { items } = (await faces.ask('GET /collaboration', { as: 'beta' })).body;
      assert.equal(items.length, 1);
      const other = await faces.ask('POST /collaboration', {
        as: 'analyst',
        body: newCollaboration({ minGroupSize: 5 }),
        headers,
      });
      assert.equal(other.status, 422);
      assert.equal(other.body.code, 'command.id-reused');
      // Another account's key of the same text is another key.
      const own = await faces.ask('POST /collaboration', { as: 'acme', body, headers });
      assert.equal(own.status, 201);
    },
    { replicas: 2 },
  );
});

test('the list is paged, and narrowed to a party or a state', async () => {
  await withFaces(async (faces) => {
    for (let n = 0; n < 5; n++)
      assert.equal(
        (await faces.ask('POST /collaboration', { as: 'analyst', body: newCollaboration() })).status,
        201,
      );
    const solo = newCollaboration({ inputs: [{ party: 'stranger', table: 't', maxRows: 3 }] });
    await faces.ask('POST /collaboration', { as: 'analyst', body: solo });
    const ids = new Set<string>();
    let [path, pages] = ['/collaboration?limit=2&party=acme', 0];
    for (;;) {
      const page = await faces.ask(`GET ${path}`, { as: 'acme' });
      assert.equal(page.status, 200);
      pages++;
      for (const item of page.body.items) ids.add(item.id);
      if (page.body.next === null) break;
      path = `/collaboration?limit=2&party=acme&after=${page.body.next}`;
    }
    assert.deepEqual([ids.size, pages], [5, 3]);
    assert.equal((await faces.ask('GET /collaboration?status=failed', { as: 'acme' })).body.items.length, 0);
  });
});

test('what has not changed is not sent again, and what has changed is not cancelled unseen', async () => {
  await withFaces(async (faces) => {
    const created = await faces.ask('POST /collaboration', { as: 'analyst', body: newCollaboration() });
    const { id } = created.body.collaboration;
    const seen = await faces.ask(`GET /collaboration/${id}`, { as: 'acme' });
    const tag = seen.headers.get('etag') ?? '';
    assert.match(tag, /^"[0-9a-f]{32}"$/);
    const again = await faces.ask(`GET /collaboration/${id}`, {
      as: 'acme',
      headers: { 'if-none-match': tag },
    });
    assert.deepEqual([again.status, again.body], [304, '']);
    const stale = await faces.ask(`DELETE /collaboration/${id}`, {
      as: 'analyst',
      headers: { 'if-match': `"${'0'.repeat(32)}"` },
    });
    assert.equal(stale.status, 412);
    const cancelled = await faces.ask(`DELETE /collaboration/${id}`, {
      as: 'analyst',
      headers: { 'if-match': tag },
    });
    assert.deepEqual([cancelled.status, cancelled.body.status], [200, 'cancelled']);
    assert.notEqual(cancelled.headers.get('etag'), tag);
  });
});

test('of two who saw the same and ask two replicas one changes it, even where the other replica is behind', async () => {
  const held = new Gate();
  await withFaces(async (faces) => {
    await faces.add({
      changeLog: (log) => ({ follow: (from, hear) => log.follow(from, held.before(hear)) }),
    });
    const created = await faces.ask('POST /collaboration', { as: 'analyst', body: newCollaboration() });
    const { id } = created.body.collaboration;
    const { sequence } = faces.served[0]!.follower.state;
    await faces.served[1]!.follower.until((log) => log.collaboration(id), AbortSignal.timeout(60_000));
    const change = (at: number, headers: Record<string, string> = {}) =>
      faces.ask(`PUT /collaboration/${id}/register-output-party/analyst`, {
        as: 'analyst',
        at,
        body: { notify: `http://told.example/by-${at}` },
        headers: { 'if-match': seen, ...headers },
      });
    const [here, there] = await Promise.all(
      [0, 1].map((at) => faces.ask(`GET /collaboration/${id}`, { as: 'analyst', at })),
    );
    const seen = here?.headers.get('etag') ?? '';
    assert.equal(seen, there?.headers.get('etag'), 'all replicas name a version alike');

    held.close();
    const key = { 'idempotency-key': 'first-of-two' };
    const first = await change(0, key);
    assert.equal(first.status, 200, JSON.stringify(first.body));
    // The second replica has not heard of it: to the caller there, nothing has changed.
    const behind = await faces.ask(`GET /collaboration/${id}`, { as: 'analyst', at: 1 });
    assert.equal(behind.headers.get('etag'), seen);
    const second = change(1);
    await faces.served[0]!.follower.until((log) => log.sequence >= sequence + 2, AbortSignal.timeout(60_000));
    held.open();
    const late = await second;
    assert.deepEqual([late.status, late.body.code], [412, 'request.changed-meanwhile']);
    const { endpoints } = faces.served[1]!.follower.collaboration(id)!.lifecycle.context;
    assert.deepEqual(endpoints, { analyst: 'http://told.example/by-0' });
    assert.equal((await change(1, { ...key })).status, 422, 'the key is that of the other request');
    const again = await faces.ask(`PUT /collaboration/${id}/register-output-party/analyst`, {
      as: 'analyst',
      at: 1,
      body: { notify: 'http://told.example/by-0' },
      headers: { 'if-match': seen, ...key },
    });
    assert.equal(again.status, 200, 'what was done is not refused when it is said again');
    const nonsense = await change(0, { 'if-match': '"nonsense"' });
    assert.equal(nonsense.status, 412);
  });
});

/** Holds back what a replica hears of the log while it is closed. */
class Gate {
  #isOpen = true;
  readonly #waiting: (() => void)[] = [];

  before<Entry>(hear: (entry: Entry) => void): (entry: Entry) => void {
    return (entry) => {
      if (this.#isOpen) hear(entry);
      else this.#waiting.push(() => hear(entry));
    };
  }

  close(): void {
    this.#isOpen = false;
  }

  open(): void {
    this.#isOpen = true;
    for (const hear of this.#waiting.splice(0)) hear();
  }
}

test('only its creator cancels a collaboration; others are told so', async () => {
  await withFaces(async (faces) => {
    const { id } = (await faces.ask('POST /collaboration', { as: 'analyst', body: newCollaboration() })).body
      .collaboration;
    const refused = await faces.ask(`DELETE /collaboration/${id}`, { as: 'acme' });
    assert.deepEqual([refused.status, refused.body.code], [403, 'collaboration.not-the-creator']);
    const stranger = await faces.ask('POST /collaboration', { as: 'stranger', body: newCollaboration() });
    assert.deepEqual([stranger.status, stranger.body.code], [403, 'command.not-allowed']);
  });
});

test('a party that registers is told what to bring and what it reveals; others are refused', async () => {
  await withFaces(async (faces) => {
    const { id, digest } = (
      await faces.ask('POST /collaboration', { as: 'analyst', body: newCollaboration() })
    ).body.collaboration;
    const path = `/collaboration/${id}/register-input-party`;
    const told = await faces.ask(`PUT ${path}/acme`, { as: 'acme' });
    assert.equal(told.status, 200, JSON.stringify(told.body));
    assert.equal(told.body.digest, digest);
    assert.match(told.body.disclosure.join(' '), /analyst/);
    assert.deepEqual(told.body.tables, [
      {
        table: 't',
        maxRows: 20,
        exact: false,
        header: 'x',
        columns: [{ name: 'x', type: 'integer', scale: 0, least: '0', most: '9', nullable: false }],
      },
    ]);
    assert.equal((await faces.ask(`PUT ${path}/acme`, { as: 'acme' })).status, 200);
    assert.equal((await faces.ask(`PUT ${path}/acme`, { as: 'beta' })).status, 403);
    assert.equal((await faces.ask(`PUT ${path}/analyst`, { as: 'analyst' })).status, 403);
    const parties = await faces.ask(`GET /collaboration/${id}/input-parties`, { as: 'beta' });
    assert.deepEqual(
      parties.body.items.map(({ party }: { party: string }) => party),
      ['acme', 'beta'],
    );
  });
});

test('a result is read by a later collaboration, as often as its parties agreed to', async () => {
  await withFaces(async (faces) => {
    const first = await faces.ask('POST /collaboration', {
      as: 'analyst',
      body: newCollaboration({ resultUses: 1 }),
    });
    const { id, digest } = first.body.collaboration;
    await wholeLifeOf(faces, id, digest);
    const { resultIds } = (await faces.ask(`GET /collaboration/${id}/result-ids`, { as: 'analyst' })).body;
    assert.deepEqual(resultIds, [`${id}.1`]);
    const program = 'CREATE TABLE t (count INTEGER, sum INTEGER); SELECT SUM(sum) FROM earlier;';
    const body = {
      program,
      sources: [{ table: 'earlier', result: `${id}.9` }],
      outputs: ['analyst'],
      deadline: DEADLINE,
    };
    const unknown = await faces.ask('POST /collaboration', { as: 'analyst', body });
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'result.unknown']);
    const read = {
      ...body,
      program: 'SELECT SUM(sum) FROM earlier;',
      sources: [{ table: 'earlier', result: `${id}.1` }],
    };
    const second = await faces.ask('POST /collaboration', { as: 'analyst', body: read });
    assert.equal(second.status, 201, JSON.stringify(second.body));
    assert.deepEqual(
      second.body.collaboration.waiting[0].who,
      ['party-acme', 'party-beta'],
      'its parties are asked again',
    );
    const third = await faces.ask('POST /collaboration', { as: 'analyst', body: read });
    assert.deepEqual([third.status, third.body.code], [409, 'result.used-up']);
  });
});

const DEADLINE = new Date(Date.now() + 3_600_000).toISOString();

/** Everything that its participants say, from their approval to the result. */
async function wholeLifeOf(faces: Faces, collaboration: string, descriptor: string): Promise<void> {
  const facts = { collaboration, attempt: 1 };
  const both = (body: object) => (['server-a', 'server-b'] as const).map((server) => [server, body] as const);
  const parties = ['acme', 'beta', 'analyst'].map((party): Address => `party-${party}`);
  const said = [
    ...parties.map((party) => [party, { kind: 'approve', ...facts, descriptor }] as const),
    ...both({ kind: 'randomnessReady', ...facts }),
    ...parties
      .slice(0, 2)
      .map((party) => [party, { kind: 'uploaded', ...facts, rows: '1'.repeat(64) }] as const),
    ...both({ kind: 'bound', ...facts, binding: 'b'.repeat(64) }),
    ...both({ kind: 'resultStored', ...facts, outputs: 'c'.repeat(64) }),
    ['party-analyst', { kind: 'received', ...facts }] as const,
  ];
  for (const [at, [author, body]] of said.entries()) {
    const bus = faces.hub.connect(author);
    await submit(bus, author, body as CommandBody, commandId(7_000 + at)); // of its schema's form, or the log refuses it
    await bus.close();
  }
}
