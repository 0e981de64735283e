/**
 * Owns the replicated state: what the entries of the log add up to, on every replica alike.
 * Must never look at a clock, a random source or anything but the entries and the rules it was given.
 *
 * An entry changes all it changes or nothing. Entries that are no command of anyone enrolled are counted and skipped:
 * whoever can write to the log must not be able to stop its readers.
 */
import { hex, sha256, utf8 } from '../base/bytes.ts';
import { digestOf, type Json } from '../base/canonical.ts';
import { assert, type ErrorReport, MpcError } from '../base/errors.ts';
import type { LogEntry } from '../bus/bus.ts';
import type { Address } from '../bus/subjects.ts';
import type { PublicKey } from '../identity/keys.ts';
import { authorOf, type Command, commandDigest, parseCommand, verifyCommand } from './commands.ts';
import { decide } from './decide.ts';
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
  readonly status: LifecycleStatus;
  readonly lifecycle: LifecycleSnapshot;
}

export interface Counters {
  readonly accepted: number;
  readonly refused: number;
  /** Retries that reached the log; they got their first outcome. */
  readonly duplicates: number;
  /** Entries that are malformed or not signed by whom they name. */
  readonly skipped: number;
}

interface Remembered {
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

/** Outcomes kept: hours of retries. A forgotten command told again only repeats a fact, or is refused by its state. */
export const REMEMBERED_COMMANDS = 65_536;

export function entryDigest({ sequence, timeMs, data }: LogEntry): string {
  return hex.encode(sha256(utf8.encode(`mpc/1 log entry ${sequence} ${timeMs}\n`), data));
}

export const emptyState = (deployment: string): StateSnapshot => ({
  version: 1,
  deployment,
  sequence: 0,
  timeMs: 0,
  lastEntry: '',
  chain: '',
  collaborations: [],
  remembered: [],
  counters: { accepted: 0, refused: 0, duplicates: 0, skipped: 0 },
});

/** Equal on replicas that applied the same entries. */
export const stateDigest = (state: StateSnapshot): string => digestOf('log state', state as unknown as Json); // plain JSON

/** The next state after an entry, and its outcome. `LogState` does the same without copying the state. */
export function apply(
  rules: LogRules,
  state: StateSnapshot,
  entry: LogEntry,
): { readonly state: StateSnapshot; readonly outcome: Outcome } {
  const next = new LogState(rules, state);
  const { outcome } = next.apply(entry);
  return { state: next.snapshot(), outcome };
}

export class LogState implements StateView {
  private readonly rules: LogRules;
  private readonly byId: Map<string, Collaboration>;
  private readonly rememberedByKey: Map<string, Remembered>;
  private facts: Pick<StateSnapshot, 'sequence' | 'timeMs' | 'lastEntry' | 'chain' | 'counters'>;

  /** Throws `state.other` for a snapshot of another version or deployment. */
  constructor(rules: LogRules, from: StateSnapshot = emptyState(rules.deployment)) {
    if (from.version !== 1 || from.deployment !== rules.deployment)
      throw new MpcError('state.other', 'the saved state is of another version or deployment', {
        hint: 'remove it: it is rebuilt from the log',
      });
    const { sequence, timeMs, lastEntry, chain, counters } = from;
    this.rules = rules;
    this.byId = new Map(from.collaborations.map((collaboration) => [collaboration.id, collaboration]));
    this.rememberedByKey = new Map(from.remembered.map((item) => [keyOf(item), item]));
    this.facts = { sequence, timeMs, lastEntry, chain, counters };
  }

  get sequence(): number {
    return this.facts.sequence;
  }

  get timeMs(): number {
    return this.facts.timeMs;
  }

  get counters(): Counters {
    return this.facts.counters;
  }

  /** Digest of the last entry applied; empty before the first. */
  get lastEntry(): string {
    return this.facts.lastEntry;
  }

  collaboration(id: string): Collaboration | undefined {
    return this.byId.get(id);
  }

