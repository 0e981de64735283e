/**
 * Owns the promise that two organisations each speak through a broker of their own: south's joins north's, which keeps the log, and
 * neither lets the other's roles in. The link is lost once.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { planCluster } from '../../src/broker/cluster.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { brokerAccess } from '../../src/config/brokers.ts';
import { loadRoleConfig } from '../../src/config/role-config.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import { natsDirectory } from '../../src/directory/client/nats.ts';
import { sayKeys } from '../../src/directory/statements.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { sealingKeyOf } from '../../src/identity/sealing.ts';
import { Place } from '../directory/place.ts';
import { Organisations } from '../support/organisations.ts';

const SQL = `CREATE TABLE pay (wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 9999));
SELECT COUNT(*), SUM(wage) FROM pay;`;
const PATIENCE_MS = 120_000;

test('two organisations, each with its own broker: one joins the other', { timeout: 280_000 }, async () => {
  const world = new Organisations('joint');
  const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS);
  try {
    const { directory } = world;
    const [hub, leaf] = await planCluster({ directory, hosts: ['127.0.0.5', '127.0.0.6'] });
    assert.ok(hub !== undefined && leaf !== undefined);
    const at = [
      '--broker',
      `${hub.host}:${hub.port}`,
      '--leaf',
      'south',
      '--leaf-port',
      String(hub.cluster.port),
    ];
    await world.init('north', '--role', 'coordinator', '--role', 'server-a', '--party', 'acme', ...at);
    const joining = [
      '--broker',
      `${leaf.host}:${leaf.port}`,
      '--hub',
      `north=${hub.host}:${hub.cluster.port}`,
    ];
    await world.init('south', '--role', 'server-b', '--role', 'dealer', '--party', 'analyst', ...joining);
    await world.introduce();
    const { digest } = await world.describe('south', 'analyst', SQL, '--input', 'acme=10');
    world.approve('north', 'acme', digest, 'pay', 'wage\n4100\n3900\n');

    for (const place of ['broker', 'server-b', 'dealer'] as const)
      if (place === 'broker') world.startBroker('south');
      else world.startRole('south', place);
    world.startBroker('north');
    for (const place of ['coordinator', 'server-a']) world.startRole('north', place);
    world.startRole('south', 'party-analyst');
    await world.wrote('south', 'dealer', /delivering/, patience());

    assert.equal(await world.terminate('north', 'broker'), 0);
    world.startBroker('north');
    world.startRole('north', 'party-acme');
    assert.equal(await world.exit('south', 'party-analyst'), 0);
    assert.deepEqual(world.result('south').table.rows, [[2, 8000]]);
    // Accounts and mail go through both brokers, too: whoever is at south's is pushed what north's coordinator has.
    const config = loadRoleConfig(world.path('south', 'party-analyst.toml'), {}, {});
    const identity = loadIdentity(config.key);
    const bus = await connectNats({ ...brokerAccess(config), name: 'party-analyst', identity });
    const { deployment, trust } = config;
    const calls = natsDirectory({
      bus,
      deployment,
      me: 'party-analyst',
      coordinatorKey: trust.coordinator ?? '',
      clock: systemClock,
      random: systemRandom,
    });
    const sealing = sealingKeyOf(identity).publicKey;
    const keys = sayKeys({ deployment, account: 'analyst', identity, sealing, nowMs: Date.now() });
    await calls.register({ account: 'analyst', keys }, newCommandId(systemRandom));
    const place = await Place.enter(deployment, 'analyst', identity, calls);
    await place.correspondent.send('a note to myself', 'analyst');
    assert.deepEqual(await place.texts.atLeast(1), ['a note to myself']);
    await place.leave();
    await bus.close();
    assert.deepEqual(world.refusals(), []);

    // Who speaks through north's broker is no user of south's.
    const stranger = loadIdentity(world.path('north', 'keys/server-a.seed'));
    const access = brokerAccess(loadRoleConfig(world.path('south', 'server-b.toml'), {}, {}));
    await assert.rejects(connectNats({ ...access, name: 'server-a', identity: stranger }), {
      code: 'bus.permission-denied',
    });
    // Whoever is no part of it does not even speak: its certificate is not of an authority that is trusted.
    await assert.rejects(connectNats({ ...access, tls: {}, name: 'server-a', identity: stranger }), {
      code: 'bus.untrusted',
    });
  } catch (error) {
    throw new Error(`${String(error)}\n${world.tails()}`, { cause: error });
  } finally {
    await world.stop();
  }
});
