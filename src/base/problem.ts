/**
 * Owns the form of a refusal over HTTP, an RFC 9457 problem document, and how whoever asked reads it as the error that it was.
 */
import { z } from 'zod';
import { EXIT, type ExitCode, MpcError } from './errors.ts';

export const placeSchema = z.object({
  party: z.string().optional(),
  file: z.string().optional(),
  line: z.int().optional(),
  column: z.union([z.int(), z.string()]).optional(),
});

export const problemSchema = z
  .object({
    type: z.string().meta({ description: '`urn:mpc:problem:` and the code' }),
    title: z.string().meta({ description: 'What the status means' }),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened' }),
    instance: z.string().meta({ description: 'The path that was asked for' }),
    code: z.string().meta({ description: 'Stable, dotted: programs act on this' }),
    hint: z.string().optional().meta({ description: 'What to do next' }),
    faults: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'Of malformed requests: where, and what is wrong there' }),
    place: placeSchema.optional().meta({ description: 'Of rows and queries: line and column' }),
    state: z.string().optional().meta({ description: 'Of 409: the state that forbids it' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });

export type Problem = z.infer<typeof problemSchema>;

/** Of an answer that is no success. What is no problem document becomes `api.unreadable`. */
export function errorOfProblem(body: unknown, status: number): MpcError {
  const problem = problemSchema.safeParse(body);
  if (!problem.success) return unreadable(status);
  const { code, detail, hint, place, faults = [] } = problem.data;
  // The detail is the first fault's.
  const more = faults.slice(1).map(({ path, message }) => `; ${path}: ${message}`);
  const { party, file, line, column } = place ?? {};
  return new MpcError(code, [detail, ...more].join(''), {
    exitCode: exitOf(status),
    ...(hint === undefined ? {} : { hint }),
    ...(place === undefined
      ? {}
      : {
          place: {
            ...(party === undefined ? {} : { party }),
            ...(file === undefined ? {} : { file }),
            ...(line === undefined ? {} : { line }),
            ...(column === undefined ? {} : { column }),
          },
        }),
  });
}

/** With what exit code a program ends that was refused with that status. */
export const exitOf = (status: number): ExitCode =>
  EXITS[status] ?? (status >= 500 ? EXIT.software : EXIT.protocol);

const EXITS: Readonly<Record<number, ExitCode>> = {
  400: EXIT.badData,
  401: EXIT.noPermission,
  403: EXIT.noPermission,
  404: EXIT.noInput,
  409: EXIT.temporary,
  412: EXIT.temporary,
  413: EXIT.badData,
  415: EXIT.badData,
  422: EXIT.badData,
  429: EXIT.temporary,
  503: EXIT.unavailable,
};

/** What an answer becomes that has not the form it must have. */
export const unreadable = (status?: number): MpcError =>
  new MpcError(
    'api.unreadable',
    `an answer${status === undefined ? '' : ` of status ${status}`} is not readable`,
    { hint: 'is it an mpc role of this version that answers there?', exitCode: EXIT.protocol },
  );
