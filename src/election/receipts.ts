/**
 * Owns what a server says to a voter, signed: that it holds a ballot on its disk, and where a ballot stands.
 * Must never be taken for more than that server's word: three of them make a ballot safe.
 */
import { z } from 'zod';
import { concatBytes, utf8 } from '../base/bytes.ts';
import { canonicalJson, type Json } from '../base/canonical.ts';
import { reportSchema } from '../coordination/report.ts';
import type { Identity, PublicKey } from '../identity/keys.ts';
import { verify } from '../identity/signing.ts';
import { electionDescriptorSchema } from './descriptor.ts';

const tracker = z.string().regex(/^[0-9a-f]{40}$/);
const signature = z.string().regex(/^[A-Za-z0-9_-]{86}$/);

/** A server's answer to ballots: which it holds durably, signed, and why it does not take the others. */
export const receiptSchema = z.strictObject({
  election: z.string(),
  server: z.string(),
  /** Trackers of what it holds now, in the order in which they were given. */
  held: z.array(tracker),
  refused: z.array(z.strictObject({ tracker: tracker.or(z.literal('')), error: reportSchema })),
  /** Over election, server and `held`. */
  signature,
});
export type Receipt = z.infer<typeof receiptSchema>;

/** Where a ballot stands at one server. */
export const standingSchema = z.strictObject({
  election: z.string(),
  server: z.string(),
  tracker,
  /** `unknown`, `accepted` (held, not yet in the box), `boxed` (held at its position), `verified`, `rejected`, `replaced` by a later one, `counted`. */
  state: z.enum(['unknown', 'accepted', 'boxed', 'verified', 'rejected', 'replaced', 'counted']),
  position: z.int().min(0).optional(),
  reason: z.string().max(100).optional(),
  signature,
});
export type Standing = z.infer<typeof standingSchema>;

/** What a voter needs to cast a ballot; each sealing key is signed by its server. */
export const electionInfoSchema = z.strictObject({
  descriptor: electionDescriptorSchema,
  status: z.string(),
  voters: z.int(),
  ballots: z.int(),
  sealingKeys: z.record(z.string(), z.strictObject({ key: z.string(), signature })),
});
export type ElectionInfo = z.infer<typeof electionInfoSchema>;

export const signReceipt = (identity: Identity, said: Omit<Receipt, 'signature'>): Receipt => ({
  ...said,
  signature: signatureOf(identity, 'receipt', [said.election, said.server, said.held]),
});

export const isReceiptOf = (
  key: PublicKey,
  { election, server, held, signature: signed }: Receipt,
): boolean => isSigned(key, 'receipt', [election, server, held], signed);

export const signStanding = (identity: Identity, said: Omit<Standing, 'signature'>): Standing => ({
  ...said,
  signature: signatureOf(identity, 'standing', said as unknown as Json), // its schema's type: JSON
});

export function isStandingOf(key: PublicKey, { signature: signed, ...said }: Standing): boolean {
  return isSigned(key, 'standing', said as unknown as Json, signed);
}

/** A server's signature under the key that ballots of one election are sealed to: voters check it, wherever they got it from. */
export const signSealingKey = (identity: Identity, digest: string, server: string, key: string): string =>
  signatureOf(identity, 'sealing key', [digest, server, key]);

export const isSealingKeyOf = (
  publicKey: PublicKey,
  digest: string,
  server: string,
  key: string,
  signed: string,
): boolean => isSigned(publicKey, 'sealing key', [digest, server, key], signed);

/** As everywhere, what is signed starts with a byte that no text has. */
const bytesOf = (what: string, said: Json): Uint8Array =>
  concatBytes(new Uint8Array([0xff]), utf8.encode(`mpc/1 election ${what}\n${canonicalJson(said)}`));

const signatureOf = (identity: Identity, what: string, said: Json): string =>
  Buffer.from(identity.sign(bytesOf(what, said))).toString('base64url');

const isSigned = (key: PublicKey, what: string, said: Json, signed: string): boolean =>
  verify(key, bytesOf(what, said), new Uint8Array(Buffer.from(signed, 'base64url')));
