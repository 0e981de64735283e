/**
 * A thread for others' jobs: what takes too long or too much is ended and said to have been, the next job gets another thread, and
 * meanwhile the process that asked goes on.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { MpcError } from '../../src/base/errors.ts';
import { LimitedThread } from '../../src/duties/limited-thread.ts';

/** Does what its name says. */
const ENTRY = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (job) => {
      if (job === 'for ever') for (;;);
      if (job === 'all memory') { const kept = []; for (;;) kept.push(new Array(100_000).fill(kept.length + 0.5)); }
      if (job === 'exit') process.exit(0);
      if (job === 'throw') throw new Error('a fault of the thread');
      if (job === 'refuse') parentPort.postMessage({ type: 'failed', report: { code: 'sql.syntax', message: 'no' }, exitCode: 65 });
      else parentPort.postMessage({ type: 'done', answer: job + ' is done' });
    });
    parentPort.postMessage({ type: 'ready' });
  `)}`,
);
const LIMITS = { jobMs: 60_000, startMs: 60_000, heapMb: 64, waiting: 8, waitingOfOne: 4 };
const codeIs = (code: string) => (error: unknown) => error instanceof MpcError && error.code === code;
const threadOf = (limits: Partial<typeof LIMITS> = {}) =>
  new LimitedThread<string, string>(ENTRY, { ...LIMITS, ...limits }, systemClock);

test('jobs are done one after the other, and what one throws is told to who asked for it', {
  timeout: 120_000,
}, async () => {
  const thread = threadOf();
  const answers = await Promise.allSettled(['a', 'refuse', 'b'].map((job) => thread.run(job, 'ann')));
  assert.deepEqual(
    answers.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code)),
    ['a is done', 'sql.syntax', 'b is done'],
  );
  await thread.stop();
});

test('a job without end is ended, and the process does other things meanwhile', {
  timeout: 120_000,
}, async () => {
  // The time begins when the thread is there; it is short, because this job uses all it gets.
  const thread = threadOf({ jobMs: 300 });
  let turns = 0;
  const turning = setInterval(() => turns++, 1);
  await assert.rejects(thread.run('for ever', 'ann'), codeIs('program.too-slow'));
  clearInterval(turning);
  assert.ok(turns > 2, `${turns} turns`);
  await thread.stop();
});

test('a job that takes too much memory is ended, and the next is done', { timeout: 120_000 }, async () => {
  const thread = threadOf();
  await assert.rejects(thread.run('all memory', 'ann'), codeIs('program.too-heavy'));
  assert.equal(await thread.run('a', 'ann'), 'a is done');
  await thread.stop();
});

test('a thread that ends or fails is told as not known, and the next job gets another', {
  timeout: 120_000,
}, async () => {
  const thread = threadOf();
  for (const job of ['exit', 'throw']) {
    await assert.rejects(thread.run(job, 'ann'), codeIs('coordinator.thread-failed'));
    assert.equal(await thread.run('a', 'ann'), 'a is done');
  }
  await thread.stop();
});

test('when too many wait, one more is told to come again; nobody has all the places', {
  timeout: 120_000,
}, async () => {
  const thread = threadOf({ waiting: 4, waitingOfOne: 2 });
  const done: string[] = [];
  const ask = async (job: string, by: string) => done.push(await thread.run(job, by));
  const first = ask('a', 'ann');
  const more = [ask('b', 'ann'), ask('c', 'ann')];
  await assert.rejects(thread.run('d', 'ann'), codeIs('coordinator.compiling'));
  more.push(ask('e', 'bob'));
  await assert.rejects(thread.run('f', 'cleo'), codeIs('coordinator.compiling'));
  await Promise.all([first, ...more]);
  assert.deepEqual(
    done,
    ['a', 'b', 'e', 'c'].map((job) => `${job} is done`),
  );
  assert.equal(await thread.run('f', 'ann'), 'f is done');
  await thread.stop();
});
