/**
 * Owns the commands of the replicated log: what may be said, by whom, and the signature that proves it.
 * Must never hold a secret. A command's id makes every retry harmless.
 */
import { z } from 'zod';
import { descriptorSchema } from './descriptor.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const collaboration = z.string().regex(/^[0-9a-f]{20}$/);
const short = z.string().max(500);
const report = z.strictObject({
  code: z.string().max(100),
  message: short,
  hint: short.optional(),
  place: z
    .strictObject({
      party: z.string().max(64).optional(),
      file: short.optional(),
      line: z.int().optional(),
      column: z.union([z.int(), short]).optional(),
    })
    .optional(),
});

export const bodySchema = z.discriminatedUnion('kind', [
  /** A party opens a collaboration. */
  z.strictObject({ kind: z.literal('create'), descriptor: descriptorSchema }),
  /** A party agrees to the descriptor of that digest. */
  z.strictObject({ kind: z.literal('approve'), collaboration, descriptor: digest }),
  /** A server has its tape. */
  z.strictObject({ kind: z.literal('randomnessReady'), collaboration, attempt: z.int().min(1) }),
  /** An input party has handed its masked rows to both servers; `rows` is the digest of the masked bytes. */
  z.strictObject({ kind: z.literal('uploaded'), collaboration, rows: digest }),
  /** A server ties its tape to one descriptor, input set and attempt, before it opens anything. */
  z.strictObject({ kind: z.literal('bound'), collaboration, attempt: z.int().min(1), binding: digest }),
  /** A server holds its half of the result; `outputs` is the digest of the masked results, equal on both. */
  z.strictObject({ kind: z.literal('resultStored'), collaboration, outputs: digest }),
  /** An output party has combined its result. */
  z.strictObject({ kind: z.literal('received'), collaboration }),
  /** A participant cannot go on. */
  z.strictObject({ kind: z.literal('fail'), collaboration, reason: report }),
  /** The creator takes the collaboration back before it started. */
  z.strictObject({ kind: z.literal('cancel'), collaboration }),
  /** A coordinator saw the deadline pass. */
  z.strictObject({ kind: z.literal('expire'), collaboration }),
]);

export type CommandBody = z.infer<typeof bodySchema>;
export type CommandKind = CommandBody['kind'];

export const commandSchema = z.strictObject({
  /** 32 hexadecimal digits, unpredictable or derived from what caused it; the same for every retry. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  /** An address: `server-a`, `dealer`, `party-acme`, `coordinator`. */
  author: z.string().regex(/^(server-a|server-b|dealer|coordinator|party-[a-z0-9_-]{1,64})$/),
  body: bodySchema,
  /** Ed25519 by the author's enrolled key over the canonical text of {deployment, id, author, body}, base64url. */
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
});

export type Command = z.infer<typeof commandSchema>;
