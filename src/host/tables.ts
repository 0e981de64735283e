/**
 * Owns the host's three tables: actors, the keys of events they have had, and actions that are to be delivered.
 * Must never hold a secret: states, ids, digests and counts only.
 */
import { assert } from '../base/errors.ts';
import type { Migration, Row, Transaction } from '../store/store.ts';

export const HOST_MIGRATIONS: readonly Migration[] = [
  {
    number: 1,
    sql: `
      CREATE TABLE actor (
        name TEXT PRIMARY KEY,
        machine TEXT NOT NULL,
        chart TEXT NOT NULL,  -- digest of the machine's config that wrote the state
        state TEXT NOT NULL,  -- canonical JSON: value, context, effects
        done INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE inbox (
        actor TEXT NOT NULL REFERENCES actor (name) ON DELETE CASCADE,
        key TEXT NOT NULL,
        PRIMARY KEY (actor, key)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE outbox (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        actor TEXT NOT NULL REFERENCES actor (name),
        action TEXT NOT NULL,
        params TEXT NOT NULL
      ) STRICT;`,
  },
];

export interface ActorRow {
  readonly name: string;
  readonly machine: string;
  readonly chart: string;
  readonly state: string;
  readonly done: boolean;
}

export interface OutboxItem {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly action: string;
  /** JSON. */
  readonly params: string;
}

/** True when the row was not there yet. */
export async function insertActor(transaction: Transaction, row: ActorRow): Promise<boolean> {
  const { name, machine, chart, state, done } = row;
  return (
    (await transaction.run(
      'INSERT INTO actor VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      name,
      machine,
      chart,
      state,
      done ? 1 : 0,
    )) === 1
  );
}

export async function saveState(
  transaction: Transaction,
  { name, state, done }: Pick<ActorRow, 'name' | 'state' | 'done'>,
): Promise<void> {
  await transaction.run('UPDATE actor SET state = ?, done = ? WHERE name = ?', state, done ? 1 : 0, name);
}

/** Keeps the keys of events that the actor has had. */
export async function markInbox(
  transaction: Transaction,
  actor: string,
  keys: readonly string[],
): Promise<void> {
  await transaction.run(
    'INSERT INTO inbox SELECT ?, value FROM json_each(?) WHERE true ON CONFLICT DO NOTHING',
    actor,
    JSON.stringify(keys),
  );
}

/** Keys of the events that each actor has had. */
export async function readInbox(transaction: Transaction): Promise<ReadonlyMap<string, string[]>> {
  return listsBy(await transaction.all('SELECT actor, key FROM inbox'), (row) => text(row, 'key'));
}

export async function putOutbox(
  transaction: Transaction,
  actor: string,
  items: readonly OutboxItem[],
): Promise<void> {
  for (const { id, action, params } of items)
    await transaction.run(
      'INSERT INTO outbox (id, actor, action, params) VALUES (?, ?, ?, ?)',
      id,
      actor,
      action,
      params,
    );
}

export async function removeFromOutbox(transaction: Transaction, ids: readonly string[]): Promise<void> {
  await transaction.run(
    'DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))',
    JSON.stringify(ids),
  );
}

export async function deleteActor(transaction: Transaction, actor: string): Promise<void> {
  await transaction.run('DELETE FROM actor WHERE name = ?', actor);
}

/** A finished actor takes no event: its keys are of no use. */
export async function emptyFinishedInboxes(transaction: Transaction): Promise<void> {
  await transaction.run('DELETE FROM inbox WHERE actor IN (SELECT name FROM actor WHERE done = 1)');
}

export async function readActors(transaction: Transaction): Promise<readonly ActorRow[]> {
  const rows = await transaction.all('SELECT name, machine, chart, state, done FROM actor ORDER BY name');
  return rows.map((row) => ({
    name: text(row, 'name'),
    machine: text(row, 'machine'),
    chart: text(row, 'chart'),
    state: text(row, 'state'),
    done: row.done === 1,
  }));
}

/** Undelivered items by actor, oldest first. */
export async function readOutbox(transaction: Transaction): Promise<ReadonlyMap<string, OutboxItem[]>> {
  const rows = await transaction.all('SELECT actor, id, action, params FROM outbox ORDER BY position');
  return listsBy(rows, (row) => ({
    id: text(row, 'id'),
    action: text(row, 'action'),
    params: text(row, 'params'),
  }));
}

function listsBy<Item>(rows: readonly Row[], itemOf: (row: Row) => Item): Map<string, Item[]> {
  const lists = new Map<string, Item[]>();
  for (const row of rows) {
    const actor = text(row, 'actor');
    const list = lists.get(actor) ?? [];
    list.push(itemOf(row));
    lists.set(actor, list);
  }
  return lists;
}

function text(row: Row, column: string): string {
  const value = row[column];
  assert(typeof value === 'string', 'a text column of the host holds text');
  return value;
}
