/**
 * Owns the promise that three organisations, each with its own directory, address and broker, come from nothing to a result by the
 * command line alone: over TLS, with everyone's permissions on, and one of them away in between.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import test from 'node:test';
import { participantChapters } from '../../bin/compose/chapters.ts';
import { planCluster } from '../../src/broker/cluster.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { loadRoleConfig } from '../../src/config/role-config.ts';
import { type Follower, followLog } from '../../src/coordination/follower.ts';
import { mpc } from '../support/mpc.ts';
import { Organisations } from '../support/organisations.ts';

const SQL = `CREATE TABLE pay (wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 9999));
SELECT COUNT(*), SUM(wage) FROM pay;`;
const RUNS = {
  north: ['--role', 'coordinator', '--role', 'server-a', '--party', 'acme'],
  south: ['--role', 'server-b', '--party', 'beta'],
  west: ['--role', 'dealer', '--party', 'analyst'],
} as const;
const NAMES = ['north', 'south', 'west'] as const;
const PATIENCE_MS = 120_000;

test('three organisations come from nothing to a result over TLS, one of them away in between', {
  timeout: 280_000,
}, async () => {
  const world = new Organisations('payroll');
  const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS);
  try {
    const { directory } = world;
    const members = await planCluster({ directory, hosts: ['127.0.0.2', '127.0.0.3', '127.0.0.4'] });
    const placed = NAMES.map((name, at) => ({ name, ...members[at]! }));
    for (const { name, host, port, cluster } of placed) {
      const routes = placed
        .filter((other) => other.name !== name)
        .flatMap((other) => ['--route', `${other.name}=${other.host}:${other.cluster.port}`]);
      const broker = ['--broker', `${host}:${port}`, '--route-port', String(cluster.port), ...routes];
      await world.init(name, ...RUNS[name], ...broker);
    }
    await world.introduce();
    const files = Object.entries({ north: 'server-a', south: 'server-b', west: 'dealer' }).flatMap(
      ([name, role]) => [world.path(name, 'broker.toml'), world.path(name, `${role}.toml`)],
    );
    const checked = await mpc(['config', 'check', ...files]);
    assert.equal(checked.code, 0, checked.stdout);

    const parties = ['--input', 'acme=10', '--input', 'beta=10'];
    const { id, digest } = await world.describe('west', 'analyst', SQL, ...parties);
    world.approve('north', 'acme', digest, 'pay', 'wage\n4100\n3900\n');
    world.approve('south', 'beta', digest, 'pay', 'wage\n5200\n');

    // Whoever is early waits: roles before brokers, and a party last.
    world.startRole('west', 'dealer');
    world.startRole('north', 'server-a');
    world.startRole('south', 'server-b');
    for (const name of NAMES) world.startBroker(name);
    world.startRole('north', 'coordinator');
    world.startRole('north', 'party-acme');
    world.startRole('west', 'party-analyst');
    for (const { name, host, port } of placed) {
      await world.wrote(name, 'broker', /tls:\/\//, patience());
      assert.match(await greeting(host, port), /"tls_required":true/, 'nothing is said in the clear');
    }

    const bus = await world.connect('west', 'dealer');
    const follower = await follow(world, bus);
    await until(follower, () => follower.collaboration(id)?.lifecycle.context.randomness.length === 2);
    assert.equal(await world.terminate('south', 'server-b'), 0);
    assert.equal(await world.terminate('south', 'broker'), 0);
    assert.ok((await (await bus.log(subjects.logStream('payroll'))).last()) > 0, 'the others go on');
    world.startBroker('south');
    world.startRole('south', 'server-b');
    world.startRole('south', 'party-beta');
    assert.equal(await world.exit('west', 'party-analyst'), 0, world.log('west', 'party-analyst'));
    assert.deepEqual(world.result('west').table.rows, [[3, 13_200]]);

    const copies = await (await bus.log(subjects.logStream('payroll'))).copies();
    assert.deepEqual(copies.map(({ server }) => server).sort(), [...NAMES], 'each keeps a copy of the log');
    follower.stop();
    await bus.close();
    assert.deepEqual(world.refusals(), []);
  } catch (error) {
    throw new Error(`${String(error)}\n${world.tails()}`, { cause: error });
  } finally {
    await world.stop();
  }
});

async function follow(
  world: Organisations,
  bus: Awaited<ReturnType<Organisations['connect']>>,
): Promise<Follower> {
  const { deployment, trust } = loadRoleConfig(world.path('west', 'dealer.toml'), {}, {});
  for (const signal = AbortSignal.timeout(PATIENCE_MS); ; signal.throwIfAborted())
    try {
      return await followLog({ bus, deployment, trust, chapters: participantChapters(trust) });
    } catch (error) {
      // The coordinator has not made the log yet.
      if (!(error instanceof Error && 'code' in error && error.code === 'bus.unavailable')) throw error;
    }
}

function until(follower: Follower, holds: () => boolean): Promise<unknown> {
  return follower.until(holds, AbortSignal.timeout(PATIENCE_MS));
}

/** What a broker says first, in the clear. */
function greeting(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    socket.once('error', reject);
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString());
    });
  });
}
