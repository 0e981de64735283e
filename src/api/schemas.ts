/**
 * Owns the words of both faces: names, ids, digests, and the headers that requests may bring.
 */
import { z } from 'zod';
import { LIMITS } from '../base/limits.ts';
import { problemSchema } from '../base/problem.ts';

export const partySchema = z
  .string()
  .regex(/^[a-z0-9_-]{1,64}$/, `use 1 to ${LIMITS.nameCharacters} of a-z, 0-9, _ and -`);
export const collaborationIdSchema = z.string().regex(/^[0-9a-f]{20}$/, 'an id has 20 hexadecimal digits');
export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, 'a digest has 64 hexadecimal digits');
/** RFC 3339, in UTC. */
export const timeSchema = z.iso.datetime();

export const byCollaboration = z.object({ cid: collaborationIdSchema });
export const byParty = z.object({ cid: collaborationIdSchema, pid: partySchema });

/** Repeating a request with the same key, at any replica, does it once. */
export const idempotent = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'use 1 to 255 visible ASCII characters')
    .optional()
    .meta({ description: 'The same for every retry of one request, at whichever replica' }),
});
export const changing = idempotent.extend({
  'if-match': z.string().max(1000).optional().meta({ description: 'The ETag that was seen last' }),
});
export const reading = z.looseObject({
  'if-none-match': z.string().max(1000).optional().meta({ description: 'The ETag that is known already' }),
});

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});

const PROBLEMS = {
  400: problem('Malformed: `faults` has the path of each'),
  401: problem('No token, or one whose session has ended'),
  403: problem('Not allowed to this caller'),
  404: problem('Unknown'),
  406: problem('Not available in that form'),
  409: problem('Not in this state: `state` says which'),
  412: problem('Changed since it was seen: `If-Match` is not its ETag'),
  413: problem('Too large'),
  415: problem('Not of that media type'),
  422: problem('The idempotency key was used for something else; or the program takes too much to compile'),
  429: problem('Too fast: `Retry-After` says when'),
  500: problem('A fault of the program'),
  503: problem('Not known yet: ask again with the same key after `Retry-After` seconds'),
} as const;

/** The problems that a path has, beside those that every path has. */
export function problems<Status extends keyof typeof PROBLEMS>(
  ...statuses: readonly Status[]
): Pick<typeof PROBLEMS, Status | 400 | 401 | 429 | 500 | 503> {
  const chosen = new Set<string>([...statuses, 400, 401, 429, 500, 503].map(String));
  // The keys are those that were asked for: TypeScript loses them in fromEntries.
  return Object.fromEntries(Object.entries(PROBLEMS).filter(([status]) => chosen.has(status))) as Pick<
    typeof PROBLEMS,
    Status | 400 | 401 | 429 | 500 | 503
  >;
}
