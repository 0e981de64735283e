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
import { authorOf, type Command, commandDigest, parseCommand, verifyCommand } from './commands.ts';
import { decide } from './decide.ts';
import type {
  Applied,
  Collaboration,
  Counters,
  LogRules,
  Outcome,
  Remembered,
  StateSnapshot,
  StateView,
} from './records.ts';

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
