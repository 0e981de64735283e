/**
 * The typed client against real faces: it moves on when a replica is silent, and a change is made once.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { answered, coordinatorCalls } from '../../src/api/calls/calls.ts';
import { systemClock } from '../../src/base/clock.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { SQL, tokenOf, withFaces } from './world.ts';

const body = {
  program: SQL,
  inputs: [{ party: 'acme', table: 't', maxRows: 20 }],
  outputs: ['analyst'],
  deadline: new Date(Date.now() + 3_600_000).toISOString(),
};
const common = { clock: systemClock, random: systemRandom, token: tokenOf('analyst') };

test('calls move on when a replica refuses connections, is silent, or cannot say yet', async () => {
  await withFaces(
    async (faces) => {
      const mute = createServer((socket) => socket.resume());
      await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
      mute.unref();
      const address = mute.address();
      assert.ok(typeof address === 'object' && address !== null);
      const passed: string[] = [];
      const calls = coordinatorCalls({
        ...common,
        urls: ['http://127.0.0.1:1', `http://127.0.0.1:${address.port}/`, `${faces.url(0)}/`, faces.url(1)],
        silentMs: 2000,
        onPassedOver: (url) => passed.push(url),
      });
      const { collaboration } = answered(await calls.POST('/collaboration', { body }));
      assert.equal(collaboration.status, 'open');
      assert.equal(passed.length, 2, 'both that do not answer were passed over');
      const again = answered(
        await calls.GET('/collaboration/{cid}', { params: { path: { cid: collaboration.id } } }),
      );
      assert.equal(again.id, collaboration.id);
      assert.equal(passed.length, 2, 'the one that answered is asked first the next time');
      await new Promise((resolve) => mute.close(resolve));
    },
    { replicas: 2 },
  );
});

test('a change whose answer does not come is asked of the next replica, and made once', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let appends = 0;
  await withFaces(
    async (faces) => {
      const calls = coordinatorCalls({ ...common, urls: [faces.url(0), faces.url(1)], silentMs: 500 });
      answered(await calls.POST('/collaboration', { body }));
      assert.equal(appends, 2, 'both replicas were asked');
      release();
      const counted = AbortSignal.timeout(10_000);
      const follower = faces.served[1]?.follower;
      await follower?.until(({ counters }) => counters.duplicates === 1, counted);
      assert.equal(answered(await calls.GET('/collaboration', {})).items.length, 1);
    },
    {
      replicas: 2,
      changeLog: (log) => ({
        append: async (id, data) => {
          const number = ++appends;
          if (number === 1) await held;
          // Past the time in which the log itself knows a repetition.
          return log.append(`${id}${number}`.slice(-32), data);
        },
      }),
    },
  );
});

test('a problem becomes the error that it was, with its hint and place', async () => {
  await withFaces(async (faces) => {
    const calls = coordinatorCalls({ ...common, urls: [faces.url()] });
    const program = 'CREATE TABLE t (x INTEGER CHECK (x BETWEEN 0 AND 9));\nSELECT SUM(y) FROM t;';
    const result = await calls.POST('/collaboration', { body: { ...body, program } });
    assert.throws(
      () => answered(result),
      (error: unknown) =>
        error instanceof MpcError &&
        error.code.startsWith('sql.') &&
        error.place?.line === 2 &&
        error.exitCode === 65,
    );
  });
});

test('when nobody answers, that is said in time', async () => {
  const calls = coordinatorCalls({ ...common, urls: ['http://127.0.0.1:1'], patienceMs: 100 });
  await assert.rejects(calls.GET('/collaboration', {}), { code: 'api.silent' });
});
