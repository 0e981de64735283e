/**
 * Owns the three primitives under the channel's seal, raw bytes in and out: X25519 (RFC 7748), HKDF-SHA256 (RFC 5869),
 * AES-256-GCM (NIST SP 800-38D). All of the arithmetic is node:crypto's; it runs in place, without a thread hop.
 * Must never keep a secret longer than its caller does, nor compare one.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';

/** DER before the 32 key bytes (RFC 8410): PKCS #8 and SubjectPublicKeyInfo of algorithm 1.3.101.110. */
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI_X25519 = Buffer.from('302a300506032b656e032100', 'hex');

export const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

export interface EphemeralKey {
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
}

/** The key pair of 32 secret bytes, which are erased. */
export function ephemeralKey(secret: Uint8Array): EphemeralKey {
  const der = Buffer.concat([PKCS8_X25519, secret]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  secret.fill(0);
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { privateKey, publicKey: new Uint8Array(spki.subarray(-KEY_BYTES)) };
}

/** X25519. Undefined when the result would be all zero: the other key is of small order (RFC 7748, section 6.1). */
export function sharedSecret(privateKey: KeyObject, publicKey: Uint8Array): Uint8Array | undefined {
  const key = Buffer.concat([SPKI_X25519, publicKey]);
  try {
    const secret = diffieHellman({
      privateKey,
      publicKey: createPublicKey({ key, format: 'der', type: 'spki' }),
    });
    return secret.every((byte) => byte === 0) ? undefined : new Uint8Array(secret);
  } catch {
    return undefined;
  }
}

/** RFC 5869: `length` bytes out of `secret`. */
export function hkdfSha256(
  secret: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, length));
}

/** The ciphertext of every part, each in memory of its own, and the tag: one sealed text, in so many pieces. */
export function seal(
  key: Uint8Array,
  nonce: Uint8Array,
  additional: Uint8Array,
  parts: readonly Uint8Array[],
): Uint8Array[] {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(additional);
  const sealed: Uint8Array[] = parts.map((part) => cipher.update(part));
  cipher.final();
  sealed.push(cipher.getAuthTag());
  return sealed;
}

/** The plaintext in memory of its own, or undefined when the tag does not hold. `sealed` is ciphertext and tag. */
export function open(
  key: Uint8Array,
  nonce: Uint8Array,
  additional: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const end = sealed.length - TAG_BYTES;
  if (end < 0) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additional);
  decipher.setAuthTag(sealed.subarray(end));
  const plain = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
  } catch {
    plain.fill(0);
    return undefined;
  }
  return new Uint8Array(plain.buffer, plain.byteOffset, plain.length);
}
