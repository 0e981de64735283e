/**
 * Owns what an account's owner signs with its own key so that replicas need not take a coordinator's word, and the check.
 * Must never let one statement serve for another: each says its kind, deployment, account and time.
 *
 *   keys     "these keys are this account's": by the new signing key, and by the enrolled key of the party of that name
 *   session  "open this session": whoever repeats it does not know the token, and gets the same session or none
 *   change   "change my password or keys"
 *   delete   "delete this account"
 */
import { concatBytes, utf8 } from '../base/bytes.ts';
import { canonicalJson } from '../base/canonical.ts';
import type { Identity, PublicKey } from '../identity/keys.ts';
import type { SealingPublicKey } from '../identity/sealing.ts';
import { verify } from '../identity/signing.ts';
import type { KeysSaid } from './bodies.ts';

export type Statement = { readonly account: string; readonly atMs: number } & (
  | { readonly kind: 'keys'; readonly signing: PublicKey; readonly sealing: SealingPublicKey }
  | { readonly kind: 'session' | 'change' | 'delete'; readonly session: string }
);

/** Starts with 0xff, which no UTF-8 text holds: the broker makes clients sign texts of its choice with the same keys. */
function statementBytes(deployment: string, statement: Statement): Uint8Array {
  const text = canonicalJson({ deployment, ...statement });
  return concatBytes(new Uint8Array([0xff]), utf8.encode(`mpc/1 account statement\n${text}`));
}

/** base64url, 86 characters. */
export function signStatement(deployment: string, identity: Identity, statement: Statement): string {
  return Buffer.from(identity.sign(statementBytes(deployment, statement))).toString('base64url');
}

export function statementHolds(
  deployment: string,
  key: PublicKey,
  statement: Statement,
  signature: string,
): boolean {
  const bytes = new Uint8Array(Buffer.from(signature, 'base64url'));
  return verify(key, statementBytes(deployment, statement), bytes);
}

export interface KeysToSay {
  readonly deployment: string;
  readonly account: string;
  readonly identity: Identity;
  readonly sealing: SealingPublicKey;
  /** The key of the party of that name, when the account's is another. */
  readonly party?: Identity;
  readonly nowMs: number;
}

/** An account's keys with the proof that they are its owner's: for `registerAccount` and `changeAccount`. */
export function sayKeys({ deployment, account, identity, sealing, party, nowMs }: KeysToSay): KeysSaid {
  const signing = identity.publicKey;
  const statement: Statement = { kind: 'keys', account, signing, sealing, atMs: nowMs };
  const possession = signStatement(deployment, identity, statement);
  const agreed = party === undefined ? undefined : signStatement(deployment, party, statement);
  return {
    signing,
    sealing,
    atMs: nowMs,
    possession,
    ...(agreed === undefined ? {} : { party: agreed }),
  };
}
