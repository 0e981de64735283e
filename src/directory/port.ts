/**
 * Owns what the directory's service needs of the replica behind it. Composition fills it in; tests do with replicas in memory.
 */
import type { Json } from '../base/canonical.ts';
import type { ErrorReport } from '../base/errors.ts';
import type { ReadTable } from '../coordination/chapter.ts';
import type { DirectoryBody } from './bodies.ts';

/** A command that a coordinator signs for: an account's, under a session, or its own. */
export interface ToVouch {
  readonly id: string;
  readonly author: 'coordinator' | `party-${string}`;
  /** SHA-256 of the session's token; absent in the coordinator's own commands. */
  readonly session?: string;
  readonly body: DirectoryBody;
}

export type VouchReply =
  | { readonly ok: true; readonly sequence: number; readonly answer?: Json }
  | { readonly ok: false; readonly error: ErrorReport; readonly again?: true };

/** A record that has changed. */
export interface RecordChange {
  readonly chapter: string;
  readonly table: string;
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface DirectoryPort {
  /** The replica's records, as of the last entry applied here. */
  table<Row>(chapter: string, name: string): ReadTable<Row>;
  /** Has it appended and applied here, or says why not. Never rejects. */
  vouch(command: ToVouch): Promise<VouchReply>;
  /** Told after every entry; the returned function ends it. */
  onChanges(listener: (changes: readonly RecordChange[]) => void): () => void;
  /** Resolves when everything that was in the log at the call has been applied here. */
  caughtUp(): Promise<void>;
}
