/**
 * Brokers and coordinators as on machines of their own: each in a network namespace with a wire to one switch, where this machine
 * allows that, else at a loopback address of its own.
 */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { Cluster } from './cluster.ts';
import { Load } from './load.ts';
import { inNamespaces, onLoopback } from './places.ts';
import { agree, audit } from './trials.ts';

test('three brokers and two coordinators on networks of their own go on when one of each dies', {
  timeout: 240_000,
}, async (t) => {
  const signal = AbortSignal.timeout(230_000);
  const directory = mkdtempSync(join(tmpdir(), 'mpc-chaos-'));
  const size = { directory, brokers: 3, coordinators: 2 };
  const places = inNamespaces(size) ?? (await onLoopback(size));
  t.diagnostic(`in ${places.what}`);
  const cluster = await Cluster.open(directory, places);
  const load = new Load(cluster);
  try {
    const hosts = [...cluster.members.map(({ url }) => url), ...cluster.faces].map(
      (url) => new URL(url).hostname,
    );
    assert.equal(new Set(hosts).size, 5, 'each has an address of its own');
    await load.start();
    await load.more(40, signal);
    await Promise.all([cluster.killBroker(0), cluster.killCoordinator(0)]);
    await load.servedAgain(signal);
    await load.more(40, signal);
    cluster.startCoordinator(0, { wiped: true });
    await cluster.startBroker(0);
    await agree(cluster, load, signal);
    await load.pause(signal);
    const { accepted } = await audit(cluster, load.acknowledged, signal);
    assert.ok(load.acknowledged.length >= 80 && accepted >= load.acknowledged.length);
  } finally {
    await load.stop();
    await cluster.stop();
  }
});
