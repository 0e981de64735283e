/**
 * Owns what a server keeps of elections on its disk: its keys, the envelopes it holds, and how far it has verified and counted.
 * Must never lose what a receipt was given for, nor count twice: verdicts, tally and place change in one transaction.
 */
import type { TallyHalves } from '../election/fragment.ts';
import type { KeyShare } from '../election/verify-key.ts';
import type { Row, Store, Value } from '../store/store.ts';

const MIGRATIONS = [
  {
    number: 1,
    sql: `
CREATE TABLE secret (
  election TEXT NOT NULL PRIMARY KEY, sealing BLOB NOT NULL, contribution BLOB NOT NULL, share TEXT
) STRICT;
CREATE TABLE envelope (
  election TEXT NOT NULL, contents BLOB NOT NULL, bytes BLOB NOT NULL, isMine INTEGER NOT NULL,
  PRIMARY KEY (election, contents)
) STRICT;
CREATE TABLE checkpoint (
  election TEXT NOT NULL PRIMARY KEY, batches INTEGER NOT NULL, added BLOB NOT NULL, removed BLOB NOT NULL
) STRICT;
CREATE TABLE rejected (
  election TEXT NOT NULL, position INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (election, position)
) STRICT;`,
  },
] as const;

export interface BoxSecrets {
  readonly sealing: Uint8Array;
  readonly contribution: Uint8Array;
  readonly share: KeyShare | undefined;
}

export interface StoredEnvelope {
  readonly contents: Uint8Array;
  readonly bytes: Uint8Array;
  /** A voter gave it to this server: it is this server's to box. */
  readonly isMine: boolean;
}

/** How far a server has counted. */
export interface Checkpoint {
  readonly batches: number;
  readonly tally: TallyHalves;
}

/** Rows of one INSERT: measured, more gain nothing. */
const ROWS = 64;
/** Digests of one question. */
const ASKED = 256;

export class BoxStore {
  readonly #store: Store;

  private constructor(store: Store) {
    this.#store = store;
  }

  /** Throws `store.*`. */
  static async open(store: Store): Promise<BoxStore> {
    await store.migrate('box', MIGRATIONS);
    return new BoxStore(store);
  }

  async secrets(election: string): Promise<BoxSecrets | undefined> {
    const row = await this.#store.get(
      'SELECT sealing, contribution, share FROM secret WHERE election = ?',
      election,
    );
    return (
      row && {
        sealing: bytesOf(row, 'sealing'),
        contribution: bytesOf(row, 'contribution'),
        share: row.share === null ? undefined : JSON.parse(String(row.share)), // `keepShare` wrote it
      }
    );
  }

  async makeSecrets(election: string, sealing: Uint8Array, contribution: Uint8Array): Promise<void> {
    await this.#store.run(
      'INSERT INTO secret VALUES (?, ?, ?, NULL) ON CONFLICT DO NOTHING',
      election,
      sealing,
      contribution,
    );
  }

  async keepShare(election: string, share: KeyShare): Promise<void> {
    await this.#store.run('UPDATE secret SET share = ? WHERE election = ?', JSON.stringify(share), election);
  }

  /** Destroys what opens ballots. The envelopes stay, sealed for good. */
  async forgetSecrets(election: string): Promise<void> {
    await this.#store.run('DELETE FROM secret WHERE election = ?', election);
  }

  /** On the disk when it resolves. One that a voter gave takes the place of one that another server gave. */
  async keep(election: string, envelopes: readonly StoredEnvelope[]): Promise<void> {
    await this.#store.transaction(async (transaction) => {
      for (let at = 0; at < envelopes.length; at += ROWS) {
        const part = envelopes.slice(at, at + ROWS);
        const values: Value[] = part.flatMap(({ contents, bytes, isMine }) => [
          election,
          contents,
          bytes,
          isMine ? 1 : 0,
        ]);
        await transaction.run(
          `INSERT INTO envelope VALUES ${part.map(() => '(?, ?, ?, ?)').join(', ')}
           ON CONFLICT DO UPDATE SET
             bytes = CASE WHEN excluded.isMine THEN excluded.bytes ELSE bytes END,
             isMine = max(isMine, excluded.isMine)`,
          ...values,
        );
      }
    });
  }

  /** Those that are here, in any order. */
  async envelopes(election: string, contents: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const rows = await this.#among(election, contents);
    return rows.map((row) => bytesOf(row, 'bytes'));
  }

  /** Everything a voter gave to this server, for what a crash left unboxed. */
  async mine(election: string): Promise<Uint8Array[]> {
    const rows = await this.#store.all(
      'SELECT bytes FROM envelope WHERE election = ? AND isMine = 1',
      election,
    );
    return rows.map((row) => bytesOf(row, 'bytes'));
  }

  async checkpoint(election: string): Promise<Checkpoint | undefined> {
    const row = await this.#store.get('SELECT * FROM checkpoint WHERE election = ?', election);
    return (
      row && {
        batches: Number(row.batches),
        tally: { added: bytesOf(row, 'added'), removed: bytesOf(row, 'removed') },
      }
    );
  }

  async rejected(election: string): Promise<[number, string][]> {
    const rows = await this.#store.all(
      'SELECT position, reason FROM rejected WHERE election = ? ORDER BY position',
      election,
    );
    return rows.map(({ position, reason }) => [Number(position), String(reason)]);
  }

  /** One batch is counted, or nothing of it. */
  async count(
    election: string,
    { batches, tally }: Checkpoint,
    rejected: readonly (readonly [number, string])[],
  ): Promise<void> {
    await this.#store.transaction(async (transaction) => {
      await transaction.run(
        'INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?)',
        election,
        batches,
        tally.added,
        tally.removed,
      );
      for (const [position, reason] of rejected)
        await transaction.run('INSERT OR REPLACE INTO rejected VALUES (?, ?, ?)', election, position, reason);
    });
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #among(election: string, contents: readonly Uint8Array[]): Promise<Row[]> {
    const found: Row[] = [];
    for (let at = 0; at < contents.length; at += ASKED) {
      const part = contents.slice(at, at + ASKED);
      // Padded to one length, so that there is one prepared statement.
      const asked = Array.from({ length: ASKED }, (_, index) => part[index] ?? null);
      found.push(
        ...(await this.#store.all(
          `SELECT bytes FROM envelope WHERE election = ? AND contents IN (${ASKED_PLACES})`,
          election,
          ...asked,
        )),
      );
    }
    return found;
  }
}

const ASKED_PLACES = new Array(ASKED).fill('?').join(', ');

function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new Error(`assertion failed: ${column} is a blob`);
  return value;
}
