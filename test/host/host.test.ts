import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, createMachine, fromPromise, setup } from 'xstate';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { awaitDeadline } from '../../src/host/effects.ts';
import type { Effect, EffectContext } from '../../src/host/host.ts';
import { openHost } from '../../src/host/open.ts';
import { openStore } from '../../src/store/store.ts';
import { ledgerMachine } from './ledger.ts';
import { hastyClock, newPath, openWorld, outboxSize, storedContext, until } from './world.ts';

const forever: Effect = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
const start = { start: [] };

test('an event is committed, then what it says is delivered, in order, and forgotten', async () => {
  const world = await openWorld();
  await world.host.start('a', 'ledger', start);
  await world.send({ type: 'add', n: 0 });
  assert.deepEqual((await storedContext(world.store)).seen, [0]);
  for (const n of [1, 2, 3]) await world.send({ type: 'add', n });
  await until('all said', () => world.said.length === 4);
  assert.deepEqual(
    world.said.map(({ n, total }) => [n, total]),
    [
      [0, 0],
      [1, 1],
      [2, 3],
      [3, 6],
    ],
  );
  assert.equal(new Set(world.said.map(({ id }) => id)).size, 4);
  for (const { id } of world.said) assert.match(id, /^[0-9a-f]{32}$/);
  await world.host.stop();
  assert.equal(await outboxSize(world.store), 0);
  await world.store.close();
});

test('an event with a key is taken once, also after a restart', async () => {
  const path = newPath();
  const first = await openWorld({ path });
  await first.host.start('a', 'ledger', start);
  await first.send({ type: 'add', n: 0 }, 'log 1');
  await first.send({ type: 'add', n: 1 }, 'log 1');
  await Promise.all([first.send({ type: 'add', n: 1 }, 'log 2'), first.send({ type: 'add', n: 2 }, 'log 2')]);
  assert.deepEqual((await storedContext(first.store)).seen, [0, 1]);
  await first.close();
  const second = await openWorld({ path });
  await second.send({ type: 'add', n: 2 }, 'log 2');
  assert.deepEqual((await storedContext(second.store)).seen, [0, 1]);
  await second.send({ type: 'add', n: 2 }, 'log 3');
  assert.deepEqual((await storedContext(second.store)).seen, [0, 1, 2]);
  assert.deepEqual(second.troubles, []);
  await second.close();
});

test('an event of which nothing comes is kept in mind with the next change, and is taken once all the same', async () => {
  const path = newPath();
  const world = await openWorld({ path });
  await world.host.start('a', 'ledger', { start: [] });
  const marks = async () => Number((await world.store.get('SELECT count(*) AS size FROM inbox'))?.size);
  await world.send({ type: 'add', n: 1 }, 'too early');
  assert.equal(await marks(), 0);
  await world.send({ type: 'add', n: 0 }, 'in time');
  assert.equal(await marks(), 2);
  await world.send({ type: 'add', n: 1 }, 'too early');
  assert.deepEqual((await storedContext(world.store)).seen, [0]);
  await world.close();
  const again = await openWorld({ path });
  await again.send({ type: 'add', n: 1 }, 'too early');
  assert.deepEqual((await storedContext(again.store)).seen, [0]);
  await again.send({ type: 'add', n: 1 }, 'another');
  assert.deepEqual((await storedContext(again.store)).seen, [0, 1]);
  await again.close();
});

test('keys of one actor are not those of another, and actors do not wait for each other', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const world = await openWorld({ say: async (_params, { actor }) => (actor === 'a' ? held : undefined) });
  await world.host.start('a', 'ledger', start);
  await world.host.start('b', 'ledger', start);
  await Promise.all(['a', 'b'].map((actor) => world.host.send(actor, { type: 'add', n: 0 } as never, 'one')));
  await until('b said', () => world.said.length === 1);
  assert.equal(world.said[0]?.actor, 'b');
  release();
  await until('a said', () => world.said.length === 2);
  await world.close();
});

