/**
 * Owns a server's keys of one election: made when it hears of the election, on the disk before the log hears of them, and destroyed
 * when the election has ended. Ballots are sealed to a key that serves one election: who takes a server later opens none.
 * Must never let a secret out: what leaves is the public key and the sealed parts.
 */
import { assert } from '../base/errors.ts';
import { signSealingKey } from '../election/receipts.ts';
import type { Election } from '../election/rows.ts';
import { type KeyShare, shareKey } from '../election/verify-key.ts';
import { type SealingKey, sealingKeyOf } from '../identity/hpke.ts';
import type { BoxPlace } from './place.ts';

const SECRET_BYTES = 32;

/** This server's secrets of an election that it takes part in; undefined once they are destroyed. */
export async function keysAt(
  { store }: Pick<BoxPlace, 'store'>,
  election: string,
): Promise<{ readonly sealingKey: SealingKey; readonly contribution: Uint8Array } | undefined> {
  const secrets = await store.secrets(election);
  return secrets && { sealingKey: sealingKeyOf(secrets.sealing), contribution: secrets.contribution };
}

/** The key that ballots are sealed to, signed; the same after every restart. */
export async function makeKeys(
  { store, me, workplace: { random, identity } }: BoxPlace,
  { id, digest }: Election,
): Promise<{ readonly sealingKey: string; readonly signature: string }> {
  await store.makeSecrets(id, random(SECRET_BYTES), random(SECRET_BYTES));
  const keys = await keysAt({ store }, id);
  assert(keys !== undefined, 'what was kept is there');
  const key = Buffer.from(keys.sealingKey.publicKey).toString('base64url');
  return { sealingKey: key, signature: signSealingKey(identity, digest, me, key) };
}

/** This server's part of the key that proofs are checked under; the same after every restart. */
export async function makeKeyShare(
  { store, me, workplace: { random } }: BoxPlace,
  { id, digest, life }: Election,
): Promise<KeyShare> {
  const secrets = await store.secrets(id);
  assert(secrets !== undefined, 'a server that takes part has made its keys');
  if (secrets.share !== undefined) return secrets.share;
  const share = shareKey(digest, me, secrets.contribution, life.context.ready, random);
  await store.keepShare(id, share);
  return share;
}
