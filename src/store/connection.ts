/**
 * Owns one SQLite connection as promises, with its prepared statements.
 * Must never be used by two callers at once: the store above it puts them in a queue.
 */
import sqlite3 from 'sqlite3';
import { storeFault } from './faults.ts';

export type Value = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, Value>>;

export class Connection {
  readonly #database: sqlite3.Database;
  readonly #path: string;
  readonly #statements = new Map<string, sqlite3.Statement>();

  private constructor(database: sqlite3.Database, path: string) {
    this.#database = database;
    this.#path = path;
  }

  static open(path: string): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const database = new sqlite3.Database(path, (error) => {
        if (error) reject(storeFault(error, path));
        else resolve(new Connection(database, path));
      });
    });
  }

  /** How long SQLite itself asks again for a lock. */
  waitForLocks(timeoutMs: number): void {
    this.#database.configure('busyTimeout', timeoutMs);
  }

  /** Several statements without parameters: schema, pragmas, BEGIN and COMMIT. */
  execute(sql: string): Promise<void> {
    return this.#settle((done) => this.#database.exec(sql, done));
  }

  /** Returns how many rows were changed. */
  async run(sql: string, values: readonly Value[]): Promise<number> {
    const statement = await this.#prepared(sql);
    let changes = 0;
    await this.#settle((done) =>
      statement.run(...values, function (this: sqlite3.RunResult, error: Error | null) {
        changes = this.changes;
        done(error);
      }),
    );
    return changes;
  }

  async all(sql: string, values: readonly Value[]): Promise<readonly Row[]> {
    const statement = await this.#prepared(sql);
    let rows: readonly Row[] = [];
    await this.#settle((done) =>
      statement.all(...values, (error: Error | null, found: readonly Row[]) => {
        rows = found;
        done(error);
      }),
    );
    return rows;
  }

  async close(): Promise<void> {
    for (const statement of this.#statements.values())
      await new Promise<void>((resolve) => statement.finalize(() => resolve()));
    this.#statements.clear();
    await this.#settle((done) => this.#database.close(done));
  }

  async #prepared(sql: string): Promise<sqlite3.Statement> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const holder: { statement?: sqlite3.Statement } = {};
    await this.#settle((done) => {
      holder.statement = this.#database.prepare(sql, done);
    });
    const statement = holder.statement as sqlite3.Statement; // `prepare` returned before it called back
    this.#statements.set(sql, statement);
    return statement;
  }

  #settle(begin: (done: (error: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      begin((error) => (error ? reject(storeFault(error, this.#path)) : resolve()));
    });
  }
}
