import assert from 'node:assert/strict';
import test from 'node:test';
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { systemRandom } from '../../src/base/random.ts';
import { contextOf, openSeal, recipientOf, SEAL_BYTES, seal, sealingKeyOf } from '../../src/identity/hpke.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hexOf = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString('hex');

test('a seal is byte for byte that of RFC 9180, appendix A.1.1', () => {
  const recipient = sealingKeyOf(bytes('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8'));
  assert.equal(
    hexOf(recipient.publicKey),
    '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
  );
  const info = bytes('4f6465206f6e2061204772656369616e2055726e');
  const to = recipientOf(recipient.publicKey, info);
  assert.ok(to);
  const ephemeral = bytes('52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736');
  const message = bytes('4265617574792069732074727574682c20747275746820626561757479');
  const sealed = seal(to, bytes('436f756e742d30'), message, () => ephemeral);
  assert.equal(
    hexOf(sealed),
    '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431' +
      'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
  );
  assert.deepEqual(
    openSeal(recipient, contextOf(info), bytes('436f756e742d30'), sealed),
    new Uint8Array(message),
  );
});

test('another implementation opens what is sealed here, and seals what is opened here', async () => {
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Aes128Gcm(),
  });
  const info = systemRandom(20);
  const additional = systemRandom(9);
  for (const length of [0, 1, 64, 5000]) {
    const message = systemRandom(length);
    const theirs = await suite.kem.generateKeyPair();
    const theirPublic = new Uint8Array(await suite.kem.serializePublicKey(theirs.publicKey));
    const to = recipientOf(theirPublic, info);
    assert.ok(to);
    const sealed = seal(to, additional, message, systemRandom);
    assert.equal(sealed.length, length + SEAL_BYTES);
    const recipient = await suite.createRecipientContext({
      recipientKey: theirs,
      enc: sealed.slice(0, 32).buffer,
      info: info.slice().buffer,
    });
    const opened = await recipient.open(sealed.slice(32).buffer, additional.slice().buffer);
    assert.deepEqual(new Uint8Array(opened), message);

    const ours = sealingKeyOf(systemRandom(32));
    const sender = await suite.createSenderContext({
      recipientPublicKey: await suite.kem.deserializePublicKey(ours.publicKey.slice().buffer),
      info: info.slice().buffer,
    });
    const body = new Uint8Array(await sender.seal(message.slice().buffer, additional.slice().buffer));
    const whole = Buffer.concat([new Uint8Array(sender.enc), body]);
    assert.deepEqual(openSeal(ours, contextOf(info), additional, whole), message);
  }
});

test('a seal that was changed anywhere, or is for something else, does not open', () => {
  const ours = sealingKeyOf(systemRandom(32));
  const info = systemRandom(20);
  const to = recipientOf(ours.publicKey, info);
  assert.ok(to);
  const additional = systemRandom(12);
  const sealed = seal(to, additional, systemRandom(40), systemRandom);
  let checked = 0;
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice();
    changed[at]! ^= 1 << (at % 8);
    // The top bit of an X25519 key is not looked at (RFC 7748, section 5), but it is hashed.
    assert.equal(openSeal(ours, contextOf(info), additional, changed), undefined, `byte ${at}`);
    checked++;
  }
  assert.equal(checked, 32 + 40 + 16);
  assert.equal(openSeal(ours, contextOf(systemRandom(20)), additional, sealed), undefined);
  assert.equal(openSeal(ours, contextOf(info), systemRandom(12), sealed), undefined);
  assert.equal(openSeal(sealingKeyOf(systemRandom(32)), contextOf(info), additional, sealed), undefined);
  assert.equal(openSeal(ours, contextOf(info), additional, sealed.subarray(0, 47)), undefined);
  assert.equal(
    openSeal(ours, contextOf(info), additional, Buffer.concat([new Uint8Array(32), sealed.subarray(32)])),
    undefined,
    'a point of small order',
  );
});
