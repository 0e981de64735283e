/**
 * Coordination over a real broker: several replicas, a broker that is killed, a replica that comes late.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bus } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { stateDigest } from '../../src/coordination/snapshot.ts';
import { type TestBroker, withBroker } from '../support/broker.ts';
import { follow, startReplica, submit } from './replica.ts';
import { commandId, idOfNumber, wholeLife } from './world.ts';

const LIVES = 4;

async function inWorld(
  act: (connect: (name: string) => Promise<Bus>, broker: TestBroker) => Promise<void>,
): Promise<void> {
  await withBroker(async (broker) => {
    const connected: Bus[] = [];
    try {
      await act(async (name) => {
        const bus = await connectNats({ servers: broker.url, name });
        connected.push(bus);
        return bus;
      }, broker);
    } finally {
      await Promise.all(connected.map((bus) => bus.close()));
    }
  });
}

/** Every kind of command, by one connection for all authors. */
async function live(bus: Bus, number: number): Promise<void> {
  for (const [index, [me, body]] of wholeLife(number).entries())
    await submit(bus, me, body, commandId(1000 * number + index), {
      requestTimeoutMs: 1000,
      signal: AbortSignal.timeout(20_000),
    });
}

test('whole lives over a broker leave two replicas and a late one with one state', () =>
  inWorld(async (connect) => {
    const replicas = [
      await startReplica(await connect('first')),
      await startReplica(await connect('second')),
    ] as const;
    const bus = await connect('parties');
    await Promise.all(Array.from({ length: LIVES }, (_, number) => live(bus, number)));
    const late = await follow(await connect('late'));
    await late.caughtUp;
    const [first, second] = replicas;
    for (const follower of [first.follower, second.follower, late]) {
      await follower.until((state) => state.counters.accepted === 12 * LIVES, AbortSignal.timeout(10_000));
      assert.equal(follower.collaboration(idOfNumber(0))?.status, 'finished');
      assert.deepEqual(follower.state.counters, {
        accepted: 12 * LIVES,
        refused: 0,
        duplicates: 0,
        skipped: 0,
        passed: 0,
      });
    }
    assert.equal(stateDigest(first.follower.snapshot()), stateDigest(second.follower.snapshot()));
    assert.equal(stateDigest(first.follower.snapshot()), stateDigest(late.snapshot()));
    late.stop();
    for (const replica of replicas) await replica.stop();
  }));

test('a broker killed in the middle loses and doubles no command', () =>
  inWorld(async (connect, broker) => {
    const replica = await startReplica(await connect('coordinator'));
    const bus = await connect('parties');
    const lives = Promise.all(Array.from({ length: LIVES }, (_, number) => live(bus, number)));
    await replica.follower.until((state) => state.counters.accepted >= LIVES, AbortSignal.timeout(10_000));
    assert.ok(replica.follower.state.counters.accepted < 12 * LIVES, 'the broker is killed before the end');
    await broker.crash();
    await broker.restart();
    await lives;
    assert.equal(replica.follower.state.counters.accepted, 12 * LIVES);
    assert.equal(replica.follower.state.counters.refused, 0);
    const saved = replica.follower.snapshot();
    await replica.stop();
    const restored = await follow(await connect('restored'), { fromState: saved });
    await restored.caughtUp;
    assert.equal(stateDigest(restored.snapshot()), stateDigest(saved));
    restored.stop();
  }));
