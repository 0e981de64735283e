/** The parts of the desk by themselves: envelopes, keys, leases, and how fast one may ask. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/base/bytes.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import { Conversation, type Place, SECRET_BYTES } from '../../src/directory/desk/envelope.ts';
import { DeskKeys } from '../../src/directory/desk/keys.ts';
import { LEASE_MS, Lease, WINDOW_BYTES } from '../../src/directory/desk/lease.ts';
import { Pace } from '../../src/directory/desk/pace.ts';
import type { Mail } from '../../src/directory/rows.ts';
import { sealTo } from '../../src/identity/sealing.ts';
import { HandClock } from '../bus/hand-clock.ts';

const PLACE: Place = {
  deployment: 'trial',
  from: 'party-ann',
  replica: 'r0',
  key: 'k'.repeat(43),
  id: '0'.repeat(32),
};

test('every text opens in its own conversation only, in its own direction, under its own number', () => {
  const secret = systemRandom(SECRET_BYTES);
  const [one, same] = [new Conversation(PLACE, secret), new Conversation(PLACE, secret)];
  assert.deepEqual(same.openReply(one.sealReply({ a: 1 })), { a: 1 });
  assert.deepEqual(same.openFrame(one.sealFrame(7, { b: 2 })), { number: 7, value: { b: 2 } });
  assert.deepEqual(same.openRenewal(one.sealRenewal(8, { c: 3 })), { number: 8, value: { c: 3 } });
  assert.equal(same.openRenewal(one.sealFrame(7, {})), undefined);
  assert.equal(same.openFrame(one.sealRenewal(7, {})), undefined);
  assert.equal(same.openReply(one.sealFrame(0, {}).subarray(8)), undefined);
  const others: readonly Partial<Place>[] = [
    { deployment: 'other' },
    { from: 'party-bob' },
    { replica: 'r1' },
    { key: 'l'.repeat(43) },
    { id: '1'.repeat(32) },
  ];
  for (const change of others) {
    const other = new Conversation({ ...PLACE, ...change }, secret);
    assert.equal(other.openReply(one.sealReply({})), undefined);
    assert.equal(other.openFrame(one.sealFrame(1, {})), undefined);
  }
  assert.equal(new Conversation(PLACE, systemRandom(SECRET_BYTES)).openReply(one.sealReply({})), undefined);
  // All texts of a kind of short request are of one length.
  assert.equal(one.sealReply({ a: 'x' }).length, one.sealReply({ a: 'x'.repeat(300) }).length);
});

test('a key of a replica serves for minutes, opens everything once, and is gone with the one after its successor', async () => {
  const clock = new HandClock();
  const keys = new DeskKeys(systemRandom, clock, 100);
  const context = (key: string) => ({ info: 'i', additional: utf8.encode(key) });
  const sealed = (text: string) => {
    const key = keys.current;
    return sealTo(key, context(key), utf8.encode(text), systemRandom);
  };
  const pass = async (minutes: number): Promise<void> => {
    clock.after(minutes * 60_000, () => {});
    await clock.runDry();
  };
  const first = keys.current;
  const [one, two, three] = [sealed('one'), sealed('two'), sealed('three')];
  assert.equal(utf8.decode(keys.open('1', one, context)?.text ?? new Uint8Array()), 'one');
  assert.equal(keys.open('1', one, context), undefined, 'once');
  await pass(9);
  assert.equal(keys.current, first);
  await pass(2);
  assert.notEqual(keys.current, first);
  assert.equal(keys.open('2', two, context)?.key, first, 'what was under way');
  assert.equal(keys.open('2', two, context), undefined, 'once');
  assert.equal(keys.open('1', one, context), undefined, 'once');
  await pass(11);
  assert.notEqual(keys.current, first);
  assert.equal(keys.open('3', three, context), undefined, 'its key is gone');
  const now = keys.current;
  const many = sealed('many');
  for (let count = 0; count < 100; count++) {
    assert.equal(keys.current, now);
    keys.open(`n${count}`, many, context);
  }
  assert.notEqual(keys.current, now, 'so many ids are not kept');
  assert.equal(keys.open('n0', many, context), undefined);
});

test("one may ask a minute's worth at once, and then as fast as they are given back", async () => {
  const clock = new HandClock();
  const pace = new Pace(clock);
  const tooFast = (error: unknown) => error instanceof MpcError && error.code === 'request.too-fast';
  for (let count = 0; count < 6_000; count++) pace.count('ann');
  assert.throws(() => pace.count('ann'), tooFast);
  pace.count('bob');
  clock.after(10, () => {});
  await clock.runDry();
  pace.count('ann');
  assert.throws(() => pace.count('ann'), tooFast);
});

/** A lease of endless mail, and its reader's side. */
function leased() {
  const clock = new HandClock();
  const hub = new MemoryHub({ seed: 1, clock });
  const bus = hub.connect('coordinator');
  const reader = hub.connect('party-ann');
  const secret = systemRandom(SECRET_BYTES);
  const conversation = new Conversation(PLACE, secret);
  const frames: { readonly number: number; readonly value: unknown }[] = [];
  let bytes = 0;
  reader.subscribe(`mpc.trial.party-ann.coordinator.mail.${PLACE.id}`, ({ data }) => {
    bytes += data.length;
    const frame = conversation.openFrame(data);
    if (frame !== undefined) frames.push(frame);
  });
  let given = 0;
  let isStopped = false;
  const mail = async function* (signal: AbortSignal): AsyncGenerator<Mail> {
    try {
      while (!signal.aborted) {
        const message = { id: 'i', from: 'bob', timeMs: 0, sealedTo: 's', sealed: 'x'.repeat(30_000) };
        yield { kind: 'message', number: ++given, ...message };
      }
    } finally {
      isStopped = true;
    }
  };
  let ends = 0;
  const lease = new Lease({
    bus,
    clock,
    place: PLACE,
    conversation: new Conversation(PLACE, secret),
    mail,
    onEnd: () => ends++,
    onTrouble: (report) => assert.fail(report.message),
  });
  let renewals = 0;
  const renew = (said: object, number = ++renewals) =>
    reader.publish(
      `mpc.trial.coordinator.party-ann.mail.${PLACE.id}`,
      conversation.sealRenewal(number, said),
    );
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 40; turn++) await new Promise(setImmediate);
  };
  return {
    lease,
    hub,
    clock,
    frames,
    renew,
    settle,
    bytes: () => bytes,
    ends: () => ends,
    isStopped: () => isStopped,
  };
}

