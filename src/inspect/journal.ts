/**
 * Owns the one log of records that an inspector shows: in order of time, whether they come in now or were recorded before.
 * Live records wait a moment for those of other roles, so that a message's two ends do not change places.
 */
import type { Clock } from '../base/clock.ts';
import type { FeedRecord } from './records.ts';

/** Longer than a batch of the feed takes. */
const HOLD_MS = 150;

export class Journal {
  readonly #clock: Clock;
  readonly #records: FeedRecord[] = [];
  readonly #listeners = new Set<(from: number) => void>();
  #held: FeedRecord[] = [];
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get records(): readonly FeedRecord[] {
    return this.#records;
  }

  /** Called with the place of the first new record, whenever there are some. Returns how to stop it. */
  onAppend(listener: (from: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What a role tells now. */
  hear(records: readonly FeedRecord[]): void {
    this.#held.push(...records);
    this.#cancel ??= this.#clock.after(HOLD_MS, () => this.settle());
  }

  /** What was recorded before, in its own order. */
  append(records: readonly FeedRecord[]): void {
    if (records.length === 0) return;
    const from = this.#records.length;
    for (const record of records) this.#records.push(record);
    for (const listener of this.#listeners) listener(from);
  }

  /** Takes what is held at once. */
  settle(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const held = this.#held;
    this.#held = [];
    // Stable: records of one role stay in their order.
    this.append(held.sort((a, b) => a.atMs - b.atMs));
  }
}
