/**
 * Owns sealing a short text to one recipient's public key: HPKE in base mode (RFC 9180), with DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256 and AES-128-GCM, through @hpke/core on the platform's WebCrypto.
 * Must never tell why a sealed text does not open, nor be taken for proof of who sealed it: base mode has no sender.
 *
 *   sealed = encapsulated key (32 bytes) | ciphertext and tag
 * Every text has an encapsulated key of its own, so that the nonce is used once. `info` says what kind of text it is, `additional`
 * what it belongs to: a sealed text moved elsewhere does not open.
 */
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { concatBytes, utf8 } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { secretFor } from './identity.ts';
import type { Identity } from './keys.ts';

const KEY_BYTES = 32;
const TAG_BYTES = 16;

/** Bytes that sealing adds to a text. */
export const SEALING_BYTES = KEY_BYTES + TAG_BYTES;

/** An X25519 public key: 32 bytes as base64url, 43 characters. */
export type SealingPublicKey = string;

export interface SealedContext {
  /** What kind of text: a constant of the protocol. */
  readonly info: string;
  /** What the text belongs to. */
  readonly additional: Uint8Array;
}

export interface SealingKey {
  readonly publicKey: SealingPublicKey;
  /** Undefined for whatever was not sealed to this key in this context. */
  open(sealed: Uint8Array, context: SealedContext): Promise<Uint8Array | undefined>;
}

const newSuite = (): CipherSuite =>
  new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() });

/** The sealing key that goes with an identity: derived from its seed, so that one file holds both. */
export async function sealingKeyOf(identity: Identity): Promise<SealingKey> {
  const secret = secretFor(identity, 'account sealing key');
  try {
    return await sealingKeyFrom(secret);
  } finally {
    secret.fill(0);
  }
}

/** The key pair that RFC 9180, section 7.1.3, derives from secret bytes (at least 32). */
export async function sealingKeyFrom(secret: Uint8Array): Promise<SealingKey> {
  const suite = newSuite();
  const { privateKey, publicKey } = await suite.kem.deriveKeyPair(secret);
  const raw = new Uint8Array(await suite.kem.serializePublicKey(publicKey));
  return {
    publicKey: Buffer.from(raw).toString('base64url'),
    open: async (sealed, { info, additional }) => {
      if (sealed.length < SEALING_BYTES) return undefined;
      const params = { recipientKey: privateKey, enc: sealed.slice(0, KEY_BYTES), info: utf8.encode(info) };
      try {
        return new Uint8Array(await suite.open(params, sealed.slice(KEY_BYTES), additional));
      } catch {
        return undefined;
      }
    },
  };
}

/** Throws `sealing.key` when the key is none that anything can be sealed to. `test` fixes the one-time key: for vectors only. */
export async function sealTo(
  recipient: SealingPublicKey,
  { info, additional }: SealedContext,
  text: Uint8Array,
  test?: { readonly oneTimeKeyForTestVectorsOnly: Uint8Array },
): Promise<Uint8Array> {
  const suite = newSuite();
  const ekm = test?.oneTimeKeyForTestVectorsOnly;
  try {
    const recipientPublicKey = await suite.kem.deserializePublicKey(publicKeyBytes(recipient));
    const params = { recipientPublicKey, info: utf8.encode(info), ...(ekm === undefined ? {} : { ekm }) };
    const { enc, ct } = await suite.seal(params, text, additional);
    return concatBytes(new Uint8Array(enc), new Uint8Array(ct));
  } catch {
    throw new MpcError('sealing.key', 'nothing can be sealed to this key', {
      hint: 'its owner must publish another one',
      exitCode: EXIT.badData,
    });
  }
}

/** Copied into memory of its own: the library reads a view's whole buffer. */
function publicKeyBytes(key: SealingPublicKey): Uint8Array {
  return Uint8Array.from(Buffer.from(key, 'base64url'));
}
