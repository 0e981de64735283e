/**
 * Owns what the log adds up to besides its chapters' tables, and what its readers may ask: plain data, the same on every replica.
 * Must never do anything: state.ts builds it.
 */
import type { Json } from '../base/canonical.ts';
import type { ErrorReport } from '../base/errors.ts';
import type { PublicKey } from '../identity/keys.ts';
import type { Chapter, ReadTable, Said } from './chapter.ts';
import type { Spoken } from './commands.ts';
import type { Change, SavedTable } from './tables.ts';

/**
 * Enrolled public keys by address. Equal on every replica. Keys may be added, never taken away or replaced: whoever reads
 * the log again checks old entries by them.
 */
export type Trust = Readonly<Record<string, PublicKey>>;

export interface LogRules {
  readonly deployment: string;
  readonly trust: Trust;
  /** What is followed. Commands of other chapters pass by. */
  readonly chapters: readonly Chapter[];
}

/** What became of a command: the same answer for every retry of its id. */
export type Outcome =
  | { readonly ok: true; readonly sequence: number; readonly answer?: Json }
  | { readonly ok: false; readonly sequence: number; readonly error: ErrorReport };

/** Of commands, not of entries. */
export interface Counters {
  readonly accepted: number;
  readonly refused: number;
  /** Retries that reached the log; they got their first outcome. */
  readonly duplicates: number;
  /** What is malformed or not signed by whom it names. */
  readonly skipped: number;
  /** Commands of kinds that no chapter followed here knows. */
  readonly passed: number;
}

export interface Remembered {
  readonly chapter: string;
  /** The author; `~` before it where a coordinator vouched. */
  readonly by: string;
  readonly id: string;
  readonly digest: string;
  readonly outcome: Outcome;
}

/** What every replica of the same chapters agrees on after an entry, without the tables. */
export interface Facts {
  /** The last entry applied; 0 before the first. */
  readonly sequence: number;
  /** The latest log time seen: log time never runs backwards. */
  readonly timeMs: number;
  /** Digest of the last entry, and of all entries in their order. */
  readonly lastEntry: string;
  readonly chain: string;
  readonly counters: Counters;
}

/** The whole state as plain JSON. */
export interface StateSnapshot extends Facts {
  readonly version: 2;
  readonly deployment: string;
  /** Names of the chapters followed, sorted. */
  readonly chapters: readonly string[];
  readonly tables: readonly SavedTable[];
  /** Outcomes of each chapter's last commands, oldest first. */
  readonly remembered: readonly Remembered[];
}

/** What an entry changed, as a replica's file takes it. */
export interface Step {
  readonly facts: Facts;
  /** In their order: a later change of the same record counts. */
  readonly changes: readonly Change[];
  readonly remembered: readonly Remembered[];
  readonly forgotten: readonly Remembered[];
}

/** What one command of an entry did. */
export interface Applied {
  readonly sequence: number;
  /** Its place within the entry, from 0. */
  readonly index: number;
  readonly timeMs: number;
  /** Absent for what was skipped. */
  readonly command: Said | undefined;
  /** The command's digest; empty for what was skipped. */
  readonly digest: string;
  readonly outcome: Outcome;
  /** The command had an outcome already; nothing changed now. */
  readonly duplicate: boolean;
  /** What changed in the chapters' tables. */
  readonly changes: readonly Change[];
}

/** What readers may ask a state. */
export interface StateView {
  readonly sequence: number;
  readonly timeMs: number;
  readonly counters: Counters;
  table<Row>(chapter: string, name: string): ReadTable<Row>;
  /** The outcome of a command that was said exactly so, if it is remembered. */
  outcomeOf(command: Spoken, vouched?: boolean): Outcome | undefined;
}
