/**
 * Owns what kind of refusal an error's code means: one of HTTP's statuses, on every wire, so that programs act alike on all of them.
 */
import type { ErrorReport } from './errors.ts';

/** The first that matches a code counts: exact codes, then families. */
const STATUS_OF: readonly (readonly [RegExp, number])[] = [
  [/^command\.id-reused$/, 422],
  [/^request\.changed-meanwhile$/, 412],
  [/^program\.too-(slow|heavy)$/, 422],
  [/^request\.too-fast$/, 429],
  [/^command\.chapter-fault$/, 500],
  [/^descriptor\.(deadline-passed|not-approved)$/, 409],
  [
    /^(descriptor|sql|plan|circuit|program|query|rows|name|password|pattern|text|usage|request|ballot|credential)\./,
    400,
  ],
  [/\.not-allowed$|^command\.(wrong-sender|not-vouchable)$|^collaboration\.not-(an?|the)-/, 403],
  [/^account\.bad-proof$/, 403],
  [/^account\.no-way-in$/, 400],
  [/\.too-many$|\.too-fast$|^account\.locked$/, 429],
  [/^session\.|^account\.wrong-password$/, 401],
  [/\.unknown$/, 404],
  [/\.too-large$/, 413],
  [/^(coordinator|bus|log|broker)\./, 503],
  [/^(collaboration|result|account|message|mail|election)\./, 409],
  [/^command\./, 400],
];

export function statusOf({ code }: Pick<ErrorReport, 'code'>): number {
  return STATUS_OF.find(([pattern]) => pattern.test(code))?.[1] ?? 500;
}
