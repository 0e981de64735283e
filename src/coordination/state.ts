/**
 * Owns the replicated state: what the entries of the log add up to, on every replica alike.
 * Must never look at a clock, a random source or anything but the entries and the rules it was given.
 *
 * A command changes all it changes or nothing. What is no command of anyone enrolled is counted and skipped: whoever can
 * write to the log must not be able to stop its readers.
 */
import { hex, sha256, utf8 } from '../base/bytes.ts';
import { canonicalJson, digestOf } from '../base/canonical.ts';
import { assert, type ErrorReport, MpcError } from '../base/errors.ts';
import type { LogEntry } from '../bus/bus.ts';
import {
  ANSWER_CHARACTERS,
  type Chapter,
  type Moment,
  type ReadTable,
  type Said,
  type Verdict,
} from './chapter.ts';
import { authorOf, type Command, commandDigest, type Spoken, type Vouched } from './commands.ts';
import { readEntry } from './entries.ts';
import type {
  Applied,
  Counters,
  Facts,
  LogRules,
  Outcome,
  Remembered,
  StateSnapshot,
  StateView,
  Step,
} from './records.ts';
import { Remembering } from './remembering.ts';
import { type Change, TableSet } from './tables.ts';
import { Vocabulary, type Word } from './vocabulary.ts';

/** Outcomes kept of each chapter: a forgotten command told again only repeats a fact, or is refused by its state. */
export const REMEMBERED_COMMANDS = 131_072;

export function entryDigest({ sequence, timeMs, data }: LogEntry): string {
  return hex.encode(sha256(utf8.encode(`mpc/1 log entry ${sequence} ${timeMs}\n`), data));
}

export const emptyState = ({
  deployment,
  chapters,
}: Pick<LogRules, 'deployment' | 'chapters'>): StateSnapshot => ({
  version: 2,
  deployment,
  chapters: namesOf(chapters),
  sequence: 0,
  timeMs: 0,
  lastEntry: '',
  chain: '',
  tables: [],
  remembered: [],
  counters: { accepted: 0, refused: 0, duplicates: 0, skipped: 0, passed: 0 },
});

/** The next state after an entry, and what its commands did. `LogState` does the same without copying the state. */
export function apply(
  rules: LogRules,
  state: StateSnapshot,
  entry: LogEntry,
): { readonly state: StateSnapshot; readonly applied: readonly Applied[] } {
  const next = new LogState(rules, state);
  const applied = next.apply(entry);
  return { state: next.snapshot(), applied };
}

type Deed = Omit<Applied, 'sequence' | 'index' | 'timeMs'>;

export class LogState implements StateView {
  private readonly rules: LogRules;
  private readonly vocabulary: Vocabulary;
  private readonly sessions: Chapter | undefined;
  private readonly tables: TableSet;
  /** By chapter, so that who follows fewer chapters remembers the same of those. */
  private readonly remembered: ReadonlyMap<string, Remembering>;
  private current: Facts;
  /** Outcomes that came and went with the last entry. */
  private unsaved: { remembered: Remembered[]; forgotten: Remembered[] } = { remembered: [], forgotten: [] };

  /** Throws `state.other` for a snapshot of another version, deployment, or choice of chapters. */
  constructor(rules: LogRules, from: StateSnapshot = emptyState(rules)) {
    if (
      from.version !== 2 ||
      from.deployment !== rules.deployment ||
      from.chapters.join() !== namesOf(rules.chapters).join()
    )
      throw new MpcError('state.other', 'the saved state is of another version or deployment', {
        hint: 'remove it: it is rebuilt from the log',
      });
    this.rules = rules;
    this.vocabulary = new Vocabulary(rules.chapters);
    this.sessions = rules.chapters.find(({ sessionHolder }) => sessionHolder !== undefined);
    this.tables = new TableSet(from.tables);
    this.remembered = new Map(
      from.chapters.map((name) => [name, new Remembering(name, REMEMBERED_COMMANDS)]),
    );
    for (const item of from.remembered) this.rememberedIn(item.chapter).add(item);
    const { sequence, timeMs, lastEntry, chain, counters } = from;
    this.current = { sequence, timeMs, lastEntry, chain, counters };
  }

