/**
 * Owns the descriptor: everything a participant agrees to, in one canonical object. Its digest is the collaboration.
 * Must never hold anything private: every participant and the broker read it.
 */
import { z } from 'zod';
import { digestOf, type Json } from '../base/canonical.ts';
import { LIMITS } from '../base/limits.ts';

const name = z.string().regex(/^[a-z0-9_-]{1,64}$/);
const publicKey = z.string().regex(/^U[A-Z2-7]{55}$/);

export const descriptorSchema = z.strictObject({
  version: z.literal(1),
  /** Unpredictable, chosen by the creator: makes ids of equal queries differ. */
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  /** CREATE TABLE statements, then one SELECT. */
  sql: z.string().min(1).max(LIMITS.sqlBytes),
  /** Digest of the plan that this text compiles to: every role compiles it again and compares. */
  plan: z.string().regex(/^[0-9a-f]{64}$/),
  /** Input parties with the most rows each may bring to each table; sorted by party, then table. */
  inputs: z
    .array(z.strictObject({ party: name, table: name, maxRows: z.int().min(1).max(LIMITS.rows) }))
    .min(1),
  /** Parties that receive the result, sorted. */
  outputs: z.array(name).min(1),
  /** Every party named above with its key; the two servers and the dealer likewise. */
  keys: z.record(z.string(), publicKey),
  /** Groups of fewer rows than this come out hidden, whatever the query says. */
  minGroupSize: z.int().min(1).max(1_000_000),
  /** Milliseconds since the epoch after which the collaboration expires unless it has finished. */
  deadlineMs: z.int().positive(),
});

export type Descriptor = z.infer<typeof descriptorSchema>;

export function descriptorDigest(descriptor: Descriptor): string {
  return digestOf('descriptor', descriptor as unknown as Json); // zod's type has no index signature; its values are JSON
}

/** The collaboration's id: the first 20 hexadecimal digits of its descriptor's digest. */
export const collaborationId = (digest: string): string => digest.slice(0, 20);
