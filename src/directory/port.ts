/**
 * Owns what the directory's service needs of the replica behind it.
 * Must never answer from anything but what this replica has applied.
 */
import type { Json } from '../base/canonical.ts';
import type { Body, ReadTable } from '../coordination/chapter.ts';
import type { Vouched } from '../coordination/commands.ts';
import type { Follower } from '../coordination/follower.ts';
import type { Reply } from '../coordination/reply.ts';
import type { CoordinatorService } from '../coordination/service.ts';
import type { Change } from '../coordination/tables.ts';
import type { DirectoryBody } from './bodies.ts';

/** A command that a coordinator signs for: an account's, under a session, or its own. */
export type ToVouch = Omit<Vouched, 'body'> & { readonly body: DirectoryBody };

export interface DirectoryPort {
  /** The replica's records, as of the last entry applied here. */
  table<Row>(chapter: string, name: string): ReadTable<Row>;
  /** Has it appended and applied here, or says why not. Never rejects. */
  vouch(command: ToVouch): Promise<Reply>;
  /** Told after every entry; the returned function ends it. */
  onChanges(listener: (changes: readonly Change[]) => void): () => void;
  /** Resolves when everything that was in the log at the call has been applied here; rejects when that takes too long. */
  caughtUp(): Promise<void>;
}

export interface ReplicaParts {
  readonly follower: Pick<Follower, 'state' | 'onEntry' | 'until'>;
  readonly service: Pick<CoordinatorService, 'vouch'>;
  /** Number of the log's last entry now. */
  readonly lastEntry: () => Promise<number>;
}

const PATIENCE_MS = 5_000;

export function replicaPort({ follower, service, lastEntry }: ReplicaParts): DirectoryPort {
  let next: Promise<void> | undefined;
  const catchUp = async (): Promise<void> => {
    const last = await lastEntry();
    await follower.until(({ sequence }) => sequence >= last, AbortSignal.timeout(PATIENCE_MS));
  };
  return {
    table: (chapter, name) => follower.state.table(chapter, name),
    vouch: ({ body, ...command }) => service.vouch({ ...command, body: body satisfies Json as Body }), // its schema's type: JSON
    onChanges: (listener) => {
      const entries = follower.onEntry((applied) => {
        const changes = applied.flatMap(({ changes }) => changes);
        if (changes.length > 0) listener(changes);
      });
      return () => entries.unsubscribe();
    },
    // Who comes in the same turn of the loop shares one question to the log.
    caughtUp: () => {
      next ??= Promise.resolve().then(() => {
        next = undefined;
        return catchUp();
      });
      return next;
    },
  };
}
