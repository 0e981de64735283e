/**
 * Owns how many streams are open: each costs a connection, and no account may hold them all.
 */
import type { MpcError } from '../base/errors.ts';
import { refusal } from './refusal.ts';
import type { SignedIn } from './views.ts';

const PER_ACCOUNT = 32;
const IN_ALL = 1024;

export class Seats {
  readonly #taken = new Map<string, number>();
  #all = 0;

  /** The returned function gives the seat back. Throws `events.too-many`. */
  take({ account }: Pick<SignedIn, 'account'>): () => void {
    const open = this.#taken.get(account) ?? 0;
    if (open >= PER_ACCOUNT || this.#all >= IN_ALL) throw tooMany(open);
    this.#taken.set(account, open + 1);
    this.#all++;
    return () => {
      this.#all--;
      const left = (this.#taken.get(account) ?? 1) - 1;
      if (left > 0) this.#taken.set(account, left);
      else this.#taken.delete(account);
    };
  }
}

const tooMany = (open: number): MpcError =>
  refusal(
    'events.too-many',
    `${open} streams of this account are open here`,
    'close some of them; one stream shows everything about a collaboration',
  );