test('starting an actor again changes nothing', async () => {
  const world = await openWorld();
  await Promise.all([
    world.host.start('a', 'ledger', start),
    world.host.start('a', 'ledger', { start: [0, 1] }),
  ]);
  await world.host.start('a', 'ledger', { start: [0, 1] });
  assert.deepEqual((await storedContext(world.store)).seen, []);
  assert.deepEqual(world.host.states('a'), ['idle']);
  assert.equal(world.host.states('b'), undefined);
  assert.deepEqual([world.host.has('a'), world.host.has('b')], [true, false]);
  assert.equal(world.transitions.length, 1);
  await world.close();
});

test("an effect runs with its state's input, and its result and what it emits come back as events", async () => {
  const inputs: unknown[] = [];
  const job: Effect = async ({ input, emit, actor }: EffectContext<{ n: number }>) => {
    inputs.push([actor, input]);
    emit({ type: 'emitted' });
    emit({ type: 'emitted' });
    return input.n;
  };
  const world = await openWorld({ job });
  await world.host.start('a', 'ledger', start);
  await world.send({ type: 'work', n: 0 });
  await until('worked', () => world.said.length === 1);
  assert.deepEqual(inputs, [['a', { n: 0 }]]);
  assert.deepEqual(await storedContext(world.store), { seen: [0], done: [0], emitted: 2, failed: null });
  assert.deepEqual(
    world.transitions.map(({ event, from, to }) => [event, from.join(), to.join()]),
    [
      ['xstate.init', '', 'idle'],
      ['work', 'idle', 'working'],
      ['emitted', 'working', 'working'],
      ['emitted', 'working', 'working'],
      ['xstate.done.actor.job', 'working', 'idle'],
    ],
  );
  await world.close();
});

test('an effect that fails comes back as a report', async () => {
  const world = await openWorld({
    job: async () => {
      throw new MpcError('tape.missing', 'no tape');
    },
  });
  await world.host.start('a', 'ledger', start);
  await world.send({ type: 'work', n: 0 });
  await until('back', () => world.host.states('a')?.[0] === 'idle');
  assert.equal(((await storedContext(world.store)) as unknown as { failed: string }).failed, 'tape.missing');
  await world.close();
});

test('an effect whose state is left is aborted, and nothing it still says is heard', async () => {
  const says: (() => void)[] = [];
  let aborted = false;
  const job: Effect = ({ signal, emit }) =>
    new Promise((resolve) => {
      says.push(() => emit({ type: 'emitted' }));
      signal.addEventListener('abort', () => {
        aborted = true;
        resolve(0);
      });
    });
  const world = await openWorld({ job });
  await world.host.start('a', 'ledger', start);
  await world.send({ type: 'work', n: 0 });
  await until('running', () => says.length === 1);
  await world.send({ type: 'close' });
  assert.equal(aborted, true);
  says[0]?.();
  await world.host.stop();
  assert.deepEqual(await storedContext(world.store), { seen: [0], done: [], emitted: 0, failed: null });
  assert.deepEqual(world.troubles, []);
  await world.store.close();
});

test('what an effect says after its state was left and entered again is not taken for the new one', async () => {
  const runs: { emit: () => void; resolve: (n: number) => void }[] = [];
  const job: Effect = ({ emit }) =>
    new Promise((resolve) => {
      runs.push({ emit: () => emit({ type: 'emitted' }), resolve });
    });
  const world = await openWorld({ job });
  await world.host.start('a', 'ledger', start);
  await world.send({ type: 'work', n: 0 });
  await until('the first runs', () => runs.length === 1);
  await world.send({ type: 'skip' });
  await world.send({ type: 'work', n: 1 });
  await until('the second runs', () => runs.length === 2);
  runs[0]?.emit();
  runs[0]?.resolve(77);
  await new Promise((resolve) => setImmediate(resolve));
  await world.send({ type: 'rumour.of.war' });
  assert.deepEqual(world.host.states('a'), ['working']);
  runs[1]?.emit();
  runs[1]?.resolve(1);
  await until('worked', () => world.said.length === 1);
  assert.deepEqual(await storedContext(world.store), { seen: [0, 1], done: [1], emitted: 1, failed: null });
  assert.deepEqual(world.troubles, []);
  await world.close();
});

