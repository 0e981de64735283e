/**
 * Owns what is accepted as a record of the feed: these fields and no others, each of names, ids and numbers. What a person or a
 * party brought (rows, texts, results, reasons) fits none of them.
 */
import { z } from 'zod';
import { EXIT, MpcError } from '../base/errors.ts';
import type { FeedRecord } from './records.ts';

const name = z.string().regex(/^[a-z0-9_-]{1,64}$/);
const word = z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/);
const path = z.string().regex(/^[A-Za-z0-9]{1,64}(\.[A-Za-z0-9]{1,64}){0,15}$/);
const event = z.string().regex(/^[A-Za-z0-9._*-]{1,100}$/);
const transition = z.string().regex(/^[A-Za-z0-9.]{1,400}\/[A-Za-z0-9._*-]{1,100}\/\d{1,3}$/);
const id = z.string().regex(/^[0-9a-f]{20}$/);
const count = z.int().min(0);

const told = {
  role: name,
  start: z.string().regex(/^[0-9a-f]{16}$/),
  number: count,
  atMs: count,
};
const about = {
  actor: z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,63}(:[0-9a-f]{20})?(:\d{1,6})?$/),
  machine: word,
  collaboration: id.nullable(),
};

export const recordSchema: z.ZodType<FeedRecord> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('moved'),
    ...told,
    ...about,
    event,
    from: z.array(path).max(64),
    to: z.array(path).max(64),
    taken: z.array(transition).max(64),
  }),
  z.strictObject({ kind: z.literal('progressed'), ...told, ...about, round: count, rounds: count }),
  z.strictObject({
    kind: z.literal('messaged'),
    ...told,
    way: z.enum(['out', 'in', 'answer']),
    subject: z.string().regex(/^mpc(\.[a-z0-9_-]{1,64}){2,7}$/),
    count,
    bytes: count,
    collaboration: id.nullable(),
  }),
]);

/** Said before a start's records are told again: the number of the oldest one that is still kept. */
export interface Oldest {
  readonly role: string;
  readonly start: string;
  readonly number: number;
}

const oldestSchema = z.strictObject({
  oldest: z.strictObject({ role: name, start: told.start, number: count }),
});

export const oldestLine = (oldest: Oldest): string => JSON.stringify({ oldest });

/** Undefined for any other line. */
export function readOldest(line: string): Oldest | undefined {
  if (!line.startsWith('{"oldest":')) return undefined;
  return oldestSchema.safeParse(JSON.parse(line)).data?.oldest;
}

/** One line of a recorded run, or one record of a message. Throws `run.bad-record`, which quotes none of it. */
export function readRecord(
  text: string,
  place: { readonly file?: string; readonly line?: number } = {},
): FeedRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRecord('is not JSON', place);
  }
  const read = recordSchema.safeParse(value);
  if (read.success) return read.data;
  throw badRecord(`has a fault in ${read.error.issues[0]?.path.join('.') || 'its fields'}`, place);
}

function badRecord(what: string, place: { readonly file?: string; readonly line?: number }): MpcError {
  return new MpcError('run.bad-record', `a record of the run ${what}`, {
    place,
    hint: 'record it again with mpc run --record or mpc inspect --record, by the same version',
    exitCode: EXIT.badData,
  });
}
