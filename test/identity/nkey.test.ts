import assert from 'node:assert/strict';
import test from 'node:test';
import { createUser, fromPublic, fromSeed } from '@nats-io/nkeys';
import fc from 'fast-check';
import { utf8 } from '../../src/base/bytes.ts';
import { decodePublicKey, decodeSeed, encodePublicKey, encodeSeed } from '../../src/identity/nkey.ts';
import { signingKey, verify } from '../../src/identity/signing.ts';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const message = fc.uint8Array({ maxLength: 200 });

test('keys and seeds read back as what was written', () => {
  fc.assert(
    fc.property(key, (bytes) => {
      assert.match(encodePublicKey(bytes), /^U[A-Z2-7]{55}$/);
      assert.match(encodeSeed(bytes), /^SU[A-Z2-7]{56}$/);
      assert.deepEqual(decodePublicKey(encodePublicKey(bytes)), bytes);
      assert.deepEqual(decodeSeed(encodeSeed(bytes)), bytes);
    }),
  );
});

test('the NATS library reads our texts, and we read its', () => {
  fc.assert(
    fc.property(key, message, (seed, text) => {
      const ours = signingKey(seed);
      const theirs = fromSeed(utf8.encode(encodeSeed(seed)));
      assert.equal(theirs.getPublicKey(), encodePublicKey(ours.publicKey));
      assert.ok(verify(theirs.getPublicKey(), text, theirs.sign(text)));
      assert.ok(fromPublic(encodePublicKey(ours.publicKey)).verify(text, ours.sign(text)));
    }),
    { numRuns: 20 },
  );
  const pair = createUser();
  const seed = decodeSeed(utf8.decode(pair.getSeed()));
  assert.ok(seed !== undefined);
  assert.equal(encodePublicKey(signingKey(seed).publicKey), pair.getPublicKey());
});

test('a text with one wrong character is refused, wherever it is', () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
  const [text, secret] = [encodePublicKey(bytes), encodeSeed(bytes)];
  let refused = 0;
  for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abc018 \u00c5') {
    for (let at = 0; at < text.length; at++) {
      if (text[at] === letter) continue;
      assert.throws(() => decodePublicKey(text.slice(0, at) + letter + text.slice(at + 1)), {
        code: 'identity.public-key',
      });
      refused++;
    }
    for (let at = 0; at < secret.length; at++) {
      if (secret[at] === letter) continue;
      assert.equal(decodeSeed(secret.slice(0, at) + letter + secret.slice(at + 1)), undefined);
      refused++;
    }
  }
  assert.ok(refused > 4000, `only ${refused} texts were tried`);
});

test('texts of other lengths and kinds are refused', () => {
  const bytes = new Uint8Array(32).fill(9);
  const text = encodePublicKey(bytes);
  for (const wrong of [
    '',
    'U',
    text.slice(1),
    `${text}A`,
    text.toLowerCase(),
    encodeSeed(bytes),
    ` ${text.slice(1)}`,
  ])
    assert.throws(() => decodePublicKey(wrong), { code: 'identity.public-key', exitCode: 65 });
  for (const wrong of ['', 'SU', text, encodeSeed(bytes).slice(1), `${encodeSeed(bytes)}\n`])
    assert.equal(decodeSeed(wrong), undefined);
});
