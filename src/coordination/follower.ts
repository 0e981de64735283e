/**
 * Owns following the log: every entry applied once, in order, and told to whoever acts on it before the next is taken.
 * Must never skip an entry, nor go on when the log and what was applied before do not fit together.
 */
import { type ErrorReport, MpcError, reportOf } from '../base/errors.ts';
import type { Bus, LogEntry, Subscription } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import type { Chapter } from './chapter.ts';
import type { Collaboration, CollaborationsView } from './collaboration.ts';
import { collaborationsIn } from './collaborations.ts';
import type { Applied, StateSnapshot, StateView, Trust } from './records.ts';
import type { ReplicaFile } from './replica-file.ts';
import { entryDigest, LogState } from './state.ts';

export interface FollowOptions {
  readonly bus: Bus;
  readonly deployment: string;
  readonly trust: Trust;
  /** What is followed: commands of other chapters pass by. */
  readonly chapters: readonly Chapter[];
  /** The replica's file: every entry is written through to it before anyone hears what became of its commands. */
  readonly file?: Pick<ReplicaFile, 'write'>;
  /** Where an earlier follower stopped; from the start without it. */
  readonly fromState?: StateSnapshot;
  /** Told of every command in order, awaited before the next. A rejection stops the follower: nothing is passed over. */
  readonly onApplied?: (applied: Applied) => Promise<void> | void;
  /** The follower has stopped for good: the log does not fit, or `onApplied` rejected. */
  readonly onFault?: (report: ErrorReport) => void;
}

/** The state, and what is asked of it most. */
export type FollowedState = StateView & CollaborationsView;

export type EntryListener = (applied: readonly Applied[], sequence: number) => void;

export interface Follower {
  /** Resolves when the entries present at the start are applied. */
  readonly caughtUp: Promise<void>;
  readonly state: FollowedState;
  /** The whole state as JSON, for `fromState`. */
  snapshot(): StateSnapshot;
  collaboration(id: string): Collaboration | undefined;
  /**
   * Resolves with what `predicate` gives as soon as that is neither undefined nor false: at once, or after an entry has been
   * applied and told. Rejects with the signal's reason, or why the follower stopped (`log.stopped`, or its fault).
   * Never to be awaited inside `onApplied`, which holds the next entry back.
   */
  until<Found>(
    predicate: (state: FollowedState) => Found | undefined | false,
    signal?: AbortSignal,
  ): Promise<Found>;
  /** Told of each entry's commands once they are applied, told to `onApplied`, and on the replica's disk if it has one. */
  onEntry(listener: EntryListener): Subscription;
  stop(): void;
}

/**
 * Opens the log and follows it. Throws `log.behind` when it ends before `fromState`, and what the bus throws.
 * Later: `log.diverged` when the saved state saw another entry at its place, `log.gap` when entries are missing.
 */
export async function followLog(options: FollowOptions): Promise<Follower> {
  const { bus, deployment, trust, chapters, fromState } = options;
  const state = new LogState({ deployment, trust, chapters }, fromState);
  const log = await bus.log(subjects.logStream(deployment));
  const last = await log.last();
  if (last < state.sequence) throw logBehind(last, state.sequence);
  const following = new Following(state, options);
  // The last entry applied is read again: it tells whether this is still the log the saved state comes from.
  const entries = await log.follow(Math.max(1, state.sequence), (entry) => following.take(entry));
  const troubles = bus.onTrouble((report) => {
    if (report.code === 'log.behind') following.fail(MpcError.from(report));
  });
  return following.started([entries, troubles], last);
}

/** Entries that are applied and not yet on the disk, at most. */
const UNWRITTEN_ENTRIES = 64;

interface Waiter {
  /** True when it has been answered. */
  readonly check: () => boolean;
  readonly reject: (error: unknown) => void;
}

class Following implements Follower {
  readonly state: FollowedState;
  caughtUp: Promise<void> = Promise.resolve();
  private readonly log: LogState;
  private readonly options: FollowOptions;
  private readonly listeners = new Set<EntryListener>();
  private readonly waiters = new Set<Waiter>();
  private subscriptions: readonly Subscription[] = [];
  private ended: MpcError | undefined;
  private unwritten = 0;

  constructor(state: LogState, options: FollowOptions) {
    this.log = state;
    this.state = withCollaborations(state);
    this.options = options;
  }

  started(subscriptions: readonly Subscription[], last: number): Follower {
    this.subscriptions = subscriptions;
    if (this.ended !== undefined) for (const subscription of subscriptions) subscription.unsubscribe();
    this.caughtUp = this.until((state) => state.sequence >= last).then(() => {});
    this.caughtUp.catch(() => {}); // whoever awaits it hears of it; nobody has to
    return this;
  }

