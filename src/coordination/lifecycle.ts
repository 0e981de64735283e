/**
 * Owns the face of a collaboration's life as the log needs it: a chart that is played with the facts the log tells.
 * Must never be a chart itself: the one there is comes in as an argument, so that this folder stays below the roles.
 */
import type { ErrorReport } from '../base/errors.ts';
import type { Address } from '../bus/subjects.ts';
import type { CommandBody } from './bodies.ts';

export type LifecycleStatus =
  | 'open'
  | 'registering'
  | 'collecting'
  | 'ready'
  | 'running'
  | 'finished'
  | 'failed'
  | 'expired'
  | 'cancelled';

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
}

/** What the log has told about a collaboration so far. */
export interface LifecycleFacts extends LifecycleInput {
  /** The attempt whose tape may be used. */
  readonly attempt: number;
  /** Names of the parties that agreed to the descriptor. */
  readonly approvals: readonly string[];
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
  readonly reason?: ErrorReport;
}

/** Plain JSON. */
export interface LifecycleSnapshot {
  readonly value: LifecycleStatus | { readonly finished: 'delivering' | 'delivered' };
  readonly context: LifecycleFacts;
}

/** A command as the chart sees it: its kind as type, its author's address, its body's other fields. */
export type LifecycleEvent = { readonly author: string } & (
  | { readonly type: 'approve'; readonly descriptor: string }
  | { readonly type: 'randomnessReady'; readonly attempt: number }
  | { readonly type: 'uploaded'; readonly rows: string }
  | { readonly type: 'bound'; readonly attempt: number; readonly binding: string }
  | { readonly type: 'resultStored'; readonly outputs: string }
  | { readonly type: 'received' }
  | { readonly type: 'fail'; readonly reason: ErrorReport }
  | { readonly type: 'cancel' }
  | { readonly type: 'expire' }
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
export type StepBody = Exclude<CommandBody, { kind: 'create' }>;

export function lifecycleEvent(author: Address, body: StepBody): LifecycleEvent {
  switch (body.kind) {
    case 'approve':
      return { type: 'approve', author, descriptor: body.descriptor };
    case 'randomnessReady':
      return { type: 'randomnessReady', author, attempt: body.attempt };
    case 'uploaded':
      return { type: 'uploaded', author, rows: body.rows };
    case 'bound':
      return { type: 'bound', author, attempt: body.attempt, binding: body.binding };
    case 'resultStored':
      return { type: 'resultStored', author, outputs: body.outputs };
    case 'fail':
      return { type: 'fail', author, reason: body.reason as ErrorReport }; // JSON: optional means absent, never undefined
    case 'received':
    case 'cancel':
    case 'expire':
      return { type: body.kind, author };
  }
}
