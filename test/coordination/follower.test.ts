/**
 * Following the log: in order, once, and never past a log that does not fit.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import type { Bus, Log, LogEntry } from '../../src/bus/bus.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { collaborationChange } from '../../src/coordination/collaborations.ts';
import type { Applied } from '../../src/coordination/records.ts';
import { stateDigest } from '../../src/coordination/snapshot.ts';
import { follow, patience } from './replica.ts';
import { bytesFor, commandId, DEPLOYMENT, entries, idOfNumber, wholeLife } from './world.ts';

const STREAM = subjects.logStream(DEPLOYMENT);
const life = wholeLife(0).map(([author, body], index) => bytesFor(author, body, commandId(index)));

async function inHub(act: (hub: MemoryHub, bus: Bus, log: Log) => Promise<void>): Promise<void> {
  const hub = new MemoryHub({ seed: 7 });
  try {
    const bus = hub.connect('reader');
    await act(hub, bus, await bus.log(STREAM));
  } finally {
    await hub.close();
  }
}

async function appendAll(log: Log, data: readonly Uint8Array[], from = 0): Promise<void> {
  for (const [index, bytes] of data.entries()) await log.append(`entry ${from + index}`, bytes);
}

/** A bus whose log is read from a list that the test gives. */
function busOf(last: number): { readonly bus: Bus; readonly give: (entry: LogEntry) => Promise<void> } {
  let handler: (entry: LogEntry) => Promise<void> | void = () => {};
  const log: Log = {
    append: () => Promise.reject(new Error('read only')),
    last: async () => last,
    copies: async () => [],
    follow: async (_, given) => {
      handler = given;
      return { unsubscribe: () => {} };
    },
  };
  const bus = { log: async () => log, onTrouble: () => ({ unsubscribe: () => {} }) };
  return { bus: bus as unknown as Bus, give: async (entry) => handler(entry) }; // the follower uses these two members only
}

test('entries are told in order, each before the next is taken, with what they changed', () =>
  inHub(async (_, bus, log) => {
    await appendAll(log, life);
    const told: Applied[] = [];
    let telling = 0;
    const follower = await follow(bus, {
      onApplied: async (applied) => {
        assert.equal(++telling, 1, 'one at a time');
        await new Promise((resolve) => setImmediate(resolve));
        told.push(applied);
        telling--;
      },
    });
    await follower.caughtUp;
    assert.deepEqual(
      told.map(({ sequence }) => sequence),
      life.map((_, index) => index + 1),
    );
    const changed = told.map((applied) => collaborationChange(applied));
    const changes = changed.flatMap((change) =>
      change === undefined || change.statusBefore === change.statusAfter ? [] : [change.statusAfter],
    );
    assert.deepEqual(changes, ['open', 'registering', 'collecting', 'ready', 'running', 'finished']);
    assert.ok(
      told.every(
        ({ outcome, duplicate }, index) =>
          changed[index]?.collaboration.id === idOfNumber(0) && outcome.ok && !duplicate,
      ),
    );
    follower.stop();
  }));

test('an empty log is caught up with at once, and garbage on it stops nobody', () =>
  inHub(async (_, bus, log) => {
    const follower = await follow(bus);
    await follower.caughtUp;
    await log.append('noise', new Uint8Array([1, 2, 3]));
    await appendAll(log, life);
    await follower.until((state) => state.sequence === 13, patience());
    assert.equal(follower.collaboration(idOfNumber(0))?.status, 'finished');
    assert.deepEqual(follower.state.counters, {
      accepted: 12,
      refused: 0,
      duplicates: 0,
      skipped: 1,
      passed: 0,
    });
    follower.stop();
  }));

test('a saved state goes on where it was, and tells of new entries only', () =>
  inHub(async (_, bus, log) => {
    const whole = await follow(bus);
    await appendAll(log, life.slice(0, 5));
    await whole.until((state) => state.sequence === 5, patience());
    const saved = JSON.parse(JSON.stringify(whole.snapshot()));
    const told: number[] = [];
    await appendAll(log, life.slice(5), 5);
    const restored = await follow(bus, {
      fromState: saved,
      onApplied: ({ sequence }) => void told.push(sequence),
    });
    await restored.caughtUp;
    await whole.until((state) => state.sequence === 12, patience());
    assert.deepEqual(told, [6, 7, 8, 9, 10, 11, 12]);
    assert.equal(stateDigest(restored.snapshot()), stateDigest(whole.snapshot()));
    restored.stop();
    whole.stop();
  }));

