/**
 * Owns which conversation each thing said belongs to: one with another account, or one about a collaboration.
 * Must never count as said about a collaboration what comes from somebody who takes no part in it.
 */
import type { HistoryEntry } from './history.ts';

/** What a person reads. */
export interface Said {
  /** Its place in the history, from 1. */
  readonly number: number;
  readonly direction: HistoryEntry['direction'];
  readonly from: string;
  readonly to: readonly string[];
  readonly atMs: number;
  readonly text: string;
  /** A collaboration that its sender names without taking part in it. */
  readonly claims?: string;
  /** The code of what is wrong with it; without a text where that cannot be read. */
  readonly fault?: string;
}

export interface Conversation {
  /** The other account's name, or `#` and the collaboration's id. */
  readonly with: string;
  /** The oldest first; at least one. */
  readonly said: readonly Said[];
  /** How many came in that nobody has read. */
  readonly unread: number;
}

/** Whether that account takes part in that collaboration, as the log knows it now. */
export type TakesPart = (account: string, collaboration: string) => boolean;

/** What is held in memory; what is older stays in the file. */
const HELD = 20_000;

export class Conversations {
  #entries: HistoryEntry[] = [];
  #dropped = 0;
  readonly #takesPart: TakesPart;

  constructor(takesPart: TakesPart) {
    this.#takesPart = takesPart;
  }

  add(entry: HistoryEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length <= 2 * HELD) return;
    this.#dropped += this.#entries.length - HELD;
    this.#entries = this.#entries.slice(-HELD);
  }

  /** The one with the newest word first. `read`: the number up to which each was read. */
  all(read: Readonly<Record<string, number>>): Conversation[] {
    const found = new Map<string, Said[]>();
    for (const [at, entry] of this.#entries.entries()) {
      const placed = this.#placed(entry, this.#dropped + at + 1);
      if (placed === undefined) continue;
      const before = found.get(placed.with);
      if (before === undefined) found.set(placed.with, [placed.said]);
      else before.push(placed.said);
    }
    return [...found]
      .map(([name, said]) => ({
        with: name,
        said,
        unread: said.filter(({ direction, number }) => direction !== 'out' && number > (read[name] ?? 0))
          .length,
      }))
      .sort((a, b) => (b.said.at(-1)?.number ?? 0) - (a.said.at(-1)?.number ?? 0));
  }

  #placed(entry: HistoryEntry, number: number): { readonly with: string; readonly said: Said } | undefined {
    const { direction, from, to, atMs, text, collaboration, fault } = entry;
    const said: Said = {
      ...{ number, direction, from, to, atMs, text },
      ...(fault === undefined ? {} : { fault }),
    };
    if (direction === 'notice') {
      const [account = '', count = ''] = text.split(' ');
      const sentence = `${account} was deleted; ${count} of your messages were not delivered to it`;
      return account === '' ? undefined : { with: account, said: { ...said, text: sentence } };
    }
    if (direction === 'out') {
      const name = collaboration === undefined ? to[0] : `#${collaboration}`;
      return name === undefined ? undefined : { with: name, said };
    }
    if (collaboration === undefined) return { with: from, said };
    return this.#takesPart(from, collaboration)
      ? { with: `#${collaboration}`, said }
      : { with: from, said: { ...said, claims: collaboration } };
  }
}
