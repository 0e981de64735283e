/** A broker that reads, repeats, changes and invents frames: it can delay the work, and nothing else. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { concatBytes } from '../../src/base/bytes.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { helloFrame, knockFrame, parseFrame, welcomeFrame } from '../../src/channel/frames.ts';
import { conversationOf } from '../../src/channel/handshake.ts';
import { sourceOf, Transcript } from '../../src/channel/streams.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { bytesOf, chunksOf, drawn, IDENTITY, Notebook, other, type Recorded, TOPIC, World } from './world.ts';

const subjectTo = {
  a: subjects.channel('test', 'server-a', 'server-b', 'c0ffee', 'compute'),
  b: subjects.channel('test', 'server-b', 'server-a', 'c0ffee', 'compute'),
};

/** A channel each way that stands, with 20 chunks delivered and room for more. */
async function standing(world: World) {
  const transcript = { a: new Transcript(), b: new Transcript() };
  const disk = { a: new Notebook(), b: new Notebook() };
  const open = (side: 'a' | 'b') => world.open(side, { outgoing: transcript[side], incoming: disk[side] });
  const ends = { a: open('a'), b: open('b') };
  const sent = chunksOf('standing', 20);
  for (const chunk of sent) for (const side of ['a', 'b'] as const) transcript[side].append(chunk);
  await world.until(() => disk.a.chunks.length === 20 && disk.b.chunks.length === 20);
  await world.pass(20);
  const finish = async () => {
    transcript.a.end();
    transcript.b.end();
    await world.finish(ends.a.done, ends.b.done);
  };
  return { transcript, disk, ends, sent, open, finish };
}

const kinds = (recorded: readonly Recorded[]): Set<string> =>
  new Set(
    recorded.map(({ data }) => {
      const frame = parseFrame(data);
      return typeof frame === 'string' ? frame : frame.type;
    }),
  );

test('replaying every recorded frame, once or a hundred times, changes nothing', async () => {
  const world = new World();
  const { disk, ends, sent, finish, transcript } = await standing(world);
  const recording = world.recorded.slice();
  assert.deepEqual(kinds(recording), new Set(['hello', 'knock', 'welcome', 'sealed']));
  assert.ok(recording.length > 40);
  const attacker = world.hub.connect('attacker');
  for (const order of [recording, recording.toReversed()]) {
    for (const { subject, data } of order) attacker.publish(subject, data);
    await world.settle();
  }
  for (let round = 0; round < 100; round++)
    for (const { subject, data } of recording.slice(0, 6)) attacker.publish(subject, data);
  await world.pass(300);
  assert.deepEqual(disk.a.chunks, sent);
  assert.deepEqual(disk.b.chunks, sent);
  assert.ok(ends.a.traffic.refusedFrames + ends.b.traffic.refusedFrames > 40);
  for (const side of ['a', 'b'] as const)
    for (const code of world.troubles[side].keys())
      assert.match(code, /^channel\.(replayed|stale-welcome|flood|unknown-session)$/);

  const before = ends.a.traffic.repeatedChunks + ends.b.traffic.repeatedChunks;
  transcript.a.append(bytesOf('after', 100));
  await world.settle();
  assert.deepEqual(disk.b.chunks.at(-1), bytesOf('after', 100), 'the session still carries data at once');
  await finish();
  assert.equal(ends.a.traffic.repeatedChunks + ends.b.traffic.repeatedChunks, before);
  await world.close();
});

test('frames of an earlier life of both ends open nothing in a later one', async () => {
  const world = new World();
  await standing(world);
  const recording = world.recorded.slice();
  await Promise.all([world.kill('a'), world.kill('b')]);
  const later = await standing(world);
  const attacker = world.hub.connect('attacker');
  const [sentBefore, refusedBefore] = [world.recorded.length, later.ends.a.traffic.refusedFrames];
  for (const { subject, data } of recording) attacker.publish(subject, data);
  await world.settle();
  assert.deepEqual(later.disk.a.chunks, later.sent);
  assert.deepEqual(later.disk.b.chunks, later.sent);
  assert.ok(world.troubleCount('a', 'channel.unknown-session') >= 20);
  assert.ok(world.troubleCount('b', 'channel.unknown-session') >= 20);
  assert.ok(later.ends.a.traffic.refusedFrames > refusedBefore);
  assert.ok(world.recorded.length - sentBefore < 10, 'replays are hardly answered');
  await later.finish();
  await world.close();
});

