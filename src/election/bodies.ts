/**
 * Owns what may be said about elections: the bodies of their commands, by kind.
 * Must never hold a secret: everybody may read them, and the published record is made of them.
 */
import { z } from 'zod';
import { reportSchema } from '../coordination/report.ts';
import { BALLOTS_PER_VOTER, ELECTION_SERVERS, electionDescriptorSchema, MOST_VOTERS } from './descriptor.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const election = z.string().regex(/^[0-9a-f]{20}$/);
const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);
/** 32 bytes. */
const key = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const server = z.enum(ELECTION_SERVERS);
const MOST_BALLOTS = MOST_VOTERS * BALLOTS_PER_VOTER;

export const electionBodies = [
  /** The registrar makes an election. */
  z.strictObject({ kind: z.literal('election.create'), descriptor: electionDescriptorSchema }),
  /** The registrar adds voters' keys to the list; `from` is how many it had before, so that a retry adds none twice. */
  z.strictObject({
    kind: z.literal('election.eligible'),
    election,
    from: z.int().min(0).max(MOST_VOTERS),
    keys: base64url,
  }),
  /** A server takes part, with the X25519 key that ballots of this one election are sealed to. */
  z.strictObject({
    kind: z.literal('election.ready'),
    election,
    sealingKey: key,
    /** The server's under that key and this election, for voters who do not read the log: see receipts.ts. */
    signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
  }),
  /** A server's part of the key that ballots are verified under: see verify-key.ts. */
  z.strictObject({
    kind: z.literal('election.keyed'),
    election,
    commitment: digest,
    sealed: z.partialRecord(server, base64url.max(200)),
  }),
  /** The registrar closes the list and opens the box. */
  z.strictObject({
    kind: z.literal('election.open'),
    election,
    voters: z.int().min(1).max(MOST_VOTERS),
    root: digest,
  }),
  /** A server puts ballots that it holds into the box: see items.ts. */
  z.strictObject({ kind: z.literal('election.boxed'), election, items: base64url }),
  /** A server holds its fragment of every ballot of the first `batches` batches, which add up to that chain. */
  z.strictObject({
    kind: z.literal('election.held'),
    election,
    batches: z.int().min(1).max(MOST_BALLOTS),
    chain: digest,
  }),
  /** The proofs of the first `batches` batches are verified; `rejected`: positions since the last such word, with the reason's code. */
  z.strictObject({
    kind: z.literal('election.verified'),
    election,
    batches: z.int().min(1).max(MOST_BALLOTS),
    rejected: z.array(z.tuple([z.int().min(0).max(MOST_BALLOTS), z.string().max(60)])).max(4096),
  }),
  /** The registrar closes; once the deadline has passed, any server does. */
  z.strictObject({ kind: z.literal('election.close'), election }),
  /** A server has boxed everything that it accepted before the close. */
  z.strictObject({ kind: z.literal('election.flushed'), election }),
  /** What a server says the frozen box is: root over the ballots that count, how many do, how many were rejected, and the history. */
  z.strictObject({
    kind: z.literal('election.sealed'),
    election,
    root: digest,
    counted: z.int().min(0).max(MOST_BALLOTS),
    rejected: z.int().min(0).max(MOST_BALLOTS),
    history: digest,
  }),
  /** A server's share of the tally of exactly the ballots under that root. */
  z.strictObject({ kind: z.literal('election.tallied'), election, root: digest, fragment: base64url }),
  /** The registrar takes the election back before its close. */
  z.strictObject({ kind: z.literal('election.cancel'), election }),
  /** A server cannot go on, or has found another out. */
  z.strictObject({ kind: z.literal('election.fail'), election, reason: reportSchema }),
] as const;

export type ElectionBody = z.infer<(typeof electionBodies)[number]>;
