/**
 * Owns time in tests of the memory bus.
 */
import type { Clock } from '../../src/base/clock.ts';

/** Time that passes only when a test turns it: to the next thing due, ties in the order they were asked for. */
export class HandClock implements Clock {
  #now = 0;
  readonly #due: { atMs: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const entry = { atMs: this.#now + delayMs, callback };
    this.#due.push(entry);
    return () => {
      const at = this.#due.indexOf(entry);
      if (at >= 0) this.#due.splice(at, 1);
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Lets time pass until nothing is due any more, nor comes of what happened. */
  async runDry(): Promise<void> {
    do await new Promise(setImmediate);
    while (this.#turn());
  }

  /** Lets the next thing that is due happen, and what comes of it. */
  async turn(): Promise<void> {
    this.#turn();
    await new Promise(setImmediate);
  }

  #turn(): boolean {
    this.#due.sort((a, b) => a.atMs - b.atMs);
    const next = this.#due.shift();
    if (next === undefined) return false;
    this.#now = next.atMs;
    next.callback();
    return true;
  }
}
