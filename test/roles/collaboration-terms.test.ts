/** What the terms of a collaboration add to its life: registrations, withdrawals, a minimum, further attempts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collaborationChart } from '../../roles/collaboration.ts';
import { inputSetOf, type LifecycleEvent } from '../../src/coordination/lifecycle.ts';
import {
  approve,
  bound,
  close,
  fail,
  lived,
  register,
  rerun,
  tape,
  uploaded,
  whole,
  withdraw,
} from './lifecycle-words.ts';

const { status } = collaborationChart;

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