test('every changed bit of every kind of frame is refused with a typed error, and the state stays', async () => {
  const world = new World();
  const { disk, ends, sent, finish } = await standing(world);
  const attacker = world.hub.connect('attacker');
  let tried = 0;
  for (const wanted of ['hello', 'welcome', 'sealed'] as const) {
    const original = world.recorded.find(({ data }) => {
      const frame = parseFrame(data);
      return typeof frame === 'object' && frame.type === wanted;
    });
    assert.ok(original !== undefined);
    const side = original.from === 'a' ? 'b' : 'a';
    for (let bit = 0; bit < original.data.length * 8; bit += 7) {
      const changed = original.data.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const [before, answers] = [ends[side].traffic.refusedFrames, world.recorded.length];
      attacker.publish(original.subject, changed);
      await world.settle(2);
      assert.equal(ends[side].traffic.refusedFrames, before + 1, `bit ${bit} of a ${wanted}`);
      assert.equal(world.recorded.length, answers, 'a refused frame is not answered');
      tried++;
      if (tried % 10 === 0) await world.pass(1000);
    }
  }
  assert.ok(tried > 300, `${tried} changes were tried`);
  for (const side of ['a', 'b'] as const)
    for (const code of world.troubles[side].keys()) assert.match(code, /^channel\.[a-z-]+$/);
  for (const code of ['malformed', 'version', 'other-topic', 'bad-signature'])
    assert.ok(world.troubleCount('b', `channel.${code}`) > 0, `channel.${code} was seen`);
  assert.deepEqual(disk.a.chunks, sent);
  assert.deepEqual(disk.b.chunks, sent);
  await finish();
  await world.close();
});

test('a frame changed on its way is refused, and its chunk arrives by repetition', async () => {
  const world = new World();
  const there = chunksOf('there', 60);
  const disk = new Notebook();
  const b = world.open('b', { incoming: disk });
  const bus = world.tapped('a', world.hub.connect('a'));
  let published = 0;
  const a = world.open(
    'a',
    { outgoing: sourceOf(there) },
    {
      bus: {
        ...bus,
        send: (subject, parts) => {
          const sent = concatBytes(...parts);
          if (++published % 3 === 0) sent[sent.length - 20]! ^= 0x10;
          bus.send(subject, [sent]);
        },
      },
    },
  );
  await world.finish(a.done, b.done);
  assert.deepEqual(disk.chunks, there);
  assert.ok(world.troubleCount('b', 'channel.bad-seal') >= 10);
  assert.ok(a.traffic.repeatedChunks >= 10);
  await world.close();
});

test('another key, descriptor, attempt or collaboration than agreed gets no session', async () => {
  const stranger = createIdentity(drawn('stranger'));
  const cases = [
    { change: { identity: stranger }, code: 'channel.bad-signature' },
    { change: { peerKey: stranger.publicKey }, code: 'channel.bad-signature' },
    { change: { topic: { ...TOPIC, descriptor: 'another' } }, code: 'channel.other-topic' },
    { change: { topic: { ...TOPIC, attempt: 2 } }, code: 'channel.other-topic' },
  ] as const;
  for (const wrong of ['a', 'b'] as const) {
    for (const { change, code } of cases) {
      const world = new World();
      const disk = { a: new Notebook(), b: new Notebook() };
      const sent = chunksOf('wrong', 5);
      for (const side of ['a', 'b'] as const)
        world.open(side, { outgoing: sourceOf(sent), incoming: disk[side] }, side === wrong ? change : {});
      await world.pass(15_000);
      assert.deepEqual([disk.a.chunks.length, disk.b.chunks.length], [0, 0]);
      assert.ok(world.troubleCount('a', code) + world.troubleCount('b', code) > 0, `${code} was reported`);
      assert.ok(
        !world.presence.a.includes(true) && !world.presence.b.includes(true),
        'nobody took the other for its peer',
      );
      if (code === 'channel.other-topic')
        assert.ok(!kinds(world.recorded).has('welcome'), 'no welcome was given');
      await world.close();
    }
  }
});

test('nothing of the chunks appears on the bus', async () => {
  const world = new World();
  const sent = Array.from({ length: 30 }, (_, index) => bytesOf(`secret ${index}`, 40 + index * 50));
  const disk = { a: new Notebook(), b: new Notebook() };
  const a = world.open('a', { outgoing: sourceOf(sent), incoming: disk.a });
  const b = world.open('b', { outgoing: sourceOf(sent), incoming: disk.b });
  await world.finish(a.done, b.done);
  assert.deepEqual(disk.a.chunks, sent);
  let searched = 0;
  for (const { data } of world.recorded)
    for (const chunk of sent)
      for (let at = 0; at + 8 <= chunk.length; at += 16) {
        assert.ok(!Buffer.from(data).includes(Buffer.from(chunk.subarray(at, at + 8))));
        searched++;
      }
  assert.ok(searched > 50_000);
  await world.close();
});