  snapshot(): StateSnapshot {
    return this.log.snapshot();
  }

  collaboration(id: string): Collaboration | undefined {
    return this.state.collaboration(id);
  }

  onEntry(listener: EntryListener): Subscription {
    this.listeners.add(listener);
    return { unsubscribe: () => this.listeners.delete(listener) };
  }

  stop(): void {
    this.end(new MpcError('log.stopped', 'following the log was stopped'));
  }

  async take(entry: LogEntry): Promise<void> {
    if (this.ended !== undefined) return;
    try {
      if (entry.sequence <= this.state.sequence) return this.compare(entry);
      if (entry.sequence > this.state.sequence + 1) throw gap(this.state.sequence, entry.sequence);
      const applied = this.log.apply(entry);
      const written = this.options.file?.write(this.log.stepOf(applied));
      for (const one of applied) await this.options.onApplied?.(one);
      await this.tell(applied, entry.sequence, written);
      for (const waiter of [...this.waiters]) if (waiter.check()) this.waiters.delete(waiter);
    } catch (error) {
      this.fail(error instanceof MpcError ? error : MpcError.from(reportOf(error)));
    }
  }

  /** The next entry is applied while this one is written, but not many more. */
  private async tell(
    applied: readonly Applied[],
    sequence: number,
    written: Promise<void> | undefined,
  ): Promise<void> {
    if (written === undefined) return this.heard(applied, sequence);
    this.unwritten++;
    const told = written.then(
      () => {
        this.unwritten--;
        this.heard(applied, sequence);
      },
      (error: unknown) => this.fail(error instanceof MpcError ? error : MpcError.from(reportOf(error))),
    );
    if (this.unwritten >= UNWRITTEN_ENTRIES) await told;
  }

  private heard(applied: readonly Applied[], sequence: number): void {
    if (this.ended === undefined) for (const listener of this.listeners) listener(applied, sequence);
  }

  fail(fault: MpcError): void {
    if (this.ended !== undefined) return;
    this.end(fault);
    this.options.onFault?.(fault.report());
  }

  until<Found>(
    predicate: (state: FollowedState) => Found | undefined | false,
    signal?: AbortSignal,
  ): Promise<Found> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.ended !== undefined) return reject(this.ended);
      const aborted = (): void => {
        this.waiters.delete(waiter);
        reject(signal?.reason);
      };
      const settled = (): void => signal?.removeEventListener('abort', aborted);
      const waiter: Waiter = {
        check: () => {
          try {
            const found = predicate(this.state);
            if (found === undefined || found === false) return false;
            resolve(found);
          } catch (error) {
            reject(error);
          }
          settled();
          return true;
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      if (waiter.check()) return;
      this.waiters.add(waiter);
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  /** A repeated entry is harmless; another one at the place of the last applied is another log. */
  private compare(entry: LogEntry): void {
    if (entry.sequence === this.state.sequence && entryDigest(entry) !== this.log.facts.lastEntry)
      throw new MpcError(
        'log.diverged',
        `entry ${entry.sequence} of the log is not the one that was applied before`,
        {
          hint: 'the log was replaced: mpc status shows how far each replica is; docs/OPERATING.md says how to mend it',
        },
      );
  }

  private end(reason: MpcError): void {
    if (this.ended !== undefined) return;
    this.ended = reason;
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    for (const waiter of this.waiters) waiter.reject(reason);
    this.waiters.clear();
  }
}

function withCollaborations(state: LogState): FollowedState {
  const { collaboration, collaborations } = collaborationsIn(state);
  return {
    get sequence() {
      return state.sequence;
    },
    get timeMs() {
      return state.timeMs;
    },
    get counters() {
      return state.counters;
    },
    table: (chapter, name) => state.table(chapter, name),
    outcomeOf: (command, vouched) => state.outcomeOf(command, vouched),
    collaboration,
    collaborations,
  };
}

/** The alarm that acknowledged entries were lost. */
export const logBehind = (last: number, applied: number): MpcError =>
  new MpcError('log.behind', `the log ends at entry ${last}, but entry ${applied} was applied before`, {
    hint: 'acknowledged entries were lost: mpc status shows how far each replica is; docs/OPERATING.md says how to mend it',
  });

const gap = (applied: number, next: number): MpcError =>
  new MpcError('log.gap', `entry ${next} of the log came after entry ${applied}`, {
    hint: 'entries were removed from the log: mpc status shows how far each replica is; docs/OPERATING.md says how to mend it',
  });
