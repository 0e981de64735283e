/**
 * The coordinator's face over real HTTP: collaborations are created, found, looked at and taken back.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newCollaboration, withFaces } from './world.ts';

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
