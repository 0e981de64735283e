/** RFC 8032, section 7.1: TEST 1, 2, 3 and SHA(abc), through the functions in use. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { hex, utf8 } from '../../src/base/bytes.ts';
import { encodePublicKey } from '../../src/identity/nkey.ts';
import { signingKey, verify } from '../../src/identity/signing.ts';

const VECTORS = [
  {
    name: 'TEST 1',
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    name: 'TEST 2',
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    name: 'TEST 3',
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    name: 'TEST SHA(abc)',
    seed: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    publicKey: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
];

for (const { name, seed, publicKey, message, signature } of VECTORS) {
  test(`Ed25519 gives what RFC 8032 says: ${name}`, () => {
    const pair = signingKey(hex.decode(seed));
    assert.equal(hex.encode(pair.publicKey), publicKey);
    assert.equal(hex.encode(pair.sign(hex.decode(message))), signature);
    assert.ok(verify(encodePublicKey(pair.publicKey), hex.decode(message), hex.decode(signature)));
  });
}

test('a signature with one flipped bit does not hold, nor does it for another message or key', () => {
  const pair = signingKey(new Uint8Array(32).fill(1));
  const other = signingKey(new Uint8Array(32).fill(2));
  const key = encodePublicKey(pair.publicKey);
  const message = utf8.encode('a message');
  const signature = pair.sign(message);
  assert.ok(verify(key, message, signature));
  for (let bit = 0; bit < signature.length * 8; bit++) {
    const changed = signature.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(verify(key, message, changed), false, `bit ${bit}`);
  }
  assert.equal(verify(key, utf8.encode('A message'), signature), false);
  assert.equal(verify(encodePublicKey(other.publicKey), message, signature), false);
});

test('what cannot be checked does not hold, and nothing is thrown', () => {
  const pair = signingKey(new Uint8Array(32).fill(1));
  const message = utf8.encode('a message');
  const signature = pair.sign(message);
  assert.equal(verify('not a key', message, signature), false);
  assert.equal(verify(encodePublicKey(new Uint8Array(32).fill(0xff)), message, signature), false);
  for (const length of [0, 63, 65])
    assert.equal(verify(encodePublicKey(pair.publicKey), message, new Uint8Array(length)), false);
});
