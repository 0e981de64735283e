/**
 * Owns what the replicated state is made of and what its readers may ask: plain data, the same on every replica.
 * Must never do anything: state.ts builds it, decide.ts changes it.
 */
import type { ErrorReport } from '../base/errors.ts';
import type { Address } from '../bus/subjects.ts';
import type { PublicKey } from '../identity/keys.ts';
import type { Command } from './commands.ts';
import type { Descriptor } from './descriptor.ts';
import type { LifecycleChart, LifecycleSnapshot, LifecycleStatus } from './lifecycle.ts';

/**
 * Enrolled public keys by address. Equal on every replica. Keys may be added, never taken away or replaced: whoever reads
 * the log again checks old entries by them.
 */
export type Trust = Readonly<Record<string, PublicKey>>;

export interface LogRules {
  readonly deployment: string;
  readonly trust: Trust;
  readonly chart: LifecycleChart;
}

/** What became of a command: the same answer for every retry of its id. */
export type Outcome =
  | { readonly ok: true; readonly sequence: number }
  | { readonly ok: false; readonly sequence: number; readonly error: ErrorReport };

/** One collaboration as everyone sees it. */
export interface Collaboration {
  readonly id: string;
  /** The descriptor's digest. */
  readonly digest: string;
  readonly descriptor: Descriptor;
  readonly creator: Address;
  /** Log time of its creation and of its last change. */
  readonly createdMs: number;
  readonly changedMs: number;
  /** Log time at which the current attempt began. */
  readonly startedMs: number;
  readonly status: LifecycleStatus;
  readonly lifecycle: LifecycleSnapshot;
}

/** Until when input parties are waited for, in log time; undefined where all are needed. */
export function inputDeadlineMs({ descriptor, startedMs }: Collaboration): number | undefined {
  return descriptor.minimum === null ? undefined : startedMs + descriptor.minimum.waitMs;
}

export interface Counters {
  readonly accepted: number;
  readonly refused: number;
  /** Retries that reached the log; they got their first outcome. */
  readonly duplicates: number;
  /** Entries that are malformed or not signed by whom they name. */
  readonly skipped: number;
}

export interface Remembered {
  readonly author: Address;
  readonly id: string;
  readonly digest: string;
  readonly outcome: Outcome;
}

/** The whole state as plain JSON. */
export interface StateSnapshot {
  readonly version: 1;
  readonly deployment: string;
  /** The last entry applied; 0 before the first. */
  readonly sequence: number;
  /** The latest log time seen: log time never runs backwards. */
  readonly timeMs: number;
  /** Digest of the last entry, and of all entries in their order. */
  readonly lastEntry: string;
  readonly chain: string;
  /** Sorted by id. */
  readonly collaborations: readonly Collaboration[];
  /** Outcomes of the last commands, oldest first. */
  readonly remembered: readonly Remembered[];
  readonly counters: Counters;
}

/** What one entry did. */
export interface Applied {
  readonly sequence: number;
  readonly timeMs: number;
  /** Absent for a skipped entry. */
  readonly command: Command | undefined;
  readonly outcome: Outcome;
  /** The command had an outcome already; nothing changed now. */
  readonly duplicate: boolean;
  /** The collaboration the command is about, as it is now. */
  readonly collaboration: Collaboration | undefined;
  readonly statusBefore: LifecycleStatus | undefined;
  readonly statusAfter: LifecycleStatus | undefined;
}

/** What readers may ask a state. */
export interface StateView {
  readonly sequence: number;
  readonly timeMs: number;
  readonly counters: Counters;
  collaboration(id: string): Collaboration | undefined;
  /** Sorted by id. */
  collaborations(): readonly Collaboration[];
  /** The outcome of a command that was said exactly so, if it is remembered. */
  outcomeOf(command: Command): Outcome | undefined;
}
