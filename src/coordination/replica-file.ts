/**
 * Owns a replica's state on its disk: every entry's changes in one transaction with the entry's number and the log's digests.
 * Must never hold half an entry, nor be ahead of the log.
 *
 * Rows keep the order in which their keys came (`place`): chapters see the same order before and after a restart.
 */
import { EXIT, MpcError } from '../base/errors.ts';
import type { Migration, Store, Transaction } from '../store/store.ts';
import type { Facts, Remembered, StateSnapshot, Step } from './records.ts';
import type { Change, SavedTable } from './tables.ts';

const MIGRATIONS: readonly Migration[] = [
  {
    number: 1,
    sql: `
      CREATE TABLE log_facts (one INTEGER PRIMARY KEY CHECK (one = 1), facts TEXT NOT NULL) STRICT;
      CREATE TABLE log_row (
        place INTEGER PRIMARY KEY, chapter TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, row TEXT NOT NULL,
        UNIQUE (chapter, name, key)
      ) STRICT;
      CREATE TABLE log_outcome (
        place INTEGER PRIMARY KEY, chapter TEXT NOT NULL, said_by TEXT NOT NULL, id TEXT NOT NULL, digest TEXT NOT NULL,
        outcome TEXT NOT NULL, UNIQUE (chapter, said_by, id)
      ) STRICT;`,
  },
];

/** What the facts hold besides: what a state must be of to be loaded. */
type Saved = Pick<StateSnapshot, 'version' | 'deployment' | 'chapters'> & Facts;

export interface ReplicaFile {
  /** The state as of the last entry written; undefined in a new file. */
  load(): Promise<StateSnapshot | undefined>;
  /** Resolves when the entry is on the disk. Calls that come while one is under way share the next transaction. */
  write(step: Step): Promise<void>;
  /** Puts this state in the place of whatever is there. */
  replace(state: StateSnapshot): Promise<void>;
}

export async function openReplicaFile(
  store: Store,
  identity: Pick<StateSnapshot, 'version' | 'deployment' | 'chapters'>,
): Promise<ReplicaFile> {
  await store.migrate('log', MIGRATIONS);
  return new SqliteReplica(store, identity);
}

class SqliteReplica implements ReplicaFile {
  readonly #store: Store;
  readonly #identity: Pick<StateSnapshot, 'version' | 'deployment' | 'chapters'>;
  #steps: Step[] = [];
  /** Why nothing is written any more: what came after a lost entry must not be. */
  #broken: unknown;
  /** The transaction that is to come, if one is, and the end of those before it. */
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(store: Store, identity: Pick<StateSnapshot, 'version' | 'deployment' | 'chapters'>) {
    this.#store = store;
    this.#identity = identity;
  }

  async load(): Promise<StateSnapshot | undefined> {
    const saved = await this.#store.get('SELECT facts FROM log_facts');
    if (saved === undefined) return undefined;
    const tables = new Map<string, { chapter: string; table: string; rows: [string, unknown][] }>();
    for (const { chapter, name, key, row } of await this.#store.all(
      'SELECT chapter, name, key, row FROM log_row ORDER BY place',
    )) {
      const id = `${chapter} ${name}`;
      const table = tables.get(id) ?? { chapter: `${chapter}`, table: `${name}`, rows: [] };
      tables.set(id, table);
      table.rows.push([`${key}`, parsed(row)]);
    }
    const outcomes = await this.#store.all(
      'SELECT chapter, said_by, id, digest, outcome FROM log_outcome ORDER BY place',
    );
    const remembered = outcomes.map(
      ({ chapter, said_by: by, id, digest, outcome }): Remembered =>
        ({ chapter, by, id, digest, outcome: parsed(outcome) }) as Remembered, // as `write` put it
    );
    return {
      ...(parsed(saved.facts) as Saved), // as `write` put it
      tables: [...tables.values()].sort(byName),
      remembered: sortedByChapter(remembered),
    };
  }

  write(step: Step): Promise<void> {
    this.#steps.push(step);
    if (this.#next === undefined) {
      this.#next = this.#last.then(() => this.#writeNext());
      this.#last = this.#next.catch(() => undefined); // whoever has written hears of it
    }
    return this.#next;
  }

  async #writeNext(): Promise<void> {
    const steps = this.#steps;
    this.#steps = [];
    this.#next = undefined;
    try {
      await this.#store.transaction(async (transaction) => {
        if (this.#broken !== undefined) throw this.#broken;
        const { facts } = steps.at(-1) as Step; // `write` put one there
        await writeRows(transaction, coalesced(steps.flatMap(({ changes }) => changes)));
        await writeOutcomes(transaction, steps);
        await this.#writeFacts(transaction, facts);
      });
    } catch (error) {
      this.#broken = error;
      throw error;
    }
  }

  replace(state: StateSnapshot): Promise<void> {
    const { tables, remembered, sequence, timeMs, lastEntry, chain, counters } = state;
    return this.#store.transaction(async (transaction) => {
      await transaction.run('DELETE FROM log_row');
      await transaction.run('DELETE FROM log_outcome');
      for (const { chapter, table, rows } of tables)
        for (const part of parts(rows))
          await put(
            transaction,
            part.map(([key, row]) => [chapter, table, key, JSON.stringify(row)]),
          );
      for (const part of parts(remembered)) await remember(transaction, part);
      await this.#writeFacts(transaction, { sequence, timeMs, lastEntry, chain, counters });
    });
  }

  async #writeFacts(transaction: Transaction, facts: Facts): Promise<void> {
    const saved: Saved = { ...this.#identity, ...facts };
    await transaction.run('INSERT OR REPLACE INTO log_facts VALUES (1, ?)', JSON.stringify(saved));
  }
}

