/**
 * Owns a reason as the log keeps it: an error's report within bounds.
 * Must never let a long story keep a failure out of the log: it is shortened.
 */
import { z } from 'zod';
import { LIMITS } from '../base/limits.ts';
import type { Body } from './chapter.ts';

/** Characters of a reason's texts and of its code: enough to act on, too few to store anything in. */
const SHORT_CHARACTERS = 500;
const CODE_CHARACTERS = 100;
const short = z.string().max(SHORT_CHARACTERS);
export const reportSchema = z.strictObject({
  code: z.string().max(CODE_CHARACTERS),
  message: short,
  hint: short.optional(),
  place: z
    .strictObject({
      party: z.string().max(LIMITS.nameCharacters).optional(),
      file: short.optional(),
      line: z.int().optional(),
      column: z.union([z.int(), short]).optional(),
    })
    .optional(),
});

type Reason = z.infer<typeof reportSchema>;

/** A body whose reason, if it has one, is within the schema's bounds: a failure with a long story must reach the log. */
export function shortenedReason(body: Body): Body {
  const { reason } = body;
  if (typeof reason !== 'object' || reason === null || !('code' in reason)) return body;
  return { ...body, reason: shortened(reason as Reason) }; // who says it builds it as a report
}

function shortened(reason: Reason): Reason {
  const { code, message, hint, place } = reason;
  const cut = <Value>(value: Value): Value | string =>
    typeof value === 'string' ? value.slice(0, SHORT_CHARACTERS) : value;
  return {
    code: code.slice(0, CODE_CHARACTERS),
    message: message.slice(0, SHORT_CHARACTERS),
    ...(hint === undefined ? {} : { hint: cut(hint) }),
    ...(place === undefined
      ? {}
      : {
          place: {
            ...(place.party === undefined ? {} : { party: place.party.slice(0, LIMITS.nameCharacters) }),
            ...(place.file === undefined ? {} : { file: cut(place.file) }),
            ...(place.line === undefined ? {} : { line: place.line }),
            ...(place.column === undefined ? {} : { column: cut(place.column) }),
          },
        }),
  };
}
