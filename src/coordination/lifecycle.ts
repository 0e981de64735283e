/**
 * Owns the face of a collaboration's life as the log needs it: a chart that is played with the facts the log tells.
 * Must never be a chart itself: the one there is comes in as an argument, so that this folder stays below the roles.
 */
import type { ErrorReport } from '../base/errors.ts';
import type { Address } from '../bus/subjects.ts';
import type { CommandBody } from './bodies.ts';

export const STATUSES = [
  'open',
  'registering',
  'collecting',
  'ready',
  'running',
  'finished',
  'failed',
  'expired',
  'cancelled',
] as const;

export type LifecycleStatus = (typeof STATUSES)[number];

/** States that nothing leaves any more. */
export const ENDED: readonly LifecycleStatus[] = ['finished', 'failed', 'expired', 'cancelled'];

export interface LifecycleInput {
  /** Digest of the descriptor. */
  readonly descriptor: string;
  /** The address of the author of `create`. */
  readonly creator: string;
  /** Names of the input and of the output parties (`acme`, not `party-acme`), sorted. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Names of the parties whose rows are in an earlier result that is read: each must approve. */
  readonly approvers: readonly string[];
  /** The fewest input parties it may start with; null when all are needed. */
  readonly minimum: number | null;
  /** How often it may be computed again after it finished. */
  readonly reruns: number;
}

/** What the log has told about a collaboration so far. */
export interface LifecycleFacts extends LifecycleInput {
  /** The attempt whose tape may be used; those before it that finished. */
  readonly attempt: number;
  readonly finished: readonly number[];
  /** Names of the parties that said that they take part, as what. */
  readonly registered: { readonly inputs: readonly string[]; readonly outputs: readonly string[] };
  /** Where parties are told of changes, by name. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Names of the parties that agreed to the descriptor. */
  readonly approvals: readonly string[];
  /** Names of the parties that took back what they said in this attempt. */
  readonly withdrawn: readonly string[];
  /** Input parties are not waited for any longer. */
  readonly closed: boolean;
  /** Addresses of the servers that hold their tape. */
  readonly randomness: readonly string[];
  /** Digest of the masked rows, by name of the input party. */
  readonly uploads: Readonly<Record<string, string>>;
  /** Digest of what each server tied its tape to, by address. */
  readonly bound: Readonly<Record<string, string>>;
  /** Digest of the masked results, by the server's address. */
  readonly results: Readonly<Record<string, string>>;
  /** Names of the output parties that combined their result. */
  readonly received: readonly string[];
  /** Why it ended without a result. */
  readonly reason?: ErrorReport | undefined;
}

/** Plain JSON. */
export interface LifecycleSnapshot {
  readonly value: LifecycleStatus | { readonly finished: 'delivering' | 'delivered' };
  readonly context: LifecycleFacts;
}

/** A command as the chart sees it: its kind as type, its author's address, its body's other fields. */
export type LifecycleEvent = { readonly author: string } & (
  | { readonly type: 'register'; readonly as: 'input' | 'output'; readonly notify?: string }
  | { readonly type: 'approve'; readonly attempt: number; readonly descriptor: string }
  | { readonly type: 'withdraw'; readonly attempt: number; readonly vouched?: true }
  | { readonly type: 'randomnessReady'; readonly attempt: number }
  | { readonly type: 'uploaded'; readonly attempt: number; readonly rows: string }
  | { readonly type: 'close'; readonly attempt: number }
  | { readonly type: 'bound'; readonly attempt: number; readonly binding: string }
  | { readonly type: 'resultStored'; readonly attempt: number; readonly outputs: string }
  | { readonly type: 'received'; readonly attempt: number }
  | { readonly type: 'fail'; readonly attempt: number; readonly reason: ErrorReport }
  | { readonly type: 'cancel' }
  | { readonly type: 'expire' }
  | { readonly type: 'rerun'; readonly attempt: number }
);

/** Pure functions from JSON to JSON. `roles/collaboration.ts` has the one that is used. */
export interface LifecycleChart {
  initial(input: LifecycleInput): LifecycleSnapshot;
  /** A refused or repeated event leaves the snapshot as it is. */
  step(
    snapshot: LifecycleSnapshot,
    event: LifecycleEvent,
  ): { readonly snapshot: LifecycleSnapshot; readonly refusal?: ErrorReport };
  status(snapshot: LifecycleSnapshot): LifecycleStatus;
}

/** A command about an existing collaboration. */
export type StepBody = Exclude<CommandBody, { kind: 'create' | 'claimNotices' | 'noticesSent' }>;

/** A body is plain JSON of its schema: its members but the collaboration's id are the event's. */
export function lifecycleEvent(
  { author, vouched }: { readonly author: Address; readonly vouched: boolean },
  { kind, collaboration: _, ...said }: StepBody,
): LifecycleEvent {
  // What the author saw has been looked at before.
  const { seen: __, ...facts } = 'seen' in said ? said : { seen: undefined, ...said };
  const event = { type: kind, author, ...(vouched ? { vouched } : {}), ...facts };
  return event as LifecycleEvent; // kind by kind the members are those of its event
}

/** Names of the input parties that are still expected, sorted. */
const expectedParties = ({ inputs, withdrawn }: LifecycleFacts): string[] =>
  inputs.filter((party) => !withdrawn.includes(party));

/** Names of the parties that must have agreed before anything starts, sorted: those whose rows are used. */
export function neededApprovals(facts: LifecycleFacts): string[] {
  const bringing = facts.closed ? Object.keys(facts.uploads) : expectedParties(facts);
  return [...new Set([...bringing, ...facts.approvers])].sort();
}

/** Whether this attempt can still come to have enough parties. */
export function canBeEnough(facts: LifecycleFacts): boolean {
  const { inputs, minimum, approvers, withdrawn, closed, uploads } = facts;
  const left = closed ? Object.keys(uploads).length : expectedParties(facts).length;
  return left >= (minimum ?? inputs.length) && !approvers.some((party) => withdrawn.includes(party));
}

/**
 * The parties whose rows this attempt computes on, sorted, as soon as that is settled: all that are expected have uploaded, or
 * enough have and the others are not waited for any longer. Everybody reads it from the log alone, and gets the same.
 */
export function inputSetOf(facts: LifecycleFacts): string[] | undefined {
  const uploaded = Object.keys(facts.uploads).sort();
  const settled = facts.closed || uploaded.length === expectedParties(facts).length;
  const agreed = neededApprovals(facts).every((party) => facts.approvals.includes(party));
  return settled && agreed && canBeEnough(facts) ? uploaded : undefined;
}
