/**
 * Owns what every implementation of the log must do, as tests that both run: `nats.test.ts` and `memory.test.ts`.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { ErrorReport } from '../../src/base/errors.ts';
import type { LogEntry } from '../../src/bus/bus.ts';
import { bytes, Collected, codeIs } from './collected.ts';
import { BOUND, type World } from './contract.ts';

const NAME = 'mpc_contract_log';

export function logContract(
  kind: string,
  inWorld: (act: (world: World) => Promise<void>) => Promise<void>,
): void {
  const promise = (sentence: string, act: (world: World) => Promise<void>) =>
    test(`${kind} log: ${sentence}`, BOUND, () => inWorld(act));

  promise('entries are numbered from 1, and an id is appended once', async (world) => {
    const log = await (await world.connect('a')).log(NAME);
    assert.equal(await log.last(), 0);
    assert.equal(await log.append('one', bytes(1)), 1);
    assert.equal(await log.append('two', bytes(2)), 2);
    assert.equal(await log.append('one', bytes(1)), 1, 'a retry gets the first sequence');
    const together = await Promise.all(Array.from({ length: 8 }, () => log.append('three', bytes(3))));
    assert.deepEqual(new Set(together), new Set([3]));
    assert.equal(await log.last(), 3);
    const other = await (await world.connect('b')).log(NAME);
    assert.equal(await other.append('two', bytes(2)), 2, 'whoever retries');
    assert.equal(await other.last(), 3);
  });

  promise('every follower sees every entry once, in the same order, old and new ones', async (world) => {
    const [writer, other] = [await world.connect('w'), await world.connect('o')];
    const log = await writer.log(NAME);
    const data = Buffer.alloc(1);
    const before = Date.now();
    const append = (value: number) => log.append(`id ${value}`, data.fill(value));
    await Promise.all(Array.from({ length: 200 }, (_, value) => append(value)));
    const followers = [new Collected<LogEntry>(), new Collected<LogEntry>(), new Collected<LogEntry>()];
    await log.follow(1, followers[0]!.add);
    await (await other.log(NAME)).follow(1, followers[1]!.add);
    await Promise.all(Array.from({ length: 50 }, (_, value) => append(200 + value)));
    await (await other.log(NAME)).follow(101, followers[2]!.add);

    const [first, second] = [await followers[0]!.atLeast(250), await followers[1]!.atLeast(250)];
    assert.deepEqual(
      first.map(({ sequence }) => sequence),
      Array.from({ length: 250 }, (_, at) => at + 1),
    );
    assert.deepEqual(second, first);
    assert.equal(new Set(first.map((entry) => entry.data[0])).size, 250, 'the buffer was copied each time');
    assert.ok(first.every(({ timeMs }) => timeMs >= before - 1000 && timeMs <= Date.now() + 1000));
    assert.deepEqual(await followers[2]!.atLeast(150), first.slice(100));
  });

  promise('a slow handler gets one entry at a time', async (world) => {
    const log = await (await world.connect('a')).log(NAME);
    for (let value = 0; value < 10; value++) await log.append(`id ${value}`, bytes(value));
    const done = new Collected<number>();
    let running = 0;
    await log.follow(1, async ({ sequence }) => {
      assert.equal(++running, 1);
      await new Promise(setImmediate);
      running--;
      done.add(sequence);
    });
    assert.deepEqual(await done.atLeast(10), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  promise('an entry whose handler throws is reported and offered again, before any other', async (world) => {
    const bus = await world.connect('a');
    const log = await bus.log(NAME);
    const [offered, troubles] = [new Collected<number>(), new Collected<ErrorReport>()];
    bus.onTrouble(troubles.add);
    for (let value = 0; value < 3; value++) await log.append(`id ${value}`, bytes(value));
    await log.follow(1, async ({ sequence }) => {
      offered.add(sequence);
      if (offered.items.length === 2) throw new Error('disk full');
    });
    assert.deepEqual(await offered.atLeast(4), [1, 2, 2, 3]);
    assert.deepEqual(troubles.items, [{ code: 'internal', message: 'disk full' }]);
  });

  promise('after unsubscribing, from inside the handler too, nothing more comes', async (world) => {
    const log = await (await world.connect('a')).log(NAME);
    const [left, stayed] = [new Collected<number>(), new Collected<number>()];
    const subscription = await log.follow(1, ({ sequence }) => {
      left.add(sequence);
      if (sequence === 2) subscription.unsubscribe();
    });
    await log.follow(1, ({ sequence }) => stayed.add(sequence));
    for (let value = 0; value < 5; value++) await log.append(`id ${value}`, bytes(value));
    await stayed.atLeast(5);
    assert.deepEqual(left.items, [1, 2]);
  });

  promise(
    'a log that ends before what was seen is refused, one that ends just there is not',
    async (world) => {
      const bus = await world.connect('a');
      const [troubles, got] = [new Collected<ErrorReport>(), new Collected<number>()];
      bus.onTrouble(troubles.add);
      const log = await bus.log(NAME);
      await log.append('one', bytes(1));
      await assert.rejects(
        log.follow(3, () => {}),
        codeIs('log.behind'),
      );
      assert.deepEqual(
        troubles.items.map(({ code }) => code),
        ['log.behind'],
      );
      await log.follow(2, ({ sequence }) => got.add(sequence));
      await log.append('two', bytes(2));
      assert.deepEqual(await got.atLeast(1), [2]);
    },
  );

  promise('logs of different names do not mix', async (world) => {
    const bus = await world.connect('a');
    const [one, two] = [await bus.log('mpc_one_log'), await bus.log('mpc_two_log')];
    assert.equal(await one.append('id', bytes(1)), 1);
    assert.equal(await two.append('id', bytes(2)), 1);
    const got = new Collected<LogEntry>();
    await two.follow(1, got.add);
    assert.deepEqual((await got.atLeast(1))[0]?.data, bytes(2));
  });
}
