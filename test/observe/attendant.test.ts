/**
 * Owns the promises about what a service manager hears: ready when the log is caught up, what is waited for, and alive only
 * while the log does not go on alone.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Clock } from '../../src/base/clock.ts';
import { attend } from '../../src/observe/attendant.ts';
import { Pulse } from '../../src/observe/pulse.ts';
import { statusLine, type Vitals, whyNotReady } from '../../src/observe/vitals.ts';

const BUS = { isConnected: true, reconnects: 0, sentBytes: 0, receivedBytes: 0 };
const SERVING: Vitals = {
  bus: BUS,
  sequence: 7,
  isCaughtUp: true,
  isDraining: false,
  states: ['serving.withPeer'],
  collaborations: () => [],
  elections: () => [],
};
const { bus: _, ...UNCONNECTED } = SERVING;

/** Every sleep ends when the test lets a step of time pass, and what comes of it has come when `step` resolves. */
class Steps implements Clock {
  readonly #sleepers: (() => void)[] = [];
  now(): number {
    return 0;
  }
  after(): () => void {
    throw new Error('nothing here asks for it');
  }
  sleep(_delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#sleepers.push(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }
  async step(): Promise<void> {
    for (const wake of this.#sleepers.splice(0)) wake();
    await new Promise(setImmediate);
  }
}

interface Heard {
  readonly messages: Record<string, string>[];
  readonly clock: Steps;
  vitals: Vitals;
  ends: number | undefined;
  readonly end: () => Promise<void>;
}

/** A watchdog of three seconds: one beat a look. */
async function attended(vitals: Vitals): Promise<Heard> {
  const over = new AbortController();
  const heard: Heard = {
    messages: [],
    clock: new Steps(),
    vitals,
    ends: vitals.sequence,
    end: async () => {
      over.abort();
      await done;
    },
  };
  const done = attend({
    manager: { watchdogMs: 3_000, send: (message) => heard.messages.push({ ...message }) },
    clock: heard.clock,
    vitals: () => heard.vitals,
    pulse: new Pulse(),
    logEnds: async () => heard.ends,
    signal: over.signal,
  });
  await new Promise(setImmediate);
  return heard;
}

const said = ({ messages }: Heard, name: string): string[] =>
  messages.flatMap((message) => message[name] ?? []);

test('a role is ready once it is connected and has caught up, and says until then what it waits for', async () => {
  const heard = await attended({
    ...UNCONNECTED,
    isCaughtUp: false,
    sequence: 0,
    states: ['init.connecting'],
  });
  assert.deepEqual(said(heard, 'READY'), []);
  assert.match(said(heard, 'STATUS').at(-1) ?? '', /waiting for a broker/);
  assert.ok(Number(said(heard, 'EXTEND_TIMEOUT_USEC').at(-1)) > 0, 'who waits asks for more time');
  heard.vitals = { ...SERVING, isCaughtUp: false };
  await heard.clock.step();
  assert.match(said(heard, 'STATUS').at(-1) ?? '', /catching up with the log: entry 7/);
  heard.vitals = SERVING;
  await heard.clock.step();
  assert.deepEqual(said(heard, 'READY'), ['1']);
  await heard.end();
  assert.deepEqual(said(heard, 'STOPPING'), ['1']);
});

test('what has not changed is not said again', async () => {
  const heard = await attended(SERVING);
  for (let step = 0; step < 5; step++) await heard.clock.step();
  assert.equal(said(heard, 'STATUS').length, 1);
  heard.vitals = { ...SERVING, states: ['serving.withoutPeer'] };
  await heard.clock.step();
  assert.match(said(heard, 'STATUS').at(-1) ?? '', /the other server is silent/);
  await heard.end();
});

test('the watchdog hears nothing more of a role whose log goes on without it, until it follows again', async () => {
  const heard = await attended(SERVING);
  for (let step = 0; step < 3; step++) await heard.clock.step();
  assert.equal(said(heard, 'WATCHDOG').length, 4, 'a quiet log is no reason to worry');
  heard.ends = 9;
  await heard.clock.step();
  const before = said(heard, 'WATCHDOG').length;
  for (let step = 0; step < 3; step++) await heard.clock.step();
  assert.equal(said(heard, 'WATCHDOG').length, before, 'two entries are there, and none is applied');
  heard.vitals = { ...SERVING, sequence: 8 };
  await heard.clock.step();
  assert.equal(said(heard, 'WATCHDOG').length, before + 1, 'it catches up: that is life');
  await heard.end();
});

test('a role is alive while its broker is away: starting again would not bring that back', async () => {
  const heard = await attended({ ...SERVING, bus: { ...BUS, isConnected: false } });
  heard.ends = undefined;
  for (let step = 0; step < 3; step++) await heard.clock.step();
  assert.equal(said(heard, 'WATCHDOG').length, 4);
  assert.match(said(heard, 'STATUS').at(-1) ?? '', /connecting again/);
  await heard.end();
});

test('a role that drains is not ready, and tells the service manager at once', async () => {
  const heard = await attended(SERVING);
  heard.vitals = { ...SERVING, isDraining: true };
  await heard.clock.step();
  assert.deepEqual(said(heard, 'STOPPING'), ['1']);
  assert.match(whyNotReady(heard.vitals) ?? '', /draining/);
  await heard.end();
  assert.deepEqual(said(heard, 'STOPPING'), ['1'], 'once');
});

test('the line counts collaborations by what they wait for', () => {
  const facts = {
    randomness: [],
    approvals: ['acme'],
    approvers: ['acme'],
    inputs: ['acme'],
    outputs: ['acme'],
    sources: [],
    withdrawn: [],
    uploads: { acme: 'x' },
    closed: false,
  };
  // Only what waiting.ts reads of one.
  const one = {
    status: 'collecting',
    lifecycle: { context: facts },
    descriptor: { outputs: ['acme'] },
  } as never;
  assert.equal(
    statusLine({ ...SERVING, collaborations: () => [one, one] }),
    'waiting for randomness: 2 collaborations',
  );
  assert.equal(statusLine(SERVING), 'ready, nothing is waited for');
});
