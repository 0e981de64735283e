import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { format, inspect } from 'node:util';
import { utf8 } from '../../src/base/bytes.ts';
import { systemRandom } from '../../src/base/random.ts';
import {
  createIdentity,
  fingerprint,
  identityFromSeed,
  loadIdentity,
  saveIdentity,
} from '../../src/identity/identity.ts';
import { encodePublicKey, encodeSeed } from '../../src/identity/nkey.ts';
import { signingKey, verify } from '../../src/identity/signing.ts';

const SEED = Uint8Array.from({ length: 32 }, (_, index) => index + 100);
const known = () => createIdentity(() => SEED.slice());

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'mpc-identity-'));
  context.after(() => rmSync(path, { recursive: true }));
  return path;
}

test('an identity signs with the key it shows', () => {
  const identity = known();
  const message = utf8.encode('hello');
  assert.equal(identity.publicKey, encodePublicKey(signingKey(SEED).publicKey));
  assert.ok(verify(identity.publicKey, message, identity.sign(message)));
  assert.equal(identityFromSeed(encodeSeed(SEED)).publicKey, identity.publicKey);
  assert.notEqual(createIdentity(systemRandom).publicKey, createIdentity(systemRandom).publicKey);
});

test('an identity shows its public key and nothing of its seed, whatever is asked of it', () => {
  const identity = known();
  const shown = [
    String(identity),
    JSON.stringify({ identity }),
    format('%s %o %O %j %d', identity, identity, identity, identity, identity),
    inspect({ identity }, { depth: null, showHidden: true, getters: true }),
    inspect(identity, { customInspect: false, depth: null, showHidden: true }),
    Object.entries(identity).flat().join(),
  ];
  const secrets = [
    encodeSeed(SEED),
    Buffer.from(SEED).toString('hex'),
    Buffer.from(SEED).toString('base64'),
    [...SEED].join(','),
    [...SEED].join(', '),
  ];
  for (const text of shown)
    for (const secret of secrets) assert.ok(!text.includes(secret.slice(0, 12)), 'the seed was shown');
  assert.equal(shown.filter((text) => text.includes(identity.publicKey)).length >= 4, true);
});

test('a saved identity is the same when it is read, and its file is for its owner only', (context) => {
  const path = join(folder(context), 'key');
  const identity = createIdentity(systemRandom);
  saveIdentity(path, identity);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.match(readFileSync(path, 'utf8'), /^SU[A-Z2-7]{56}\n$/);
  const loaded = loadIdentity(path);
  assert.equal(loaded.publicKey, identity.publicKey);
  assert.deepEqual(loaded.sign(SEED), identity.sign(SEED));
});

test('a key file is never overwritten', (context) => {
  const path = join(folder(context), 'key');
  saveIdentity(path, createIdentity(systemRandom));
  const before = readFileSync(path, 'utf8');
  assert.throws(() => saveIdentity(path, createIdentity(systemRandom)), { code: 'identity.exists' });
  assert.equal(readFileSync(path, 'utf8'), before);
});

test('a key file that others could read or change is refused with the remedy', (context) => {
  const path = join(folder(context), 'key');
  saveIdentity(path, createIdentity(systemRandom));
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o777]) {
    chmodSync(path, mode);
    assert.throws(
      () => loadIdentity(path),
      (error: { code?: string; hint?: string }) => {
        assert.equal(error.code, 'identity.permissions');
        assert.match(error.hint ?? '', /chmod 600/);
        return true;
      },
    );
  }
  chmodSync(path, 0o400);
  loadIdentity(path);
});

test('what is missing, malformed or elsewhere has its own error, which never quotes the file', (context) => {
  const directory = folder(context);
  const path = join(directory, 'key');
  assert.throws(() => loadIdentity(path), { code: 'identity.missing', exitCode: 66 });
  assert.throws(() => loadIdentity(directory), { code: /identity\.(malformed|permissions)/ });
  assert.throws(() => saveIdentity(join(directory, 'absent', 'key'), known()), {
    code: 'identity.unwritable',
  });
  const seed = encodeSeed(SEED);
  const wrong = [
    '',
    '\n',
    seed.slice(0, -1),
    `${seed}${seed}`,
    `${seed.slice(0, 20)}A${seed.slice(21)}`,
    'x'.repeat(5000),
  ];
  for (const text of [...wrong, known().publicKey]) {
    writeFileSync(path, text, { mode: 0o600 });
    assert.throws(
      () => loadIdentity(path),
      (error: { code?: string; message: string; hint?: string }) => {
        assert.equal(error.code, 'identity.malformed');
        assert.ok(!JSON.stringify([error.message, error.hint]).includes(seed.slice(2, 20)));
        return true;
      },
    );
    assert.throws(() => identityFromSeed(text), { code: 'identity.malformed' });
  }
  mkdirSync(join(directory, 'sub'), { mode: 0o700 });
  assert.throws(() => loadIdentity(join(directory, 'sub')), { code: 'identity.malformed' });
});

test('a fingerprint is short, readable and differs from key to key', () => {
  const seen = new Set<string>();
  for (let count = 0; count < 50; count++) {
    const text = fingerprint(createIdentity(systemRandom).publicKey);
    assert.match(text, /^[a-z2-7]{4}(-[a-z2-7]{4}){4}$/);
    seen.add(text);
  }
  assert.equal(seen.size, 50);
  assert.equal(fingerprint(known().publicKey), fingerprint(known().publicKey));
  assert.throws(() => fingerprint('UABC'), { code: 'identity.public-key' });
});
