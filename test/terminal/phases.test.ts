/**
 * Owns the promise that what a run shows is what the log and the server say, at times of the test's own making.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { phaseLines } from '../../bin/local/phases.ts';
import { RunPhases } from '../../bin/local/run-phases.ts';
import { screenOf } from '../../bin/local/screen.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Collaboration } from '../../src/coordination/collaboration.ts';

const FIGURES = {
  processes: 7,
  parties: [
    { party: 'acme', maxRows: 1000 },
    { party: 'beta', maxRows: 500 },
  ],
  outputs: ['analyst'],
  ...{ rounds: 40, bytesOnline: 4096, bytesTape: 8192, dealMs: 3000, computeMs: 10_000 },
};

/** What the log tells, as far as the phases look at it. */
const told = (status: string, facts: object): Collaboration =>
  ({
    status,
    descriptor: { outputs: ['analyst'] },
    lifecycle: { context: { randomness: [], uploads: {}, closed: false, received: [], ...facts } },
  }) as unknown as Collaboration; // the rest is not looked at

test('phases begin and end as the log tells, and time left is what the pace says', () => {
  let nowMs = 0;
  const clock: Clock = { now: () => nowMs, sleep: async () => {}, after: () => () => {} };
  let far: { round: number; rounds: number; bytesSent: number } | undefined;
  const run = new RunPhases(FIGURES, clock, () => far);
  const lines = (): string[] => phaseLines(run.phases(), 0, screenOf({}, {}));
  assert.equal(lines()[0], '⠋ roles          0.0 s  7 processes');
  assert.equal(lines()[2], '  rows                  0 of 2 parties, up to 1500 rows');
  nowMs += 500;
  run.note(told('collecting', { uploads: { acme: 'digest' } }));
  nowMs += 1000;
  assert.deepEqual(lines().slice(0, 3), [
    '✔ roles          0.5 s  7 processes',
    '⠋ randomness     1.0 s  8.0 KiB of tape, about 2 s left',
    '⠋ rows           1.0 s  1 of 2 parties, up to 1500 rows; not yet: beta',
  ]);
  const whole = { randomness: ['server-a', 'server-b'], uploads: { acme: 'digest', beta: 'digest' } };
  run.note(told('running', whole));
  nowMs += 2000;
  assert.equal(lines()[3], '⠋ computation    2.0 s  40 rounds, 4.0 KiB each way, about 8 s left');
  // A quarter of the bytes in two seconds: six more.
  far = { round: 3, rounds: 40, bytesSent: 1024 };
  assert.equal(lines()[3], '⠋ computation    2.0 s  round 3 of 40, 1.0 KiB of 4.0 KiB sent, about 6 s left');
  nowMs += 1000;
  assert.equal(
    lines()[3],
    '⠋ computation    3.0 s  round 3 of 40, 1.0 KiB of 4.0 KiB sent, about 5 s left',
    'the time goes on while the server says nothing',
  );
  run.note(told('finished', whole));
  run.fail();
  assert.deepEqual(lines().slice(3), [
    '✔ computation    3.0 s  40 rounds, 4.0 KiB each way',
    '✖ result         0.0 s  for analyst',
  ]);
});
