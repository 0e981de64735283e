/** A collaboration from its opening to its end: what moves it, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import { collaborationChart, collaborationMachine, refusalOf } from '../../roles/collaboration.ts';
import type { LifecycleEvent, LifecycleSnapshot } from '../../src/coordination/lifecycle.ts';
import {
  approve,
  bound,
  cancel,
  close,
  expire,
  fail,
  input,
  received,
  register,
  rerun,
  stored,
  tape,
  uploaded,
  whole,
  withdraw,
} from './lifecycle-words.ts';
import { assertWholeChart, walk } from './walk.ts';

/** The snapshot after the first `count` events of a whole life, through JSON as a replica stores it. */
function after(count: number, ...more: readonly LifecycleEvent[]): LifecycleSnapshot {
  return [...whole.slice(0, count).map(([event]) => event), ...more].reduce<LifecycleSnapshot>(
    (snapshot, event) => {
      const step = collaborationChart.step(snapshot, event);
      assert.equal(step.refusal, undefined, `${event.type} by ${event.author}: ${step.refusal?.message}`);
      return JSON.parse(JSON.stringify(step.snapshot));
    },
    collaborationChart.initial(input),
  );
}

const status = collaborationChart.status;
const stages: readonly [string, number][] = [
  ['open', 0],
  ['registering', 2],
  ['collecting', 4],
  ['ready', 7],
  ['running', 8],
  ['finished', 11],
];

test('a whole life goes from open to finished, each fact moving it when the last one that is missing comes', () => {
  for (const [index, [, expected]] of whole.entries()) assert.equal(status(after(index + 1)), expected);
  assert.deepEqual(after(whole.length).value, { finished: 'delivered' });
});

test('every fact told again is accepted and changes nothing, at once and at every later time', () => {
  let checked = 0;
  for (let count = 1; count <= whole.length; count++)
    for (const [event] of whole.slice(0, count)) {
      const snapshot = after(count);
      const step = collaborationChart.step(snapshot, event);
      assert.equal(step.refusal, undefined, `${event.type} by ${event.author} after ${count}`);
      assert.deepEqual(step.snapshot, snapshot);
      checked++;
    }
  assert.equal(checked, (12 * 13) / 2);
});

const refusals: readonly [string, number, LifecycleEvent, string][] = [
  ['a stranger approves', 0, approve('mallory'), 'not-a-party'],
  [
    'a server approves',
    0,
    { type: 'approve', author: 'server-a', attempt: 1, descriptor: 'D' },
    'not-a-party',
  ],
  [
    'another descriptor is approved',
    0,
    { type: 'approve', author: 'party-acme', attempt: 1, descriptor: 'E' },
    'other-descriptor',
  ],
  ['a party uploads before it approves', 2, uploaded('bolt'), 'not-approved'],
  ['an output party uploads', 4, uploaded('city'), 'not-an-input-party'],
  ['a party uploads other rows', 4, uploaded('acme', 'S'), 'second-upload'],
  ['rows are changed while it runs', 8, uploaded('acme', 'S'), 'second-upload'],
  ['a party has a tape', 0, tape('party-acme'), 'not-a-server'],
  [
    'a tape is of another attempt',
    0,
    { type: 'randomnessReady', author: 'server-a', attempt: 2 },
    'other-attempt',
  ],
  ['a server binds before all rows are there', 4, bound('server-a'), 'too-early'],
  ['a server binds before its tape is there', 6, bound('server-b'), 'too-early'],
  ['a server binds other inputs', 6, bound('server-a', 'C'), 'second-binding'],
  ['a party binds', 6, bound('party-acme'), 'not-a-server'],
  [
    'a binding is of another attempt',
    7,
    { type: 'bound', author: 'server-b', attempt: 2, binding: 'B' },
    'other-attempt',
  ],
  ['a result comes before it runs', 7, stored('server-a'), 'wrong-state'],
  ['a server stores a second result', 9, stored('server-b', 'P'), 'second-result'],
  ['a party stores a result', 8, stored('party-acme'), 'not-a-server'],
  ['a result is received before it is there', 8, received('city'), 'wrong-state'],
  ['an input party receives', 11, received('acme'), 'not-an-output-party'],
  ['a stranger fails it', 3, fail('party-mallory'), 'not-a-participant'],
  ['the coordinator fails it', 3, fail('coordinator'), 'not-a-participant'],
  ['another party cancels', 3, { type: 'cancel', author: 'party-acme' }, 'not-the-creator'],
  ['the creator cancels what runs', 8, cancel, 'wrong-state'],
  ['a party expires it', 3, { type: 'expire', author: 'party-acme' }, 'not-the-coordinator'],
  ['it is failed after it finished', 11, fail('server-a'), 'over'],
  ['it expires after it finished', 11, expire, 'over'],
  ['it is cancelled after it finished', 12, cancel, 'over'],
];
for (const [what, count, event, code] of refusals)
  test(`it is refused that ${what}`, () => {
    const snapshot = after(count);
    const step = collaborationChart.step(snapshot, event);
    assert.equal(step.refusal?.code, `collaboration.${code}`);
    assert.ok(step.refusal.message.length > 5 && (step.refusal.hint ?? '').length > 5);
    assert.equal(step.snapshot, snapshot);
  });

