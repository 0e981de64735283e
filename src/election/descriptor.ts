/**
 * Owns an election's descriptor: everything a voter and a server agree to, in one canonical object. Its digest is the election.
 * Must never hold anything private: every participant, the voters and the broker read it.
 */
import { z } from 'zod';
import type { BallotKind } from '../ballot/election-type.ts';
import { hex } from '../base/bytes.ts';
import { digestOf, type Json } from '../base/canonical.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { RandomSource } from '../base/random.ts';
import type { PublicKey } from '../identity/keys.ts';

export const ELECTION_SERVERS = ['server-a', 'server-b', 'server-c'] as const;
export type ElectionServer = (typeof ELECTION_SERVERS)[number];

/** Options of one election: a ballot grows with them, and nobody reads a longer list. */
const OPTIONS = 1000;
const LABEL_CHARACTERS = 100;
/** The highest score of an option: sums of a million ballots stay exact everywhere. */
const HIGHEST_SCORE = 1000;

const publicKey = z.string().regex(/^U[A-Z2-7]{55}$/);

const typeSchema = z.discriminatedUnion('kind', [
  /** One question; the labels are those of no and of yes. */
  z.strictObject({ kind: z.literal('yesNo') }),
  /** Exactly one option is marked. */
  z.strictObject({ kind: z.literal('oneOf') }),
  /** Up to `most` options are marked. */
  z.strictObject({ kind: z.literal('approval'), most: z.int().min(1).max(OPTIONS) }),
  /** Every option gets 0 to `max` points. */
  z.strictObject({ kind: z.literal('score'), max: z.int().min(1).max(HIGHEST_SCORE) }),
]);

export const electionDescriptorSchema = z.strictObject({
  version: z.literal(1),
  deployment: z.string().regex(/^[a-z0-9_-]{1,64}$/),
  /** Unpredictable, chosen by the registrar: equal questions are different elections. */
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  title: z.string().min(1).max(200),
  type: typeSchema,
  /** What the options are called, in the order of the tally; of `yesNo` no, then yes. */
  labels: z.array(z.string().min(1).max(LABEL_CHARACTERS)).min(2).max(OPTIONS),
  /** The party that says who may vote, opens and closes. */
  registrar: z.string().regex(/^[a-z0-9_-]{1,64}$/),
  /** Identity keys of the registrar (`party-NAME`) and the three servers. */
  keys: z.record(z.string(), publicKey),
  /** Milliseconds since the epoch after which any server closes the election. */
  deadlineMs: z.int().positive(),
});

export type ElectionDescriptor = z.infer<typeof electionDescriptorSchema>;
export type ElectionType = ElectionDescriptor['type'];

export const electionDigest = (descriptor: ElectionDescriptor): string =>
  digestOf('election descriptor', descriptor as unknown as Json); // zod's type has no index signature; its values are JSON

/** The election's id: the first 20 hexadecimal digits of its descriptor's digest. */
export const electionId = (digest: string): string => digest.slice(0, 20);

export interface ElectionParts {
  readonly random: RandomSource;
  readonly deployment: string;
  readonly title: string;
  readonly type: ElectionType;
  readonly labels: readonly string[];
  readonly registrar: string;
  /** Enrolled keys by address; the registrar's and the servers' are taken. */
  readonly keys: Readonly<Record<string, PublicKey>>;
  readonly deadlineMs: number;
}

/** A descriptor in its one form, checked. Throws `election.malformed` or what `checkElection` throws. */
export function buildElection(parts: ElectionParts): ElectionDescriptor {
  const wanted = [`party-${parts.registrar}`, ...ELECTION_SERVERS];
  const keys = wanted.flatMap((address) => {
    const key = parts.keys[address];
    return key === undefined ? [] : [[address, key] as const];
  });
  const { deployment, title, type, labels, registrar, deadlineMs } = parts;
  const parsed = electionDescriptorSchema.safeParse({
    version: 1,
    deployment,
    nonce: hex.encode(parts.random(16)),
    title,
    type,
    labels,
    registrar,
    keys: Object.fromEntries(keys),
    deadlineMs,
  });
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    throw refusal('malformed', `${first?.path.join('.') ?? ''}: ${first?.message ?? ''}`, 'correct it');
  }
  checkElection(parsed.data);
  return parsed.data;
}

/** What a schema cannot say. Throws `election.keys`, `election.labels` or `election.marks`. */
export function checkElection({ keys, labels, type, registrar }: ElectionDescriptor): void {
  const wanted = [`party-${registrar}`, ...ELECTION_SERVERS].sort();
  const named = Object.keys(keys).sort();
  if (wanted.join() !== named.join())
    throw refusal(
      'keys',
      `keys of ${named.slice(0, 8).join(', ')}, where ${wanted.join(', ')} are wanted`,
      'enrol the registrar and the three servers first',
    );
  if (new Set(Object.values(keys)).size !== wanted.length)
    throw refusal('keys', 'two participants have one key', 'every party and role needs a key of its own');
  if (type.kind === 'yesNo' && labels.length !== 2)
    throw refusal('labels', `${labels.length} labels for yes and no`, 'name no, then yes');
  if (new Set(labels).size !== labels.length)
    throw refusal('labels', 'two options have the same label', 'tell them apart');
  if (type.kind === 'approval' && type.most > labels.length)
    throw refusal('marks', `${type.most} marks for ${labels.length} options`, 'allow at most all of them');
}

/** What its ballots prove. */
export function kindOfBallots({ type, labels }: Pick<ElectionDescriptor, 'type' | 'labels'>): BallotKind {
  return type.kind === 'yesNo' ? type : { ...type, options: labels.length };
}

/** Whether that text can be an election's id. */
export const isElectionId = (text: string): boolean => /^[0-9a-f]{20}$/.test(text);

/** Voters of one election: their list goes through the log, and every follower keeps it. */
export const MOST_VOTERS = 1_000_000;
/** Ballots of one voter that the box takes: enough to change one's mind, too few to fill it. */
export const BALLOTS_PER_VOTER = 32;

const refusal = (code: string, message: string, hint: string): MpcError =>
  new MpcError(`election.${code}`, message.slice(0, LIMITS.nameCharacters * 6), {
    hint,
    exitCode: EXIT.badData,
  });
