/** Windows, memory, timers, presence, endings: what the channel promises when nobody is hostile. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { LIMITS } from '../../src/base/limits.ts';
import type { ChunkSource } from '../../src/channel/channel.ts';
import { parseFrame } from '../../src/channel/frames.ts';
import { Collector, Mailbox, sourceOf, sourceOfBytes, Transcript } from '../../src/channel/streams.ts';
import { bytesOf, chunksOf, Notebook, World } from './world.ts';

/** A source without end that counts what was asked of it. */
function endless(length: number): ChunkSource & { readonly asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    chunk: async (index) => {
      asked = Math.max(asked, index + 1);
      return new Uint8Array(length);
    },
  };
}

test('a sink that does not take anything holds its sender at the window', async () => {
  for (const windowBytes of [LIMITS.windowBytes, 4 * LIMITS.chunkBytes]) {
    const world = new World({ settings: { windowBytes } });
    const source = endless(LIMITS.chunkBytes);
    const b = world.open('b', {
      incoming: { wanted: () => 0, accept: () => new Promise(() => {}), finished: async () => {} },
    });
    const a = world.open('a', { outgoing: source });
    await world.pass(10_000);
    assert.equal(source.asked(), windowBytes / LIMITS.chunkBytes);
    assert.equal(a.traffic.sentBytes, windowBytes);
    assert.equal(b.traffic.receivedBytes, windowBytes);
    assert.equal(a.traffic.repeatedChunks, 0, 'what the peer holds is not sent again');
    await world.close();
  }
});

test('many tiny chunks are held at a number of chunks', async () => {
  const world = new World();
  const source = endless(1);
  world.open('b', {
    incoming: { wanted: () => 0, accept: () => new Promise(() => {}), finished: async () => {} },
  });
  world.open('a', { outgoing: source });
  await world.pass(5000);
  assert.equal(source.asked(), 1024);
  await world.close();
});

test('a slow sink is never more than a window behind, and loses nothing', async () => {
  const world = new World({ settings: { windowBytes: 8 * LIMITS.chunkBytes } });
  const sent = Array.from({ length: 60 }, (_, index) => new Uint8Array(LIMITS.chunkBytes).fill(index));
  let asked = 0;
  let most = 0;
  const disk: Uint8Array[] = [];
  const a = world.open('a', {
    outgoing: {
      chunk: async (index) => {
        asked = Math.max(asked, index);
        most = Math.max(most, asked - disk.length);
        return sent[index];
      },
    },
  });
  const sink = new Notebook(disk);
  const b = world.open('b', {
    incoming: {
      wanted: () => sink.wanted(),
      accept: async (chunk) => {
        await world.clock.sleep(30);
        await sink.accept(chunk);
      },
      finished: () => sink.finished(),
    },
  });
  await world.finish(a.done, b.done);
  assert.deepEqual(disk, sent);
  assert.ok(most <= 9 && most >= 6, `${most} chunks behind`);
  assert.equal(a.traffic.repeatedChunks, 0);
  await world.close();
});

test('a round of one small message each way costs one frame each way and hardly a timer', async () => {
  const world = new World();
  const out = { a: new Transcript(), b: new Transcript() };
  const into = { a: new Mailbox(), b: new Mailbox() };
  world.open('b', { outgoing: out.b, incoming: into.b });
  world.open('a', { outgoing: out.a, incoming: into.a });
  await world.until(() => world.presence.a.length > 0 && world.presence.b.length > 0);
  await world.settle();
  const before = { frames: world.recorded.length, ms: world.clock.now() };
  let timers = 0;
  const after = world.clock.after.bind(world.clock);
  world.clock.after = (...given) => {
    timers++;
    return after(...given);
  };
  const rounds = 200;
  const play = async (side: 'a' | 'b') => {
    for (let round = 0; round < rounds; round++) {
      out[side].append(bytesOf(`${side} ${round}`, 64));
      const got = await into[side].take();
      assert.deepEqual(got, bytesOf(`${side === 'a' ? 'b' : 'a'} ${round}`, 64));
    }
  };
  const played = Promise.all([play('a'), play('b')]);
  let isOver = false;
  void played.then(() => {
    isOver = true;
  });
  for (let count = 0; count < 100_000 && !isOver; count++) await world.settle(1);
  await played;
  assert.equal(world.clock.now(), before.ms, 'no round waited for a timer');
  assert.equal(world.recorded.length - before.frames, 2 * rounds);
  assert.ok(timers <= 4, `${timers} timers were set`);
  await world.close();
});

