/**
 * Owns what a table's keys say of one party's rows: that no two are equal in a key, and in which order they are then. Values are kept as
 * plain numbers, never as objects; none of them is repeated in a message.
 */
import type { Place } from '../base/errors.ts';
import type { ColumnSpecification, TableSpecification } from '../sql/specification.ts';
import type { Units } from './cells.ts';
import { rowsFault } from './faults.ts';

/** The values of all rows in the columns of one key. */
export class KeyedRows {
  readonly key: readonly string[];
  #rows = 0;
  #lines = new Float64Array(1024);
  #values: (Float64Array | BigInt64Array)[];
  readonly #places: readonly number[];

  constructor({ columns }: TableSpecification, key: readonly string[]) {
    this.key = key;
    this.#places = key.map((name) => columns.findIndex((column) => column.name === name));
    this.#values = this.#places.map((place) =>
      isExact(columns[place]!) ? new Float64Array(1024) : new BigInt64Array(1024),
    );
  }

  /** Adds the next row, read from that line. A row with a NULL in the key has a negative line. */
  add(line: number, row: readonly (Units | null)[]): void {
    if (this.#rows === this.#lines.length) this.#grow();
    const hasKey = this.#places.every((place) => row[place] !== null);
    this.#lines[this.#rows] = hasKey ? line : -line;
    this.#places.forEach((place, at) => {
      const values = this.#values[at]!;
      const value = row[place] ?? 0;
      if (values instanceof BigInt64Array) values[this.#rows] = BigInt(value);
      else values[this.#rows] = Number(value);
    });
    this.#rows += 1;
  }

  /**
   * The rows' numbers in ascending order of their keys, those with a NULL in the key at the end. Throws `rows.duplicate-key`, with the
   * lines of both rows.
   */
  order(place: Place): Uint32Array {
    const order = Uint32Array.from({ length: this.#rows }, (_, row) => row);
    if (order.some((row) => row > 0 && this.#compare(row - 1, row) > 0))
      order.sort((i, j) => this.#compare(i, j) || i - j);
    let first: readonly [number, number] | undefined;
    for (let at = 1; at < order.length; at++) {
      const [i, j] = [order[at - 1]!, order[at]!];
      if (this.#lines[j]! < 0 || this.#compare(i, j) !== 0) continue;
      if (!first || this.#lines[j]! < first[1]) first = [this.#lines[i]!, this.#lines[j]!];
    }
    if (!first) return order;
    throw rowsFault(
      'duplicate-key',
      `the row has the same ${this.key.join(', ')} as the row in line ${first[0]}, and the query says that no two rows have`,
      { ...place, line: first[1], column: this.key.join(', ') },
      'leave out one of them, or agree to leave the key out of the declaration',
    );
  }

  #compare(i: number, j: number): number {
    const [missing, otherMissing] = [this.#lines[i]! < 0, this.#lines[j]! < 0];
    if (missing || otherMissing) return Number(missing) - Number(otherMissing);
    for (const values of this.#values) {
      const [x, y] = [values[i]!, values[j]!];
      if (x !== y) return x < y ? -1 : 1;
    }
    return 0;
  }

  #grow(): void {
    const length = 2 * this.#lines.length;
    const lines = new Float64Array(length);
    lines.set(this.#lines);
    this.#lines = lines;
    this.#values = this.#values.map((values) => {
      if (values instanceof BigInt64Array) {
        const wide = new BigInt64Array(length);
        wide.set(values);
        return wide;
      }
      const narrow = new Float64Array(length);
      narrow.set(values);
      return narrow;
    });
  }
}

/** Whether a number holds every value of the column exactly. */
const isExact = ({ lo, hi }: ColumnSpecification): boolean =>
  Number.isSafeInteger(Number(lo)) && Number.isSafeInteger(Number(hi));
