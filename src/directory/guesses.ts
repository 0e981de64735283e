/**
 * Owns when a replica checks passwords: one at a time for an account, few at a time in all, so that neither guessing nor
 * hashing can take the machine. Must never let two guesses at one account run together: each counts before the next.
 */
import { EXIT, MpcError } from '../base/errors.ts';

/** At a time: each takes 32 MiB and a thread of node's pool, which files need too. */
const AT_ONCE = 2;
const WAITING = 64;
const WAITING_PER_ACCOUNT = 4;

export class Guesses {
  readonly #last = new Map<string, { readonly done: Promise<unknown>; waiting: number }>();
  readonly #queue: (() => void)[] = [];
  #running = 0;
  #waiting = 0;

  /** Runs `work` when it is its turn. Throws `account.too-fast` when too many wait already. */
  async turn<Value>(account: string, work: () => Promise<Value>): Promise<Value> {
    const before = this.#last.get(account);
    if (this.#waiting >= WAITING || (before?.waiting ?? 0) >= WAITING_PER_ACCOUNT) throw tooMany();
    this.#waiting++;
    const run = (before?.done ?? Promise.resolve()).then(() => this.#one(work));
    const entry = { done: run.catch(() => {}), waiting: (before?.waiting ?? 0) + 1 };
    this.#last.set(account, entry);
    try {
      return await run;
    } finally {
      this.#waiting--;
      const latest = this.#last.get(account);
      if (latest === entry) this.#last.delete(account);
      else if (latest !== undefined) latest.waiting--;
    }
  }

  async #one<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

const tooMany = (): MpcError =>
  new MpcError('account.too-fast', 'too many passwords are being checked', {
    hint: 'try again in a second, or sign in by key',
    exitCode: EXIT.temporary,
  });
