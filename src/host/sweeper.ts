/**
 * Owns taking delivered items out of the outbox: with whatever is committed next, else after a while, many at once.
 * An item that a crash keeps there is delivered once more under its id, which every delivery takes: that is no harm, only work.
 */
import type { Clock } from '../base/clock.ts';
import { type ErrorReport, reportOf } from '../base/errors.ts';
import type { Store, Transaction } from '../store/store.ts';
import { removeFromOutbox } from './tables.ts';

/** How long delivered items wait for a commit that takes them along, and how many may. */
const WAIT_MS = 200;
const MOST = 64;

export class Sweeper {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #onTrouble: (report: ErrorReport) => void;
  readonly #delivered = new Set<string>();
  #cancel: (() => void) | undefined;

  constructor(store: Store, clock: Clock, onTrouble: (report: ErrorReport) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onTrouble = onTrouble;
  }

  /** That item has arrived. */
  add(id: string): void {
    this.#delivered.add(id);
    if (this.#delivered.size >= MOST) this.#sweepSoon(0);
    else if (this.#cancel === undefined) this.#sweepSoon(WAIT_MS);
  }

  /** Removes what was delivered so far in a transaction that is under way; call `removed` with it once that is committed. */
  async sweepWithin(transaction: Transaction): Promise<readonly string[]> {
    const ids = [...this.#delivered];
    if (ids.length > 0) await removeFromOutbox(transaction, ids);
    return ids;
  }

  removed(ids: readonly string[]): void {
    for (const id of ids) this.#delivered.delete(id);
    if (this.#delivered.size === 0) this.#forgetTimer();
  }

  /** Resolves when everything delivered so far is removed. */
  async sweep(): Promise<void> {
    this.#forgetTimer();
    this.removed(await this.sweepWithin(this.#store));
  }

  #sweepSoon(delayMs: number): void {
    this.#forgetTimer();
    this.#cancel = this.#clock.after(delayMs, () => {
      this.sweep().catch((error: unknown) => {
        this.#onTrouble(reportOf(error));
        this.#sweepSoon(WAIT_MS);
      });
    });
  }

  #forgetTimer(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
