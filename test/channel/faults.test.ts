/** Loss, repetition, reordering, delay and death: what was sent arrives once, in order. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { sourceOf } from '../../src/channel/streams.ts';
import { chunksOf, Notebook, type Side, World } from './world.ts';

const STORM = { drop: 0.3, duplicate: 0.2, reorder: 0.3, delayMs: [0, 40] } as const;

test('on a quiet bus everything arrives in order, with nothing sent twice and nothing refused', async () => {
  const world = new World();
  const [there, back] = [chunksOf('there', 300), chunksOf('back', 120)];
  const [atB, atA] = [new Notebook(), new Notebook()];
  const a = world.open('a', { outgoing: sourceOf(there), incoming: atA });
  const b = world.open('b', { outgoing: sourceOf(back), incoming: atB });
  await world.finish(a.done, b.done);
  assert.deepEqual(atB.chunks, there);
  assert.deepEqual(atA.chunks, back);
  for (const channel of [a, b]) {
    assert.equal(channel.traffic.repeatedChunks, 0);
    assert.equal(channel.traffic.refusedFrames, 0);
  }
  assert.deepEqual([atA.finishedCalls, atB.finishedCalls], [1, 1]);
  await world.close();
});

test('through 30 % loss, repetition, reordering and delay everything arrives once and in order, for many seeds', async () => {
  let repeated = 0;
  let refused = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const world = new World({ seed, faults: STORM });
    const [there, back] = [chunksOf(`there ${seed}`, 60), chunksOf(`back ${seed}`, 25)];
    const [atB, atA] = [new Notebook(), new Notebook()];
    const a = world.open('a', { outgoing: sourceOf(there), incoming: atA });
    const b = world.open('b', { outgoing: sourceOf(back), incoming: atB });
    await world.finish(a.done, b.done);
    assert.deepEqual(atB.chunks, there, `seed ${seed}`);
    assert.deepEqual(atA.chunks, back, `seed ${seed}`);
    for (const channel of [a, b]) {
      repeated += channel.traffic.repeatedChunks;
      refused += channel.traffic.refusedFrames;
    }
    for (const side of ['a', 'b'] as const)
      for (const code of world.troubles[side].keys())
        assert.match(
          code,
          /^channel\.(replayed|unknown-session|stale-welcome|flood|beyond-window)$/,
          `seed ${seed}`,
        );
    await world.close();
  }
  assert.ok(repeated > 400, `the storm should cost repetitions: ${repeated}`);
  assert.ok(refused > 400, `the storm should cause refusals: ${refused}`);
});

const ORDERS: readonly (readonly Side[])[] = [
  ['a'],
  ['b'],
  ['a', 'b'],
  ['b', 'a'],
  ['a', 'a', 'b'],
  ['b', 'b', 'a'],
  ['a', 'b', 'a', 'b', 'a'],
];

for (const order of ORDERS) {
  test(`ends killed on the way in the order ${order.join(', ')} go on from their disks`, async () => {
    let deaths = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const world = new World({
        seed,
        faults: seed % 2 === 0 ? STORM : {},
        settings: { windowChunks: 8 },
      });
      const [there, back] = [chunksOf('there', 150), chunksOf('back', 150)];
      const disk = { a: [] as Uint8Array[], b: [] as Uint8Array[] };
      const open = (side: Side) =>
        world.open(side, {
          outgoing: sourceOf(side === 'a' ? there : back),
          incoming: new Notebook(disk[side]),
        });
      const ends = { a: open('a'), b: open('b') };
      let count = 0;
      for (const side of order) {
        count += 15;
        await world.until(() => disk.a.length >= count && disk.b.length >= count);
        assert.ok(disk.a.length < 150 || disk.b.length < 150, 'the death comes on the way');
        await world.kill(side);
        deaths++;
        if (seed % 3 === 0) await world.pass(7000);
        ends[side] = open(side);
      }
      await world.finish(ends.a.done, ends.b.done);
      assert.deepEqual(disk.b, there, `seed ${seed}`);
      assert.deepEqual(disk.a, back, `seed ${seed}`);
      await world.close();
    }
    assert.equal(deaths, 6 * order.length);
  });
}

test('both ends killed at once and opened again in either order go on', async () => {
  for (const order of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const world = new World({ faults: STORM, seed: order.join() });
    const there = chunksOf('there', 100);
    const disk: Uint8Array[] = [];
    const open = (side: Side) =>
      side === 'a'
        ? world.open('a', { outgoing: sourceOf(there) })
        : world.open('b', { incoming: new Notebook(disk) });
    open('a');
    open('b');
    await world.until(() => disk.length >= 40);
    await Promise.all([world.kill('a'), world.kill('b')]);
    const first = open(order[0]);
    await world.pass(3000);
    const second = open(order[1]);
    await world.finish(first.done, second.done);
    assert.deepEqual(disk, there);
    await world.close();
  }
});

test('a receiver that restarts with nothing is served again from the beginning, by a sender that was done', async () => {
  const world = new World({ faults: { drop: 0.1 } });
  const there = chunksOf('there', 80);
  const first = new Notebook();
  const a = world.open('a', { outgoing: sourceOf(there) });
  const b = world.open('b', { incoming: first });
  await world.finish(a.done, b.done);
  for (let life = 0; life < 3; life++) {
    await world.kill('b');
    const again = new Notebook();
    const reopened = world.open('b', { incoming: again });
    await world.finish(reopened.done);
    assert.deepEqual(again.chunks, there);
  }
  await world.close();
});

test('a receiver that restarts with everything hears of the end again', async () => {
  const world = new World();
  const there = chunksOf('there', 10);
  const disk: Uint8Array[] = [];
  const a = world.open('a', { outgoing: sourceOf(there) });
  await world.finish(world.open('b', { incoming: new Notebook(disk) }).done, a.done);
  await world.kill('b');
  const again = new Notebook(disk);
  await world.finish(world.open('b', { incoming: again }).done);
  assert.equal(again.finishedCalls, 1);
  assert.equal(disk.length, 10);
  await world.close();
});

test('a sender that restarts when its peer has everything already is done without sending it again', async () => {
  for (const side of ['a', 'b'] as const) {
    const world = new World();
    const there = Array.from({ length: 200 }, () => new Uint8Array(10_000));
    const disk = new Notebook();
    const peer = side === 'a' ? 'b' : 'a';
    const sender = world.open(side, { outgoing: sourceOf(there) });
    await world.finish(sender.done, world.open(peer, { incoming: disk }).done);
    await world.kill(side);
    const again = world.open(side, { outgoing: sourceOf(there) });
    await world.finish(again.done);
    assert.ok(again.traffic.sentBytes <= 300_000, `${again.traffic.sentBytes} bytes were sent again`);
    assert.equal(disk.chunks.length, 200);
    await world.close();
  }
});

test('a bus that loses everything for a while and reconnects is made good', async () => {
  const world = new World({ settings: { windowChunks: 8 }, faults: { delayMs: [2, 2] } });
  const there = chunksOf('there', 400);
  const disk = new Notebook();
  const a = world.open('a', { outgoing: sourceOf(there) });
  const b = world.open('b', { incoming: disk });
  for (const names of [['a'], ['b'], ['a', 'b']]) {
    const before = disk.chunks.length;
    await world.until(() => disk.chunks.length > before + 20);
    world.hub.partition(names);
    await world.pass(20_000);
    const during = disk.chunks.length;
    world.hub.heal();
    await world.pass(20);
    assert.ok(disk.chunks.length > during, 'the channel goes on at once, without waiting for a repetition');
  }
  await world.finish(a.done, b.done);
  assert.deepEqual(disk.chunks, there);
  await world.close();
});
