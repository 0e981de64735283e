/** What the host does with events and deliveries: taken once, said in order, and nothing lost where a disk is full. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { forever, hastyClock, newPath, openWorld, outboxSize, start, storedContext, until } from './world.ts';

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
