/**
 * Owns the promise that everything secret is sealed: it records all traffic of a real run on a real broker, and reads the
 * broker's storage, every role's files and logs, looking for rows, seeds, masks, tape and results.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { keyPath } from '../../bin/local/deployment.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { systemClock } from '../../src/base/clock.ts';
import { traceIdIn } from '../../src/base/trace.ts';
import type { Message } from '../../src/bus/bus.ts';
import type { Address } from '../../src/bus/subjects.ts';
import { inputSeed, Seed } from '../../src/tape/seed.ts';
import { type PartyRows, TestDeployment } from '../support/mpc.ts';

/** Odd enough never to appear by chance, as text or as eight bytes. */
const WAGES = [731_946_285_113, 642_857_190_377, 918_273_645_546, 564_738_291_029];
const SQL = `
  CREATE TABLE pay (team TEXT NOT NULL CHECK (team IN ('red', 'green')),
                    wage BIGINT NOT NULL CHECK (wage BETWEEN 0 AND 1000000000000));
  SELECT team, COUNT(*), SUM(wage) AS wages FROM pay WHERE wage > 5 GROUP BY team;`;
const PARTIES: PartyRows[] = ['acme', 'beta'].map((party, at) => ({
  party,
  table: 'pay',
  maxRows: 100,
  csv: `team,wage\nred,${WAGES[2 * at]}\ngreen,${WAGES[2 * at + 1]}\n`,
}));

const SERVICES: readonly Address[] = ['coordinator', 'server-a', 'server-b', 'dealer'];

test('no row, seed, mask, tape or result is in any message, in the broker, or with a role it is not for', async () => {
  const deployment = await TestDeployment.open(SQL, PARTIES);
  const traffic: Uint8Array[] = [];
  const traced: Message[] = [];
  try {
    deployment.bus.subscribe('>', (message) => {
      traffic.push(message.data);
      if (message.trace !== undefined) traced.push(message);
    });
    deployment.start(...SERVICES, 'party-analyst');
    await deployment.until('both tapes', ({ lifecycle }) => lifecycle.context.randomness.length === 2);
    const own = (role: Address, ...names: string[]): string =>
      join(deployment.directory, 'state', role, 'collaborations', deployment.id, 'attempt-1', ...names);
    const headA = readFileSync(own('server-a', 'tape', 'head')).subarray(0, 32);
    const headB = readFileSync(own('server-b', 'tape', 'head')).subarray(0, 32);
    const corrections = readFileSync(own('server-b', 'tape', 'corrections'));
    deployment.start('party-acme', 'party-beta');
    const { table } = await deployment.result();
    const sums = table.rows.map((row) => Number(row[2]));
    assert.deepEqual(
      sums.sort(),
      [(WAGES[0] ?? 0) + (WAGES[2] ?? 0), (WAGES[1] ?? 0) + (WAGES[3] ?? 0)].sort(),
    );
    const rowsAtA = readFileSync(own('server-a', 'result'));
    for (const server of ['server-a', 'server-b'] as const) await gone(own(server, 'tape', 'head'));

    const secrets = new Map<string, Uint8Array>();
    for (const number of [...WAGES, ...sums]) {
      secrets.set(`${number} as text`, Buffer.from(String(number)));
      const words = Buffer.alloc(8);
      words.writeBigInt64LE(BigInt(number));
      secrets.set(`${number} as a word`, words);
    }
    const seeds = { a: new Seed(headA), b: new Seed(headB) };
    for (const [server, head] of [
      ['a', headA],
      ['b', headB],
    ] as const) {
      secrets.set(`the seed of server ${server}`, head);
      for (const { party } of PARTIES)
        secrets.set(
          `${party}'s masks from server ${server}`,
          inputSeed(seeds[server], party).exposeSecretBytes(),
        );
    }
    secrets.set("the beginning of server b's tape", corrections.subarray(0, 32));
    secrets.set(
      "the middle of server b's tape",
      corrections.subarray(corrections.length >> 1, (corrections.length >> 1) + 32),
    );
    secrets.set("server a's half of the result", rowsAtA.subarray(rowsAtA.length - 32));

    for (const address of deployment.addresses)
      secrets.set(
        `the key of ${address}`,
        readFileSync(keyPath(deployment.directory, address)).subarray(0, 58),
      );

    await eventually(() => expectCommandsTraced(deployment, traced));

    const everything = Buffer.concat(traffic);
    assert.ok(
      everything.length > 100_000,
      `expected to record the run's traffic, saw ${everything.length} bytes`,
    );
    assert.ok(
      everything.includes(deployment.descriptor.nonce),
      'what is public is found, so what is secret would be',
    );
    expectNone(secrets, 'the traffic', everything);

    const broker = filesBelow(join(deployment.directory, 'broker'));
    assert.ok(
      broker.length > 0 && broker.some(({ bytes }) => bytes.includes(deployment.descriptor.nonce)),
      'the log is in the storage of the broker',
    );
    for (const { path, bytes } of broker) expectNone(secrets, path, bytes);

    let read = 0;
    for (const role of SERVICES) {
      for (const { path, bytes } of filesBelow(join(deployment.directory, 'state', role))) {
        read++;
        const its = path.endsWith('/result')
          ? new Map([...secrets].filter(([name]) => !name.includes('half')))
          : secrets;
        expectNone(its, path, bytes);
      }
      expectNone(secrets, `the log of ${role}`, Buffer.from(deployment.log(role)));
    }
    assert.ok(read >= SERVICES.length, `expected to read the roles' files, read ${read}`);
    for (const party of ['party-acme', 'party-beta'] as const)
      for (const { path, bytes } of filesBelow(join(deployment.directory, 'state', party)))
        expectNone(secrets, path, bytes);
  } finally {
    await deployment.stop();
  }
});

