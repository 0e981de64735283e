/**
 * Owns the words that all charts share: events of the replicated log, what stands in for effects and deliveries, and
 * reports of what went wrong. Must never do anything: the host (src/host) runs effects and delivers actions.
 */
import { fromPromise } from 'xstate';
import { type ErrorReport, reportOf } from '../src/base/errors.ts';
import type { CommandBody, CommandKind } from '../src/coordination/bodies.ts';
import type { LifecycleStatus } from '../src/coordination/lifecycle.ts';

/** A committed command, as the actor of its collaboration hears of it. */
export type LogEvent<K extends CommandKind> = K extends CommandKind
  ? {
      readonly type: `log.${K}`;
      readonly author: string;
      /** The collaboration's new status, where this command changed it. */
      readonly status?: LifecycleStatus;
      /** Why it failed, where this command made it fail. */
      readonly ended?: ErrorReport;
    } & Omit<Extract<CommandBody, { kind: K }>, 'kind' | 'collaboration'>
  : never;

/** Stands in for an invoked effect: charts name effects, the host runs them. */
export const hostRuns = <Input, Output = unknown>() =>
  fromPromise<Output, Input>(async () => {
    throw new Error('the host runs effects');
  });

/** Stands in for an action that the host delivers after the commit, with these parameters. */
export const hostDelivers =
  <Params>() =>
  (_args: unknown, _params: Params): void => {};

/** What an effect failed with: the host hands a report, anything else is wrapped. */
export function reportFrom(error: unknown): ErrorReport {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error))
    return reportOf(error);
  const { code, message } = error;
  if (typeof code !== 'string' || typeof message !== 'string') return reportOf(error);
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
  const place =
    'place' in error && typeof error.place === 'object' && error.place !== null ? error.place : undefined;
  return {
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(place === undefined ? {} : { place }),
  };
}

/** The command that tells every participant why this one cannot go on. */
export const failCommand = (
  { collaboration, attempt }: { readonly collaboration: string; readonly attempt: number },
  reason: ErrorReport | null,
): CommandBody => ({ kind: 'fail', collaboration, attempt, reason: toldReason(reason) });

/** The command that tells everybody why this server cannot go on with an election. */
export const ballotBoxFailure = (
  election: string,
  reason: ErrorReport | null,
): { readonly kind: 'election.fail'; readonly election: string; readonly reason: CommandReason } => ({
  kind: 'election.fail',
  election,
  reason: toldReason(reason),
});

type CommandReason = Extract<CommandBody, { kind: 'fail' }>['reason'];

/** Texts are cut to what a command may hold. */
function toldReason(reason: ErrorReport | null): CommandReason {
  const { code, message, hint, place } = reason ?? reportOf(new Error('no reason was kept'));
  return {
    code: code.slice(0, 100),
    message: message.slice(0, 500),
    ...(hint === undefined ? {} : { hint: hint.slice(0, 500) }),
    ...(place === undefined ? {} : { place: cutPlace(place) }),
  };
}

function cutPlace({
  party,
  file,
  line,
  column,
}: NonNullable<ErrorReport['place']>): NonNullable<CommandReason['place']> {
  return {
    ...(party === undefined ? {} : { party: party.slice(0, 64) }),
    ...(file === undefined ? {} : { file: file.slice(0, 500) }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column: typeof column === 'string' ? column.slice(0, 500) : column }),
  };
}

/** The two ends a collaboration comes to from outside, in words. */
export const EXPIRED: ErrorReport = {
  code: 'collaboration.expired',
  message: 'the deadline passed before the collaboration finished',
  hint: 'create a new collaboration with a later deadline',
};
export const CANCELLED: ErrorReport = {
  code: 'collaboration.cancelled',
  message: 'its creator took the collaboration back',
  hint: 'ask the party that created it',
};

/** Where a role's root chart goes when an effect fails, keeping why. `target` is its state of rest. */
export const stopsAt = <Target extends `#${string}.stopped`>(target: Target) =>
  ({
    target,
    actions: {
      type: 'recordReason',
      params: ({ event }: { event: { error: unknown } }) => ({ reason: reportFrom(event.error) }),
    },
  }) as const;