test('a reader that does not say that it is there costs nothing after a while, and has had no more than its window', async () => {
  const { lease, hub, clock, frames, settle, bytes, ends, isStopped } = leased();
  lease.begin();
  await settle();
  const pushed = frames.length;
  assert.ok(pushed > 1 && bytes() < WINDOW_BYTES + 40_000, `${bytes()} bytes`);
  assert.deepEqual([ends(), isStopped(), clock.now()], [0, false, 0]);
  await clock.runDry();
  await settle();
  assert.deepEqual([ends(), isStopped(), clock.now()], [1, true, LEASE_MS]);
  assert.deepEqual(frames.at(-1), { number: pushed + 1, value: { ended: true } });
  await hub.close();
});

test('a reader that renews has more of what it took, and the lease ends when it leaves; renewals count once', async () => {
  const { lease, hub, clock, frames, renew, settle, ends, isStopped } = leased();
  lease.begin();
  await settle();
  const first = frames.length;
  for (let step = 1; step <= 3; step++) {
    clock.after(LEASE_MS - 1_000, () => renew({ taken: frames.length }));
    while (clock.now() < step * (LEASE_MS - 1_000)) await clock.turn();
    await settle();
  }
  assert.equal(ends(), 0, 'it is there for three times as long');
  assert.ok(frames.length > 3 * first, `${frames.length} frames`);
  assert.deepEqual(
    frames.map(({ number }) => number),
    frames.map((_, at) => at + 1),
  );
  const before = frames.length;
  renew({ taken: before }, 1);
  renew({ taken: 'all' });
  await settle();
  assert.equal(frames.length, before, 'an old one, and one of another form, are nothing');
  renew({ taken: before, leaves: true });
  await settle();
  assert.deepEqual([ends(), isStopped()], [1, true]);
  await hub.close();
});
