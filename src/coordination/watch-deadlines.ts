/**
 * Owns which collaborations a coordinator should expire, and under which command id.
 * Must never expire anything itself: the log decides, by its own time.
 */

import type { Collaboration } from './collaboration.ts';
import type { CollaborationsView } from './collaborations.ts';
import { derivedCommandId } from './commands.ts';
import { ENDED } from './lifecycle.ts';

/** The log's clock may lag behind ours: asked within this time after the deadline, it might refuse. */
const MARGIN_MS = 2_000;
/** How often an `expire` may be said again under a new id, should the log have refused it as too early. */
const AGAIN_AFTER_MS = 60_000;

export interface Expiry {
  readonly collaboration: string;
  /** The same on every replica that sees it in the same minute, so that the log takes it once. */
  readonly commandId: string;
}

const isOpen = ({ status }: Collaboration): boolean => !ENDED.includes(status);

/** Collaborations that have not ended though their deadline has passed, sorted by id. */
export function expiredCollaborations(
  state: Pick<CollaborationsView, 'collaborations'>,
  nowMs: number,
): Expiry[] {
  return state
    .collaborations()
    .filter((item) => isOpen(item) && item.descriptor.deadlineMs + MARGIN_MS <= nowMs)
    .map(({ id }) => ({
      collaboration: id,
      commandId: derivedCommandId(['expire', id, Math.floor(nowMs / AGAIN_AFTER_MS)]),
    }));
}
