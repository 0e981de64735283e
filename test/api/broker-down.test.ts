/**
 * The coordinator's face on a real broker that goes away and comes back: nothing is promised meanwhile, nothing is done twice.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectNats } from '../../src/bus/nats.ts';
import { withBroker } from '../support/broker.ts';
import { newCollaboration, withFaces } from './world.ts';

test('while the broker is down changes are answered 503; repeated with their key afterwards they are done once', async () => {
  await withBroker(async (broker) => {
    await withFaces(
      async (faces) => {
        const first = await faces.ask('POST /collaboration', { as: 'analyst', body: newCollaboration() });
        assert.equal(first.status, 201, JSON.stringify(first.body));
        assert.equal((await faces.ask('GET /readyz')).status, 200);
        await broker.crash();
        const body = newCollaboration();
        const headers = { 'idempotency-key': 'while-it-was-down' };
        const refused = await faces.ask('POST /collaboration', { as: 'analyst', body, headers });
        assert.equal(refused.status, 503, JSON.stringify(refused.body));
        assert.equal(refused.headers.get('retry-after'), '1');
        assert.equal((await faces.ask('GET /readyz')).status, 503);
        const seen = await faces.ask('GET /collaboration', { as: 'acme' });
        assert.deepEqual([seen.status, seen.body.items.length], [200, 1]);
        await broker.restart();
        let again = await faces.ask('POST /collaboration', { as: 'analyst', body, headers });
        for (let tries = 0; again.status === 503 && tries < 20; tries++)
          again = await faces.ask('POST /collaboration', { as: 'analyst', body, headers });
        assert.equal(again.status, 201, JSON.stringify(again.body));
        const { items } = (await faces.ask('GET /collaboration', { as: 'acme' })).body;
        assert.equal(items.length, 2);
        assert.equal((await faces.ask('GET /readyz')).status, 200);
      },
      { connect: (name) => connectNats({ servers: broker.url, name, connectTimeoutMs: 10_000 }) },
    );
  });
});
