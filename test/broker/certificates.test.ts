/** Certificates that are made here: OpenSSL believes them, brokers show them, and a connection refuses every other. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { certifyBroker, makeAuthority } from '../../src/broker/certificates.ts';
import { findBroker } from '../../src/broker/find.ts';
import { startBroker } from '../../src/broker/start.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { codeIs } from '../bus/collected.ts';

const run = promisify(execFile);
const HOST = '127.0.0.9';
const DAY_MS = 86_400_000;

async function inDirectory(
  act: (write: (name: string, text: string) => string) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-certificates-'));
  try {
    await act((name, text) => {
      writeFileSync(join(directory, name), text);
      return join(directory, name);
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test('OpenSSL believes a broker certificate by its own authority, for its own addresses, and by no other', () =>
  inDirectory(async (write) => {
    const [north, south] = [
      await makeAuthority('north', 'pay', Date.now()),
      await makeAuthority('south', 'pay', Date.now()),
    ];
    const shown = await certifyBroker(north, [HOST, 'broker.example'], Date.now());
    const file = write('broker.pem', shown.certificate);
    const verify = (authority: string, ...more: string[]) =>
      run('openssl', ['verify', '-x509_strict', ...more, '-CAfile', authority, file]);
    const own = write('north.pem', north.certificate);
    for (const purpose of ['sslserver', 'sslclient']) await verify(own, '-purpose', purpose);
    await verify(own, '-verify_ip', HOST);
    await verify(own, '-verify_hostname', 'broker.example');
    await assert.rejects(verify(own, '-verify_ip', '127.0.0.1'));
    await assert.rejects(verify(own, '-verify_hostname', 'other.example'));
    await assert.rejects(verify(write('south.pem', south.certificate)));
    // It is no authority itself.
    const below = await certifyBroker(shown, [HOST], Date.now());
    await assert.rejects(
      run('openssl', ['verify', '-CAfile', own, '-untrusted', file, write('below.pem', below.certificate)]),
    );
    const { validFrom, validTo, serialNumber } = new X509Certificate(shown.certificate);
    assert.ok(Date.parse(validFrom) < Date.now() && Date.parse(validTo) < Date.now() + 731 * DAY_MS);
    assert.ok(serialNumber.length >= 16, 'serial numbers are random');
  }));

test('a connection speaks to a broker that proves who it is, and to no other', { timeout: 120_000 }, () =>
  inDirectory(async (write) => {
    const path = process.env.MPC_NATS_SERVER;
    const binary = await findBroker({ env: process.env, ...(path === undefined ? {} : { path }) });
    const nowMs = Date.now();
    const north = await makeAuthority('north', 'pay', nowMs);
    const south = await makeAuthority('south', 'pay', nowMs);
    const started = async (name: string, hosts: readonly string[], atMs: number) => {
      const { certificate, key } = await certifyBroker(north, hosts, atMs);
      const tls = { certificate: write(`${name}.pem`, certificate), key: write(`${name}.key`, key) };
      return startBroker({
        directory: write(`${name}.txt`, '').replace('.txt', ''),
        host: HOST,
        binary,
        tls,
      });
    };
    const right = await started('right', [HOST], nowMs);
    const elsewhere = await started('elsewhere', ['127.0.0.10'], nowMs);
    const expired = await started('expired', [HOST], nowMs - 1000 * DAY_MS);
    const open = await startBroker({
      directory: write('open.txt', '').replace('.txt', ''),
      host: HOST,
      binary,
    });
    const to = (port: number, tls?: { ca?: string }) =>
      connectNats({
        servers: `tls://${HOST}:${port}`,
        name: 'x',
        connectTimeoutMs: 60_000,
        ...(tls === undefined ? {} : { tls }),
      });
    try {
      // Among others: organisations have an authority each.
      const bus = await to(right.port, { ca: `${south.certificate}\n${north.certificate}` });
      const arrived = new Promise((resolve) => bus.subscribe('here', ({ data }) => resolve(data.length)));
      bus.publish('here', new Uint8Array(300_000));
      assert.equal(await arrived, 300_000);
      await bus.close();
      for (const [why, connect] of [
        ['another authority', () => to(right.port, { ca: south.certificate })],
        ['none that this machine knows', () => to(right.port, {})],
        ['no TLS asked for, but offered', () => to(right.port)],
        ['a certificate for another address', () => to(elsewhere.port, { ca: north.certificate })],
        ['one that has ended', () => to(expired.port, { ca: north.certificate })],
        ['a broker that does not encrypt', () => to(open.port, { ca: north.certificate })],
      ] as const)
        await assert.rejects(connect(), codeIs('bus.untrusted'), why);
    } finally {
      await Promise.all([right, elsewhere, expired, open].map((broker) => broker.stop()));
    }
  }),
);
