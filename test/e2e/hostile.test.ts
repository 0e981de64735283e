/**
 * Owns the promise that nothing sent to a role makes it fall over: garbage on every subject, wrong commands, floods.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { utf8 } from '../../src/base/bytes.ts';
import { systemRandom } from '../../src/base/random.ts';
import { type Address, type Purpose, subjects } from '../../src/bus/subjects.ts';
import { signCommand } from '../../src/coordination/commands.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { type PartyRows, TestDeployment } from '../support/mpc.ts';

const SQL = `CREATE TABLE t (x INTEGER NOT NULL CHECK (x BETWEEN 0 AND 1000)); SELECT COUNT(*), SUM(x), MAX(x) FROM t;`;
const PARTIES: PartyRows[] = ['acme', 'beta'].map((party) => ({
  party,
  table: 't',
  maxRows: 500,
  csv: 'x\n1\n2\n3\n',
}));
const PURPOSES: readonly Purpose[] = ['tape', 'rows', 'compute', 'result'];

test('garbage on every subject is counted and refused, every role lives, and the run gives its answer', async () => {
  const deployment = await TestDeployment.open(SQL, PARTIES);
  try {
    deployment.start('coordinator', 'server-a', 'server-b', 'party-analyst');
    await deployment.until('the collaboration', () => true);
    let sent = 0;
    const spray = (): void => {
      const participants: readonly Address[] = [
        'server-a',
        'server-b',
        'dealer',
        'party-acme',
        'party-beta',
        'party-analyst',
      ];
      for (const to of participants)
        for (const from of participants)
          for (const purpose of PURPOSES)
            for (const size of [0, 1, 60, 3000]) {
              deployment.bus.publish(
                subjects.channel('test', to, from, deployment.id, purpose),
                new Uint8Array(randomBytes(size)),
              );
              sent++;
            }
      deployment.bus.publish(subjects.submit('test', 'party-acme'), new Uint8Array(randomBytes(900_000)));
    };
    spray();
    const ask = async (data: Uint8Array): Promise<string> =>
      utf8.decode(await deployment.bus.request(subjects.submit('test', 'party-acme'), data, 5000));
    assert.match(await ask(new Uint8Array(0)), /command\.malformed/);
    assert.match(await ask(utf8.encode('{"id":7}')), /command\.malformed/);
    const forged = signCommand({
      deployment: 'test',
      identity: createIdentity(systemRandom),
      author: 'party-acme',
      id: '0'.repeat(32),
      body: { kind: 'approve', collaboration: deployment.id, attempt: 1, descriptor: '0'.repeat(64) },
    });
    assert.match(
      await ask(utf8.encode(JSON.stringify(forged))),
      /command\.bad-signature|command\.signature|command\.forged/,
    );
    deployment.start('dealer', 'party-acme', 'party-beta');
    await deployment.until('the tapes', ({ lifecycle }) => lifecycle.context.randomness.length > 0);
    spray();
    const { table } = await deployment.result();
    assert.deepEqual(table.rows, [[6, 12, 3]]);
    for (const address of deployment.addresses) assert.ok(deployment.isRunning(address), `${address} lives`);
    assert.match(deployment.log('coordinator'), /command\.malformed/);
    assert.match(deployment.log('server-a'), /channel\.[a-z-]+/);
    assert.ok(sent > 500);
  } finally {
    await deployment.stop();
  }
});

test('a client sends nothing to a descriptor that its party has not approved', async () => {
  const deployment = await TestDeployment.open(SQL, PARTIES);
  try {
    deployment.disapprove('party-beta');
    deployment.start();
    await deployment.until(
      'the approval of the other party',
      ({ lifecycle }) =>
        lifecycle.context.approvals.includes('acme') && lifecycle.context.uploads.acme !== undefined,
    );
    assert.match(deployment.log('party-beta'), /descriptor\.not-approved/);
    assert.ok(
      !deployment.follower.collaboration(deployment.id)?.lifecycle.context.approvals.includes('beta'),
    );
  } finally {
    await deployment.stop();
  }
});

test('SIGTERM drains: every role ends by itself with code 0', async () => {
  const deployment = await TestDeployment.open(SQL, PARTIES);
  try {
    deployment.start();
    await deployment.until('the collaboration', () => true);
    for (const address of deployment.addresses) {
      await deployment.begun(address);
      assert.equal(await deployment.terminate(address), 0, `${address} ends well`);
    }
    deployment.start();
    const { table } = await deployment.result();
    assert.deepEqual(table.rows, [[6, 12, 3]]);
  } finally {
    await deployment.stop();
  }
});
