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

/** Keys travel as JWK (RFC 8037): node:crypto reads them nine times as fast as DER. */
const X25519 = { kty: 'OKP', crv: 'X25519' } as const;

export const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

export interface EphemeralKey {
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
}

/**
 * The key pair of 32 secret bytes, which are erased. Their text, which cannot be, is garbage at once: the memory of young texts
 * is soon written over.
 */
export function ephemeralKey(secret: Uint8Array): EphemeralKey {
  const { buffer, byteOffset, length } = secret;
  const d = Buffer.from(buffer, byteOffset, length).toString('base64url');
  secret.fill(0);
  // The public half is computed from `d`: what stands under `x` is not looked at.
  const privateKey = createPrivateKey({ key: { ...X25519, d, x: '' }, format: 'jwk' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, publicKey: new Uint8Array(Buffer.from(x, 'base64url')) };
}

/** X25519. Undefined when the result would be all zero: the other key is of small order (RFC 7748, section 6.1). */
export function sharedSecret(privateKey: KeyObject, publicKey: Uint8Array): Uint8Array | undefined {
  if (publicKey.length !== KEY_BYTES) return undefined;
  const x = Buffer.from(publicKey).toString('base64url');
  try {
    const secret = diffieHellman({
      privateKey,
      publicKey: createPublicKey({ key: { ...X25519, x }, format: 'jwk' }),
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
