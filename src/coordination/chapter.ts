/**
 * Owns the face of a chapter of the replicated state: what it may be told, and how it keeps its records.
 * Must never know any chapter's content: the log core (order, digests, remembered outcomes, signatures) is the same for all.
 */
import type { z } from 'zod';
import type { Json } from '../base/canonical.ts';
import type { ErrorReport } from '../base/errors.ts';
import type { Address } from '../bus/subjects.ts';

/** What a command says: plain JSON with a kind that one chapter knows. */
export interface Body {
  readonly kind: string;
  readonly [member: string]: Json | undefined;
}

export interface ReadTable<Row> {
  get(key: string): Row | undefined;
  /** In the order in which the keys came, the same on every replica and after every restart. */
  entries(): IterableIterator<[string, Row]>;
  readonly size: number;
}

/** Records by key. Rows are plain JSON and never mutated in place: what is put is written through to the replica's file. */
export interface Table<Row> extends ReadTable<Row> {
  put(key: string, row: Row): void;
  delete(key: string): void;
}

/** One chapter's own tables, and the others' to read. */
export interface Tables {
  /** A table of this chapter, empty at first: names are the chapter's own ('accounts', 'mail'). */
  table<Row>(name: string): Table<Row>;
  /** A table of another chapter, one that `reads` names. */
  read<Row>(chapter: string, name: string): ReadTable<Row>;
}

/** A command that was said by whom it names. */
export interface Said<Spoken extends { readonly kind: string } = Body> {
  /** Whose key signed it; of a vouched command `party-<account>`. */
  readonly author: Address;
  /** The author is an account: a coordinator signed for it (and its session is in force, where this chapter reads sessions). */
  readonly vouched: boolean;
  readonly id: string;
  readonly body: Spoken;
}

/** Where a command stands in the log. */
export interface Moment {
  /** The entry's number: several commands may share it. */
  readonly sequence: number;
  /** Log time: never runs backwards. */
  readonly timeMs: number;
}

export interface Verdict {
  /** Why nothing has changed. */
  readonly refusal?: ErrorReport;
  /** Told to whoever submitted it, and again at every retry. At most `ANSWER_CHARACTERS` of JSON. */
  readonly answer?: Json;
}

export const ANSWER_CHARACTERS = 4096;

export interface Chapter {
  readonly name: string;
  /** The commands that this chapter knows: objects with a literal `kind`, each kind in one chapter only. Ids are a chapter's own, too. */
  readonly bodies: readonly z.ZodObject[];
  /** Kinds that a coordinator may vouch for. All others need the author's own key. */
  readonly vouchable: readonly string[];
  /** Chapters whose tables it reads: whoever follows this one follows them too. */
  readonly reads?: readonly string[];
  /** Pure and deterministic: decides and changes its tables, or refuses (what it changed then is undone). */
  apply(said: Said, at: Moment, tables: Tables): Verdict;
  /** Hears each accepted command of the chapters it reads, in the same step: to tidy up, never to refuse. */
  heard?(said: Said, at: Moment, tables: Tables): void;
  /**
   * The account whose session has that digest and is in force at that log time. One chapter at most says so. It is asked for
   * vouched commands of this chapter and of those that read it; of others the coordinator's word is taken, by all alike.
   */
  sessionHolder?(session: string, timeMs: number, tables: Tables): Address | undefined;
}

type KindOf<Schemas extends readonly z.ZodObject[]> = z.infer<Schemas[number]> & { readonly kind: string };

export interface ChapterParts<Schemas extends readonly z.ZodObject[]>
  extends Omit<Chapter, 'bodies' | 'apply'> {
  readonly bodies: Schemas;
  apply(said: Said<KindOf<Schemas>>, at: Moment, tables: Tables): Verdict;
}

/** A chapter whose `apply` sees its own bodies by their schemas' types. */
export function chapterOf<const Schemas extends readonly z.ZodObject[]>(
  parts: ChapterParts<Schemas>,
): Chapter {
  return {
    ...parts,
    // The core hands a chapter only bodies that its own schemas accepted.
    apply: (said, at, tables) => parts.apply(said as unknown as Said<KindOf<Schemas>>, at, tables),
  };
}
