/**
 * Owns the form of identities: one Ed25519 key pair a party or role, written as NATS nkeys (seed `SU…`, public `U…`).
 * Must never print a seed: an `Identity` shows its public key whatever is asked of it.
 */

/** An nkey public user key, `U` and 55 characters of base32. */
export type PublicKey = string;

export interface Identity {
  readonly publicKey: PublicKey;
  /** Ed25519 over the bytes as they are. */
  sign(message: Uint8Array): Uint8Array;
}