/** Commands to the log are traces, and nothing else is; every role's log names those that its collaboration moved by. */
function expectCommandsTraced(deployment: TestDeployment, traced: readonly Message[]): void {
  const said = new Set<string>();
  for (const { subject, trace, data } of traced) {
    assert.match(subject, /\.submit$/);
    const { id } = JSON.parse(utf8.decode(data));
    assert.equal(traceIdIn(trace ?? ''), id);
    said.add(id);
  }
  assert.ok(said.size >= 8, `expected to see the run's commands, saw ${said.size}`);
  for (const role of SERVICES) {
    const lines = deployment.log(role).matchAll(/"status":"(\w+)".*"trace_id":"(\w+)"/g);
    const moved = [...lines].map(([, status, id = '']) => {
      assert.ok(said.has(id), `${role} tells of ${id}, which nobody has said`);
      return status;
    });
    for (const status of ['open', 'collecting', 'running', 'finished'])
      assert.ok(moved.includes(status), `${role} does not tell by what it came to ${status}: ${moved}`);
  }
}

function expectNone(secrets: ReadonlyMap<string, Uint8Array>, place: string, bytes: Buffer): void {
  for (const [name, secret] of secrets)
    assert.equal(bytes.includes(Buffer.from(secret)), false, `${name} is in ${place}`);
}

/** Roles, and what is recorded here, may be a moment behind the result. */
async function eventually(expect: () => void): Promise<void> {
  const deadlineMs = Date.now() + 60_000;
  for (;;) {
    try {
      return expect();
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
      await systemClock.sleep(50);
    }
  }
}

/** Waits until a server has destroyed a file it no longer needs. */
async function gone(path: string): Promise<void> {
  const deadlineMs = Date.now() + 20_000;
  while (existsSync(path)) {
    assert.ok(Date.now() < deadlineMs, `${path} was not destroyed`);
    await systemClock.sleep(20);
  }
}

function filesBelow(directory: string): { path: string; bytes: Buffer }[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) return filesBelow(path);
    return statSync(path).isFile() ? [{ path, bytes: readFileSync(path) }] : [];
  });
}
