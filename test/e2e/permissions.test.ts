/** A whole collaboration on a broker where every key may do what the grammar of subjects gives it, and nothing else. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { keyPath } from '../../bin/local/deployment.ts';
import type { ErrorReport } from '../../src/base/errors.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { Collected } from '../bus/collected.ts';
import { TestDeployment } from '../support/mpc.ts';

test("everyone has the permissions it needs; another name, another's mail and the log are out of reach", async () => {
  const deployment = await TestDeployment.open(
    'CREATE TABLE t (x INTEGER CHECK (x BETWEEN 0 AND 9)); SELECT SUM(x) FROM t',
    [
      { party: 'acme', table: 't', maxRows: 5, csv: 'x\n1\n2\n' },
      { party: 'beta', table: 't', maxRows: 5, csv: 'x\n3\n' },
    ],
    { guarded: true },
  );
  try {
    const me = 'party-beta';
    const identity = loadIdentity(keyPath(deployment.directory, me));
    const bus = await connectNats({ servers: deployment.deployment.nats, name: me, identity });
    const refused = new Collected<ErrorReport>();
    bus.onTrouble(refused.add);
    bus.subscribe('mpc.test.server-a.>', () => {});
    await refused.atLeast(1);
    bus.publish(subjects.submit('test', 'party-acme'), new Uint8Array(1));
    await refused.atLeast(2);
    bus.publish(subjects.log('test'), new Uint8Array(1));
    await refused.atLeast(3);
    bus.publish(subjects.election('test', 'server-a', 'voter', 'ballots', 'e'), new Uint8Array(1));
    bus.publish('$JS.API.STREAM.DELETE.mpc_test_log', new Uint8Array());
    await refused.atLeast(4);
    assert.ok(refused.items.every(({ code }) => code === 'bus.permission-denied'));
    assert.ok(!refused.items.some(({ message }) => message.includes('voter')), 'ballots may be carried');
    await bus.close();
    deployment.start();
    const { table } = await deployment.result();
    assert.deepEqual(table.rows, [[6]]);
    for (const address of deployment.addresses)
      assert.doesNotMatch(deployment.log(address), /permission-denied/, `${address} was refused nothing`);
  } finally {
    await deployment.stop();
  }
});
