import assert from 'node:assert/strict';
import { test } from 'node:test';
import { participationMachine } from '../../roles/participation.ts';
import { done, error, type Happening, play } from './play.ts';
import { assertWholeChart, walk } from './walk.ts';

const input = {
  collaboration: 'c'.repeat(20),
  attempt: 1,
  descriptor: 'd'.repeat(64),
  party: 'acme',
  isInput: true,
  isOutput: true,
  deadlineMs: 1000,
};
const approved: Happening = { type: 'log.approve', author: 'party-acme', descriptor: input.descriptor };
const finished: Happening = {
  type: 'log.resultStored',
  author: 'server-b',
  outputs: 'o',
  status: 'finished',
};
const DISAGREE = { code: 'collaboration.bindings-differ', message: 'the servers hold different inputs' };
const confirmed: Happening = { type: 'log.uploaded', author: 'party-acme', rows: 'digest' };
const closed: Happening = { type: 'log.close', author: 'coordinator' };
const withdrew: Happening = { type: 'log.withdraw', author: 'party-acme' };
const uploadedAll = [
  done('prepareRows'),
  approved,
  done('fetchMasks'),
  done('maskRows', { rows: 'digest' }),
  done('uploadRows'),
];
const kinds = ({ said }: ReturnType<typeof play>) => said.map(({ action, params }) => params.kind ?? action);

test('a party that brings rows and gets the result approves, uploads, receives', () => {
  const run = play(participationMachine, input, [...uploadedAll, finished, done('fetchAndCombine')]);
  assert.deepEqual(run.states, ['done']);
  assert.deepEqual(kinds(run), ['approve', 'uploaded', 'received', 'shred']);
  assert.equal(run.said[1]?.params.rows, 'digest');
  assert.deepEqual(run.ignored, []);
});

test('a party that only brings rows is done when the result is stored, and fetches nothing', () => {
  const run = play(participationMachine, { ...input, isOutput: false }, [...uploadedAll, finished]);
  assert.deepEqual(run.states, ['done']);
  assert.deepEqual(kinds(run), ['approve', 'uploaded', 'shred']);
});

test('a party that only gets the result reads no file and uploads nothing', () => {
  const only = { ...input, isInput: false };
  assert.deepEqual(play(participationMachine, only, []).states, ['registering']);
  const run = play(participationMachine, only, [approved, finished, done('fetchAndCombine')]);
  assert.deepEqual(run.states, ['done']);
  assert.deepEqual(kinds(run), ['approve', 'received', 'shred']);
});

test('bad rows are refused at home: nothing was said to anyone', () => {
  const run = play(participationMachine, input, [error('prepareRows', 'rows.out-of-range')]);
  assert.deepEqual(run.states, ['refused']);
  assert.deepEqual(run.said, []);
  assert.equal(run.snapshot.context.reason.code, 'rows.out-of-range');
});

test("another party's approval is not its own", () => {
  const run = play(participationMachine, input, [
    done('prepareRows'),
    { ...approved, author: 'party-bolt', status: 'registering' },
  ]);
  assert.deepEqual(run.states, ['registering']);
  assert.equal(run.snapshot.context.status, 'registering');
});

test('its own approval and the end of the run count when they come early', () => {
  const run = play(participationMachine, input, [
    approved,
    done('prepareRows'),
    done('fetchMasks'),
    done('maskRows', { rows: 'digest' }),
    finished,
    done('uploadRows'),
  ]);
  assert.deepEqual(run.states, ['combining']);
});

test('an effect that fails after the approval ends it here and tells everyone', () => {
  const steps = [...uploadedAll, finished];
  const effects = ['fetchMasks', 'maskRows', 'uploadRows', 'fetchAndCombine'];
  const before = [2, 3, 4, 6];
  for (const [index, effect] of effects.entries()) {
    const run = play(participationMachine, input, [
      ...steps.slice(0, before[index]),
      error(effect, 'test.fault'),
    ]);
    assert.deepEqual(run.states, ['failed'], effect);
    assert.deepEqual(kinds(run).slice(-2), ['fail', 'shred'], effect);
  }
});

