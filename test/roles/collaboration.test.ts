import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import { collaborationChart, collaborationMachine, refusalOf } from '../../roles/collaboration.ts';
import { inputSetOf, type LifecycleEvent, type LifecycleSnapshot } from '../../src/coordination/lifecycle.ts';
import { assertWholeChart, walk } from './walk.ts';

const input = {
  descriptor: 'D',
  creator: 'party-city',
  inputs: ['bolt', 'acme'],
  outputs: ['city'],
  approvers: [],
  minimum: null,
  reruns: 0,
};
const reason = { code: 'x', message: 'x' };
const approve = (party: string): LifecycleEvent => ({
  type: 'approve',
  author: `party-${party}`,
  attempt: 1,
  descriptor: 'D',
});
const uploaded = (party: string, rows = 'R'): LifecycleEvent => ({
  type: 'uploaded',
  author: `party-${party}`,
  attempt: 1,
  rows,
});
const tape = (author: string): LifecycleEvent => ({ type: 'randomnessReady', author, attempt: 1 });
const bound = (author: string, binding = 'B'): LifecycleEvent => ({
  type: 'bound',
  author,
  attempt: 1,
  binding,
});
const stored = (author: string, outputs = 'O'): LifecycleEvent => ({
  type: 'resultStored',
  author,
  attempt: 1,
  outputs,
});
const received = (party: string): LifecycleEvent => ({
  type: 'received',
  author: `party-${party}`,
  attempt: 1,
});
const fail = (author: string): LifecycleEvent => ({ type: 'fail', author, attempt: 1, reason });
const register = (party: string, as: 'input' | 'output', notify?: string): LifecycleEvent => ({
  type: 'register',
  author: `party-${party}`,
  as,
  ...(notify === undefined ? {} : { notify }),
});
const withdraw = (party: string): LifecycleEvent => ({
  type: 'withdraw',
  author: `party-${party}`,
  attempt: 1,
});
const close: LifecycleEvent = { type: 'close', author: 'coordinator', attempt: 1 };
const rerun = (attempt: number): LifecycleEvent => ({ type: 'rerun', author: 'party-city', attempt });
const cancel: LifecycleEvent = { type: 'cancel', author: 'party-city' };
const expire: LifecycleEvent = { type: 'expire', author: 'coordinator' };

const whole: readonly [LifecycleEvent, string][] = [
  [tape('server-a'), 'open'],
  [approve('acme'), 'registering'],
  [uploaded('acme'), 'registering'],
  [approve('bolt'), 'collecting'],
  [uploaded('bolt'), 'collecting'],
  [bound('server-a'), 'collecting'],
  [tape('server-b'), 'ready'],
  [bound('server-b'), 'running'],
  [stored('server-b'), 'running'],
  [approve('city'), 'running'],
  [stored('server-a'), 'finished'],
  [received('city'), 'finished'],
];

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

/** Plays more events from the start. */
function lived(changes: Partial<typeof input> | object, ...events: readonly LifecycleEvent[]) {
  return events.reduce(
    ({ snapshot, codes }, event) => {
      const step = collaborationChart.step(snapshot, event);
      return {
        snapshot: step.snapshot,
        codes: [...codes, step.refusal?.code.replace('collaboration.', '') ?? 'ok'],
      };
    },
    { snapshot: collaborationChart.initial({ ...input, ...changes }), codes: [] as string[] },
  );
}

test('saying that one takes part is a fact of its own, which says nothing for the party', () => {
  const url = 'https://city.example/told';
  const { snapshot, codes } = lived(
    {},
    register('acme', 'input'),
    register('city', 'output', url),
    register('city', 'input'),
    register('acme', 'output'),
    register('mallory', 'input'),
  );
  assert.deepEqual(codes, ['ok', 'ok', 'not-an-input-party', 'not-an-output-party', 'not-an-input-party']);
  assert.equal(status(snapshot), 'registering');
  const { registered, endpoints, approvals } = snapshot.context;
  assert.deepEqual(
    [registered, endpoints, approvals],
    [{ inputs: ['acme'], outputs: ['city'] }, { city: url }, []],
  );
  const quiet = collaborationChart.step(snapshot, register('city', 'output')).snapshot;
  assert.deepEqual(quiet.context.endpoints, {}, 'said again without an address, it is told no more');
});

test('a party may be both, and a party whose rows are in an earlier result has to approve, too', () => {
  const both = { outputs: ['acme'], approvers: ['dora'] };
  const agreed = [
    register('acme', 'output'),
    approve('acme'),
    approve('bolt'),
    uploaded('acme'),
    uploaded('bolt'),
  ];
  const waiting = lived(both, ...agreed, tape('server-a'), tape('server-b'));
  assert.equal(status(waiting.snapshot), 'registering');
  const early = collaborationChart.step(waiting.snapshot, bound('server-a'));
  assert.match(early.refusal?.code ?? '', /too-early|wrong-state/);
  assert.equal(status(collaborationChart.step(waiting.snapshot, approve('dora')).snapshot), 'ready');
  const gone = lived(both, ...agreed, approve('dora'), withdraw('dora'));
  assert.equal(status(gone.snapshot), 'failed');
});