test('a restart runs the effects of the states it finds, with the same input', async () => {
  const path = newPath();
  const first = await openWorld({ path, job: forever });
  await first.host.start('a', 'ledger', { start: [0, 1, 2] });
  await first.send({ type: 'work', n: 3 });
  await first.close();
  const inputs: unknown[] = [];
  const second = await openWorld({
    path,
    job: async ({ input }: EffectContext<{ n: number }>) => {
      inputs.push(input);
      return input.n;
    },
  });
  await until('worked', () => second.said.length === 1);
  assert.deepEqual(inputs, [{ n: 3 }]);
  await second.close();
});

test('a delivery that fails is tried again with the same id, ever more slowly, and holds back what follows', async () => {
  const ids: string[] = [];
  const slept: number[] = [];
  const world = await openWorld({
    clock: hastyClock(slept),
    say: async (_params, { id }) => {
      ids.push(id);
      if (ids.length <= 12) throw new MpcError('bus.unavailable', 'the broker is away', { hint: 'wait' });
    },
  });
  await world.host.start('a', 'ledger', start);
  await world.send({ type: 'add', n: 0 });
  await world.send({ type: 'add', n: 1 });
  await until('both said', () => world.said.length === 2);
  assert.equal(new Set(ids.slice(0, 13)).size, 1);
  assert.deepEqual(
    world.said.map(({ n }) => n),
    [0, 1],
  );
  assert.equal(slept.length, 12);
  for (const [index, delay] of slept.entries()) {
    const full = Math.min(100 * 2 ** index, 30_000);
    assert.ok(delay >= full / 2 && delay <= full, `${delay} ms after failure ${index + 1}`);
  }
  assert.deepEqual(
    world.troubles.map(({ code, hint }) => [code, hint]),
    Array(4).fill(['host.delivery-failing', 'wait']),
    'failures 1, 2, 4 and 8',
  );
  await world.close();
});

test('an event that means nothing is reported, unless the chart names it', async () => {
  const world = await openWorld();
  await world.host.start('a', 'ledger', start);
  await world.send({ type: 'rumour.of.war' });
  await world.send({ type: 'nonsense' });
  await world.send({ type: 'add', n: 7 }, 'out of order');
  assert.deepEqual(
    world.troubles.map(({ code, message }) => [code, message]),
    [
      ['host.ignored-event', 'nonsense means nothing in idle'],
      ['host.ignored-event', 'add means nothing in idle'],
    ],
  );
  assert.equal(world.transitions.length, 1);
  await world.close();
});

test('an actor that has ended takes no event, is not started again, and can be forgotten', async () => {
  const path = newPath();
  const first = await openWorld({ path });
  await first.host.start('a', 'ledger', start);
  await assert.rejects(first.host.forget('a'), /has not finished/);
  await first.send({ type: 'close' }, 'the end');
  await first.send({ type: 'add', n: 0 });
  assert.deepEqual([first.host.isDone('a'), first.host.states('a')], [true, ['closed']]);
  await until('said', () => first.said.length === 1);
  await first.close();
  const second = await openWorld({ path });
  assert.deepEqual(await second.store.all('SELECT * FROM inbox'), []);
  await second.host.start('a', 'ledger', start);
  assert.deepEqual([second.host.isDone('a'), second.host.states('a')], [true, ['closed']]);
  await second.host.forget('a');
  assert.equal(second.host.has('a'), false);
  await second.host.start('a', 'ledger', start);
  assert.deepEqual(second.host.states('a'), ['idle']);
  assert.deepEqual([...first.troubles, ...second.troubles], []);
  await second.close();
});

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

