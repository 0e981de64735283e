/**
 * Owns what a coordinator tells a party's endpoint of a change: signed, numbered by the log, worth a look and nothing more.
 * Must never be taken for the change itself: what happened is what the log says.
 */
import { z } from 'zod';
import { concatBytes, utf8 } from '../base/bytes.ts';
import { canonicalJson } from '../base/canonical.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import type { Identity, PublicKey } from '../identity/keys.ts';
import { verify } from '../identity/signing.ts';

export const noticeSchema = z.strictObject({
  deployment: z.string().regex(/^[a-z0-9_-]{1,64}$/),
  /** The party that is told: a notice is nobody else's. */
  party: z.string().regex(/^[a-z0-9_-]{1,64}$/),
  collaboration: z.string().regex(/^[0-9a-f]{20}$/),
  /** The entry of the log that changed it: later notices have higher ones, and one may come twice. */
  sequence: z.int().min(1),
  status: z.string().regex(/^[a-z]{1,32}$/),
  /** Ed25519 by a coordinator's key over the rest, base64url. */
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
});

export type Notice = z.infer<typeof noticeSchema>;

export function signNotice(identity: Identity, said: Omit<Notice, 'signature'>): Notice {
  return { ...said, signature: Buffer.from(identity.sign(signedBytes(said))).toString('base64url') };
}

/** Throws `notice.not-allowed` unless a coordinator's key signed it. */
export function verifyNotice(notice: Notice, key: PublicKey | undefined): void {
  const { signature, ...said } = notice;
  const bytes = new Uint8Array(Buffer.from(signature, 'base64url'));
  if (key === undefined || !verify(key, signedBytes(said), bytes))
    throw new MpcError('notice.not-allowed', 'the notice is not signed by the coordinator', {
      hint: "its key must be the one in this client's [trust]",
      exitCode: EXIT.noPermission,
    });
}

/** They start as no UTF-8 text does: see the commands of the log, which are signed by the same key. */
function signedBytes({
  deployment,
  party,
  collaboration,
  sequence,
  status,
}: Omit<Notice, 'signature'>): Uint8Array {
  const text = canonicalJson({ deployment, party, collaboration, sequence, status });
  return concatBytes(new Uint8Array([0xff]), utf8.encode(`mpc/1 notice\n${text}`));
}