test('who has a recording and later both identities cannot open it', async () => {
  const recording = await (async () => {
    const world = new World({ seed: 'recorded' });
    await standing(world);
    await world.close();
    return world.recorded;
  })();
  const world = new World({ seed: 'attack' });
  const disk = { a: new Notebook(), b: new Notebook() };
  for (const side of ['a', 'b'] as const)
    world.open(side, { incoming: disk[side], outgoing: new Transcript() });
  await world.until(() => world.presence.a.length > 0 && world.presence.b.length > 0);
  const attacker = world.hub.connect('attacker');
  for (const { subject, data } of recording) attacker.publish(subject, data);
  await world.pass(1000);
  assert.deepEqual([disk.a.chunks.length, disk.b.chunks.length], [0, 0]);
  const sealed = recording.filter(({ data }) => {
    const frame = parseFrame(data);
    return typeof frame === 'object' && frame.type === 'sealed';
  });
  const refused =
    world.troubleCount('a', 'channel.unknown-session') + world.troubleCount('b', 'channel.unknown-session');
  assert.equal(refused, sealed.length);
  await world.close();

  // One side's identity, alone against the recording: the initiator's hello is played to a responder with the true key.
  const alone = new World({ seed: 'alone' });
  const listening = new Notebook();
  alone.open('b', { incoming: listening });
  const player = alone.hub.connect('player');
  for (const { subject, data } of recording.filter(({ from }) => from === 'a')) player.publish(subject, data);
  await alone.pass(1000);
  assert.equal(listening.chunks.length, 0);
  assert.ok(!alone.presence.b.includes(true));
  await alone.close();
});

test('a flood of garbage is refused cheaply, answered hardly at all, and the channel goes on', async () => {
  const world = new World();
  const { transcript, disk, ends, finish } = await standing(world);
  const attacker = world.hub.connect('attacker');
  const { topic } = conversationOf({
    identity: IDENTITY.a,
    me: 'server-a',
    peer: 'server-b',
    peerKey: IDENTITY.b.publicKey,
    topic: TOPIC,
  });
  const random = drawn('garbage');
  const garbage = (index: number): Uint8Array => {
    switch (index % 6) {
      case 0:
        return knockFrame(topic);
      case 1:
        return helloFrame(topic, random(32), random(64));
      case 2:
        return welcomeFrame(topic, random(32), random(32), random(64));
      case 3:
        return random(200);
      case 4:
        return new Uint8Array([1, 4, 0, 0, 0, 0, 0, 0, ...random(16), 0, 0, ...random(150)]);
      default:
        return random(3);
    }
  };
  const before = world.recorded.length;
  const startedMs = performance.now();
  const count = 12_000;
  for (let index = 0; index < count; index++)
    for (const side of ['a', 'b'] as const) attacker.publish(subjectTo[side], garbage(index));
  await world.settle(60);
  const spentMs = performance.now() - startedMs;
  const refused = ends.a.traffic.refusedFrames + ends.b.traffic.refusedFrames;
  assert.ok(refused > count * 1.7, `${refused} refused`);
  const answers = world.recorded.length - before;
  assert.ok(answers <= 30, `${answers} answers`);
  for (const code of ['flood', 'bad-signature', 'unknown-session', 'malformed', 'unexpected'])
    assert.ok(world.troubleCount('b', `channel.${code}`) > 0, `channel.${code} was seen`);
  assert.ok(world.troubleCount('b', 'channel.bad-signature') <= 21, 'few signatures were looked at');
  assert.ok(spentMs < 5000, `${Math.round(spentMs)} ms for ${2 * count} frames`);

  for (const side of ['a', 'b'] as const) transcript[side].append(bytesOf('after', 50));
  await world.until(() => disk.a.chunks.length === 21 && disk.b.chunks.length === 21, 5000);
  await finish();
  await world.close();
});

test('knocks without end make new keys now and then, and lose nothing', async () => {
  const world = new World({ faults: { delayMs: [1, 3] } });
  const { transcript, disk, ends, finish } = await standing(world);
  const attacker = world.hub.connect('attacker');
  const frame = world.recorded.find(({ data }) => kinds([{ from: 'b', subject: '', data }]).has('knock'));
  assert.ok(frame !== undefined);
  const before = world.recorded.length;
  for (let round = 0; round < 300; round++) {
    attacker.publish(frame.subject, frame.data);
    for (const side of ['a', 'b'] as const) transcript[side].append(bytesOf(`${side} ${round}`, 60));
    await world.pass(10);
  }
  await finish();
  assert.equal(disk.a.chunks.length, 320);
  assert.equal(disk.b.chunks.length, 320);
  const hellos = world.recorded.slice(before).filter((one) => kinds([one]).has('hello')).length;
  assert.ok(hellos >= 1 && hellos <= 40, `${hellos} hellos`);
  assert.ok(ends.a.traffic.repeatedChunks + ends.b.traffic.repeatedChunks < 40);
  await world.close();
});

test('frames that come back to their sender are refused', async () => {
  const world = new World();
  const { disk, sent, finish } = await standing(world);
  const attacker = world.hub.connect('attacker');
  for (const { from, data } of world.recorded.slice()) attacker.publish(subjectTo[from], data);
  await world.settle();
  assert.deepEqual(disk.a.chunks, sent);
  assert.deepEqual(disk.b.chunks, sent);
  for (const side of ['a', 'b'] as const) {
    assert.ok(world.troubleCount(side, 'channel.unexpected') > 0);
    const own = world.troubleCount(side, 'channel.bad-seal') + world.troubleCount(side, 'channel.replayed');
    assert.ok(own >= 20, `${own} of ${other(side)}'s`);
  }
  await finish();
  await world.close();
});