  get sequence(): number {
    return this.current.sequence;
  }

  get timeMs(): number {
    return this.current.timeMs;
  }

  get counters(): Counters {
    return this.current.counters;
  }

  get facts(): Facts {
    return this.current;
  }

  table<Row>(chapter: string, name: string): ReadTable<Row> {
    return this.tables.read<Row>(chapter, name);
  }

  outcomeOf(command: Spoken, vouched = false): Outcome | undefined {
    const word = this.vocabulary.find(command.body.kind);
    if (word === undefined) return undefined;
    const known = this.rememberedIn(word.chapter.name).find(speaker(command.author, vouched), command.id);
    return known?.digest === commandDigest(command) ? known.outcome : undefined;
  }

  snapshot(): StateSnapshot {
    return {
      version: 2,
      deployment: this.rules.deployment,
      chapters: namesOf(this.rules.chapters),
      ...this.current,
      tables: this.tables.saved(),
      remembered: [...this.remembered.values()].flatMap((items) => [...items.items()]),
    };
  }

  /** What the last entry changed, `applied` being what its commands did: for writing through. */
  stepOf(applied: readonly Applied[]): Step {
    return { facts: this.current, changes: applied.flatMap(({ changes }) => changes), ...this.unsaved };
  }

  /** Applies the entry after the last one; what each of its commands did, in their order. */
  apply(entry: LogEntry): Applied[] {
    const { sequence } = entry;
    assert(sequence === this.sequence + 1, 'entries are applied in order, without gaps');
    const timeMs = Math.max(this.timeMs, entry.timeMs);
    const { deployment, trust } = this.rules;
    const counters = { ...this.counters };
    this.unsaved = { remembered: [], forgotten: [] };
    const applied = readEntry(deployment, trust, entry.data).map(({ command, fault }, index): Applied => {
      const deed =
        command === undefined ? skipped(sequence, fault) : this.step(command, { sequence, timeMs });
      counters[countedAs(deed)]++;
      return { ...deed, sequence, index, timeMs };
    });
    const lastEntry = entryDigest(entry);
    const chain = digestOf('log chain', [this.current.chain, lastEntry]);
    this.current = { sequence, timeMs, lastEntry, chain, counters };
    return applied;
  }

  private step(command: Command | Vouched, at: Moment): Deed {
    const { sequence } = at;
    const word = this.vocabulary.find(command.body.kind);
    if (word === undefined)
      return skipped(sequence, { code: UNKNOWN_KIND, message: 'no chapter here knows its kind' });
    const session = 'session' in command ? command.session : undefined;
    const vouched = session !== undefined;
    let body: Said['body'];
    try {
      body = this.vocabulary.checked(command.body);
    } catch (error) {
      if (error instanceof MpcError) return skipped(sequence, error.report());
      throw error;
    }
    const said: Said = { author: authorOf(command), vouched, id: command.id, body };
    const digest = commandDigest(command);
    const by = speaker(said.author, vouched);
    const chapter = word.chapter.name;
    const known = this.rememberedIn(chapter).find(by, said.id);
    if (known !== undefined) {
      const outcome: Outcome =
        known.digest === digest ? known.outcome : { ok: false, sequence, error: ID_REUSED };
      return { command: said, digest, outcome, duplicate: true, changes: [] };
    }
    const refusal = vouched ? this.refusalOf(said, session, word, at) : undefined;
    // Not remembered: said again under a session that is in force, it counts.
    if (refusal !== undefined)
      return {
        command: said,
        digest,
        outcome: { ok: false, sequence, error: refusal },
        duplicate: false,
        changes: [],
      };
    const { outcome, changes } = this.decided(word.chapter, said, at);
    this.remember({ chapter, by, id: said.id, digest, outcome });
    return { command: said, digest, outcome, duplicate: false, changes };
  }

