/**
 * Owns the answer of a coordinator to a submitted command, as JSON on the bus.
 * Must never be taken for proof: the broker carries it. What happened is what the log says.
 */
import { z } from 'zod';
import { utf8 } from '../base/bytes.ts';
import { canonicalJson, type Json } from '../base/canonical.ts';
import type { ErrorReport } from '../base/errors.ts';
import type { Outcome } from './records.ts';

export type Reply =
  /** Applied: at that place of the log, with its chapter's answer. */
  | { readonly ok: true; readonly sequence: number; readonly answer?: Json }
  /** Refused for good: the same command will be refused again. */
  | { readonly ok: false; readonly error: ErrorReport }
  /** Not known yet: ask again with the same id. */
  | { readonly ok: false; readonly error: ErrorReport; readonly again: true };

const text = z.string().max(2000);
const replySchema = z.union([
  z.strictObject({ ok: z.literal(true), sequence: z.int().min(1), answer: z.json().optional() }),
  z.strictObject({
    ok: z.literal(false),
    again: z.literal(true).optional(),
    error: z.strictObject({
      code: z.string().max(100),
      message: text,
      hint: text.optional(),
      place: z
        .strictObject({
          party: text.optional(),
          file: text.optional(),
          line: z.int().optional(),
          column: z.union([z.int(), text]).optional(),
        })
        .optional(),
    }),
  }),
]);

export const replyBytes = (reply: Reply): Uint8Array => utf8.encode(canonicalJson(reply as unknown as Json)); // plain JSON

export function replyTo(outcome: Outcome): Reply {
  if (!outcome.ok) return { ok: false, error: outcome.error };
  const { sequence, answer } = outcome;
  return { ok: true, sequence, ...(answer === undefined ? {} : { answer }) };
}

/** Undefined for bytes that are no reply of this version. */
export function parseReply(bytes: Uint8Array): Reply | undefined {
  try {
    const parsed = replySchema.safeParse(JSON.parse(utf8.decode(bytes)));
    return parsed.success ? (parsed.data as Reply) : undefined; // parsed JSON has no undefined members
  } catch {
    return undefined;
  }
}