test('the first chunk follows the handshake without a timer, whoever opens first', async () => {
  for (const order of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const world = new World();
    const disk = { a: new Notebook(), b: new Notebook() };
    const started = world.clock.now();
    for (const side of order) {
      world.open(side, { outgoing: sourceOf([bytesOf('first', 10)]), incoming: disk[side] });
      await world.settle();
    }
    assert.equal(world.clock.now(), started);
    assert.deepEqual([disk.a.chunks.length, disk.b.chunks.length], [1, 1]);
    assert.deepEqual([disk.a.finishedCalls, disk.b.finishedCalls], [1, 1]);
    assert.ok(world.recorded.length <= 13, `${world.recorded.length} frames`);
    await world.close();
  }
});

test('a channel that is done is silent and sets no timer', async () => {
  const world = new World();
  const disk = new Notebook();
  const a = world.open('a', { outgoing: sourceOf(chunksOf('done', 5)) });
  const b = world.open('b', { incoming: disk });
  await world.finish(a.done, b.done);
  await world.pass(10_000);
  const frames = world.recorded.length;
  await world.pass(60_000);
  assert.equal(world.recorded.length, frames);
  assert.equal(world.clock.timers, 0);
  assert.deepEqual(world.presence, { a: [true], b: [true] });
  await world.close();
});

test('a closed channel leaves nothing behind, and says that it was not done', async () => {
  const world = new World();
  const a = world.open('a', { outgoing: new Transcript() });
  const b = world.open('b', { incoming: new Notebook() });
  await world.pass(100);
  a.close();
  b.close();
  a.close();
  await assert.rejects(a.done, { code: 'channel.closed' });
  await assert.rejects(b.done, { code: 'channel.closed' });
  await world.settle();
  assert.equal(world.clock.timers, 0);
  const frames = world.recorded.length;
  await world.pass(10_000);
  assert.equal(world.recorded.length, frames);
  await world.close();
});

test('a peer that falls silent is away, and back when it is heard again', async () => {
  const world = new World();
  const out = new Transcript();
  const disk = new Notebook();
  world.open('a', { outgoing: out });
  world.open('b', { incoming: disk });
  await world.pass(30_000);
  assert.deepEqual(world.presence, { a: [true], b: [true] }, 'an idle peer is still there');
  world.hub.partition(['b']);
  await world.pass(4500);
  assert.deepEqual(world.presence, { a: [true, false], b: [true, false] });
  out.append(bytesOf('meanwhile', 10));
  await world.pass(10_000);
  world.hub.heal();
  await world.settle(60);
  assert.equal(disk.chunks.length, 1, 'what was lost is sent again with the new session, without a timer');
  await world.pass(2500);
  assert.deepEqual(world.presence, { a: [true, false, true], b: [true, false, true] });
  out.append(bytesOf('after', 10));
  await world.settle();
  assert.equal(disk.chunks.length, 2);
  await world.close();
});

test('a peer that never comes is called away once', async () => {
  const world = new World();
  world.open('a', { outgoing: new Transcript() });
  await world.pass(60_000);
  assert.deepEqual(world.presence.a, [false]);
  assert.ok(world.recorded.length < 60, `${world.recorded.length} frames into the void`);
  await world.close();
});

test('a pause of our own process is not blamed on the peer', async () => {
  const world = new World();
  world.open('a', { outgoing: new Transcript() });
  world.open('b', { incoming: new Notebook() });
  await world.pass(5000);
  world.clock.jump(60_000);
  await world.pass(3000);
  assert.deepEqual(world.presence, { a: [true], b: [true] });
  await world.close();
});

test('after a pause of our own nothing is sent again before what came meanwhile has been read', async () => {
  const world = new World();
  const out = new Transcript();
  const disk = new Notebook();
  const a = world.open('a', { outgoing: out });
  world.open('b', { incoming: disk });
  await world.pass(100);
  for (let round = 1; round <= 10; round++) {
    out.append(bytesOf('paused', 10));
    await world.settle();
    const unread = world.recorded.length + 1;
    while (world.recorded.length < unread) world.clock.advance();
    world.clock.jump(2000);
    world.clock.advance();
    await world.pass(20);
    assert.equal(disk.chunks.length, round);
  }
  assert.equal(a.traffic.repeatedChunks, 0);
  await world.close();
});

