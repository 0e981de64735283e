/**
 * Owns the check of one signature by an enrolled key.
 * Must never throw for a bad key or signature: whoever sent it is a stranger.
 */
import { fromPublic } from '@nats-io/nkeys';
import type { PublicKey } from '../identity/keys.ts';

export function verify(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return fromPublic(key).verify(message, signature);
  } catch {
    return false;
  }
}
