/**
 * Owns the names of all accounts in their order, and pages of those that fit a pattern.
 * Must never look at more names for one request than it is allowed: a page may be short and the next begin where it ended.
 */
import { BOUNDS } from './bounds.ts';
import type { Pattern } from './pattern.ts';

export interface NamesPage {
  readonly names: readonly string[];
  /** Where to go on; undefined at the end. */
  readonly next: string | undefined;
}

export class Listing {
  readonly #names: string[];

  constructor(names: Iterable<string>) {
    this.#names = [...names].sort(byCodeUnit);
  }

  get size(): number {
    return this.#names.length;
  }

  add(name: string): void {
    const at = this.#placeOf(name);
    if (this.#names[at] !== name) this.#names.splice(at, 0, name);
  }

  remove(name: string): void {
    const at = this.#placeOf(name);
    if (this.#names[at] === name) this.#names.splice(at, 1);
  }

  /** Up to `limit` names after `after`. */
  page(pattern: Pattern, after: string | undefined, limit: number): NamesPage {
    const { prefix } = pattern;
    const first = after === undefined || after < prefix ? prefix : `${after}\u0000`;
    const names: string[] = [];
    let looked = 0;
    for (let at = this.#placeOf(first); at < this.#names.length; at++) {
      const name = this.#names[at]!;
      if (!name.startsWith(prefix)) break;
      if (names.length === limit || looked === BOUNDS.looked) return { names, next: this.#names[at - 1] };
      looked++;
      if (pattern.matches(name)) names.push(name);
    }
    return { names, next: undefined };
  }

  /** The first place whose name is not less. */
  #placeOf(name: string): number {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#names[middle]! < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