test('a sink or source that fails ends its channel with its own error', async () => {
  const failure = new Error('the disk is full');
  const world = new World();
  const a = world.open('a', { outgoing: sourceOf(chunksOf('fail', 10)) });
  const b = world.open('b', {
    incoming: {
      wanted: () => 0,
      accept: async () => {
        throw failure;
      },
      finished: async () => {},
    },
  });
  await assert.rejects(world.finish(b.done), failure);
  assert.equal(world.troubleCount('b', 'internal'), 1);
  a.close();
  const reading = world.open('a', {
    outgoing: {
      chunk: async () => {
        throw failure;
      },
    },
  });
  world.open('b', { incoming: new Notebook() });
  await assert.rejects(world.finish(reading.done), failure);
  await world.close();
});

test('a collector takes up to its maximum and refuses more', async () => {
  for (const [maximum, fits] of [
    [700_000, true],
    [699_999, false],
  ] as const) {
    const world = new World();
    const bytes = bytesOf('whole', 700_000);
    const collector = new Collector(maximum);
    world.open('a', { outgoing: sourceOfBytes(bytes) });
    const b = world.open('b', { incoming: collector });
    if (fits) {
      await world.finish(b.done);
      assert.deepEqual(await collector.whole, bytes);
    } else {
      await assert.rejects(world.finish(b.done), { code: 'channel.too-long' });
      await assert.rejects(collector.whole, { code: 'channel.too-long' });
    }
    await world.close();
  }
});

test('data for a side that expects none is refused and reported', async () => {
  const world = new World();
  world.open('a', { outgoing: sourceOf(chunksOf('unasked', 3)) });
  world.open('b', { outgoing: new Transcript() });
  await world.pass(100);
  assert.ok(world.troubleCount('b', 'channel.unexpected-data') > 0);
  await world.close();
});

test('keys are renewed before they are worn, without a pause', async () => {
  const world = new World({ settings: { rekeyFrames: 100, pingMs: 50 }, faults: { delayMs: [1, 2] } });
  const out = new Transcript();
  const disk = new Notebook();
  const a = world.open('a', { outgoing: out });
  const b = world.open('b', { incoming: disk });
  const sent = chunksOf('many', 600);
  for (const chunk of sent) {
    out.append(chunk);
    await world.pass(3);
  }
  out.end();
  await world.finish(a.done, b.done);
  assert.deepEqual(disk.chunks, sent);
  const sessions = new Set<string>();
  for (const { data } of world.recorded) {
    const frame = parseFrame(data);
    if (typeof frame === 'object' && frame.type === 'sealed')
      sessions.add(Buffer.from(frame.session).toString('hex'));
  }
  assert.ok(sessions.size >= 4, `${sessions.size} sessions`);
  assert.ok(a.traffic.repeatedChunks <= 20, `${a.traffic.repeatedChunks} chunks were sent again`);
  await world.close();
});

test('bulk loss of one chunk in ten costs about one repetition for each, not a window', async () => {
  const world = new World({ faults: { drop: 0.1, delayMs: [1, 1] }, seed: 5 });
  const sent = chunksOf('bulk', 1000);
  const disk = new Notebook();
  const a = world.open('a', { outgoing: sourceOf(sent) });
  const b = world.open('b', { incoming: disk });
  await world.finish(a.done, b.done);
  assert.deepEqual(disk.chunks, sent);
  assert.ok(a.traffic.repeatedChunks < 400, `${a.traffic.repeatedChunks} chunks were sent again`);
  await world.close();
});

test('a bus that only reorders causes few repetitions', async () => {
  const world = new World({ faults: { reorder: 0.4, delayMs: [0, 3] }, seed: 3 });
  const sent = { a: chunksOf('there', 800), b: chunksOf('back', 800) };
  const disk = { a: new Notebook(), b: new Notebook() };
  const a = world.open('a', { outgoing: sourceOf(sent.a), incoming: disk.a });
  const b = world.open('b', { outgoing: sourceOf(sent.b), incoming: disk.b });
  await world.finish(a.done, b.done);
  assert.deepEqual(disk.a.chunks, sent.b);
  assert.deepEqual(disk.b.chunks, sent.a);
  const bytes = sent.a.reduce((sum, chunk) => sum + chunk.length, 0);
  for (const { traffic } of [a, b]) {
    assert.equal(traffic.sentBytes, bytes);
    assert.equal(traffic.receivedBytes, bytes);
    assert.ok(traffic.repeatedChunks < 200, `${traffic.repeatedChunks} chunks were sent again`);
  }
  await world.close();
});
