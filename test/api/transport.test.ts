/**
 * The faces' connections: TLS where a certificate is named, addresses that are refused, clients that are slow, streams that nobody reads.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openClientFace } from '../../src/api/client/open.ts';
import { apiSchema, isLoopback, parseListen, readTls } from '../../src/config/api-config.ts';

const nobody = { authenticate: () => undefined, requestsPerMinute: 1000, onTrouble: () => {} };

test('with a certificate a face speaks HTTPS and nothing else, and tells browsers so', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-tls-'));
  const [certificate, certificateKey] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ...['-keyout', certificateKey, '-out', certificate],
    ],
    { stdio: 'ignore' },
  );
  const tls = readTls(apiSchema.parse({ certificate, certificateKey }));
  const face = await openClientFace({ ...nobody, tls });
  try {
    const url = await face.listen({ host: '127.0.0.1', port: 0 });
    assert.match(url, /^https:/);
    const { status, headers } = await get(`${url}/ping`, readFileSync(certificate));
    assert.equal(status, 200);
    assert.match(headers['strict-transport-security'] ?? '', /max-age/);
    await assert.rejects(fetch(url.replace('https:', 'http:')));
    await assert.rejects(get(`${url}/ping`, undefined), /self.signed/);
    assert.throws(() => readTls(apiSchema.parse({ certificate })), { code: 'config.invalid' });
    assert.throws(() => readTls(apiSchema.parse({ certificate, certificateKey: join(directory, 'none') })), {
      code: 'config.invalid',
    });
  } finally {
    await face.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

test('addresses are read as people write them, and what is none is refused', () => {
  assert.deepEqual(parseListen('127.0.0.1:8080'), { host: '127.0.0.1', port: 8080 });
  assert.deepEqual(parseListen('[::1]:0'), { host: '::1', port: 0 });
  assert.deepEqual(parseListen('localhost:80'), { host: 'localhost', port: 80 });
  for (const text of [
    '',
    '8080',
    ':8080',
    '127.0.0.1',
    '127.0.0.1:65536',
    '[127.0.0.1]:1',
    '::1:80',
    'a b:1',
    'http://x:1',
  ])
    assert.equal(parseListen(text), undefined, text);
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) assert.ok(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '127.0.0.1.example.org', '10.0.0.1', '1270.0.0.1'])
    assert.ok(!isLoopback(host), host);
});

function get(
  url: string,
  ca: Buffer | undefined,
): Promise<{ status: number; headers: Record<string, string | undefined> }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, ca === undefined ? {} : { ca }, (answer) => {
      answer.resume();
      answer.once('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: { 'strict-transport-security': answer.headers['strict-transport-security'] },
        }),
      );
    });
    asked.once('error', reject);
    asked.end();
  });
}
