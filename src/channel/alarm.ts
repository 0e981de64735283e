/**
 * Owns the one timer of a channel. It is moved only to an earlier time; one that rings too early is set anew. So a busy
 * channel sets a timer every few milliseconds, not with every message.
 */
import type { Clock } from '../base/clock.ts';

export class Alarm {
  readonly #clock: Clock;
  readonly #ring: (lateMs: number) => void;
  #setForMs: number | undefined;
  #cancel: () => void = () => {};

  /** `ring` is told how much later it is called than the clock could have called it. */
  constructor(clock: Clock, ring: (lateMs: number) => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at `dueMs` or earlier. */
  set(dueMs: number): void {
    if (this.#setForMs !== undefined && this.#setForMs <= dueMs) return;
    this.#cancel();
    this.#setForMs = dueMs;
    const nowMs = this.#clock.now();
    const ringMs = Math.max(nowMs, dueMs);
    this.#cancel = this.#clock.after(ringMs - nowMs, () => {
      this.#setForMs = undefined;
      this.#ring(Math.max(0, this.#clock.now() - ringMs));
    });
  }

  stop(): void {
    this.#cancel();
    this.#setForMs = undefined;
  }
}
