/** How long a submitter waits for a log that does not answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import type { Log } from '../../src/bus/bus.ts';
import { Appender } from '../../src/coordination/appender.ts';
import type { Follower } from '../../src/coordination/follower.ts';
import { HandClock } from '../bus/hand-clock.ts';
import { commandId, DEPLOYMENT, descriptorOf, PlayedState, rules, signed } from './world.ts';

const PATIENCE_MS = 8_000;

test('whoever waits for a log that is silent is told to ask again, each after the same time', async () => {
  const clock = new HandClock();
  const appender = appenderOn(clock);
  const told = new Map<number, number>();
  const say = (number: number): void => {
    const command = signed(
      'party-acme',
      { kind: 'create', descriptor: descriptorOf(number) },
      commandId(number),
    );
    const saidMs = clock.now();
    appender.say({ signed: command }).catch(({ code }) => {
      assert.equal(code, 'coordinator.slow');
      told.set(number, clock.now() - saidMs);
    });
  };
  say(1);
  for (const [number, afterMs] of [
    [2, 3_000],
    [3, 7_999],
    [4, 30_000],
  ] as const)
    clock.after(afterMs, () => say(number));
  await clock.runDry();
  assert.deepEqual(
    [...told],
    [1, 2, 3, 4].map((number) => [number, PATIENCE_MS]),
  );
});

test('one that is stopped leaves no timer, and tells everyone why', async () => {
  const clock = new HandClock();
  const appender = appenderOn(clock);
  const command = signed('party-acme', { kind: 'create', descriptor: descriptorOf(1) }, commandId(1));
  const refused = assert.rejects(appender.say({ signed: command }), /it is over/);
  appender.stop(new MpcError('test.over', 'it is over'));
  await refused;
  await clock.runDry();
  assert.equal(clock.now(), 0);
});

/** On a log that takes entries and never says so. */
function appenderOn(clock: HandClock): Appender {
  const log: Log = {
    append: () => new Promise(() => {}),
    follow: async () => ({ unsubscribe: () => {} }),
    last: async () => 0,
    copies: async () => [],
  };
  const state = new PlayedState(rules);
  const follower = { state, onEntry: () => ({ unsubscribe: () => {} }) } as unknown as Follower; // as far as it is asked
  return new Appender({ log, follower, deployment: DEPLOYMENT, clock });
}
