/** Brokers of a deployment that stays: one that dies is there again, at its address, with what it kept. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { KeptBrokers } from '../../bin/local/kept-brokers.ts';
import { BROKER_FILES } from '../../src/broker/config.ts';
import { findBroker } from '../../src/broker/find.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { Collected } from '../bus/collected.ts';

test('a broker that is killed is started again where it was; one that is stopped is not', {
  timeout: 120_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-kept-'));
  const path = process.env.MPC_NATS_SERVER;
  const binary = await findBroker({ env: process.env, ...(path === undefined ? {} : { path }) });
  const said = new Collected<string>();
  const brokers = await KeptBrokers.start({ directory, binary, hosts: ['127.0.0.1'], say: said.add });
  const pid = (): number => Number(readFileSync(join(directory, 'broker', BROKER_FILES.pid), 'utf8'));
  try {
    const bus = await connectNats({ servers: brokers.urls, name: 'x', logPatienceMs: 60_000 });
    const log = await bus.log('mpc_p_log');
    assert.equal(await log.append('1', new Uint8Array(1)), 1);
    const first = pid();
    const back = new Promise<void>((resolve) => bus.onReconnect(resolve));
    process.kill(first, 'SIGKILL');
    await back;
    assert.match((await said.atLeast(1))[0] ?? '', /SIGKILL.*started again/);
    assert.equal(await log.append('2', new Uint8Array(1)), 2, 'with what it kept');
    assert.notEqual(pid(), first);
    await bus.close();
  } finally {
    await brokers.stop();
    rmSync(directory, { recursive: true, force: true });
  }
  assert.equal(said.items.length, 1);
});
