/**
 * Owns what a party's client service needs of the client behind it: what the log says, and the desk where people hand things in.
 */

import type { RandomSource } from '../../base/random.ts';
import type { VotingPlace } from '../../box/voting.ts';
import type { Collaboration } from '../../coordination/collaboration.ts';
import type { Notice } from '../../coordination/notice.ts';
import type { KeysSaid } from '../../directory/bodies.ts';
import type { Post } from '../../directory/client/post.ts';
import type { ResultFile } from '../../duties/client-duties.ts';
import type { ElectionsView } from '../../election/rows.ts';
import type { Review } from '../../rows/review.ts';

/** Elections of the log, and the way to their three servers. */
export interface Elections {
  readonly view: ElectionsView;
  readonly place: VotingPlace;
  readonly random: RandomSource;
  /** Milliseconds since the epoch: a voter's later ballot has the higher number. */
  readonly now: () => number;
}

/** A client that has caught up with the log. */
export interface PartyDesk {
  readonly deployment: string;
  /** The party's name. */
  readonly party: string;
  readonly sequence: () => number;
  readonly collaboration: (id: string) => Collaboration | undefined;
  readonly collaborations: () => readonly Collaboration[];
  /** Whether this party's people have approved that descriptor. */
  readonly hasApproved: (collaboration: Collaboration) => boolean;
  /** Keeps the approval; the client takes part as soon as its rows are there, too. */
  readonly approve: (collaboration: Collaboration) => Promise<void>;
  readonly hasRows: (collaboration: Collaboration, table: string) => boolean;
  /**
   * Checks and keeps one table's rows; the client takes part once all are there. Throws `rows.*` (nothing is kept then), and
   * `rows.fixed` when it has begun with others.
   */
  readonly bring: (
    collaboration: Collaboration,
    table: string,
    rows: AsyncIterable<Uint8Array>,
  ) => Promise<void>;
  /** Looks at one table's rows as `bring` would, and keeps nothing. */
  readonly look: (
    collaboration: Collaboration,
    table: string,
    rows: AsyncIterable<Uint8Array>,
  ) => Promise<Review & { readonly columns: readonly string[] }>;
  /** Tells of every collaboration that has changed, in the log or here, until the returned function is called. */
  readonly watch: (changed: (collaboration: string) => void) => () => void;
  /** How far this party's part is, as its chart's states; undefined while it has none. */
  readonly states: (collaboration: Collaboration) => readonly string[] | undefined;
  readonly result: (collaboration: Collaboration) => ResultFile | undefined;
  /** This party's keys with its signature: what registers its account at a coordinator. */
  readonly accountKeys: () => Promise<KeysSaid>;
  readonly elections: Elections;
  /** Its account, and what is said to others and by them. */
  readonly post: Pick<
    Post,
    | 'standing'
    | 'fingerprint'
    | 'missed'
    | 'look'
    | 'watch'
    | 'register'
    | 'conversations'
    | 'send'
    | 'account'
    | 'trust'
    | 'markRead'
  >;
  /** Names of the deployment's parties, sorted. */
  readonly parties: () => readonly string[];
  /** Whether this party can take its part back now; and doing so. Throws the log's refusal. */
  readonly canWithdraw: (collaboration: Collaboration) => boolean;
  readonly withdraw: (collaboration: Collaboration) => Promise<void>;
  /** What the coordinator says of a change: a reason to look at the log. Throws unless it has signed it. */
  readonly hear: (notice: Notice) => void;
}
