/** What the host does with effects: it runs them, hears them, stops them, and begins them anew after a restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { awaitDeadline } from '../../src/host/effects.ts';
import type { Effect, EffectContext } from '../../src/host/host.ts';
import { openStore } from '../../src/store/store.ts';
import { forever, hastyClock, newPath, openWorld, start, storedContext, until } from './world.ts';

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
