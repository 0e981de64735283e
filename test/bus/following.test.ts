/** What a follower of the log needs of the brokers: nothing that is kept for it there, and no word that is said only once. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { createUser } from '@nats-io/nkeys';
import { connect } from '@nats-io/transport-node';
import type { ErrorReport } from '../../src/base/errors.ts';
import { connectNats, inboxOf } from '../../src/bus/nats.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { withBroker } from '../support/broker.ts';
import { bytes, Collected } from './collected.ts';

const NAME = 'mpc_p_log';
const BOUND = { timeout: 120_000 };
/** More than wait for a handler and are asked for at once. */
const MANY = 1000;

test(
  'a follower that is held up by its first entry misses none of a thousand that come meanwhile',
  BOUND,
  async () => {
    await withBroker(async ({ url }) => {
      const bus = await connectNats({ servers: url, name: 'a' });
      const log = await bus.log(NAME);
      const entries = new Collected<number>();
      let goOn: () => void = () => {};
      const held = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      await log.follow(1, async ({ sequence, data }) => {
        if (sequence === 1) await held;
        assert.equal(data[0], sequence % 256);
        entries.add(sequence);
      });
      for (let sequence = 1; sequence <= MANY; sequence++)
        await log.append(`id ${sequence}`, bytes(sequence % 256));
      goOn();
      await entries.atLeast(MANY);
      assert.deepEqual(
        entries.items,
        Array.from({ length: MANY }, (_, at) => at + 1),
      );
      await bus.close();
    });
  },
);

test('the broker keeps nothing for its followers', BOUND, async () => {
  await withBroker(async ({ url }) => {
    const bus = await connectNats({ servers: url, name: 'a' });
    const log = await bus.log(NAME);
    const entries = new Collected<number>();
    for (let follower = 0; follower < 3; follower++)
      await log.follow(1, ({ sequence }) => entries.add(sequence));
    await log.append('id', bytes(1));
    await entries.atLeast(3);
    const own = await connect({ servers: url });
    const { state } = await (await jetstreamManager(own)).streams.info(NAME);
    assert.equal(state.messages, 1);
    assert.equal(state.consumer_count, 0);
    await own.close();
    await bus.close();
  });
});

test('who may not hear what is said of the log reads it all the same, and is told', BOUND, async () => {
  const [deaf, writer] = [newIdentity(), newIdentity()];
  const reading = [`$JS.API.STREAM.INFO.${NAME}`, `$JS.API.DIRECT.GET.${NAME}`];
  const users = [
    { publicKey: deaf.publicKey, publish: reading, subscribe: [`${inboxOf('deaf')}.>`] },
    {
      publicKey: writer.publicKey,
      publish: [...reading, `$JS.API.STREAM.CREATE.${NAME}`, 'mpc.p.log'],
      subscribe: [`${inboxOf('writer')}.>`],
    },
  ];
  await withBroker(
    async ({ url }) => {
      const bus = await connectNats({ servers: url, name: 'writer', identity: writer });
      const log = await bus.log(NAME);
      const reader = await connectNats({ servers: url, name: 'deaf', identity: deaf });
      const [entries, troubles] = [new Collected<number>(), new Collected<ErrorReport>()];
      reader.onTrouble(troubles.add);
      await (await reader.log(NAME)).follow(1, ({ sequence }) => entries.add(sequence));
      for (let sequence = 1; sequence <= 3; sequence++) {
        await log.append(`id ${sequence}`, bytes(sequence));
        await entries.atLeast(sequence);
      }
      assert.deepEqual(entries.items, [1, 2, 3]);
      assert.equal(troubles.items[0]?.code, 'bus.permission-denied');
      await Promise.all([bus.close(), reader.close()]);
    },
    { users },
  );
});

function newIdentity(): Identity {
  const pair = createUser();
  return { publicKey: pair.getPublicKey(), sign: (message) => pair.sign(message) };
}
