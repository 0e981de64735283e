/**
 * Owns the shapes of what a role tells of itself while it is inspected: names, sizes and times. Types alone, so that the browser may
 * share them; record-schema.ts holds what is accepted.
 */

/** Which process tells, and where in its telling. */
interface Told {
  /** Its address, or the replica's name where it is one of several coordinators. */
  readonly role: string;
  /** Of one start of the process: 16 hexadecimal digits. */
  readonly start: string;
  /** 0 for the first record of a start, no gaps. */
  readonly number: number;
  /** Milliseconds since the epoch; never less than in the record before. */
  readonly atMs: number;
}

/** Whose part in what an actor is: its collaboration or election, and which attempt. */
interface About {
  /** As the host knows it: `session:<collaboration>:<attempt>`; a role's root has its chart's name. */
  readonly actor: string;
  readonly machine: string;
  readonly collaboration: string | null;
}

/** A statechart took an event, or stood there when its process began (`event` is then `restored`). */
export interface Moved extends Told, About {
  readonly kind: 'moved';
  readonly event: string;
  /** Dotted paths of the active leaves. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Names of the transitions taken. */
  readonly taken: readonly string[];
}

/** Rounds of a computation that are over. */
export interface Progressed extends Told, About {
  readonly kind: 'progressed';
  readonly round: number;
  readonly rounds: number;
}

/** Messages on one subject: several that followed each other at once are one record. */
export interface Messaged extends Told {
  readonly kind: 'messaged';
  /** `answer`: said to who asked on this subject. */
  readonly way: 'out' | 'in' | 'answer';
  readonly subject: string;
  readonly count: number;
  /** Of all of them together. */
  readonly bytes: number;
  readonly collaboration: string | null;
}

export type FeedRecord = Moved | Progressed | Messaged;

/** Without what the feed adds by itself. */
export type Said<R extends FeedRecord = FeedRecord> = R extends FeedRecord ? Omit<R, keyof Told> : never;
