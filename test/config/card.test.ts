/** Cards: what is believed of another organisation, and what is refused. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { systemRandom } from '../../src/base/random.ts';
import { certifyBroker, makeAuthority } from '../../src/broker/certificates.ts';
import {
  type Card,
  cardFingerprint,
  isFingerprintOf,
  loadCard,
  trustedAs,
  withCard,
} from '../../src/config/card.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { mpc } from '../support/mpc.ts';

const newKey = (): string => createIdentity(systemRandom).publicKey;
const card = (organisation: string, keys: Record<string, string>, more: Partial<Card> = {}): Card => ({
  deployment: 'pay',
  organisation,
  keys,
  ...more,
});

test('a fingerprint covers all of a card, and is heard however it is written', () => {
  const one = card('south', { dealer: newKey() }, { authority: 'PEM', broker: newKey() });
  const changed: Card[] = [
    { ...one, keys: { dealer: newKey() } },
    { ...one, keys: { ...one.keys, 'party-x': newKey() } },
    { ...one, authority: 'PEM2' },
    { ...one, broker: newKey() },
    { ...one, organisation: 'sooth' },
    { ...one, deployment: 'play' },
  ];
  const fingerprint = cardFingerprint(one);
  assert.match(fingerprint, /^([a-z2-7]{4}-){4}[a-z2-7]{4}$/);
  for (const other of changed) assert.notEqual(cardFingerprint(other), fingerprint);
  assert.ok(isFingerprintOf(one, ` ${fingerprint.toUpperCase().replaceAll('-', ' ')}\n`));
  assert.ok(!isFingerprintOf(one, ''));
  assert.ok(!isFingerprintOf(one, fingerprint.slice(0, -1)));
});

test('a known key does not change silently, and nobody takes what another organisation runs', () => {
  const south = card('south', { dealer: newKey() }, { authority: 'PEM' });
  const empty = { deployment: 'pay', organisations: {} };
  const trust = withCard(empty, south, false);
  assert.deepEqual(withCard(trust, south, false), trust, 'the same card twice is no change');
  const grown = { ...south, keys: { ...south.keys, 'party-x': newKey() } };
  assert.deepEqual(
    withCard(trust, grown, false).organisations.south,
    trustedAs(grown),
    'more is no change of what was known',
  );
  for (const other of [
    { ...south, keys: { dealer: newKey() } },
    { ...south, keys: {} },
    { ...south, authority: 'another' },
  ]) {
    assert.throws(() => withCard(trust, other, false), { code: 'trust.changed', exitCode: 77 });
    assert.deepEqual(withCard(trust, other, true).organisations.south, trustedAs(other));
  }
  const thief = card('west', { dealer: newKey() });
  for (const replace of [false, true])
    assert.throws(() => withCard(trust, thief, replace), { code: 'trust.taken' }, 'not even when told to');
  assert.throws(() => withCard(trust, { ...south, deployment: 'play' }, true), {
    code: 'trust.other-deployment',
  });
});

test('mpc init keeps what is there; mpc trust add believes a fingerprint, not a file', {
  timeout: 120_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-init-'));
  const init = (organisation: string, ...more: string[]) =>
    mpc([
      'init',
      '--deployment',
      'pay',
      '--organisation',
      organisation,
      '--dir',
      join(directory, organisation),
      ...more,
    ]);
  const at = (...path: string[]): string => join(directory, ...path);
  try {
    const north = await init('north', '--role', 'dealer', '--nats', 'tls://b:4222');
    assert.equal(north.code, 0, north.stderr);
    assert.equal(statSync(at('north', 'keys', 'dealer.seed')).mode & 0o777, 0o600);
    const seed = readFileSync(at('north', 'keys', 'dealer.seed'), 'utf8');
    writeFileSync(at('north', 'dealer.toml'), '# mine\n');
    const again = await init('north', '--role', 'dealer', '--party', 'acme', '--nats', 'tls://b:4222');
    assert.equal(again.code, 0, again.stderr);
    assert.equal(readFileSync(at('north', 'keys', 'dealer.seed'), 'utf8'), seed);
    assert.equal(readFileSync(at('north', 'dealer.toml'), 'utf8'), '# mine\n');
    assert.notEqual(again.stdout, north.stdout, 'another card has another fingerprint');
    assert.doesNotMatch(again.stderr + again.stdout, /SU[A-Z2-7]{20}/, 'no seed is printed');
    const other = await init('south', '--role', 'server-b', '--nats', 'tls://b:4222');
    const add = (fingerprint: string) =>
      mpc([
        'trust',
        'add',
        at('south', 'card.toml'),
        '--dir',
        at('north'),
        '--fingerprint',
        fingerprint.trim(),
      ]);
    const before = readFileSync(at('north', 'trust.toml'), 'utf8');
    const wrong = await add(again.stdout);
    assert.equal(wrong.code, 77);
    assert.match(wrong.stderr, /trust\.fingerprint/);
    assert.ok(!wrong.stderr.includes(other.stdout.trim()), 'the right one is not told');
    assert.equal(readFileSync(at('north', 'trust.toml'), 'utf8'), before);
    const right = await add(other.stdout);
    assert.equal(right.code, 0, right.stderr);
    const checked = await mpc([
      'config',
      'check',
      at('north', 'dealer.toml'),
      at('north', 'party-acme.toml'),
    ]);
    assert.equal(checked.code, 78);
    assert.match(checked.stdout, /dealer\.toml: state: it is missing/);
    assert.match(checked.stdout, /party-acme\.toml: ok/);
    const lonely = await init('west', '--role', 'dealer');
    assert.equal(lonely.code, 64);
    assert.match(lonely.stderr, /usage\.nats/);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('an organisation with certificates of its own shows those, and its card names their authority', {
  timeout: 120_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-own-'));
  const file = (name: string, text: string, mode = 0o600): string => {
    writeFileSync(join(directory, name), text, { mode });
    return join(directory, name);
  };
  try {
    const authority = await makeAuthority('bank', 'pay', Date.now());
    const shown = await certifyBroker(authority, ['127.0.0.12'], Date.now());
    const own = [
      '--certificate',
      file('c.pem', shown.certificate),
      '--certificate-key',
      file('c.key', shown.key),
    ];
    const init = (dir: string, ...more: string[]) =>
      mpc([
        'init',
        '--deployment',
        'pay',
        '--dir',
        join(directory, dir),
        '--broker',
        '127.0.0.12:4222',
        ...more,
      ]);
    const made = await init('a', ...own, '--authority', file('ca.pem', authority.certificate));
    assert.equal(made.code, 0, made.stderr);
    assert.equal(loadCard(join(directory, 'a', 'card.toml')).authority, authority.certificate);
    assert.equal(readFileSync(join(directory, 'a', 'tls', 'ca.pem'), 'utf8'), authority.certificate);
    const check = () => mpc(['config', 'check', join(directory, 'a', 'broker.toml')]);
    assert.equal((await check()).code, 0);
    chmodSync(join(directory, 'c.key'), 0o644);
    assert.match((await check()).stdout, /broker\.toml:\d+: tls\.certificate: .* is open to other users/);
    writeFileSync(join(directory, 'c.key'), authority.key);
    assert.match((await check()).stdout, /is not the key of this certificate/);
    const halved = await init('b', '--certificate', join(directory, 'c.pem'));
    assert.equal(halved.code, 64);
    assert.match(halved.stderr, /usage\.certificate/);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
