/**
 * Owns what every implementation of the bus must do, as tests that both run: `nats.test.ts` and `memory.test.ts`.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { utf8 } from '../../src/base/bytes.ts';
import type { ErrorReport } from '../../src/base/errors.ts';
import type { Bus, Message } from '../../src/bus/bus.ts';
import { bytes, Collected, codeIs } from './collected.ts';

/** What does not arrive fails the test instead of holding it. */
export const BOUND = { timeout: 30_000 };

export interface World {
  /** A new connection; the world closes it. */
  connect(name: string): Promise<Bus>;
}

/** Resolves when the broker knows the subscriptions that this connection has made. */
export async function settled(bus: Bus): Promise<void> {
  await assert.rejects(bus.request('nobody.is.here', bytes(), 5000), codeIs('bus.no-responders'));
}

export function busContract(
  kind: string,
  inWorld: (act: (world: World) => Promise<void>) => Promise<void>,
): void {
  const promise = (sentence: string, act: (world: World) => Promise<void>) =>
    test(`${kind}: ${sentence}`, BOUND, () => inWorld(act));

  promise('a message reaches every subscriber, each with bytes of its own', async (world) => {
    const [sender, first, second] = [
      await world.connect('s'),
      await world.connect('f'),
      await world.connect('g'),
    ];
    const got = new Collected<Message>();
    for (const bus of [first, second]) bus.subscribe('a.b', got.add);
    first.subscribe('a.b', got.add);
    for (const bus of [first, second]) await settled(bus);
    sender.publish('a.b', bytes(1, 2, 3));
    const messages = await got.atLeast(3);
    for (const { data, subject, respond } of messages) {
      assert.deepEqual([...data], [1, 2, 3]);
      assert.equal(data.constructor, Uint8Array, 'a Buffer would share its memory when sliced');
      assert.equal(subject, 'a.b');
      assert.equal(respond, undefined, 'nobody asked for an answer');
      data.fill(9);
    }
    assert.equal(messages.length, 3);
  });

  promise('the sender may use its buffer again at once', async (world) => {
    const [sender, receiver] = [await world.connect('s'), await world.connect('r')];
    const got = new Collected<Message>();
    receiver.subscribe('reuse', got.add);
    await settled(receiver);
    const buffer = Buffer.alloc(4);
    for (let value = 0; value < 50; value++) sender.publish('reuse', buffer.fill(value));
    const first = (await got.atLeast(50)).map(({ data }) => data[0]);
    assert.deepEqual(
      first,
      Array.from({ length: 50 }, (_, value) => value),
      'whole, in the order sent',
    );
  });

  promise('a message sent in parts arrives whole, small or large, at everyone who listens', async (world) => {
    const [sender, receiver] = [await world.connect('s'), await world.connect('r')];
    const [listened, subscribed] = [new Collected<Uint8Array>(), new Collected<Message>()];
    const sizes = [0, 1, 100, 16_384, 16_385, 65_536, 262_232, 1_000_003, 2 * 1024 * 1024];
    for (let copy = 0; copy < 2; copy++)
      receiver.listen('big', (data) => listened.add(Uint8Array.from(data)));
    receiver.subscribe('big', subscribed.add);
    await settled(receiver);
    const sent = sizes.map((size) => Uint8Array.from({ length: size }, (_, at) => (at * 31 + size) >>> 3));
    for (const whole of sent) {
      const cuts = [0, Math.floor(whole.length / 3), Math.floor(whole.length / 2), whole.length];
      sender.send(
        'big',
        cuts.slice(1).map((cut, at) => whole.subarray(cuts[at], cut)),
      );
    }
    await listened.atLeast(2 * sizes.length);
    await subscribed.atLeast(sizes.length);
    for (const [at, whole] of sent.entries()) {
      assert.ok(
        Buffer.from(whole).equals(subscribed.items[at]!.data),
        `${whole.length} bytes to a subscriber`,
      );
      for (const copy of [2 * at, 2 * at + 1])
        assert.ok(Buffer.from(whole).equals(listened.items[copy]!), `${whole.length} bytes to a listener`);
    }
    assert.throws(() => sender.send('big', [sent.at(-1)!, bytes(1)]), codeIs('bus.too-large'));
  });

  promise('what is listened to is heard from the first message that this connection sends', async (world) => {
    const bus = await world.connect('b');
    const [left, stayed] = [new Collected<number>(), new Collected<number>()];
    const listening = bus.listen('x', (data) => left.add(data[0]!));
    bus.listen('x', (data) => {
      stayed.add(data[0]!);
      if (data[0] === 1) throw new Error('a mistake');
    });
    const troubles = new Collected<ErrorReport>();
    bus.onTrouble(troubles.add);
    bus.send('x', [bytes(1)]);
    await stayed.atLeast(1);
    assert.deepEqual(await troubles.atLeast(1), [{ code: 'internal', message: 'a mistake' }]);
    listening.unsubscribe();
    bus.send('x', [bytes(2)]);
    await stayed.atLeast(2);
    assert.deepEqual([left.items, stayed.items], [[1], [1, 2]]);
    await bus.close();
    bus.send('x', [bytes(3)]);
    assert.throws(() => bus.listen('x', () => {}), codeIs('bus.closed'));
  });

  promise('a star stands for one token, a last arrow for one or more', async (world) => {
    const bus = await world.connect('b');
    const heard = new Map<string, string[]>();
    const end = new Collected<Message>();
    for (const pattern of ['m.*.x', 'm.>', 'm.a.x', '>'])
      bus.subscribe(pattern, ({ subject }) => heard.set(pattern, [...(heard.get(pattern) ?? []), subject]));
    bus.subscribe('end', end.add);
    for (const subject of ['m.a.x', 'm.b.x', 'm.a.b.x', 'm', 'n.a.x', 'end']) bus.publish(subject, bytes());
    await end.atLeast(1);
    assert.deepEqual(heard.get('m.*.x'), ['m.a.x', 'm.b.x']);
    assert.deepEqual(heard.get('m.>'), ['m.a.x', 'm.b.x', 'm.a.b.x']);
    assert.deepEqual(heard.get('m.a.x'), ['m.a.x']);
    assert.equal(heard.get('>')?.filter((subject) => !subject.startsWith('_INBOX')).length, 6);
  });

  promise('the members of a queue share the messages, others get all', async (world) => {
    const [sender, one, two] = [await world.connect('s'), await world.connect('o'), await world.connect('t')];
    const [shared, all] = [new Collected<string>(), new Collected<Message>()];
    one.subscribe('job', ({ data }) => shared.add(`one ${data[0]}`), 'workers');
    two.subscribe('job', ({ data }) => shared.add(`two ${data[0]}`), 'workers');
    two.subscribe('job', all.add);
    for (const bus of [one, two]) await settled(bus);
    for (let job = 0; job < 60; job++) sender.publish('job', bytes(job));
    await all.atLeast(60);
    const took = await shared.atLeast(60);
    assert.equal(new Set(took.map((line) => line.slice(4))).size, 60, 'each job once');
    for (const worker of ['one', 'two'])
      assert.ok(
        took.some((line) => line.startsWith(worker)),
        `${worker} got some`,
      );
  });

  promise('after unsubscribing nothing more is heard', async (world) => {
    const bus = await world.connect('b');
    const [left, stayed] = [new Collected<Message>(), new Collected<Message>()];
    const subscription = bus.subscribe('x', left.add);
    bus.subscribe('x', stayed.add);
    bus.publish('x', bytes(1));
    await stayed.atLeast(1);
    subscription.unsubscribe();
    bus.publish('x', bytes(2));
    await stayed.atLeast(2);
    assert.equal(left.items.length, 1);
  });

  promise('a request is answered with bytes of its own', async (world) => {
    const [asker, server] = [await world.connect('a'), await world.connect('s')];
    server.subscribe('double.*', ({ data, respond }) => {
      const answer = data.map((value) => 2 * value);
      respond?.(answer);
      answer.fill(0);
    });
    await settled(server);
    const answers = await Promise.all(
      [1, 2, 3].map((value) => asker.request(`double.${value}`, bytes(value), 5000)),
    );
    assert.deepEqual(answers, [bytes(2), bytes(4), bytes(6)]);
  });

  promise('a request comes with the trace that it was given, or with none', async (world) => {
    const [asker, answerer] = [await world.connect('s'), await world.connect('r')];
    const given = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    answerer.subscribe('traced', ({ trace = 'none', respond }) => respond?.(utf8.encode(trace)));
    await settled(answerer);
    const told = async (trace?: string) =>
      utf8.decode(await asker.request('traced', bytes(1), 20_000, trace));
    assert.deepEqual([await told(given), await told()], [given, 'none']);
  });

  promise('a request fails with no-responders, timeout, closed', async (world) => {
    const [asker, silent] = [await world.connect('a'), await world.connect('s')];
    await assert.rejects(asker.request('nobody', bytes(), 5000), codeIs('bus.no-responders'));
    const asked = new Collected<Message>();
    silent.subscribe('silent', asked.add);
    await settled(silent);
    await assert.rejects(asker.request('silent', bytes(), 30), codeIs('bus.timeout'));
    const pending = assert.rejects(asker.request('silent', bytes(), 60_000), codeIs('bus.closed'));
    await asked.atLeast(2);
    await asker.close();
    await pending;
    await assert.rejects(asker.request('silent', bytes(), 60_000), codeIs('bus.closed'));
  });

  promise('what is too large is refused before it is sent, and the connection lives', async (world) => {
    const bus = await world.connect('b');
    const large = new Uint8Array(2 * 1024 * 1024 + 1);
    const log = await bus.log('mpc_large_log');
    assert.throws(() => bus.publish('x', large), codeIs('bus.too-large'));
    await assert.rejects(bus.request('x', large, 1000), codeIs('bus.too-large'));
    await assert.rejects(log.append('id', large), codeIs('bus.too-large'));
    const got = new Collected<Message>();
    bus.subscribe('x', got.add);
    bus.publish('x', large.subarray(1));
    assert.equal((await got.atLeast(1))[0]?.data.length, 2 * 1024 * 1024);
  });

  promise('a handler that throws is reported, and the next message handled', async (world) => {
    const bus = await world.connect('b');
    const [got, troubles] = [new Collected<Message>(), new Collected<ErrorReport>()];
    bus.onTrouble(troubles.add);
    bus.subscribe('x', (message) => {
      got.add(message);
      if (got.items.length === 1) throw new Error('a mistake');
    });
    bus.publish('x', bytes(1));
    bus.publish('x', bytes(2));
    await got.atLeast(2);
    assert.deepEqual(await troubles.atLeast(1), [{ code: 'internal', message: 'a mistake' }]);
  });

  promise('what was published before closing is sent', async (world) => {
    const [sender, receiver] = [await world.connect('s'), await world.connect('r')];
    const got = new Collected<Message>();
    receiver.subscribe('x', got.add);
    await settled(receiver);
    for (let value = 0; value < 20; value++) sender.publish('x', bytes(value));
    await sender.close();
    sender.publish('x', bytes(99));
    assert.equal((await got.atLeast(20)).length, 20);
    assert.throws(() => sender.subscribe('x', got.add), codeIs('bus.closed'));
  });
}
