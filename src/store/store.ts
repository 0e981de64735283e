/**
 * Owns a role's one SQLite file: durable when `transaction` resolves, as it was before when it rejects.
 * Must never be shared: one process per store, held by an exclusive lock for as long as it is open.
 *
 * WAL with synchronous=FULL: a commit is on the disk before anything is sent that depends on it (0.4 ms).
 * Transactions run one after the other; inside one, use the `Transaction` it was given, or wait for ever.
 */
import { digestOf } from '../base/canonical.ts';
import { assert, EXIT, MpcError } from '../base/errors.ts';
import { Connection, type Row, type Value } from './connection.ts';

export type { Row, Value } from './connection.ts';

export interface Transaction {
  /** Runs one statement; resolves with the number of rows it changed. */
  run(sql: string, ...values: readonly Value[]): Promise<number>;
  /** The first row, or undefined. */
  get(sql: string, ...values: readonly Value[]): Promise<Row | undefined>;
  all(sql: string, ...values: readonly Value[]): Promise<readonly Row[]>;
}

/** One numbered step of a schema: SQL that never changes once it was released. */
export interface Migration {
  /** 1 for the first, no gaps. */
  readonly number: number;
  readonly sql: string;
}

export interface Store extends Transaction {
  /** All of it is committed, or none. Rejects with what `work` threw, or a `store.*` error. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** Brings the tables of one owner (`host`, `coordination`, ...) to its newest schema, each step in one transaction. */
  migrate(owner: string, migrations: readonly Migration[]): Promise<void>;
  /** Waits for the transactions in the queue, then releases the file. */
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Path of the file; made when it is not there. `:memory:` keeps nothing. */
  readonly path: string;
  /** How long to wait for a predecessor that is still closing. */
  readonly lockTimeoutMs?: number;
}

/** Throws `store.locked`, `store.no-access`, `store.corrupt`, each with its remedy. */
export async function openStore({ path, lockTimeoutMs = 2000 }: StoreOptions): Promise<Store> {
  const connection = await Connection.open(path);
  try {
    connection.waitForLocks(lockTimeoutMs);
    // In exclusive mode the first transaction takes the file's lock and keeps it until the file is closed.
    await connection.execute(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;',
    );
    await connection.execute('BEGIN IMMEDIATE; COMMIT;');
    await connection.execute(`CREATE TABLE IF NOT EXISTS migration (
      owner TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (owner, number)
    ) STRICT`);
    return new SqliteStore(connection, path);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

class SqliteStore implements Store {
  readonly #connection: Connection;
  readonly #path: string;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(connection: Connection, path: string) {
    this.#connection = connection;
    this.#path = path;
  }

  run(sql: string, ...values: readonly Value[]): Promise<number> {
    return this.#queue(() => this.#connection.run(sql, values));
  }

  get(sql: string, ...values: readonly Value[]): Promise<Row | undefined> {
    return this.#queue(async () => (await this.#connection.all(sql, values))[0]);
  }

  all(sql: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    return this.#queue(() => this.#connection.all(sql, values));
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#queue(async () => {
      await this.#connection.run('BEGIN IMMEDIATE', []);
      const inside = new OpenTransaction(this.#connection);
      try {
        const result = await work(inside);
        inside.end();
        await this.#connection.run('COMMIT', []);
        return result;
      } catch (error) {
        inside.end();
        // SQLite has rolled back by itself after some faults (a full disk): then this one has nothing to do.
        await this.#connection.run('ROLLBACK', []).catch(() => undefined);
        throw error;
      }
    });
  }

  async migrate(owner: string, migrations: readonly Migration[]): Promise<void> {
    assert(
      migrations.every(({ number }, index) => number === index + 1),
      'migrations are numbered from 1 without gaps',
    );
    const done = await this.all(
      'SELECT number, digest FROM migration WHERE owner = ? ORDER BY number',
      owner,
    );
    for (const { number, digest } of done) {
      const known = migrations[Number(number) - 1];
      if (known === undefined || digestOf('migration', known.sql) !== digest)
        throw new MpcError(
          'store.newer',
          `the store's ${owner} schema ${number} is not one this version knows`,
          {
            place: { file: this.#path },
            hint: 'run the version that wrote this store, or a newer one',
            exitCode: EXIT.badConfig,
          },
        );
    }
    for (const { number, sql } of migrations.slice(done.length))
      await this.#queue(async () => {
        await this.#connection.run('BEGIN IMMEDIATE', []);
        try {
          await this.#connection.execute(sql);
          const digest = digestOf('migration', sql);
          await this.#connection.run('INSERT INTO migration VALUES (?, ?, ?)', [owner, number, digest]);
          await this.#connection.run('COMMIT', []);
        } catch (error) {
          await this.#connection.run('ROLLBACK', []).catch(() => undefined);
          throw error;
        }
      });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const closing = this.#queue(() => this.#connection.close());
    this.#closed = true;
    await closing;
  }

  #queue<T>(task: () => Promise<T>): Promise<T> {
    if (this.#closed)
      return Promise.reject(
        new MpcError('store.closed', 'the store is closed', { place: { file: this.#path } }),
      );
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

class OpenTransaction implements Transaction {
  readonly #connection: Connection;
  #open = true;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  end(): void {
    this.#open = false;
  }

  async run(sql: string, ...values: readonly Value[]): Promise<number> {
    assert(this.#open, 'a transaction is not used after it ended');
    return this.#connection.run(sql, values);
  }

  async get(sql: string, ...values: readonly Value[]): Promise<Row | undefined> {
    return (await this.all(sql, ...values))[0];
  }

  async all(sql: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    assert(this.#open, 'a transaction is not used after it ended');
    return this.#connection.all(sql, values);
  }
}
