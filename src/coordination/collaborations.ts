/**
 * Owns the chapter of collaborations: one table of them, changed as decide.ts says; and how readers see it.
 * Must never decide anything itself.
 */
import { collaborationBodies } from './bodies.ts';
import { type Chapter, chapterOf, type ReadTable } from './chapter.ts';
import type { Collaboration, CollaborationsView } from './collaboration.ts';
import { type CollaborationRules, decide } from './decide.ts';
import type { LifecycleStatus } from './lifecycle.ts';
import { isNoticeBody } from './notices.ts';
import type { Applied, StateView } from './records.ts';

export const COLLABORATIONS = 'collaborations';

/** Its commands, as `LogRules` take them. */
export function collaborationsChapter(rules: CollaborationRules): Chapter {
  return chapterOf({
    name: COLLABORATIONS,
    bodies: collaborationBodies,
    // What counts for privacy (approving, uploading) is never said for anyone: that takes the party's own key.
    vouchable: ['create', 'register', 'withdraw', 'cancel', 'rerun'],
    apply: (said, at, tables) => {
      const table = tables.table<Collaboration>(COLLABORATIONS);
      const { refusal, put, forget } = decide(rules, viewOf(table), said, at);
      if (refusal !== undefined) return { refusal };
      for (const id of forget) table.delete(id);
      if (put === undefined) return {};
      table.put(put.id, put);
      return { answer: { status: put.status } };
    },
  });
}

export function collaborationsIn(state: Pick<StateView, 'table'>): CollaborationsView {
  // Asked for anew each time: a table is made when something is put into it.
  const view = (): CollaborationsView => viewOf(state.table<Collaboration>(COLLABORATIONS, COLLABORATIONS));
  return {
    collaboration: (id) => view().collaboration(id),
    collaborations: () => view().collaborations(),
  };
}

const viewOf = (table: ReadTable<Collaboration>): CollaborationsView => ({
  collaboration: (id) => table.get(id),
  collaborations: () =>
    [...table.entries()].map(([, collaboration]) => collaboration).sort((a, b) => (a.id < b.id ? -1 : 1)),
});

/** What a command did to the collaboration it is about. */
export interface CollaborationChange {
  /** As it is now. */
  readonly collaboration: Collaboration;
  /** Undefined when it is new. */
  readonly statusBefore: LifecycleStatus | undefined;
  readonly statusAfter: LifecycleStatus;
}

/** Undefined for a command that was refused, repeated, or is about something else: about who tells an endpoint, for instance. */
export function collaborationChange({
  command,
  changes,
}: Pick<Applied, 'changes'> & Partial<Pick<Applied, 'command'>>): CollaborationChange | undefined {
  if (command !== undefined && isNoticeBody(command.body)) return undefined;
  // Forgotten ones make room for a new one: that is the one it is about.
  const change = changes.find(
    ({ chapter, table, after }) =>
      chapter === COLLABORATIONS && table === COLLABORATIONS && after !== undefined,
  );
  if (change === undefined) return undefined;
  const collaboration = change.after as Collaboration; // this chapter put it
  const before = change.before as Collaboration | undefined;
  return { collaboration, statusBefore: before?.status, statusAfter: collaboration.status };
}
