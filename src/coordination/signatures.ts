/**
 * Owns how texts of the log are signed: Ed25519 over a label and the text, base64url.
 * Must never sign what somebody else chose the first byte of.
 *
 * The bytes start with 0xff, which no UTF-8 text holds: the broker makes clients sign a text of its choice at login with the
 * same key, and must not get a command signed that way.
 */
import { concatBytes, utf8 } from '../base/bytes.ts';
import type { Identity, PublicKey } from '../identity/keys.ts';
import { verify } from '../identity/signing.ts';

export const signText = (identity: Identity, label: string, text: string): string =>
  Buffer.from(identity.sign(marked(label, text))).toString('base64url');

export const isSigned = (key: PublicKey, label: string, text: string, signature: string): boolean =>
  verify(key, marked(label, text), new Uint8Array(Buffer.from(signature, 'base64url')));

const marked = (label: string, text: string): Uint8Array =>
  concatBytes(new Uint8Array([0xff]), utf8.encode(`mpc/1 ${label}\n${text}`));