test('a full disk refuses the event and leaves the actor as it was; an effect waits for space', async () => {
  const world = await openWorld();
  await world.host.start('a', 'ledger', start);
  const pages = Number((await world.store.get('PRAGMA page_count'))?.page_count);
  await world.store.all(`PRAGMA max_page_count = ${pages}`);
  await world.host.start('b', 'ledger', { start: [] }).catch(() => undefined);
  let refused: unknown;
  let n = 0;
  for (; refused === undefined && n < 20_000; n++)
    await world.send({ type: 'add', n }, `a long key to fill pages ${n}`).catch((error: unknown) => {
      refused = error;
    });
  assert.ok(refused instanceof MpcError && refused.code === 'store.full', String(refused));
  n -= 1;
  await world.store.all('PRAGMA max_page_count = 1000000');
  assert.equal((await storedContext(world.store)).seen.length, n);
  await world.send({ type: 'add', n }, `a long key to fill pages ${n}`);
  await until('all said once', () => world.said.length === n + 1);
  assert.deepEqual(
    world.said.map((one) => one.n),
    Array.from({ length: n + 1 }, (_, index) => index),
  );
  await world.close();
});

test("an effect's result that cannot be stored is tried again, and nothing overtakes it", async () => {
  const path = newPath();
  const store = await openStore({ path });
  let full = false;
  let refused = 0;
  const world = await openWorld({
    store: {
      ...facesOf(store),
      transaction: (work) => {
        if (!full) return store.transaction(work);
        if (++refused === 5) full = false;
        return Promise.reject(new MpcError('store.full', 'full'));
      },
    },
    job: async ({ input, emit }: EffectContext<{ n: number }>) => {
      full = true;
      emit({ type: 'emitted' });
      return input.n;
    },
  });
  await world.host.start('a', 'ledger', start);
  await world.send({ type: 'work', n: 0 });
  await until('worked', () => world.said.length === 1);
  assert.deepEqual(await storedContext(store), { seen: [0], done: [0], emitted: 1, failed: null });
  assert.equal(refused, 5);
  assert.ok(world.troubles.length > 0 && world.troubles.every(({ code }) => code === 'store.full'));
  await world.close();
  await store.close();
});

test('a host that is stopping takes nothing more', async () => {
  const world = await openWorld({ job: forever });
  await world.host.start('a', 'ledger', start);
  const last = world.send({ type: 'add', n: 0 });
  const stopping = world.host.stop();
  await assert.rejects(world.send({ type: 'add', n: 1 }), /stopping/);
  await assert.rejects(world.host.start('b', 'ledger', start), /stopping/);
  await assert.rejects(last, /stopping/);
  await stopping;
  await world.store.close();
});

test('sending to nobody is a typed error', async () => {
  const world = await openWorld();
  await assert.rejects(
    world.send({ type: 'add', n: 0 }),
    (error: MpcError) => error.code === 'host.unknown-actor',
  );
  await world.close();
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

test('what is not JSON never reaches a context: the event is refused, nothing is stored', async () => {
  const world = await openWorld();
  await world.host.start('a', 'ledger', start);
  await world.send({ type: 'add', n: 0 });
  const before = await storedContext(world.store);
  await assert.rejects(world.host.start('b', 'ledger', { start: [0.5] }), /safe integers/);
  assert.equal(world.host.has('b'), false);
  assert.deepEqual(await storedContext(world.store), before);
  await world.close();
});

test('a deadline is an absolute time: a restart does not push it back, and a far one is waited for in parts', async () => {
  let now = 0;
  const slept: number[] = [];
  const clock = {
    ...hastyClock(),
    now: () => now,
    sleep: async (delayMs: number) => {
      slept.push(delayMs);
      now += delayMs;
    },
  };
  const wait = (deadlineMs: number) =>
    awaitDeadline(clock)({
      actor: 'a',
      input: { deadlineMs },
      signal: new AbortController().signal,
      emit: () => {},
    });
  await wait(1000);
  await wait(1000);
  assert.deepEqual(slept, [1000]);
  await wait(1000 + 100 * 24 * 3600 * 1000);
  assert.equal(slept.length, 101);
});

function facesOf(store: Awaited<ReturnType<typeof openStore>>) {
  return {
    run: store.run.bind(store),
    get: store.get.bind(store),
    all: store.all.bind(store),
    migrate: store.migrate.bind(store),
    close: store.close.bind(store),
  };
}