test('a reason longer than a command may hold is cut, not refused', () => {
  const long = {
    ...error('fetchMasks'),
    error: { code: 'x'.repeat(300), message: 'y'.repeat(3000), hint: 'z'.repeat(999) },
  };
  const run = play(participationMachine, input, [done('prepareRows'), approved, long]);
  const reason = run.said.at(-2)?.params.reason as { code: string; message: string; hint: string };
  assert.deepEqual([reason.code.length, reason.message.length, reason.hint.length], [100, 500, 500]);
});

test('servers that disagree end it, though nobody said fail', () => {
  const run = play(participationMachine, input, [
    ...uploadedAll,
    { type: 'log.bound', author: 'server-b', attempt: 1, binding: 'x', status: 'failed', ended: DISAGREE },
  ]);
  assert.deepEqual(run.states, ['failed']);
  assert.equal(run.snapshot.context.reason.code, DISAGREE.code);
});

test('a party that takes its part back before the start is out, and still gets a result that it is to receive', () => {
  const early = [done('prepareRows'), approved, done('fetchMasks')];
  const input2 = { ...input, isOutput: false };
  const out = play(participationMachine, input2, [...early, withdrew]);
  assert.deepEqual([out.states, kinds(out)], [['withdrawn'], ['approve', 'shred']]);
  const receives = play(participationMachine, input, [...early, withdrew, finished]);
  assert.deepEqual(receives.states, ['combining']);
  const other = play(participationMachine, input2, [...early, { ...withdrew, author: 'party-bolt' }]);
  assert.deepEqual(other.states, ['masking']);
});

test('a party that comes too late is left out; one whose rows are in goes on', () => {
  const only = { ...input, isOutput: false };
  assert.deepEqual(play(participationMachine, only, [...uploadedAll, closed]).states, ['leftOut']);
  assert.deepEqual(play(participationMachine, input, [done('prepareRows'), closed]).states, [
    'waitingForResult',
  ]);
  const isIn = play(participationMachine, only, [...uploadedAll, confirmed, closed]);
  assert.deepEqual(isIn.states, ['waitingForResult']);
});

test('who waits for the result hears why it will not come', () => {
  const ended = { code: 'collaboration.too-few-parties', message: 'too few input parties' };
  for (const last of [closed, { ...withdrew, author: 'party-bolt' }]) {
    const waiting = [approved, { ...last, status: 'failed', ended }];
    const run = play(participationMachine, { ...input, isInput: false }, waiting);
    assert.deepEqual([run.states, run.snapshot.context.reason], [['failed'], ended]);
  }
});

test('every edge of the chart is walked, and an end can be reached from every state', () => {
  const events = () => [
    approved,
    { ...approved, author: 'party-bolt' },
    finished,
    { type: 'log.bound', author: 'server-a', status: 'running' },
    { type: 'log.bound', author: 'server-a', status: 'failed' },
    { type: 'log.fail', author: 'server-a', reason: { code: 'x', message: 'x' } },
    { type: 'log.expire', author: 'coordinator' },
    { type: 'log.cancel', author: 'party-acme' },
    confirmed,
    { ...confirmed, author: 'party-bolt' },
    closed,
    { ...closed, status: 'failed', ended: DISAGREE },
    withdrew,
    { ...withdrew, author: 'party-bolt' },
    { ...withdrew, status: 'failed', ended: DISAGREE },
  ];
  const walks = [
    { isInput: true, isOutput: true },
    { isInput: true, isOutput: false },
    { isInput: false, isOutput: true },
  ].map((roles) =>
    walk(participationMachine, {
      input: { ...input, ...roles },
      events,
      outputs: { maskRows: { rows: 'r' } },
    }),
  );
  assertWholeChart(participationMachine, walks);
});
