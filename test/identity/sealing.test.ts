/** HPKE against RFC 9180, appendix A.1.1 (base mode), through the functions in use; and what does not open. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { hex, utf8 } from '../../src/base/bytes.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { derivedPrivateKey } from '../../src/identity/hpke.ts';
import { createIdentity, identityFromSeed, secretFor } from '../../src/identity/identity.ts';
import { encodeSeed } from '../../src/identity/nkey.ts';
import { sealingKeyFrom, sealingKeyOf, sealTo } from '../../src/identity/sealing.ts';

const A1 = {
  info: hex.decode('4f6465206f6e2061204772656369616e2055726e'),
  ikmE: hex.decode('7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234'),
  pkEm: '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431',
  ikmR: hex.decode('6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037'),
  pkRm: '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
  pt: hex.decode('4265617574792069732074727574682c20747275746820626561757479'),
  aad: hex.decode('436f756e742d30'),
  ct: 'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
};

const context = { info: utf8.decode(A1.info), additional: A1.aad };

test('sealing gives what RFC 9180 says, and its vector opens', () => {
  const key = sealingKeyFrom(A1.ikmR);
  assert.equal(Buffer.from(key.publicKey, 'base64url').toString('hex'), A1.pkRm);
  const sealed = sealTo(key.publicKey, context, A1.pt, () => derivedPrivateKey(A1.ikmE));
  assert.equal(hex.encode(sealed), A1.pkEm + A1.ct);
  assert.deepEqual(key.open(hex.decode(A1.pkEm + A1.ct), context), A1.pt);
});

test('a sealed text opens for its recipient, in its context, and unchanged: else not at all', () => {
  const key = sealingKeyFrom(new Uint8Array(32).fill(1));
  const other = sealingKeyFrom(new Uint8Array(32).fill(2));
  const sealed = sealTo(key.publicKey, context, A1.pt, systemRandom);
  assert.deepEqual(key.open(sealed, context), A1.pt);
  assert.equal(other.open(sealed, context), undefined);
  assert.equal(key.open(sealed, { ...context, info: 'another kind' }), undefined);
  assert.equal(key.open(sealed, { ...context, additional: utf8.encode('another place') }), undefined);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    // X25519 does not look at the top bit of a key, but the key schedule does.
    const changed = sealed.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(key.open(changed, context), undefined, `bit ${bit}`);
  }
  for (const length of [0, 31, 47]) assert.equal(key.open(sealed.slice(0, length), context), undefined);
});

test('the same text sealed twice looks different', () => {
  const key = sealingKeyFrom(new Uint8Array(32).fill(1));
  const once = sealTo(key.publicKey, context, A1.pt, systemRandom);
  const again = sealTo(key.publicKey, context, A1.pt, systemRandom);
  assert.notDeepEqual(once.subarray(0, 32), again.subarray(0, 32));
});

test('nothing is sealed to a key that anybody could open: malformed or of small order (RFC 7748, section 6.1)', () => {
  const bad = [
    '',
    Buffer.alloc(31).toString('base64url'),
    Buffer.alloc(32).toString('base64url'),
    Buffer.from([1, ...new Uint8Array(31)]).toString('base64url'),
    Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex').toString(
      'base64url',
    ),
  ];
  for (const key of bad)
    assert.throws(
      () => sealTo(key, context, A1.pt, systemRandom),
      (error) => error instanceof MpcError && error.code === 'sealing.key',
      key,
    );
});

test('an identity has one sealing key, which tells nothing of its seed', () => {
  const seed = new Uint8Array(32).fill(7);
  const identity = identityFromSeed(encodeSeed(seed));
  const key = sealingKeyOf(identity);
  assert.equal(sealingKeyOf(identityFromSeed(encodeSeed(seed))).publicKey, key.publicKey);
  assert.notEqual(sealingKeyOf(createIdentity(() => new Uint8Array(32).fill(8))).publicKey, key.publicKey);
  assert.notDeepEqual(secretFor(identity, 'one'), secretFor(identity, 'another'));
  assert.notDeepEqual(secretFor(identity, 'one'), seed);
});
