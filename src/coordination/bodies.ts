/**
 * Owns what may be said about collaborations: the bodies of their commands, by kind.
 * Must never hold a secret: every participant reads them.
 */
import { z } from 'zod';
import { descriptorSchema } from './descriptor.ts';
import { reportSchema as report } from './report.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const collaboration = z.string().regex(/^[0-9a-f]{20}$/);

export const collaborationBodies = [
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
] as const;

export type CommandBody = z.infer<(typeof collaborationBodies)[number]>;
export type CommandKind = CommandBody['kind'];
