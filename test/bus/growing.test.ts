/** A log that was made when one broker was named gets its other copies when more are, with everything that is in it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { startCluster } from '../../src/broker/cluster.ts';
import { findBroker } from '../../src/broker/find.ts';
import type { LogCopy } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { bytes, Collected } from './collected.ts';

const NAME = 'mpc_growing_log';
const PATIENCE = { logPatienceMs: 60_000 };

test('a log of one copy has three as soon as somebody names three brokers, and outlives the one that had it', {
  timeout: 180_000,
}, async () => {
  const path = process.env.MPC_NATS_SERVER;
  const binary = await findBroker({ env: process.env, ...(path === undefined ? {} : { path }) });
  const directory = await mkdtemp(join(tmpdir(), 'mpc-growing-'));
  const brokers = await startCluster({ directory, hosts: ['127.0.0.1', '127.0.0.2', '127.0.0.3'], binary });
  const urls = brokers.map(({ url }) => url);
  try {
    const first = await connectNats({ servers: urls[0] ?? '', name: 'first', ...PATIENCE });
    const small = await first.log(NAME);
    for (let value = 1; value <= 5; value++)
      assert.equal(await small.append(`id ${value}`, bytes(value)), value);
    assert.equal((await small.copies()).length, 1);
    await first.close();

    const bus = await connectNats({ servers: urls, name: 'second', ...PATIENCE });
    const log = await bus.log(NAME);
    let copies: readonly LogCopy[] = [];
    for (const signal = AbortSignal.timeout(120_000); copies.filter(({ current }) => current).length < 3; ) {
      await systemClock.sleep(100, signal);
      copies = await log.copies();
    }
    const leader = brokers[Number(copies.find(({ leads }) => leads)?.server.at(-1)) - 1];
    leader?.kill();
    await leader?.exited;
    assert.equal(await log.append('id 6', bytes(6)), 6);
    const entries = new Collected<number>();
    await log.follow(1, ({ data }) => entries.add(Number(data[0])));
    await entries.atLeast(6);
    assert.deepEqual(entries.items, [1, 2, 3, 4, 5, 6]);
    await bus.close();
  } finally {
    await Promise.all(brokers.map((broker) => broker.stop()));
    await rm(directory, { recursive: true, force: true });
  }
});
