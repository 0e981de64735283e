/** The bus and the log inside one process: without faults, and the log with them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { ErrorReport } from '../../src/base/errors.ts';
import type { Log } from '../../src/bus/bus.ts';
import type { Faults } from '../../src/bus/fate.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import { bytes, Collected, codeIs } from './collected.ts';
import { BOUND, busContract, type World } from './contract.ts';
import { HandClock } from './hand-clock.ts';
import { logContract } from './log-contract.ts';

async function inMemoryWorld(act: (world: World) => Promise<void>): Promise<void> {
  const hub = new MemoryHub({ seed: 1 });
  try {
    await act({ connect: async (name) => hub.connect(name) });
  } finally {
    await hub.close();
  }
}

busContract('memory', inMemoryWorld);
logContract('memory', inMemoryWorld);

const STORM: Faults = { drop: 0.2, duplicate: 0.2, delayMs: [0, 3], reorder: 0.2 };

/** What `receiver` hears of 100 messages, in order; a second talker may disturb the scheduling. */
async function heard(seed: number, faults: Faults, disturb = false): Promise<readonly number[]> {
  const clock = new HandClock();
  const hub = new MemoryHub({ seed, faults, clock });
  const [sender, receiver, other] = [hub.connect('sender'), hub.connect('receiver'), hub.connect('other')];
  const got: number[] = [];
  receiver.subscribe('x', ({ data }) => got.push(data[0]!));
  other.subscribe('y', () => {});
  for (let value = 0; value < 100; value++) {
    sender.publish('x', bytes(value));
    if (disturb) for (let extra = 0; extra <= value % 3; extra++) other.publish('y', bytes(extra));
  }
  await clock.runDry();
  await hub.close();
  return got;
}

const timers = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout' || kind === 'Immediate').length;

test('the seed decides what is lost, doubled and overtaken, whatever else goes on', BOUND, async () => {
  const once = await heard(7, STORM);
  assert.deepEqual(await heard(7, STORM), once);
  const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
  assert.deepEqual(
    sorted(await heard(7, STORM, true)),
    sorted(once),
    'others do not change who is lost or doubled',
  );
  assert.notDeepEqual(sorted(await heard(8, STORM)), sorted(once));
});

test('each fault does what it says, about as often as it says', BOUND, async () => {
  const inOrder = Array.from({ length: 100 }, (_, value) => value);
  assert.deepEqual(await heard(1, {}), inOrder);
  assert.deepEqual(await heard(1, { delayMs: [0, 5] }), inOrder, 'a delay alone keeps the order of a sender');
  assert.deepEqual(await heard(1, { drop: 1 }), []);
  assert.equal((await heard(1, { duplicate: 1 })).length, 200);
  const lossy = await heard(1, { drop: 0.3 });
  assert.ok(lossy.length > 50 && lossy.length < 90, `${lossy.length} of 100 arrived`);
  const shuffled = await heard(1, { reorder: 0.3 });
  assert.deepEqual(
    [...shuffled].sort((a, b) => a - b),
    inOrder,
  );
  assert.notDeepEqual(shuffled, inOrder);
});

test('both ways of a request can be lost, and an answer that comes twice counts once', BOUND, async () => {
  const clock = new HandClock();
  const hub = new MemoryHub({ seed: 3, faults: { drop: 0.3, duplicate: 0.3 }, clock });
  const [asker, server] = [hub.connect('asker'), hub.connect('server')];
  let asked = 0;
  server.subscribe('ask', ({ data, respond }) => {
    asked++;
    respond?.(data);
  });
  const asking = Promise.allSettled(
    Array.from({ length: 100 }, (_, value) => asker.request('ask', bytes(value), 50)),
  );
  await clock.runDry();
  const outcomes = await asking;
  const answered = outcomes.filter(({ status }) => status === 'fulfilled').length;
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') assert.ok(codeIs('bus.timeout')(outcome.reason));
  assert.ok(asked > answered, `${asked} questions arrived, ${answered} were answered`);
  assert.ok(answered > 30 && answered < 90, `${answered} of 100`);
  await hub.close();
});

/** Appends as a careful caller does: the same id until it is acknowledged. Returns the number of tries. */
async function insist(log: Log, id: string, data: Uint8Array): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      await log.append(id, data);
      return tries;
    } catch (error) {
      assert.ok(codeIs('bus.unavailable')(error));
    }
  }
}

