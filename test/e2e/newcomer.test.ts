/**
 * Owns the promise that an organisation may come later: a running broker reads its card on SIGHUP, and lets its roles in then, not before.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { MpcError } from '../../src/base/errors.ts';
import { planCluster } from '../../src/broker/cluster.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { Organisations } from '../support/organisations.ts';

const PATIENCE_MS = 60_000;

test('who comes later is let in once its card was added and the broker told', {
  timeout: 200_000,
}, async () => {
  const world = new Organisations('growing');
  try {
    const [place] = await planCluster({ directory: world.directory, hosts: ['127.0.0.11'] });
    assert.ok(place !== undefined);
    const address = `${place.host}:${place.port}`;
    await world.init('north', '--role', 'coordinator', '--broker', address);
    world.startBroker('north');
    await world.wrote('north', 'broker', /tls:/, AbortSignal.timeout(PATIENCE_MS));
    await world.init('south', '--role', 'dealer', '--nats', `tls://${address}`);
    await world.introduce();
    await assert.rejects(world.connect('south', 'dealer'), { code: 'bus.permission-denied' });
    world.signal('north', 'broker', 'SIGHUP');
    const bus = await letIn(world, AbortSignal.timeout(PATIENCE_MS));
    await bus.close();
    const same = await world.connect('north', 'coordinator');
    await same.close();
    assert.equal(await world.terminate('north', 'broker'), 0);
  } catch (error) {
    throw new Error(`${String(error)}\n${world.tails()}`, { cause: error });
  } finally {
    await world.stop();
  }
});

/** nats-server says nothing when it has read its configuration. */
async function letIn(world: Organisations, signal: AbortSignal): Promise<Bus> {
  for (;;)
    try {
      return await world.connect('south', 'dealer');
    } catch (error) {
      if (!(error instanceof MpcError) || error.code !== 'bus.permission-denied') throw error;
      await systemClock.sleep(50, signal);
    }
}
