/**
 * Owns what a coordinator says when a time has passed: which collaborations expire, which wait for no more input parties, and
 * under which command id. Must never decide any of it: the log does, by its own time.
 */
import type { CommandBody } from './bodies.ts';
import { type Collaboration, type CollaborationsView, inputDeadlineMs } from './collaboration.ts';
import { derivedCommandId } from './commands.ts';
import { ENDED, type LifecycleStatus } from './lifecycle.ts';

/** The log's clock may lag behind ours: asked within this time after a deadline, it might refuse. */
const MARGIN_MS = 2_000;
/** How often the same may be said again under a new id, should the log have refused it as too early. */
const AGAIN_AFTER_MS = 60_000;

interface Overdue {
  readonly body: CommandBody;
  /** The same on every replica that sees it in the same minute, so that the log takes it once. */
  readonly commandId: string;
}

const TAKES_INPUTS: readonly LifecycleStatus[] = ['open', 'registering', 'collecting'];

/** What is to be said now, sorted by collaboration. */
export function overdueCommands(state: Pick<CollaborationsView, 'collaborations'>, nowMs: number): Overdue[] {
  const minute = Math.floor(nowMs / AGAIN_AFTER_MS);
  return state
    .collaborations()
    .flatMap((item): CommandBody[] => {
      if (isExpired(item, nowMs)) return [{ kind: 'expire', collaboration: item.id }];
      const { attempt } = item.lifecycle.context;
      return waitsTooLong(item, nowMs) ? [{ kind: 'close', collaboration: item.id, attempt }] : [];
    })
    .map((body) => ({ body, commandId: derivedCommandId([{ ...body }, minute]) }));
}

const isExpired = ({ status, descriptor }: Collaboration, nowMs: number): boolean =>
  !ENDED.includes(status) && descriptor.deadlineMs + MARGIN_MS <= nowMs;

function waitsTooLong(item: Collaboration, nowMs: number): boolean {
  const untilMs = inputDeadlineMs(item);
  return (
    untilMs !== undefined &&
    untilMs + MARGIN_MS <= nowMs &&
    !item.lifecycle.context.closed &&
    TAKES_INPUTS.includes(item.status)
  );
}