test(
  'through every storm the log holds each id once, and every follower sees all of it in one order',
  BOUND,
  async () => {
    let retries = 0;
    for (const seed of [1, 2, 3]) {
      const hub = new MemoryHub({ seed, faults: STORM });
      const writers = await Promise.all(['a', 'b'].map((name) => hub.connect(name).log('log')));
      const followers = [new Collected<number>(), new Collected<number>()];
      const logs = await Promise.all(followers.map((_, at) => hub.connect(`follower ${at}`).log('log')));
      await Promise.all(logs.map((log, at) => log.follow(1, ({ data }) => followers[at]!.add(data[0]!))));
      const tries = await Promise.all(
        writers.flatMap((log) =>
          Array.from({ length: 40 }, (_, value) => insist(log, `id ${value}`, bytes(value))),
        ),
      );
      retries += tries.reduce((sum, count) => sum + count - 1, 0);
      const [first, second] = [await followers[0]!.atLeast(40), await followers[1]!.atLeast(40)];
      assert.deepEqual(
        [...first].sort((a, b) => a - b),
        Array.from({ length: 40 }, (_, value) => value),
      );
      assert.deepEqual(second, first);
      assert.equal(await writers[0]!.last(), 40);
      await hub.close();
    }
    assert.ok(retries > 30, `only ${retries} appends had to be tried again`);
  },
);

test(
  'who is cut off neither sends nor hears; healing tells them, and the log catches up',
  BOUND,
  async () => {
    const hub = new MemoryHub({ seed: 1 });
    const [near, far] = [hub.connect('near'), hub.connect('far')];
    const [heardFar, back, entries] = [
      new Collected<number>(),
      new Collected<string>(),
      new Collected<number>(),
    ];
    far.subscribe('x', ({ data }) => heardFar.add(data[0]!));
    far.onReconnect(() => back.add('far'));
    near.onReconnect(() => back.add('near'));
    const [nearLog, farLog] = [await near.log('log'), await far.log('log')];
    await farLog.follow(1, ({ sequence }) => entries.add(sequence));

    hub.partition(['far']);
    near.publish('x', bytes(1));
    await assert.rejects(near.request('x', bytes(1), 20), codeIs('bus.no-responders'));
    await assert.rejects(far.request('x', bytes(1), 20), codeIs('bus.timeout'));
    await assert.rejects(farLog.append('id', bytes()), codeIs('bus.unavailable'));
    await assert.rejects(farLog.last(), codeIs('bus.unavailable'));
    await nearLog.append('one', bytes());
    await nearLog.append('two', bytes());
    assert.deepEqual([heardFar.items, entries.items], [[], []]);

    hub.heal();
    near.publish('x', bytes(2));
    assert.deepEqual(await heardFar.atLeast(1), [2], 'what was said meanwhile is lost');
    assert.deepEqual(await entries.atLeast(2), [1, 2]);
    assert.deepEqual(await back.atLeast(1), ['far']);
    await hub.close();
  },
);

test('a log that becomes shorter alarms its follower, who hears no more of it', BOUND, async () => {
  const hub = new MemoryHub({ seed: 1 });
  const bus = hub.connect('a');
  const log = await bus.log('log');
  const [entries, troubles] = [new Collected<number>(), new Collected<ErrorReport>()];
  bus.onTrouble(troubles.add);
  await log.follow(1, ({ sequence }) => entries.add(sequence));
  for (const id of ['a', 'b', 'c']) await log.append(id, bytes());
  await entries.atLeast(3);
  hub.loseEntries('log', 1);
  assert.equal((await troubles.atLeast(1))[0]?.code, 'log.behind');
  for (const id of ['d', 'e', 'f']) await log.append(id, bytes());
  assert.deepEqual(entries.items, [1, 2, 3]);
  await hub.close();
});

test('closing the hub leaves nothing pending', BOUND, async () => {
  const hub = new MemoryHub({ seed: 1, faults: { delayMs: [60_000, 60_000] } });
  const bus = hub.connect('a');
  bus.subscribe('x', () => {});
  const log = await bus.log('log');
  await log.follow(1, () => {});
  const ends = [bus.request('x', bytes(), 60_000), log.append('id', bytes())];
  bus.publish('x', bytes());
  const closed = Promise.all(ends.map((end) => assert.rejects(end, codeIs('bus.closed'))));
  assert.ok(timers() > 0);
  await hub.close();
  await closed;
  assert.equal(timers(), 0);
});
