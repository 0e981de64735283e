/**
 * Owns the tables of all chapters in memory: a command's changes stand apart until it is accepted, then all or none count.
 * Must never change a row in place, nor lose the order in which keys came: replicas are compared by it.
 */
import { assert } from '../base/errors.ts';
import type { ReadTable, Table, Tables } from './chapter.ts';

/** What became of one record. */
export interface Change {
  readonly chapter: string;
  readonly table: string;
  readonly key: string;
  readonly before: unknown;
  /** Undefined when it was deleted. */
  readonly after: unknown;
  /** It was deleted and put again: it stands behind all others now. */
  readonly moved: boolean;
}

/** A table as plain JSON. */
export interface SavedTable {
  readonly chapter: string;
  readonly table: string;
  readonly rows: readonly (readonly [string, unknown])[];
}

export class TableSet {
  readonly #tables = new Map<string, MemoryTable>();

  constructor(saved: readonly SavedTable[] = []) {
    for (const { chapter, table, rows } of saved)
      this.#tables.set(nameOf(chapter, table), new MemoryTable(chapter, table, rows));
  }

  /** What one chapter may touch, and read of others. */
  of(chapter: string, reads: readonly string[] = []): Tables {
    return {
      table: <Row>(name: string) => this.#table(chapter, name) as unknown as Table<Row>, // rows are what the chapter puts
      read: <Row>(other: string, name: string) => {
        assert(reads.includes(other), 'a chapter names the chapters that it reads');
        return this.read<Row>(other, name);
      },
    };
  }

  read<Row>(chapter: string, name: string): ReadTable<Row> {
    return (this.#tables.get(nameOf(chapter, name)) ?? EMPTY) as unknown as ReadTable<Row>; // as in `of`
  }

  /** Makes what was put and deleted since the last time count; returns it in the order of its keys' first change. */
  commit(): Change[] {
    return [...this.#tables.values()].flatMap((table) => table.commit());
  }

  /** Forgets what was put and deleted since the last time. */
  undo(): void {
    for (const table of this.#tables.values()) table.undo();
  }

  /** Tables that hold something, sorted by their names. */
  saved(): SavedTable[] {
    return [...this.#tables.entries()]
      .filter(([, { size }]) => size > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, table]) => ({ chapter: table.chapter, table: table.name, rows: [...table.entries()] }));
  }

  #table(chapter: string, name: string): MemoryTable {
    const key = nameOf(chapter, name);
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const made = new MemoryTable(chapter, name);
    this.#tables.set(key, made);
    return made;
  }
}

const nameOf = (chapter: string, table: string): string => `${chapter} ${table}`;

interface Pending {
  readonly row: unknown;
  readonly moved: boolean;
}

class MemoryTable implements Table<unknown> {
  readonly chapter: string;
  readonly name: string;
  readonly #rows: Map<string, unknown>;
  readonly #pending = new Map<string, Pending>();
  #grown = 0;

  constructor(chapter: string, name: string, rows: readonly (readonly [string, unknown])[] = []) {
    this.chapter = chapter;
    this.name = name;
    this.#rows = new Map(rows);
  }

  get size(): number {
    return this.#rows.size + this.#grown;
  }

  get(key: string): unknown {
    const pending = this.#pending.get(key);
    return pending === undefined ? this.#rows.get(key) : pending.row;
  }

  put(key: string, row: unknown): void {
    assert(row !== undefined, 'a row is plain JSON');
    if (this.get(key) === undefined) this.#grown++;
    const earlier = this.#pending.get(key);
    const moved = earlier !== undefined && (earlier.moved || earlier.row === undefined);
    if (earlier?.row === undefined) this.#pending.delete(key);
    this.#pending.set(key, { row, moved });
  }

  delete(key: string): void {
    if (this.get(key) === undefined) return;
    this.#grown--;
    this.#pending.set(key, { row: undefined, moved: false });
  }

  *entries(): IterableIterator<[string, unknown]> {
    for (const [key, row] of this.#rows) {
      const pending = this.#pending.get(key);
      if (pending === undefined) yield [key, row];
      else if (pending.row !== undefined && !pending.moved) yield [key, pending.row];
    }
    for (const [key, { row, moved }] of this.#pending)
      if (row !== undefined && (moved || !this.#rows.has(key))) yield [key, row];
  }

  commit(): Change[] {
    if (this.#pending.size === 0) return [];
    const changes: Change[] = [];
    for (const [key, { row, moved }] of this.#pending) {
      const before = this.#rows.get(key);
      if (row === undefined || moved) this.#rows.delete(key);
      if (row !== undefined) this.#rows.set(key, row);
      if (row !== undefined || before !== undefined)
        changes.push({
          chapter: this.chapter,
          table: this.name,
          key,
          before,
          after: row,
          moved: moved && before !== undefined,
        });
    }
    this.undo();
    return changes;
  }

  undo(): void {
    this.#pending.clear();
    this.#grown = 0;
  }
}

const EMPTY = new MemoryTable('', '');