/** The last change of each record, those that moved behind in their new place. */
function coalesced(changes: readonly Change[]): Change[] {
  const last = new Map<string, Change>();
  for (const change of changes) {
    const id = JSON.stringify([change.chapter, change.table, change.key]);
    const earlier = last.get(id);
    const moved =
      change.moved || earlier?.moved === true || (earlier !== undefined && earlier.after === undefined);
    if (earlier !== undefined && (change.moved || earlier.after === undefined)) last.delete(id);
    last.set(id, { ...change, moved });
  }
  return [...last.values()];
}

async function writeRows(transaction: Transaction, changes: readonly Change[]): Promise<void> {
  const gone = changes.filter(({ after, moved }) => after === undefined || moved);
  if (gone.length > 0)
    await transaction.run(
      `DELETE FROM log_row WHERE (chapter, name, key) IN
       (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))`,
      JSON.stringify(gone.map(({ chapter, table, key }) => [chapter, table, key])),
    );
  const kept = changes.filter(({ after }) => after !== undefined);
  if (kept.length > 0)
    await put(
      transaction,
      kept.map(({ chapter, table, key, after }) => [chapter, table, key, JSON.stringify(after)]),
    );
}

/** In their order, each new one behind all that are there. */
async function put(transaction: Transaction, rows: readonly (readonly string[])[]): Promise<void> {
  await transaction.run(
    `INSERT INTO log_row (chapter, name, key, row)
     SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE true ORDER BY json_each.key
     ON CONFLICT (chapter, name, key) DO UPDATE SET row = excluded.row`,
    JSON.stringify(rows),
  );
}

/** Those of all steps that are remembered in the end. */
async function writeOutcomes(transaction: Transaction, steps: readonly Step[]): Promise<void> {
  const idOf = ({ chapter, by, id }: Remembered): string => JSON.stringify([chapter, by, id]);
  const fresh = new Map<string, Remembered>();
  const gone: Remembered[] = [];
  for (const { remembered, forgotten } of steps) {
    for (const item of remembered) fresh.set(idOf(item), item);
    for (const item of forgotten) if (!fresh.delete(idOf(item))) gone.push(item);
  }
  await forget(transaction, gone);
  await remember(transaction, [...fresh.values()]);
}

async function remember(transaction: Transaction, items: readonly Remembered[]): Promise<void> {
  if (items.length === 0) return;
  await transaction.run(
    `INSERT INTO log_outcome (chapter, said_by, id, digest, outcome)
     SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?) ORDER BY json_each.key`,
    JSON.stringify(
      items.map(({ chapter, by, id, digest, outcome }) => [chapter, by, id, digest, JSON.stringify(outcome)]),
    ),
  );
}

async function forget(transaction: Transaction, items: readonly Remembered[]): Promise<void> {
  if (items.length === 0) return;
  await transaction.run(
    `DELETE FROM log_outcome WHERE (chapter, said_by, id) IN
     (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))`,
    JSON.stringify(items.map(({ chapter, by, id }) => [chapter, by, id])),
  );
}

/** Rows of one statement. */
const PART = 500;

function* parts<Item>(items: readonly Item[]): Generator<Item[]> {
  for (let from = 0; from < items.length; from += PART) yield items.slice(from, from + PART);
}

const byName = (a: SavedTable, b: SavedTable): number =>
  `${a.chapter} ${a.table}` < `${b.chapter} ${b.table}` ? -1 : 1;

/** As `LogState.snapshot` has them: chapter by chapter, each in its order. */
function sortedByChapter(items: readonly Remembered[]): Remembered[] {
  return [...items].sort((a, b) => (a.chapter === b.chapter ? 0 : a.chapter < b.chapter ? -1 : 1));
}

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(`${text}`);
  } catch {
    throw new MpcError('store.corrupt', 'the replica holds a record that is no JSON', {
      hint: 'remove the file: it is rebuilt from another replica and the log',
      exitCode: EXIT.ioError,
    });
  }
}