test('it ends from every stage before the result, and what is over stays over', () => {
  let checked = 0;
  const ends: readonly [LifecycleEvent, string][] = [
    [fail('dealer'), 'failed'],
    [expire, 'expired'],
    [cancel, 'cancelled'],
  ];
  for (const [stage, count] of stages.slice(0, -1))
    for (const [event, end] of ends) {
      if (stage === 'running' && event === cancel) continue;
      const ended = after(count, event);
      assert.equal(status(ended), end);
      assert.ok((ended.context.reason?.message ?? '') !== '');
      assert.equal(refusalOf(ended, event), undefined, 'told again');
      for (const other of [fail('server-b'), expire, cancel].filter(({ type }) => type !== event.type))
        assert.equal(refusalOf(ended, other)?.code, 'collaboration.over');
      checked++;
    }
  assert.equal(checked, 14);
});

test('servers that disagree end it, with the reason', () => {
  const bindings = after(7, bound('server-b', 'C'));
  assert.equal(status(bindings), 'failed');
  assert.equal(bindings.context.reason?.code, 'collaboration.bindings-differ');
  const results = after(9, stored('server-a', 'P'));
  assert.equal(status(results), 'failed');
  assert.equal(results.context.reason?.code, 'collaboration.results-differ');
});

test('every edge of the chart is walked, and an end can be reached from every state', () => {
  const events: EventObject[] = [
    approve('acme'),
    approve('bolt'),
    approve('city'),
    uploaded('acme'),
    uploaded('bolt'),
    tape('server-a'),
    tape('server-b'),
    bound('server-a'),
    bound('server-b'),
    bound('server-b', 'C'),
    stored('server-a'),
    stored('server-b'),
    stored('server-b', 'P'),
    received('city'),
    fail('dealer'),
    cancel,
    expire,
  ];
  const isEnd = ({ value, status: ended }: AnyMachineSnapshot) =>
    ended === 'done' || value === 'failed' || (typeof value === 'object' && value.finished === 'delivered');
  const all = walk(collaborationMachine, { input, events: () => events, isEnd });
  const moreEvents: EventObject[] = [
    register('acme', 'input'),
    register('city', 'output', 'https://city.example'),
    approve('acme'),
    withdraw('acme'),
    uploaded('acme'),
    close,
    tape('server-a'),
    tape('server-b'),
    bound('server-a'),
    bound('server-b'),
    stored('server-a'),
    stored('server-b'),
    received('city'),
    rerun(2),
    fail('dealer'),
    cancel,
    expire,
  ];
  const again = walk(collaborationMachine, {
    input: { ...input, minimum: 1, reruns: 1 },
    events: () => moreEvents,
    isEnd,
  });
  assertWholeChart(collaborationMachine, [all, again]);
  assert.ok(all.reached.length > 50, `${all.reached.length} states`);
  assert.ok(again.reached.length > 50, `${again.reached.length} states`);
});
