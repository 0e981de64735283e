/**
 * Owns what a person sees who names a broker that is not there, or not yet.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'node:test';
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
  await run.said(`no broker answers at ${NOWHERE}: waiting 4 s for it; Ctrl-C ends that\n`);
  const { code, answer, errors } = await run.ended;
  assert.equal(code, 69);
  assert.equal(answer, '');
  assert.match(errors, /mpc: no broker answered at .*:1 within 4 s \[bus\.unavailable\]\n {5}start it, /);
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

test('mpc up says that its roles wait for a broker, and which of them are for elections', async () => {
  const dir = join(directory, 'up');
  const up = started(['up', '--dir', dir, '--nats', NOWHERE]);
  await up.said(
    `running on ${NOWHERE}: coordinator, server-a, server-b, dealer, and server-c for elections;`,
  );
  await up.said(`no broker answers at ${NOWHERE}: the roles wait for it`);
  up.end();
  assert.equal((await up.ended).code, 0);
});

test('what is no address of a broker is refused before anything is read', async () => {
  for (const wrong of ['', 'nats://x y', '127.0.0.1:99999', 'http://127.0.0.1:4222', `${NOWHERE},,`]) {
    const { code, stderr } = await mpc(['run', 'no-file.sql', ...inputs, '--nats', wrong]);
    assert.equal(code, 64, wrong);
    assert.match(stderr, /is no address of a broker \[usage\.nats\]/);
  }
});

test('a name that means nothing is a broker that is away: roles wait for it', async () => {
  await assert.rejects(
    connectNats({ servers: 'nats://no-such-broker.invalid:4222', name: 'x', connectTimeoutMs: 0 }),
    { code: 'bus.unavailable' },
  );
});
