/**
 * Owns the face of an election's life as the log needs it: a chart that is played with the facts the log tells.
 * Must never be a chart itself: the one there is comes in as an argument, so that this folder stays below the roles.
 */
import type { ErrorReport } from '../base/errors.ts';
import type { KeyShare } from './verify-key.ts';

export type ElectionStatus =
  | 'draft'
  | 'open'
  | 'closing'
  | 'tallying'
  | 'published'
  | 'cancelled'
  | 'disputed';

/** States that nothing leaves any more. */
export const ELECTION_ENDED: readonly ElectionStatus[] = ['published', 'cancelled', 'disputed'];

export interface LifeInput {
  /** The registrar's address. */
  readonly registrar: string;
}

export interface SealingKeySaid {
  readonly sealingKey: string;
  readonly signature: string;
}

/** What the box was when the last server had flushed: nothing is added to it any more. */
export interface FrozenBox {
  readonly batches: number;
  readonly ballots: number;
  readonly chain: string;
  /** Digest of every command about this election up to then, in order. */
  readonly history: string;
}

/** What one server says the frozen box is. */
export interface Seal {
  readonly root: string;
  readonly counted: number;
  readonly rejected: number;
  readonly history: string;
}

/** What the log has told about an election so far; servers by their addresses. */
export interface LifeFacts extends LifeInput {
  /** The sealing keys, base64url, each with its server's signature. */
  readonly ready: Readonly<Record<string, SealingKeySaid>>;
  readonly keyed: Readonly<Record<string, KeyShare>>;
  readonly voters: number;
  /** Root of the list of voters; empty until it is closed. */
  readonly votersRoot: string;
  readonly flushed: readonly string[];
  readonly frozen: FrozenBox | null;
  readonly seals: Readonly<Record<string, Seal>>;
  /** The tally shares, base64url. */
  readonly fragments: Readonly<Record<string, string>>;
  /** The result, once all three fragments are there: one number an option (of yes and no: the number of yes). */
  readonly result: readonly number[] | null;
  /** Why it ended without a result. */
  readonly reason: ErrorReport | null;
}

/** Plain JSON. */
export interface LifeSnapshot {
  readonly value:
    | ElectionStatus
    | { readonly draft: 'waitingForServers' | 'waitingForKeys' | 'prepared' }
    | { readonly closing: 'flushing' | 'sealing' };
  readonly context: LifeFacts;
}

/** A command as the chart sees it, with what the chapter found about it. */
export type LifeEvent = { readonly author: string } & (
  | ({ readonly type: 'ready' } & SealingKeySaid)
  | ({ readonly type: 'keyed' } & KeyShare)
  | { readonly type: 'open'; readonly voters: number; readonly root: string }
  /** `isDue`: the deadline has passed in log time. */
  | { readonly type: 'close'; readonly isDue: boolean }
  /** `box`: what the box is with this word. */
  | { readonly type: 'flushed'; readonly box: FrozenBox }
  | ({ readonly type: 'sealed' } & Seal)
  /** `result`: what the three fragments add up to; absent while one is missing, null where it is no possible result. */
  | {
      readonly type: 'tallied';
      readonly root: string;
      readonly fragment: string;
      readonly result?: readonly number[] | null;
    }
  | { readonly type: 'cancel' }
  | { readonly type: 'fail'; readonly reason: ErrorReport }
);

/** Pure functions from JSON to JSON. `roles/election.ts` has the one that is used. */
export interface LifeChart {
  initial(input: LifeInput): LifeSnapshot;
  /** A refused or repeated event leaves the snapshot as it is. */
  step(
    snapshot: LifeSnapshot,
    event: LifeEvent,
  ): { readonly snapshot: LifeSnapshot; readonly refusal?: ErrorReport };
}

export const statusOfLife = ({ value }: Pick<LifeSnapshot, 'value'>): ElectionStatus =>
  typeof value === 'string' ? value : 'draft' in value ? 'draft' : 'closing';

/** `closing.flushing`, `open`: the state as people see it. */
export const stateOfLife = ({ value }: Pick<LifeSnapshot, 'value'>): string =>
  typeof value === 'string' ? value : Object.entries(value).flat().join('.');
