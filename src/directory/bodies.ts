/**
 * Owns what may be said about accounts, sessions and mail: the bodies of their commands, by kind.
 * Must never hold a password, a token or a text: every replica and the broker keep them.
 */
import { z } from 'zod';
import { BOUNDS } from './bounds.ts';
import { accountName } from './names.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const signature = z.string().regex(/^[A-Za-z0-9_-]{86}$/);
const key32 = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const timeMs = z.int().min(0);
const lifetimeMs = z.int().min(BOUNDS.shortestSessionMs).max(BOUNDS.longestSessionMs);

/** What `hashPassword` gives: the algorithm, its costs, salt and hash. */
const passwordHash = z
  .string()
  .regex(/^scrypt\$\d{2}\$\d{1,2}\$\d{1,2}\$[A-Za-z0-9_-]{22}\$[A-Za-z0-9_-]{43}$/);

/** An account's public keys, and that whoever names them holds them: see statements.ts. */
const keys = z.strictObject({
  signing: z.string().regex(/^U[A-Z2-7]{55}$/),
  sealing: key32,
  atMs: timeMs,
  /** By the signing key. */
  possession: signature,
  /** By the enrolled key of the party of that name, where it is another key. */
  party: signature.optional(),
});

/** Why the account's owner is believed: the replica has checked its password, or it has signed. */
const evidence = z.union([
  z.strictObject({ by: z.literal('password'), passwordNumber: z.int().min(0) }),
  z.strictObject({ by: z.literal('key'), atMs: timeMs, signature }),
]);

export const directoryBodies = [
  /** By a coordinator, for whoever asked. */
  z.strictObject({
    kind: z.literal('registerAccount'),
    account: accountName,
    password: passwordHash.nullable(),
    keys: keys.nullable(),
  }),
  /** By a coordinator: `session` is the SHA-256 of the token. */
  z.strictObject({
    kind: z.literal('openSession'),
    account: accountName,
    session: digest,
    lifetimeMs,
    evidence,
  }),
  /** By a coordinator that was told a wrong password. */
  z.strictObject({ kind: z.literal('failLogin'), account: accountName }),
  /** The following: by the account, vouched for by a coordinator. */
  z.strictObject({ kind: z.literal('renewSession'), session: digest, lifetimeMs }),
  z.strictObject({ kind: z.literal('closeSession'), session: digest }),
  /** What is absent stays as it is. All other sessions end. */
  z.strictObject({
    kind: z.literal('changeAccount'),
    session: digest,
    password: passwordHash.nullable().optional(),
    keys: keys.optional(),
    evidence,
  }),
  z.strictObject({ kind: z.literal('deleteAccount'), session: digest, evidence }),
  /** The command's id is the message's. */
  z.strictObject({
    kind: z.literal('sendMessage'),
    to: accountName,
    sealedTo: key32,
    sealed: z
      .string()
      .regex(/^[A-Za-z0-9_-]+$/)
      .min(64)
      .max(Math.ceil((BOUNDS.sealedBytes * 4) / 3)),
  }),
  /** All messages up to `number` have been shown at that place. */
  z.strictObject({ kind: z.literal('acknowledge'), session: digest, number: z.int().min(0) }),
] as const;

export type DirectoryBody = z.infer<(typeof directoryBodies)[number]>;
export type BodyOf<Kind extends DirectoryBody['kind']> = Extract<DirectoryBody, { kind: Kind }>;
export type KeysSaid = z.infer<typeof keys>;
export type Evidence = z.infer<typeof evidence>;
