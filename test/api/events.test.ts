/**
 * Live events over real HTTP: a reader sees the state, then every change; cut off, it resumes without a gap and without a double.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../src/bus/subjects.ts';
import type { CommandBody } from '../../src/coordination/bodies.ts';
import { submit } from '../coordination/replica.ts';
import { EventReader } from './sse.ts';
import { type Faces, newCollaboration, tokenOf, withFaces } from './world.ts';

interface Opened {
  readonly id: string;
  readonly digest: string;
}

async function opened(faces: Faces): Promise<Opened> {
  const { body } = await faces.ask('POST /collaboration', { as: 'analyst', body: newCollaboration() });
  return body.collaboration;
}

let said = 0;
async function say(faces: Faces, me: Address, body: CommandBody): Promise<void> {
  const bus = faces.hub.connect(me);
  try {
    await submit(bus, me, body, (++said).toString(16).padStart(32, '0'));
  } finally {
    await bus.close();
  }
}

const read = (faces: Faces, id: string, lastEventId?: string, at = 0): Promise<EventReader> =>
  EventReader.open(`${faces.url(at)}/collaboration/${id}/events`, tokenOf('acme'), lastEventId);

test('a reader sees the state first, then every change as it comes', async () => {
  await withFaces(async (faces) => {
    const { id, digest } = await opened(faces);
    const events = await read(faces, id);
    const first = await events.next();
    assert.deepEqual([first.event, first.data.collaboration.status], ['state', 'open']);
    await say(faces, 'party-acme', { kind: 'approve', collaboration: id, attempt: 1, descriptor: digest });
    const change = await events.next();
    assert.deepEqual(
      [change.event, change.data.kind, change.data.author, change.data.collaboration.status],
      ['change', 'approve', 'acme', 'registering'],
    );
    await events.cut();
  });
});

test('a reader that was cut off resumes after its last event: no gap, no double, also at another replica', async () => {
  await withFaces(
    async (faces) => {
      const { id, digest } = await opened(faces);
      const events = await read(faces, id);
      const { id: seen } = await events.next();
      await events.cut();
      for (const party of ['acme', 'beta', 'analyst'])
        await say(faces, `party-${party}`, {
          kind: 'approve',
          collaboration: id,
          attempt: 1,
          descriptor: digest,
        });
      for (const at of [0, 1]) {
        const again = await read(faces, id, seen, at);
        const authors = [];
        for (let n = 0; n < 3; n++) authors.push((await again.next()).data.author);
        assert.deepEqual(authors, ['acme', 'beta', 'analyst'], `replica ${at}`);
        await again.cut();
      }
      const middle = await read(faces, id, seen);
      const { id: afterFirst } = await middle.next();
      await middle.cut();
      const last = await read(faces, id, afterFirst);
      assert.equal((await last.next()).data.author, 'beta');
      await last.cut();
    },
    { replicas: 2 },
  );
});

test('a reader that comes back too late gets the whole state instead of a gap', async () => {
  await withFaces(async (faces) => {
    const { id } = await opened(faces);
    const events = await read(faces, id, '0.999999');
    const first = await events.next();
    assert.deepEqual(
      [first.event, first.data.collaboration.id],
      ['change', id],
      'all since the start is kept here',
    );
    await events.cut();
    // What a replica caught up with before it served, it cannot tell change by change.
    await faces.add({});
    const late = await read(faces, id, '0.999999', 1);
    const state = await late.next();
    assert.deepEqual([state.event, state.data.collaboration.id], ['state', id]);
    await late.cut();
  });
});

test('one account cannot hold all streams, and a stream that ends makes room', async () => {
  await withFaces(async (faces) => {
    const { id } = await opened(faces);
    const readers: EventReader[] = [];
    for (let n = 0; n < 32; n++) readers.push(await read(faces, id));
    const refused = await faces.ask(`GET /collaboration/${id}/events`, { as: 'acme' });
    assert.deepEqual([refused.status, refused.body.code], [429, 'events.too-many']);
    await readers.pop()?.cut();
    let freed = false;
    for (let n = 0; n < 100 && !freed; n++) {
      const answer = await fetch(`${faces.url()}/collaboration/${id}/events`, {
        headers: { authorization: `Bearer ${tokenOf('acme')}` },
      });
      freed = answer.status === 200;
      await answer.body?.cancel();
    }
    assert.ok(freed, 'the place of the stream that ended is free again');
    for (const reader of readers) await reader.cut();
  });
});

test('a stream ends soon after the session that opened it', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  let isIn = true;
  await withFaces(
    async (faces) => {
      const { id } = await opened(faces);
      const events = await read(faces, id);
      await events.next();
      isIn = false;
      context.mock.timers.tick(15_000);
      await assert.rejects(events.next(), /the stream ended/);
    },
    { isSignedIn: () => isIn },
  );
});
