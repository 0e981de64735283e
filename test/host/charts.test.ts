/** Which charts the host runs: none that it could not run for ever, and no state that another chart wrote. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, createMachine, fromPromise, setup } from 'xstate';
import type { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { openHost } from '../../src/host/open.ts';
import { openStore } from '../../src/store/store.ts';
import { ledgerMachine } from './ledger.ts';
import { forever, hastyClock, newPath, openWorld, start, storedContext, until } from './world.ts';

test('a state that another chart wrote is not run; what it had committed to say is still said', async () => {
  const path = newPath();
  const first = await openWorld({
    path,
    say: async () => {
      throw new Error('away');
    },
  });
  await first.host.start('a', 'ledger', start);
  await first.send({ type: 'add', n: 0 });
  await first.close();
  const other = ledgerMachine.provide({});
  const changed = createMachine({ ...other.config, initial: 'closed' }, other.implementations as never);
  const second = await openWorld({ path, machines: { ledger: changed } });
  assert.equal(second.troubles[0]?.code, 'host.stale-snapshot');
  assert.deepEqual([second.host.has('a'), second.host.states('a')], [true, undefined]);
  await assert.rejects(
    second.send({ type: 'add', n: 1 }),
    (error: MpcError) => error.code === 'host.stale-snapshot',
  );
  await until('said', () => second.said.length === 1);
  assert.equal(second.host.isDone('a'), false);
  await second.close();
  const third = await openWorld({ path });
  await third.send({ type: 'add', n: 1 });
  assert.deepEqual((await storedContext(third.store)).seen, [0, 1]);
  await third.close();
});

test('an actor that ended under another chart is no trouble; one that did not can be forgotten and started anew', async () => {
  const path = newPath();
  const first = await openWorld({ path });
  await first.host.start('a', 'ledger', start);
  await first.host.start('b', 'ledger', start);
  await first.send({ type: 'close' });
  await until('said', () => first.said.length === 1);
  await first.close();
  const changed = createMachine(
    { ...ledgerMachine.config, version: '2' },
    ledgerMachine.implementations as never,
  );
  const second = await openWorld({ path, machines: { ledger: changed } });
  await second.send({ type: 'add', n: 0 }, 'late');
  assert.deepEqual([second.host.isDone('a'), second.host.isDone('b')], [true, false]);
  assert.deepEqual(
    second.troubles.map(({ code, actor }) => [code, actor]),
    [['host.stale-snapshot', 'b']],
  );
  await second.host.forget('b');
  await second.host.start('b', 'ledger', { start: [0] });
  assert.deepEqual((await storedContext(second.store, 'b')).seen, [0]);
  await second.close();
});

test('new words in descriptions and tables of ignored events do not make a state stale', async () => {
  const path = newPath();
  const first = await openWorld({ path });
  await first.host.start('a', 'ledger', start);
  await first.close();
  const config = { ...ledgerMachine.config, description: 'Another sentence.', meta: {} };
  const reworded = createMachine(config, ledgerMachine.implementations as never);
  const second = await openWorld({ path, machines: { ledger: reworded } });
  assert.deepEqual(second.troubles, []);
  assert.deepEqual(second.host.states('a'), ['idle']);
  await second.close();
});

test('a machine that the host could not run for ever is refused when it opens', async () => {
  const store = await openStore({ path: newPath() });
  const setups = setup({
    actors: { job: fromPromise(async () => 0) },
    actions: { known: () => {}, set: assign({}) },
  });
  const machines = {
    'effect nobody is known': createMachine({
      invoke: { src: 'nobody', onError: '.x' },
      initial: 'x',
      states: { x: {} },
    }),
    'an error of job leads somewhere': setups.createMachine({ invoke: { id: 'job', src: 'job' } }),
    'action unknown has a delivery': createMachine({ entry: 'unknown' }),
    'actions have names': createMachine({ entry: () => {} }),
    'a delay would be lost': createMachine({ after: { 5: { actions: 'known' } } }),
    'history states are not stored': createMachine({ initial: 'h', states: { h: { type: 'history' } } }),
  };
  const options = {
    effects: { job: forever },
    deliveries: { known: async () => {} },
    store,
    clock: hastyClock(),
    random: systemRandom,
  };
  for (const [rule, machine] of Object.entries(machines))
    await assert.rejects(openHost({ ...options, machines: { machine } }), new RegExp(rule));
  const fine = setups.createMachine({ entry: ['known', 'set', assign({})] });
  await (await openHost({ ...options, machines: { fine } })).stop();
  await store.close();
});