  private refusalOf({ author, body }: Said, session: string, word: Word, { timeMs }: Moment) {
    if (!word.vouchable) return notVouchable(body.kind);
    const { sessions } = this;
    // A chapter that does not read sessions is followed without them too: all who follow it, coordinators as well, take the
    // word of the coordinator that vouched. Else a session that ends meanwhile would set them apart.
    if (sessions?.sessionHolder === undefined || !knowsSessions(word.chapter, sessions)) return undefined;
    const holder = sessions.sessionHolder(session, timeMs, this.tables.of(sessions.name, sessions.reads));
    return holder === author ? undefined : SESSION_ENDED;
  }

  private decided(
    chapter: Chapter,
    said: Said,
    at: Moment,
  ): { outcome: Outcome; changes: readonly Change[] } {
    const { sequence } = at;
    const { refusal, answer } = this.verdict(chapter, said, at);
    if (refusal !== undefined) {
      this.tables.undo();
      return { outcome: { ok: false, sequence, error: refusal }, changes: [] };
    }
    const outcome: Outcome = { ok: true, sequence, ...(answer === undefined ? {} : { answer }) };
    return { outcome, changes: this.tables.commit() };
  }

  /** A chapter that fails on a command fails on every replica, for ever: it is refused, so that the log can be read on. */
  private verdict(chapter: Chapter, said: Said, at: Moment): Verdict {
    try {
      const verdict = chapter.apply(said, at, this.tables.of(chapter.name, chapter.reads));
      if (verdict.refusal !== undefined) return verdict;
      const { answer } = verdict;
      assert(
        answer === undefined || canonicalJson(answer).length <= ANSWER_CHARACTERS,
        'the answer to a command is short',
      );
      for (const other of this.rules.chapters)
        if (other.reads?.includes(chapter.name))
          other.heard?.(said, at, this.tables.of(other.name, other.reads));
      return verdict;
    } catch {
      return { refusal: CHAPTER_FAULT };
    }
  }

  private remember(item: Remembered): void {
    this.unsaved.remembered.push(item);
    const forgotten = this.rememberedIn(item.chapter).add(item);
    if (forgotten !== undefined) this.unsaved.forgotten.push(forgotten);
  }

  private rememberedIn(chapter: string): Remembering {
    const items = this.remembered.get(chapter);
    assert(items !== undefined, 'outcomes are remembered for the chapters that are followed');
    return items;
  }
}

const namesOf = (chapters: readonly Chapter[]): string[] => chapters.map(({ name }) => name).sort();

const knowsSessions = (chapter: Chapter, sessions: Chapter): boolean =>
  chapter === sessions || chapter.reads?.includes(sessions.name) === true;

/** An account and the party of its name are two: nobody takes another's ids away by using them first. */
const speaker = (author: string, vouched: boolean): string => (vouched ? `~${author}` : author);

const UNKNOWN_KIND = 'command.unknown-kind';

const skipped = (sequence: number, error: ErrorReport): Deed => ({
  command: undefined,
  digest: '',
  outcome: { ok: false, sequence, error },
  duplicate: false,
  changes: [],
});

function countedAs({ command, outcome, duplicate }: Deed): keyof Counters {
  if (command === undefined) return !outcome.ok && outcome.error.code === UNKNOWN_KIND ? 'passed' : 'skipped';
  if (duplicate) return 'duplicates';
  return outcome.ok ? 'accepted' : 'refused';
}

const ID_REUSED: ErrorReport = {
  code: 'command.id-reused',
  message: 'this id belongs to another command of the same author',
  hint: 'use a new id for every command, the same for its retries',
};

const SESSION_ENDED: ErrorReport = {
  code: 'session.ended',
  message: "the session has ended, or is not that account's",
  hint: 'log in again',
};

const CHAPTER_FAULT: ErrorReport = {
  code: 'command.chapter-fault',
  message: 'applying this command failed',
  hint: 'report this as a fault of the program',
};

const notVouchable = (kind: string): ErrorReport => ({
  code: 'command.not-vouchable',
  message: `${kind} needs the party's own signature`,
  hint: "say it with the party's key",
});