test('who takes its part back is out for this attempt; without a minimum that is the end of it', () => {
  const { snapshot, codes } = lived({}, approve('acme'), uploaded('acme'), withdraw('acme'), approve('bolt'));
  assert.deepEqual(codes, ['ok', 'ok', 'ok', 'over']);
  assert.equal(status(snapshot), 'failed');
  assert.equal(snapshot.context.reason?.code, 'collaboration.too-few-parties');
  const unregistered = lived(
    {},
    register('acme', 'input'),
    withdraw('acme'),
    approve('acme'),
    approve('bolt'),
  );
  assert.deepEqual(unregistered.codes, ['ok', 'ok', 'ok', 'ok'], 'who had only registered may come again');
  assert.equal(status(unregistered.snapshot), 'collecting');
});

test('an account may take back what it said, not what the party approved by its own key', () => {
  const vouched = { ...withdraw('acme'), vouched: true } as LifecycleEvent;
  assert.deepEqual(lived({}, register('acme', 'input'), vouched).codes, ['ok', 'ok']);
  assert.deepEqual(lived({}, approve('acme'), vouched, withdraw('acme')).codes, ['ok', 'own-key', 'ok']);
});

test('with a minimum the others start when all that are left have come, and the withdrawn rows are not among them', () => {
  const three = { inputs: ['acme', 'bolt', 'cora'], minimum: 2 };
  const { snapshot, codes } = lived(
    three,
    ...['acme', 'bolt', 'cora'].map(approve),
    ...['acme', 'bolt'].map((party) => uploaded(party)),
    tape('server-a'),
    tape('server-b'),
    withdraw('acme'),
    approve('acme'),
    uploaded('acme', 'S'),
    uploaded('cora'),
  );
  assert.deepEqual(codes.slice(-4), ['ok', 'withdrawn', 'withdrawn', 'ok']);
  assert.equal(status(snapshot), 'ready');
  assert.deepEqual(inputSetOf(snapshot.context), ['bolt', 'cora']);
  assert.equal(
    collaborationChart.step(snapshot, withdraw('bolt')).refusal?.code,
    'collaboration.wrong-state',
  );
});

test('when the time for rows has passed, those that came start, if they are enough; who comes later is refused', () => {
  const three = { inputs: ['acme', 'bolt', 'cora'], minimum: 2 };
  const came = [approve('acme'), approve('bolt'), approve('cora'), uploaded('acme')];
  const closed = lived(
    three,
    ...came,
    uploaded('cora'),
    close,
    uploaded('bolt'),
    tape('server-a'),
    tape('server-b'),
  );
  assert.deepEqual(closed.codes.slice(-4), ['ok', 'closed', 'ok', 'ok']);
  assert.equal(status(closed.snapshot), 'ready');
  assert.deepEqual(inputSetOf(closed.snapshot.context), ['acme', 'cora']);
  const few = lived(three, ...came, close);
  assert.equal(status(few.snapshot), 'failed');
  assert.match(few.snapshot.context.reason?.message ?? '', /in time/);
  assert.deepEqual(lived({}, approve('acme'), close).codes, ['ok', 'needs-all']);
  assert.deepEqual(lived(three, { ...close, author: 'party-acme' }).codes, ['not-the-coordinator']);
});

test('after a failure its creator may ask for another attempt, in which old facts are refused and approvals stay', () => {
  const { snapshot, codes } = lived(
    {},
    ...[approve('acme'), approve('bolt'), uploaded('acme'), tape('server-a'), fail('server-b')],
    rerun(3),
    { ...rerun(2), author: 'party-acme' },
    rerun(2),
    rerun(2),
    uploaded('acme'),
    tape('server-a'),
    fail('server-a'),
    { ...uploaded('acme'), attempt: 2 } as LifecycleEvent,
  );
  assert.deepEqual(codes.slice(5), [
    'other-attempt',
    'not-the-creator',
    'ok',
    'ok',
    'other-attempt',
    'other-attempt',
    'other-attempt',
    'ok',
  ]);
  const { attempt, approvals, uploads, randomness, reason } = snapshot.context;
  assert.deepEqual(
    [attempt, approvals, uploads, randomness, reason],
    [2, ['acme', 'bolt'], { acme: 'R' }, [], undefined],
  );
  assert.equal(status(snapshot), 'collecting');
});

test('a result may be computed again only as often as the approved descriptor says, and once all have it', () => {
  const life = whole.map(([event]) => event);
  assert.equal(lived({}, ...life, rerun(2)).codes.at(-1), 'over');
  assert.equal(lived({ reruns: 1 }, ...life.slice(0, -1), rerun(2)).codes.at(-1), 'over');
  const second = life.map((event) =>
    'attempt' in event ? { ...event, attempt: 2 } : event,
  ) as LifecycleEvent[];
  const { snapshot, codes } = lived({ reruns: 1 }, ...life, rerun(2), ...second, rerun(3));
  assert.ok(
    codes.slice(0, -1).every((code) => code === 'ok'),
    codes.join(),
  );
  assert.deepEqual([codes.at(-1), snapshot.context.finished], ['over', [1]]);
});
