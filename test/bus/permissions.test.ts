/** What a broker with logins refuses, and how a connection hears of it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createUser } from '@nats-io/nkeys';
import type { ErrorReport } from '../../src/base/errors.ts';
import type { Message } from '../../src/bus/bus.ts';
import { connectNats, inboxOf } from '../../src/bus/nats.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { withBroker } from '../support/broker.ts';
import { bytes, Collected, codeIs } from './collected.ts';
import { BOUND } from './contract.ts';

function newIdentity(): Identity {
  const pair = createUser();
  return { publicKey: pair.getPublicKey(), sign: (message) => pair.sign(message) };
}

const LOG_READER = ['$JS.API.STREAM.INFO.mpc_p_log', '$JS.API.DIRECT.GET.mpc_p_log'];
const LOG_WRITER = [...LOG_READER, '$JS.API.STREAM.CREATE.mpc_p_log', 'mpc.p.log'];

test('a key logs in, and what it may not say or hear is refused and reported', BOUND, async () => {
  const [asker, server, stranger] = [newIdentity(), newIdentity(), newIdentity()];
  const users = [
    {
      publicKey: asker.publicKey,
      publish: ['to.server', ...LOG_READER],
      subscribe: ['mpc.p.log.entries', `${inboxOf('an asker')}.>`],
    },
    { publicKey: server.publicKey, publish: LOG_WRITER, subscribe: ['to.server', `${inboxOf('server')}.>`] },
  ];
  await withBroker(
    async ({ url }) => {
      await assert.rejects(
        connectNats({ servers: url, name: 'x', identity: stranger }),
        codeIs('bus.permission-denied'),
      );
      await assert.rejects(connectNats({ servers: url, name: 'x' }), codeIs('bus.permission-denied'));
      const a = await connectNats({ servers: url, name: 'an asker', identity: asker });
      const s = await connectNats({ servers: url, name: 'server', identity: server });
      const troubles = new Collected<ErrorReport>();
      a.onTrouble(troubles.add);
      s.subscribe('to.server', ({ data, respond }) => respond?.(data));
      const log = await s.log('mpc_p_log');
      assert.deepEqual(await a.request('to.server', bytes(5), 5000), bytes(5), 'one answer is allowed');

      const overheard = new Collected<Message>();
      a.subscribe('to.>', overheard.add);
      assert.match((await troubles.atLeast(1))[0]?.message ?? '', /to\.>/);
      a.publish('to.other', bytes(1));
      assert.match((await troubles.atLeast(2))[1]?.message ?? '', /to\.other/);
      await assert.rejects(a.request('to.other', bytes(1), 5000), codeIs('bus.permission-denied'));
      const read = await a.log('mpc_p_log');
      await assert.rejects(read.append('id', bytes(1)), codeIs('bus.permission-denied'));
      assert.ok(troubles.items.every(({ code }) => code === 'bus.permission-denied'));

      assert.equal(await log.append('id', bytes(1)), 1);
      const entries = new Collected<number>();
      await read.follow(1, ({ sequence }) => entries.add(sequence));
      assert.deepEqual(await entries.atLeast(1), [1], 'reading the log needs these subjects and no more');
      assert.deepEqual(overheard.items, []);
      await Promise.all([a.close(), s.close()]);
    },
    { users },
  );
});

test(
  'a stream that would lose entries is refused as a log, and one that has lost some alarms its follower',
  BOUND,
  async () => {
    await withBroker(async ({ url }) => {
      const bus = await connectNats({ servers: url, name: 'a' });
      const create = (name: string, more: object) =>
        bus.request(
          `$JS.API.STREAM.CREATE.${name}`,
          Buffer.from(
            JSON.stringify({ name, subjects: [name], deny_delete: true, deny_purge: true, ...more }),
          ),
          5000,
        );
      await create('memory', { storage: 'memory', retention: 'limits' });
      await create('short', { storage: 'file', retention: 'limits', max_msgs: 10 });
      await create('erasable', { storage: 'file', retention: 'limits', deny_purge: false });
      await create('good', { storage: 'file', retention: 'limits' });
      for (const name of ['memory', 'short', 'erasable'])
        await assert.rejects(bus.log(name), codeIs('log.unsuitable'), name);
      await assert.rejects(bus.log('good', 'another.subject'), codeIs('log.unsuitable'));
      assert.equal(await (await bus.log('good')).append('id', bytes(1)), 1);

      await create('gap', { storage: 'file', retention: 'limits', first_seq: 10 });
      const [troubles, entries] = [new Collected<ErrorReport>(), new Collected<number>()];
      bus.onTrouble(troubles.add);
      const gap = await bus.log('gap');
      await gap.follow(1, ({ sequence }) => entries.add(sequence));
      assert.equal(await gap.append('id', bytes(1)), 10);
      const [report] = await troubles.atLeast(1);
      assert.equal(report?.code, 'log.behind');
      assert.match(report?.message ?? '', /entry 10 came where 1 was due/);
      assert.deepEqual(entries.items, []);
      await bus.close();
    });
  },
);
