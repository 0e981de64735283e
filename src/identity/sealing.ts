/**
 * Owns sealing a short text to one recipient's public key, named by its text form: HPKE in base mode (hpke.ts).
 * Must never tell why a sealed text does not open, nor be taken for proof of who sealed it: base mode has no sender.
 *
 *   sealed = encapsulated key (32 bytes) | ciphertext and tag
 * Every text has an encapsulated key of its own, so that the nonce is used once. `info` says what kind of text it is, `additional`
 * what it belongs to: a sealed text moved elsewhere does not open.
 */
import { utf8 } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import { contextOf, derivedPrivateKey, sealingKeyOf as keyOf, openSeal, recipientOf, seal } from './hpke.ts';
import { secretFor } from './identity.ts';
import type { Identity } from './keys.ts';

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
  open(sealed: Uint8Array, context: SealedContext): Uint8Array | undefined;
}

/** The sealing key that goes with an identity: derived from its seed, so that one file holds both. */
export function sealingKeyOf(identity: Identity): SealingKey {
  const secret = secretFor(identity, 'account sealing key');
  try {
    return sealingKeyFrom(secret);
  } finally {
    secret.fill(0);
  }
}

/** The key pair that RFC 9180, section 7.1.3, derives from secret bytes (at least 32). */
export function sealingKeyFrom(secret: Uint8Array): SealingKey {
  const key = keyOf(derivedPrivateKey(secret));
  return {
    publicKey: Buffer.from(key.publicKey).toString('base64url'),
    open: (sealed, { info, additional }) => openSeal(key, contextOf(utf8.encode(info)), additional, sealed),
  };
}

/** Throws `sealing.key` when the key is none that anything can be sealed to. `random` gives the one-time key. */
export function sealTo(
  recipient: SealingPublicKey,
  { info, additional }: SealedContext,
  text: Uint8Array,
  random: RandomSource,
): Uint8Array {
  const to = recipientOf(Buffer.from(recipient, 'base64url'), utf8.encode(info));
  if (to === undefined) throw unusable();
  try {
    return seal(to, additional, text, random);
  } catch {
    throw unusable();
  }
}

const unusable = (): MpcError =>
  new MpcError('sealing.key', 'nothing can be sealed to this key', {
    hint: 'its owner must publish another one',
    exitCode: EXIT.badData,
  });
