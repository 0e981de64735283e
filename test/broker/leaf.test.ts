/**
 * A broker that joins another one and lets its own users do everything: what the other lets through is what its organisation may say
 * and hear, and nothing else.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { createUser } from '@nats-io/nkeys';
import { systemRandom } from '../../src/base/random.ts';
import { certifyBroker, makeAuthority } from '../../src/broker/certificates.ts';
import { planCluster } from '../../src/broker/cluster.ts';
import { LOG_DOMAIN } from '../../src/broker/config.ts';
import { findBroker } from '../../src/broker/find.ts';
import { startBroker } from '../../src/broker/start.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { linkPermissions, permissionsOf } from '../../src/bus/permissions.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { createIdentity, saveBrokerLogin } from '../../src/identity/identity.ts';
import { Collected } from '../bus/collected.ts';

const D = 'p';

test('a broker that joins another passes on what its own organisation may, whatever its users try', {
  timeout: 120_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-leaf-'));
  const path = process.env.MPC_NATS_SERVER;
  const binary = await findBroker({ env: process.env, ...(path === undefined ? {} : { path }) });
  const [hubAt, leafAt] = await planCluster({ directory, hosts: ['127.0.0.7', '127.0.0.8'] });
  assert.ok(hubAt !== undefined && leafAt !== undefined);
  mkdirSync(leafAt.directory);
  const authority = await makeAuthority('north', D, Date.now());
  const shown = await certifyBroker(authority, [hubAt.host], Date.now());
  const write = (file: string, text: string): string => {
    writeFileSync(join(directory, file), text);
    return join(directory, file);
  };
  const tls = { certificate: write('hub.pem', shown.certificate), key: write('hub.key', shown.key) };
  const ca = write('ca.pem', authority.certificate);

  const identities = Object.fromEntries(
    ['coordinator', 'server-a', 'server-b'].map((address) => [address, createIdentity(systemRandom)]),
  );
  const keys = Object.fromEntries(
    Object.entries(identities).map(([address, { publicKey }]) => [address, publicKey]),
  );
  const link = createIdentity(systemRandom);
  saveBrokerLogin(join(leafAt.directory, 'login.conf'), link);
  const south = { 'server-b': keys['server-b'] ?? '' };
  const users = [...permissionsOf(D, keys), linkPermissions(D, link.publicKey, south, LOG_DOMAIN)];
  const { host, port, cluster } = hubAt;
  const leaves = { host, port: cluster.port };
  const hub = await startBroker({
    directory: hubAt.directory,
    host,
    port,
    server: 'north',
    users,
    tls,
    leaves,
    binary,
  });
  const joined = { url: `tls://${host}:${cluster.port}`, authority: ca, login: 'login.conf' };
  const leaf = await startBroker({
    directory: leafAt.directory,
    host: leafAt.host,
    port: leafAt.port,
    server: 'south',
    hub: joined,
    binary,
  });
  try {
    const access = { servers: `tls://${host}:${port}`, tls: { ca: authority.certificate } };
    const coordinator = await connectNats({
      ...access,
      name: 'coordinator',
      identity: identities.coordinator!,
    });
    const serverA = await connectNats({ ...access, name: 'server-a', identity: identities['server-a']! });
    const log = await coordinator.log(subjects.logStream(D));
    await log.append('1', new Uint8Array(1));
    const heard = new Collected<string>();
    const hears = ({ subject }: { subject: string }): void => heard.add(subject);
    coordinator.subscribe(`mpc.${D}.coordinator.>`, hears);
    serverA.subscribe(`mpc.${D}.server-a.>`, hears);

    // Nobody asks this one for a login: it may do at its own broker whatever it likes.
    const hostile = await connectNats({ servers: leaf.url, name: 'server-b' });
    const overheard = new Collected<string>();
    const told = new Collected<string>();
    for (const subject of [
      '>',
      `mpc.${D}.>`,
      `mpc.${D}.server-a.>`,
      `mpc.${D}.*.coordinator.>`,
      subjects.log(D),
      '_INBOX.server-a.>',
    ])
      hostile.subscribe(subject, (message) => overheard.add(message.subject));
    hostile.subscribe(`mpc.${D}.server-b.>`, (message) => told.add(message.subject));
    // The link stands when an answer comes through it.
    const read = await hostile.log(subjects.logStream(D));
    assert.equal(await read.last(), 1, 'south reads the log that north keeps');

    const forged = ['coordinator', 'server-a'].flatMap((to) => [
      `mpc.${D}.${to}.server-a.hello`,
      `mpc.${D}.${to}.coordinator.replicas`,
      `mpc.${D}.${to}.party-x.submit`,
      `mpc.${D}.${to}.voter.envelopes.e`,
    ]);
    const api = ['STREAM.DELETE', 'STREAM.PURGE', 'STREAM.MSG.DELETE', 'STREAM.UPDATE'].flatMap((verb) =>
      ['$JS.API', `$JS.${LOG_DOMAIN}.API`].map((prefix) => `${prefix}.${verb}.${subjects.logStream(D)}`),
    );
    const own = ['coordinator', 'server-a'].map((to) => `mpc.${D}.${to}.server-b.hello`);
    for (const subject of [...forged, ...api, subjects.log(D), ...own])
      hostile.publish(subject, Buffer.from('{}'));
    assert.deepEqual(
      [...(await heard.atLeast(own.length))].sort(),
      own,
      'under its own name, and in no other',
    );

    serverA.publish(subjects.hello(D, 'coordinator', 'server-a'), new Uint8Array(1));
    coordinator.publish(subjects.hello(D, 'server-a', 'coordinator'), new Uint8Array(1));
    await log.append('2', new Uint8Array(1));
    await heard.atLeast(own.length + 2);
    serverA.publish(subjects.hello(D, 'server-b', 'server-a'), new Uint8Array(1));
    assert.deepEqual(await told.atLeast(1), [subjects.hello(D, 'server-b', 'server-a')]);
    const foreign = overheard.items.filter(
      (subject) => !subject.startsWith(`mpc.${D}.server-b.`) && !sentBy(subject),
    );
    // What is in the log is said to all who may read it.
    const said = subjects.entries(subjects.log(D));
    assert.ok(foreign.includes(said), 'the log is heard at the other broker');
    assert.deepEqual(new Set(foreign), new Set([said]), "nothing else of others' arrives");
    assert.equal(await log.last(), 2, 'the log is as the coordinator made it');

    const impostor = createUser();
    const pretended = {
      publicKey: impostor.getPublicKey(),
      sign: (message: Uint8Array) => impostor.sign(message),
    };
    await assert.rejects(connectNats({ ...access, name: 'server-a', identity: pretended }), {
      code: 'bus.permission-denied',
    });
    await Promise.all([hostile, serverA, coordinator].map((bus) => bus.close()));

    /** The hostile one hears itself at its own broker. */
    function sentBy(subject: string): boolean {
      return (
        [...forged, ...api, ...own, subjects.log(D)].includes(subject) ||
        subject.startsWith('_INBOX.server-b.') ||
        subject.startsWith('$JS.')
      );
    }
  } finally {
    await leaf.stop();
    await hub.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});
