/**
 * Owns what a person sees who names a broker that is not there, or not yet.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { withBroker } from '../support/broker.ts';
import { ownDirectory } from '../support/files.ts';
import { mpc } from '../support/mpc.ts';
import { ROOT } from '../support/rows.ts';

const { at, directory } = ownDirectory('broker-away');
const query = at(
  'query.sql',
  'CREATE TABLE pay (wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 100)); SELECT SUM(wage) FROM pay;',
);
const rows = at('rows.csv', 'wage\n1\n2\n');
const inputs = ['--input', `acme=${rows}`, '--input', `beta=${rows}`];
/** Nobody listens on the first port. */
const NOWHERE = 'nats://127.0.0.1:1';

/** Runs the executable; `said` resolves once its standard error holds the text. */
function started(args: readonly string[]) {
  const child = spawn(process.execPath, [join(ROOT, 'bin/mpc'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [answer, errors] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => {
    answer += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString();
    child.emit('said');
  });
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, answer, errors }));
  const said = async (text: string): Promise<void> => {
    while (!errors.includes(text)) await Promise.race([once(child, 'said'), ended.then(failed)]);
  };
  const failed = (): never => assert.fail(`it ended without having said that: ${errors}`);
  return { said, ended, end: () => child.kill('SIGINT') };
}

test('mpc run says what it waits for, and gives up with exit code 69', async () => {
  const run = started(['run', query, ...inputs, '--nats', NOWHERE, '--broker-wait', '4']);
  await run.said(
    `no broker answers at ${NOWHERE} (connect ECONNREFUSED 127.0.0.1:1): waiting 4 s for it; Ctrl-C ends that\n`,
  );
  const { code, answer, errors } = await run.ended;
  assert.equal(code, 69);
  assert.equal(answer, '');
  assert.match(
    errors,
    /mpc: no broker answered at .*:1 within 4 s \(.*\) \[bus\.unavailable\]\n {5}start it, /,
  );
});

test('mpc run that waits for its broker ends at once when it is interrupted', async () => {
  const run = started(['run', query, ...inputs, '--nats', NOWHERE, '--broker-wait', '3600']);
  await run.said('no broker answers at');
  run.end();
  const { code, errors } = await run.ended;
  assert.equal(code, 75);
  assert.match(errors, /run\.interrupted/);
});

test('mpc run goes on when its broker comes', async () => {
  await withBroker(async (broker) => {
    await broker.crash();
    const run = started(['run', query, ...inputs, '--nats', broker.url, '--broker-wait', '3600', '--json']);
    await run.said('no broker answers at');
    await broker.restart();
    const { code, answer, errors } = await run.ended;
    assert.equal(code, 0, errors);
    assert.deepEqual(JSON.parse(answer).rows, [[6]]);
  });
});

test('nothing is said in the clear to a broker that is named by tls://', async () => {
  await withBroker(async ({ url }) => {
    const { code, stderr } = await mpc(['run', query, ...inputs, '--nats', url.replace('nats:', 'tls:')]);
    assert.equal(code, 77, stderr);
    assert.match(stderr, /does not encrypt \[bus\.untrusted\]/);
  });
});

test('what is no address of a broker is refused before anything is read', async () => {
  for (const wrong of ['', 'nats://x y', '127.0.0.1:99999', 'http://127.0.0.1:4222', `${NOWHERE},,`]) {
    const { code, stderr } = await mpc(['run', 'no-file.sql', ...inputs, '--nats', wrong]);
    assert.equal(code, 64, wrong);
    assert.match(stderr, /is no address of a broker \[usage\.nats\]/);
  }
});

test('a name that means nothing is a broker that is away: whoever waits is told why, once', {
  timeout: 120_000,
}, async () => {
  const reasons: string[] = [];
  const enough = new AbortController();
  const waiting = connectNats({
    servers: 'nats://no-such-broker.invalid:4222',
    name: 'x',
    signal: enough.signal,
    clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms, signal).finally(() => tried++) },
    onWaiting: (why) => void reasons.push(why),
  });
  let tried = 0;
  while (tried < 3) await systemClock.sleep(50);
  enough.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  assert.equal(new Set(reasons).size, reasons.length, reasons.join());
  assert.match(reasons[0] ?? '', /no-such-broker\.invalid/);
});

test('mpc up says which roles run, which for elections, and that they wait for their broker, as each says in its log', {
  timeout: 120_000,
}, async () => {
  const dir = join(directory, 'up');
  const up = started(['up', '--dir', dir, '--nats', NOWHERE]);
  try {
    await up.said(
      `running on ${NOWHERE}: coordinator, server-a, server-b, dealer, and server-c for elections;`,
    );
    await up.said('the roles wait for it; Ctrl-C ends them\n');
    const log = join(dir, 'logs/server-a.log');
    while (!readFileSync(log, 'utf8').includes(`waiting for a broker at ${NOWHERE}: connect ECONNREFUSED`))
      await systemClock.sleep(50);
  } finally {
    up.end();
    assert.equal((await up.ended).code, 0);
  }
});
