/**
 * Owns the whole state as lines of text: how it is compared, and how it is carried to a replica that has none.
 * Must never need the state as one text: it may be larger than a text can be.
 */
import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../base/canonical.ts';
import { MpcError } from '../base/errors.ts';
import type { Remembered, StateSnapshot } from './records.ts';
import type { SavedTable } from './tables.ts';

/**
 * One line of canonical JSON for the facts, then for each table one that names it and one for each of its rows, then one for
 * each remembered outcome.
 */
export function* stateLines(state: StateSnapshot): Generator<string> {
  const { tables, remembered, ...facts } = state;
  yield canonicalJson(['state', facts as unknown as Json]); // all of it is plain JSON
  for (const { chapter, table, rows } of tables) {
    yield canonicalJson(['table', chapter, table]);
    for (const [key, row] of rows) yield canonicalJson(['row', key, row as Json]);
  }
  for (const item of remembered) yield canonicalJson(['outcome', item as unknown as Json]);
}

/** Hexadecimal SHA-256 of the lines. Equal on replicas that follow the same chapters and applied the same entries. */
export function stateDigest(state: StateSnapshot): string {
  const hash = createHash('sha256').update('mpc/1 log state\n');
  for (const line of stateLines(state)) hash.update(line).update('\n');
  return hash.digest('hex');
}

/** Puts lines together again. Whoever reads lines of others compares the digest of what comes out. */
export class StateReader {
  #facts: object | undefined;
  #table: { readonly rows: [string, unknown][] } | undefined;
  readonly #tables: SavedTable[] = [];
  readonly #remembered: Remembered[] = [];

  /** Throws `snapshot.malformed`. */
  take(line: string): void {
    const [what, first, second]: unknown[] = listIn(line);
    if (what === 'state' && typeof first === 'object' && first !== null) this.#facts = first;
    else if (what === 'table' && typeof first === 'string' && typeof second === 'string') {
      const rows: [string, unknown][] = [];
      this.#table = { rows };
      this.#tables.push({ chapter: first, table: second, rows });
    } else if (
      what === 'row' &&
      typeof first === 'string' &&
      second !== undefined &&
      this.#table !== undefined
    )
      this.#table.rows.push([first, second]);
    else if (what === 'outcome' && typeof first === 'object' && first !== null)
      this.#remembered.push(first as Remembered); // its digest is compared with a signed one before it is used
    else throw malformed();
  }

  /** Throws `snapshot.malformed`. */
  finish(): StateSnapshot {
    if (this.#facts === undefined) throw malformed();
    const facts = this.#facts as Omit<StateSnapshot, 'tables' | 'remembered'>; // as above
    return { ...facts, tables: this.#tables, remembered: this.#remembered };
  }
}

function listIn(line: string): unknown[] {
  try {
    const value: unknown = JSON.parse(line);
    if (Array.isArray(value)) return value;
  } catch {
    // told below
  }
  throw malformed();
}

const malformed = (): MpcError =>
  new MpcError('snapshot.malformed', 'the snapshot is not one of this version', {
    hint: 'run one version on all replicas',
  });
