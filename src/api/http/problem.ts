/**
 * Owns how an error looks over HTTP: an RFC 9457 problem document, and which status an error's code means.
 * Must never show what an unexpected error says: it may quote a row, a path or a query.
 */
import type { ErrorReport } from '../../base/errors.ts';
import type { Problem } from '../../base/problem.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

export type Fault = NonNullable<Problem['faults']>[number];

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Not a method of this path',
  406: 'Not in that form',
  408: 'The request took too long',
  409: 'Not in this state',
  412: 'Somebody changed it meanwhile',
  413: 'Too large',
  415: 'Not a media type of this path',
  422: 'Not as it is asked for',
  429: 'Too many requests',
  431: 'Too large',
  500: 'A fault of the program',
  503: 'Not available now',
};

/** An error with its status decided by whoever throws it, and what belongs to that status. */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly report: ErrorReport;
  readonly faults: readonly Fault[] | undefined;
  readonly state: string | undefined;
  readonly retryAfterS: number | undefined;

  constructor(
    status: number,
    report: ErrorReport,
    more: { readonly faults?: readonly Fault[]; readonly state?: string; readonly retryAfterS?: number } = {},
  ) {
    super(report.message);
    this.status = status;
    this.report = report;
    this.faults = more.faults;
    this.state = more.state;
    this.retryAfterS = more.retryAfterS;
  }
}

const UNEXPECTED: ErrorReport = {
  code: 'internal',
  message: 'the request ran into a fault of the program',
  hint: 'the log of this process says more; try again, or report it',
};

export function problemOf(refusal: HttpRefusal, instance: string): Problem {
  const { status, faults, state } = refusal;
  const { code, message, hint, place } = status === 500 ? UNEXPECTED : refusal.report;
  return {
    type: `urn:mpc:problem:${code}`,
    title: TITLES[status] ?? 'Refused',
    status,
    detail: message,
    instance,
    code,
    ...(hint === undefined ? {} : { hint }),
    ...(faults === undefined ? {} : { faults: [...faults] }),
    ...(place === undefined ? {} : { place }),
    ...(state === undefined ? {} : { state }),
  };
}
