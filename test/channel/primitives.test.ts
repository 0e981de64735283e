/** Known answers through the very functions the channel uses: RFC 7748, RFC 5869, and McGrew and Viega's GCM vectors. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { concatBytes, hex } from '../../src/base/bytes.ts';
import {
  ephemeralKey,
  hkdfSha256,
  open,
  seal,
  sharedSecret,
  TAG_BYTES,
} from '../../src/channel/primitives.ts';

test('X25519 gives what RFC 7748, section 6.1, says, and erases the secret it was given', () => {
  const aliceSecret = hex.decode('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
  const alice = ephemeralKey(aliceSecret);
  const bob = ephemeralKey(hex.decode('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'));
  assert.equal(
    hex.encode(alice.publicKey),
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  );
  assert.equal(hex.encode(bob.publicKey), 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
  const expected = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
  assert.equal(hex.encode(sharedSecret(alice.privateKey, bob.publicKey)!), expected);
  assert.equal(hex.encode(sharedSecret(bob.privateKey, alice.publicKey)!), expected);
  assert.deepEqual(aliceSecret, new Uint8Array(32));
});

test('X25519 with a key of small order gives no secret', () => {
  // The points of order 1, 2, 4 and 8 and their other encodings: RFC 7748, section 6.1; D. J. Bernstein, cr.yp.to/ecdh.html.
  const smallOrder = [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ];
  const { privateKey } = ephemeralKey(new Uint8Array(32).fill(77));
  for (const key of smallOrder) assert.equal(sharedSecret(privateKey, hex.decode(key)), undefined, key);
});

test('HKDF-SHA256 gives what RFC 5869, A.1, says', () => {
  const output = hkdfSha256(
    new Uint8Array(22).fill(0x0b),
    hex.decode('000102030405060708090a0b0c'),
    hex.decode('f0f1f2f3f4f5f6f7f8f9'),
    42,
  );
  assert.equal(
    hex.encode(output),
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  );
});

const GCM = [
  {
    name: 'case 13: nothing',
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    additional: '',
    plain: '',
    sealed: '530f8afbc74536b9a963b4f1c4cb738b',
  },
  {
    name: 'case 14: one block',
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    additional: '',
    plain: '00'.repeat(16),
    sealed: 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    name: 'case 16: additional data, a part of a block',
    key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
    nonce: 'cafebabefacedbaddecaf888',
    additional: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plain:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    sealed:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
  },
];

for (const { name, sealed, ...vector } of GCM) {
  test(`AES-256-GCM gives what McGrew and Viega say, ${name}, however the plaintext is cut`, () => {
    const [key, nonce, additional, plain] = [vector.key, vector.nonce, vector.additional, vector.plain].map(
      hex.decode,
    ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]; // map of four gives four
    for (let cut = 0; cut <= plain.length; cut++) {
      const pieces = seal(key, nonce, additional, [plain.subarray(0, cut), plain.subarray(cut)]);
      assert.equal(hex.encode(concatBytes(...pieces)), sealed);
    }
    assert.deepEqual(open(key, nonce, additional, hex.decode(sealed)), plain);
    for (let bit = 0; bit < sealed.length * 4; bit++) {
      const changed = hex.decode(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(open(key, nonce, additional, changed), undefined);
    }
    assert.equal(open(key, nonce, new Uint8Array(1), hex.decode(sealed)), undefined);
    assert.equal(open(key, nonce, additional, new Uint8Array(TAG_BYTES - 1)), undefined);
  });
}
