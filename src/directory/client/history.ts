/**
 * Owns what this place has shown and sent: a line of JSON each, kept by the client alone.
 * Must never forget what it has shown while its session lasts: a message that comes again must not be shown again.
 */
import { z } from 'zod';

const entrySchema = z.object({
  direction: z.enum(['in', 'out', 'notice']),
  /** Its number in the mailbox: of what came in. */
  number: z.int().optional(),
  /** The account it came to: see `AccountView.born`. */
  born: z.int().optional(),
  id: z.string(),
  from: z.string(),
  to: z.array(z.string()),
  atMs: z.int(),
  collaboration: z.string().optional(),
  text: z.string(),
  /** What was wrong with it, when it could not be shown as its sender's. */
  fault: z.string().optional(),
});

export type HistoryEntry = z.infer<typeof entrySchema>;

export interface HistoryStore {
  read(): string | undefined;
  /** One line, on the disk when it returns. */
  append(line: string): void;
}

export class History {
  readonly #store: HistoryStore;
  readonly #onEntry: (entry: HistoryEntry) => void;
  readonly #shown = new Set<string>();
  readonly #last = new Map<number, number>();

  /** `onEntry` is told of every entry, those that are there already first. */
  constructor(store: HistoryStore, onEntry: (entry: HistoryEntry) => void = () => {}) {
    this.#store = store;
    this.#onEntry = onEntry;
    for (const entry of entriesIn(store.read())) this.#note(entry);
  }

  /** The highest number shown of that account: 0 when none. */
  lastNumber(born: number): number {
    return this.#last.get(born) ?? 0;
  }

  wasShown(from: string, id: string): boolean {
    return this.#shown.has(`${from} ${id}`);
  }

  add(entry: HistoryEntry): void {
    this.#store.append(`${JSON.stringify(entry)}\n`);
    this.#note(entry);
  }

  #note(entry: HistoryEntry): void {
    const { direction, from, id, born, number } = entry;
    if (direction !== 'out') this.#shown.add(`${from} ${id}`);
    if (born !== undefined && number !== undefined && number > this.lastNumber(born))
      this.#last.set(born, number);
    this.#onEntry(entry);
  }
}

/** A last line that was cut off by a crash is passed over: it was not shown. */
function entriesIn(text: string | undefined): HistoryEntry[] {
  return (text ?? '').split('\n').flatMap((line) => {
    try {
      const parsed = entrySchema.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return [];
    }
  });
}
