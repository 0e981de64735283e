/**
 * Owns the face of the durable actor host: it runs a role's machines so that nothing is ever sent that a crash could forget.
 * Must never let a secret into an event, a context or the database: those carry ids, digests and counts.
 *
 *   event from the inbox -> pure transition -> ONE SQLite transaction (snapshot + outbox + inbox mark)
 *   -> only then the outbox is delivered and invoked effects are started; their results come back through the inbox.
 *
 * For machines in `retold` the transaction waits until there is something to deliver: see there.
 */
import type { AnyStateMachine, EventObject } from 'xstate';
import type { ErrorReport } from '../base/errors.ts';

/** Runs one invoked effect. Idempotent: after a crash it runs again. Rejections become `xstate.error.actor.<id>` with an ErrorReport. */
export type Effect = (context: EffectContext) => Promise<unknown>;

export interface EffectContext<Input = never> {
  readonly actor: string;
  /** The invoke's input, as the machine gave it: JSON. */
  readonly input: Input;
  /** Aborted when the state is left, or the host stops. */
  readonly signal: AbortSignal;
  /** Sends an event to the actor while running (progress, presence): durable like any other. */
  readonly emit: (event: EventObject) => void;
}

/**
 * Delivers one outbox item (an action of the machine by name, with its JSON params): at least once, in the actor's order,
 * retried with backoff until it resolves. `id` (32 hexadecimal digits) is the same for every retry, also after a crash.
 */
export type Delivery = (
  params: never,
  context: { readonly actor: string; readonly id: string },
) => Promise<void>;

export interface HostOptions {
  readonly machines: Readonly<Record<string, AnyStateMachine>>;
  readonly effects: Readonly<Record<string, Effect>>;
  readonly deliveries: Readonly<Record<string, Delivery>>;
  /**
   * Machines that lose nothing when a crash takes them back to their last commit, because they come to the same again: all of
   * their keyed events come again after a restart, in their order (a log tells them), and each of their effects, run again from
   * any earlier state, finds what it did and gives the same (files have it). Their states are committed when something is to be
   * delivered, when they end, and when the host stops. So a delivery still never tells of anything that a crash could forget.
   */
  readonly retold?: readonly string[];
  /** Called after each committed transition: for logs, progress and the inspector. Names and sizes only. */
  readonly onTransition?: (transition: Transition) => void;
  /** Called for each actor that is brought back, before it goes on. */
  readonly onRestored?: (standing: Standing) => void;
  /** Typed troubles: unknown events, failing deliveries, stale snapshots. */
  readonly onTrouble?: (report: ErrorReport, actor: string) => void;
}

export interface Transition {
  readonly actor: string;
  readonly machine: string;
  readonly event: string;
  /** State value before and after, dotted paths of the active leaves, sorted. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Names of the transitions taken on the way, in order: see `transitionId` in src/base/transitions.ts. */
  readonly taken: readonly string[];
}

/** An actor that was there before the host was opened, and has not ended. */
export interface Standing {
  readonly actor: string;
  readonly machine: string;
  readonly states: readonly string[];
}

/** What a host has in hand. */
export interface HostLoad {
  /** That have not ended. */
  readonly actors: number;
  /** Given, and not dealt with yet. */
  readonly events: number;
  /** Committed actions that have not arrived yet. */
  readonly undelivered: number;
}

export interface Host {
  readonly load: HostLoad;
  /** Starts an actor unless it exists. */
  start(actor: string, machine: string, input: object): Promise<void>;
  has(actor: string): boolean;
  /** Gives an event to an actor. `key` makes it once-only for that actor, across restarts: what comes of an
   * event comes of it once. Resolves when that is committed, if anything is (and for `retold` machines has to be). */
  send(actor: string, event: EventObject, key?: string): Promise<void>;
  /** The actor's active leaves, or undefined. */
  states(actor: string): readonly string[] | undefined;
  /** True once the actor has reached a final state of its machine; it stays known, so that it never runs again. */
  isDone(actor: string): boolean;
  /**
   * Forgets an actor that has finished, or that another chart wrote, so that one of that name may start again. Its
   * actions must all be delivered; throws `host.still-running` until then.
   */
  forget(actor: string): Promise<void>;
  /** Ends finished actors' inboxes, aborts effects, waits for the transaction in hand. Nothing is lost. */
  stop(): Promise<void>;
}
