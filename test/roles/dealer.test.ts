import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyMachineSnapshot } from 'xstate';
import { dealerMachine } from '../../roles/dealer.ts';
import { done, error, type Happening, play } from './play.ts';
import { assertWholeChart, walk } from './walk.ts';

const create = (collaboration: string): Happening => ({
  type: 'log.create',
  author: 'party-acme',
  collaboration,
  descriptor: `descriptor of ${collaboration}`,
  attempt: 1,
});
const ready = (collaboration: string, author: string): Happening => ({
  type: 'log.randomnessReady',
  author,
  collaboration,
  attempt: 1,
});
const ids = ({ snapshot }: ReturnType<typeof play>): string[] =>
  snapshot.context.queue.map(({ collaboration }: { collaboration: string }) => collaboration);
const shredded = ({ said }: ReturnType<typeof play>) =>
  said.filter(({ action }) => action === 'shred').map(({ params }) => params.collaboration);

test('jobs are dealt and delivered one after the other, then their tapes are destroyed', () => {
  const run = play(dealerMachine, {}, [
    create('one'),
    done('connect'),
    create('two'),
    create('two'),
    done('dealTape'),
    done('deliverTapes'),
    done('dealTape'),
    done('deliverTapes'),
  ]);
  assert.deepEqual(run.states, ['idle']);
  assert.deepEqual(ids(run), []);
  assert.deepEqual(shredded(run), ['one', 'two']);
  assert.deepEqual(run.ignored, []);
});

test('a job whose server is away goes to the back, and is not dealt a second time', () => {
  const away = [
    create('one'),
    create('two'),
    done('connect'),
    done('dealTape'),
    error('deliverTapes', 'dealer.peer-away'),
  ];
  const later = play(dealerMachine, {}, away);
  assert.deepEqual(later.states, ['dealing']);
  assert.deepEqual(ids(later), ['two', 'one']);
  const again = play(dealerMachine, {}, [...away, done('dealTape'), done('deliverTapes')]);
  assert.deepEqual(again.states, ['delivering']);
  assert.deepEqual(ids(again), ['one']);
});

test('a plan that cannot be dealt fails its collaboration, and the next job is taken', () => {
  const run = play(dealerMachine, {}, [
    create('one'),
    create('two'),
    done('connect'),
    error('dealTape', 'plan.too-large'),
  ]);
  assert.deepEqual(run.states, ['dealing']);
  assert.deepEqual(ids(run), ['two']);
  assert.equal(run.said[0]?.params.kind, 'fail');
  assert.equal(run.said[0]?.params.collaboration, 'one');
});

for (const end of ['log.fail', 'log.expire', 'log.cancel'])
  test(`${end} takes a job out of the queue and out of hand`, () => {
    const queued = [create('one'), create('two'), done('connect')];
    const waiting = play(dealerMachine, {}, [...queued, { type: end, collaboration: 'two' }]);
    assert.deepEqual([waiting.states, ids(waiting)], [['dealing'], ['one']]);
    const inHand = play(dealerMachine, {}, [...queued, { type: end, collaboration: 'one' }]);
    assert.deepEqual([inHand.states, ids(inHand)], [['dealing'], ['two']]);
    assert.deepEqual(shredded(inHand), ['one']);
    const unknown = play(dealerMachine, {}, [...queued, { type: end, collaboration: 'three' }]);
    assert.deepEqual([unknown.ignored, ids(unknown)], [[], ['one', 'two']]);
  });

test('a job leaves once both servers have said that they hold their tape', () => {
  const run = [create('one'), done('connect'), done('dealTape'), ready('one', 'server-a')];
  assert.deepEqual(ids(play(dealerMachine, {}, run)), ['one']);
  assert.deepEqual(ids(play(dealerMachine, {}, [...run, ready('one', 'server-a')])), ['one']);
  const both = play(dealerMachine, {}, [...run, ready('one', 'server-b')]);
  assert.deepEqual([both.states, ids(both)], [['idle'], []]);
});

test('while it connects or drains, the log changes the queue and nothing else', () => {
  const init = play(dealerMachine, {}, [create('one'), { type: 'log.cancel', collaboration: 'one' }]);
  assert.deepEqual([init.states, ids(init)], [['init'], []]);
  const draining = play(dealerMachine, {}, [
    create('one'),
    done('connect'),
    { type: 'drain' },
    create('two'),
  ]);
  assert.deepEqual([draining.states, ids(draining)], [['draining'], ['one', 'two']]);
  const again = play(dealerMachine, {}, [
    create('one'),
    done('connect'),
    done('dealTape'),
    { type: 'drain' },
    done('drain'),
    { type: 'boot' },
    done('connect'),
  ]);
  assert.deepEqual(again.states, ['delivering'], 'the tapes are made already');
});

test('another attempt is another job, with a tape of its own', () => {
  const again = { ...create('one'), type: 'log.rerun', attempt: 2 };
  const run = play(dealerMachine, {}, [
    done('connect'),
    create('one'),
    { type: 'log.fail', author: 'server-a', collaboration: 'one', attempt: 1 },
    again,
    done('dealTape'),
    { ...ready('one', 'server-a'), attempt: 1 },
    done('deliverTapes'),
  ]);
  assert.deepEqual(run.states, ['idle']);
  const shreds = run.said.filter(({ action }) => action === 'shred').map(({ params }) => params);
  assert.deepEqual(
    shreds,
    [1, 2].map((attempt) => ({ collaboration: 'one', attempt })),
  );
});

test('every edge of the chart is walked, and it can be stopped from every state', () => {
  const jobs = ['one', 'two'];
  const events = () => [
    { type: 'boot' },
    { type: 'drain' },
    ...jobs.map(create),
    { ...create('one'), type: 'log.rerun' },
    ...jobs.flatMap((job) => [ready(job, 'server-a'), ready(job, 'server-b')]),
    ...jobs.flatMap((collaboration) =>
      ['log.fail', 'log.expire', 'log.cancel'].map((type) => ({ type, collaboration })),
    ),
  ];
  const all = walk(dealerMachine, {
    events,
    errors: [
      { code: 'dealer.peer-away', message: 'away' },
      { code: 'plan.bad', message: 'bad' },
    ],
    isEnd: (snapshot: AnyMachineSnapshot) => snapshot.value === 'stopped',
  });
  assertWholeChart(dealerMachine, [all]);
  assert.ok(all.reached.length > 50);
});
