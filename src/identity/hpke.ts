/**
 * Owns sealing one message to one key: HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
 * AES-128-GCM, the suite that the field's aggregation protocols ask for, over node:crypto. One key is used for one message, so
 * the sequence number is always 0 and the nonce is the base nonce.
 * Must never be given an `info` that says less than what the ciphertext is for: it is what ties it to its place.
 *
 *   dh = X25519(ephemeral, recipient)      shared = ExpandLabel(Extract("", "eae_prk" | dh), "shared_secret" | enc | recipient)
 *   secret = Extract(shared, "secret" | "")      key, nonce = Expand(secret, "key" | context), Expand(secret, "base_nonce" | context)
 *   context = mode(0) | Extract("", "psk_id_hash" | "") | Extract("", "info_hash" | info)
 *
 * A library would do; the ones there are go through WebCrypto, at several times the time of a whole ballot's proof. Tests hold
 * this file against one of them, and against the vectors of the RFC.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from 'node:crypto';
import { concatBytes, utf8 } from '../base/bytes.ts';
import { assert } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';

const KEY_BYTES = 32;
const TAG_BYTES = 16;
/** What sealing adds: the ephemeral public key and the tag. */
export const SEAL_BYTES = KEY_BYTES + TAG_BYTES;

const EMPTY = new Uint8Array(0);
const VERSION = utf8.encode('HPKE-v1');
/** "KEM" | 0x0020 and "HPKE" | 0x0020 | 0x0001 | 0x0001 (RFC 9180, sections 4.1 and 5.1). */
const KEM_SUITE = concatBytes(utf8.encode('KEM'), new Uint8Array([0, 0x20]));
const SUITE = concatBytes(utf8.encode('HPKE'), new Uint8Array([0, 0x20, 0, 1, 0, 1]));
/** As a JWK (RFC 8037), which is read many times as fast as DER. */
const X25519 = { kty: 'OKP', crv: 'X25519' } as const;
const ANY_POINT = Buffer.alloc(32, 9).toString('base64url');

export interface SealingKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
}

/** The recipient's half of a seal for one purpose. */
export interface Recipient {
  readonly publicKey: Uint8Array;
  readonly key: KeyObject;
  readonly context: Uint8Array;
}

/**
 * The X25519 key pair of 32 unpredictable bytes. Read and exported as JWK: several times as fast as DER, and pairs from node:crypto's
 * own generator, whose two halves share a lock, were seen to hang on Node 20.
 */
export function sealingKeyOf(seed: Uint8Array): SealingKey {
  assert(seed.length === KEY_BYTES, 'an X25519 private key has 32 bytes');
  const d = Buffer.from(seed).toString('base64url');
  // Node wants an x to be there, and computes its own from d.
  const privateKey = createPrivateKey({ key: { ...X25519, d, x: ANY_POINT }, format: 'jwk' });
  const { x } = privateKey.export({ format: 'jwk' });
  assert(x !== undefined, 'an X25519 key has its x');
  return { publicKey: new Uint8Array(Buffer.from(x, 'base64url')), privateKey };
}

/** The private key that RFC 9180, section 7.1.3, derives from secret bytes (at least 32), for `sealingKeyOf`. */
export const derivedPrivateKey = (material: Uint8Array): Uint8Array =>
  expand(KEM_SUITE, extract(KEM_SUITE, EMPTY, 'dkp_prk', material), 'sk', EMPTY, KEY_BYTES);

/** Prepares sealing to a public key; `info` is hashed once. Undefined for bytes that are no key. */
export function recipientOf(publicKey: Uint8Array, info: Uint8Array): Recipient | undefined {
  const key = publicKeyOf(publicKey);
  return key === undefined ? undefined : { publicKey, key, context: contextOf(info) };
}

/** enc (32 bytes) | ciphertext | tag (16 bytes). Throws for a key of small order: anybody could open what is sealed to it. */
export function seal(
  recipient: Recipient,
  additional: Uint8Array,
  message: Uint8Array,
  random: RandomSource,
): Uint8Array {
  const ephemeral = sealingKeyOf(random(KEY_BYTES));
  const dh = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient.key });
  const { key, nonce } = scheduleOf(dh, ephemeral.publicKey, recipient.publicKey, recipient.context);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  cipher.setAAD(additional);
  const body = cipher.update(message);
  cipher.final();
  return concatBytes(ephemeral.publicKey, body, cipher.getAuthTag());
}

/** The message, or undefined: sealed to another key, for another purpose, with other additional data, or changed. */
export function openSeal(
  { publicKey, privateKey }: SealingKey,
  context: Uint8Array,
  additional: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < SEAL_BYTES) return undefined;
  const enc = sealed.subarray(0, KEY_BYTES);
  const ephemeral = publicKeyOf(enc);
  if (ephemeral === undefined) return undefined;
  try {
    // Refuses points of small order, as RFC 9180 (section 7.1.4) asks for.
    const dh = diffieHellman({ privateKey, publicKey: ephemeral });
    const { key, nonce } = scheduleOf(dh, enc, publicKey, context);
    const decipher = createDecipheriv('aes-128-gcm', key, nonce);
    decipher.setAAD(additional);
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const body = decipher.update(sealed.subarray(KEY_BYTES, -TAG_BYTES));
    decipher.final();
    return new Uint8Array(body);
  } catch {
    return undefined;
  }
}

/** What sender and recipient hash of `info`. */
export function contextOf(info: Uint8Array): Uint8Array {
  return concatBytes(
    new Uint8Array([0]),
    extract(SUITE, EMPTY, 'psk_id_hash', EMPTY),
    extract(SUITE, EMPTY, 'info_hash', info),
  );
}

function scheduleOf(
  dh: Uint8Array,
  enc: Uint8Array,
  recipient: Uint8Array,
  context: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const shared = expand(
    KEM_SUITE,
    extract(KEM_SUITE, EMPTY, 'eae_prk', dh),
    'shared_secret',
    concatBytes(enc, recipient),
    32,
  );
  const secret = extract(SUITE, shared, 'secret', EMPTY);
  return {
    key: expand(SUITE, secret, 'key', context, 16),
    nonce: expand(SUITE, secret, 'base_nonce', context, 12),
  };
}

function extract(suite: Uint8Array, salt: Uint8Array, label: string, material: Uint8Array): Uint8Array {
  const hmac = createHmac('sha256', salt);
  return hmac.update(VERSION).update(suite).update(label).update(material).digest();
}

/** At most 32 bytes: one block of HKDF-Expand. */
function expand(
  suite: Uint8Array,
  secret: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const hmac = createHmac('sha256', secret);
  hmac
    .update(new Uint8Array([0, length]))
    .update(VERSION)
    .update(suite)
    .update(label);
  return hmac
    .update(info)
    .update(new Uint8Array([1]))
    .digest()
    .subarray(0, length);
}

function publicKeyOf(bytes: Uint8Array): KeyObject | undefined {
  if (bytes.length !== KEY_BYTES) return undefined;
  try {
    const x = Buffer.from(bytes).toString('base64url');
    return createPublicKey({ key: { ...X25519, x }, format: 'jwk' });
  } catch {
    return undefined;
  }
}