test('a log that ends before what was applied is an alarm', () =>
  inHub(async (hub, bus, log) => {
    await appendAll(log, life);
    const faults: string[] = [];
    const follower = await follow(bus, { onFault: ({ code }) => faults.push(code) });
    await follower.caughtUp;
    const never = follower.until(() => undefined, patience());
    hub.loseEntries(STREAM, 4);
    await assert.rejects(never, { code: 'log.behind' });
    assert.deepEqual(faults, ['log.behind']);
    await assert.rejects(follow(bus, { fromState: follower.snapshot() }), { code: 'log.behind' });
    await appendAll(log, life.slice(4, 11), 4);
    await assert.rejects(
      follow(bus, { fromState: follower.snapshot() }),
      { code: 'log.behind' },
      'one entry is enough',
    );
  }));

test('another log in the place of the one that was read is an alarm', () =>
  inHub(async (hub, bus, log) => {
    await appendAll(log, life);
    const first = await follow(bus);
    await first.caughtUp;
    const saved = first.snapshot();
    first.stop();
    hub.loseEntries(STREAM, 0);
    await appendAll(log, [...life].reverse());
    const faults: string[] = [];
    const second = await follow(bus, { fromState: saved, onFault: ({ code }) => faults.push(code) });
    await assert.rejects(
      second.until(() => undefined, patience()),
      { code: 'log.diverged' },
    );
    assert.deepEqual(faults, ['log.diverged']);
    assert.equal(stateDigest(second.snapshot()), stateDigest(saved), 'nothing of the other log was applied');
  }));

test('a gap is an alarm, a repetition is nothing', async () => {
  const log = entries();
  const [one, two, three, four] = [0, 1, 2, 3].map((index) => log.next(life[index]!));
  const { bus, give } = busOf(2);
  const faults: string[] = [];
  const follower = await follow(bus, { onFault: ({ code }) => faults.push(code) });
  await give(one!);
  await give(one!);
  await give(two!);
  await give(one!);
  await follower.caughtUp;
  assert.equal(follower.state.sequence, 2);
  await give(four!);
  assert.deepEqual(faults, ['log.gap']);
  await give(three!);
  assert.equal(follower.state.sequence, 2, 'a follower that stopped takes nothing more');
});

test('a listener that fails stops the follower, so that no entry passes it over', async () => {
  const log = entries();
  const { bus, give } = busOf(3);
  const faults: string[] = [];
  const follower = await follow(bus, {
    onFault: ({ code }) => faults.push(code),
    onApplied: ({ sequence }) => {
      if (sequence === 2) throw new MpcError('test.disk', 'the disk is full');
    },
  });
  for (const data of life.slice(0, 3)) await give(log.next(data));
  assert.deepEqual(faults, ['test.disk']);
  assert.equal(follower.state.sequence, 2);
  await assert.rejects(follower.caughtUp, { code: 'test.disk' });
  await assert.rejects(
    follower.until(() => true),
    { code: 'test.disk' },
  );
});

test('waiting for a state ends with what was found, the signal, the fault of the question, or the end of following', async () => {
  const log = entries();
  const { bus, give } = busOf(0);
  const follower = await follow(bus);
  assert.equal(await follower.until((state) => state.sequence === 0 && 'now'), 'now');
  const status = follower.until((state) => state.collaboration(idOfNumber(0))?.status);
  const stop = new AbortController();
  const aborted = follower.until(() => undefined, stop.signal);
  const wrong = follower.until((state) => {
    if (state.sequence > 0) throw new MpcError('test.question', 'a wrong question');
    return undefined;
  });
  const left = follower.until(() => undefined);
  const endings = Promise.all([
    assert.rejects(aborted, { code: 'test.stop' }),
    assert.rejects(wrong, { code: 'test.question' }),
    assert.rejects(left, { code: 'log.stopped' }),
  ]);
  stop.abort(new MpcError('test.stop', 'enough'));
  await give(log.next(life[0]!));
  assert.equal(await status, 'open');
  follower.stop();
  await endings;
  await assert.rejects(
    follower.until(() => undefined, stop.signal),
    { code: 'test.stop' },
  );
  await assert.rejects(
    follower.until(() => true),
    { code: 'log.stopped' },
  );
});