  collaborations(): readonly Collaboration[] {
    return [...this.byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  outcomeOf(command: Command): Outcome | undefined {
    const known = this.rememberedByKey.get(keyOf({ author: authorOf(command), id: command.id }));
    return known?.digest === commandDigest(command) ? known.outcome : undefined;
  }

  snapshot(): StateSnapshot {
    return {
      version: 1,
      deployment: this.rules.deployment,
      ...this.facts,
      collaborations: this.collaborations(),
      remembered: [...this.rememberedByKey.values()],
    };
  }

  /** Applies the entry after the last one. */
  apply(entry: LogEntry): Applied {
    assert(entry.sequence === this.sequence + 1, 'entries are applied in order, without gaps');
    const timeMs = Math.max(this.timeMs, entry.timeMs);
    const applied = this.applyCommand(entry, timeMs);
    const lastEntry = entryDigest(entry);
    const counted =
      applied.command === undefined
        ? 'skipped'
        : applied.duplicate
          ? 'duplicates'
          : applied.outcome.ok
            ? 'accepted'
            : 'refused';
    this.facts = {
      sequence: entry.sequence,
      timeMs,
      lastEntry,
      chain: digestOf('log chain', [this.facts.chain, lastEntry]),
      counters: { ...this.counters, [counted]: this.counters[counted] + 1 },
    };
    return applied;
  }

  private applyCommand({ sequence, data }: LogEntry, timeMs: number): Applied {
    const nothing = {
      sequence,
      timeMs,
      duplicate: false,
      collaboration: undefined,
      statusBefore: undefined,
      statusAfter: undefined,
    };
    const read = this.read(data);
    if (!read.ok)
      return { ...nothing, command: undefined, outcome: { ok: false, sequence, error: read.error } };
    const { command } = read;
    const known = this.rememberedByKey.get(keyOf({ author: authorOf(command), id: command.id }));
    if (known !== undefined) {
      const outcome: Outcome =
        known.digest === commandDigest(command) ? known.outcome : { ok: false, sequence, error: ID_REUSED };
      return { ...nothing, command, outcome, duplicate: true };
    }
    const decision = decide(this.rules, this, command, timeMs);
    const outcome: Outcome =
      decision.refusal === undefined
        ? { ok: true, sequence }
        : { ok: false, sequence, error: decision.refusal };
    this.remember({ author: authorOf(command), id: command.id, digest: commandDigest(command), outcome });
    for (const id of decision.forget) this.byId.delete(id);
    if (decision.put !== undefined) this.byId.set(decision.put.id, decision.put);
    const collaboration = decision.put ?? decision.before;
    return {
      ...nothing,
      command,
      outcome,
      collaboration,
      statusBefore: decision.before?.status,
      statusAfter: collaboration?.status,
    };
  }

  private read(
    data: Uint8Array,
  ): { readonly ok: true; readonly command: Command } | { readonly ok: false; readonly error: ErrorReport } {
    try {
      const command = parseCommand(data);
      verifyCommand(this.rules.deployment, command, this.rules.trust[authorOf(command)]);
      return { ok: true, command };
    } catch (error) {
      if (error instanceof MpcError) return { ok: false, error: error.report() };
      throw error;
    }
  }

  private remember(item: Remembered): void {
    this.rememberedByKey.set(keyOf(item), item);
    for (const oldest of this.rememberedByKey.keys()) {
      if (this.rememberedByKey.size <= REMEMBERED_COMMANDS) return;
      this.rememberedByKey.delete(oldest);
    }
  }
}

/** By author and id: nobody can take another's id away by using it first. */
const keyOf = ({ author, id }: Pick<Remembered, 'author' | 'id'>): string => `${author} ${id}`;

const ID_REUSED: ErrorReport = {
  code: 'command.id-reused',
  message: 'this id belongs to another command of the same author',
  hint: 'use a new id for every command, the same for its retries',
};
