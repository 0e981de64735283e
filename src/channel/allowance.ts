/**
 * Owns how much of what strangers can cause is done: so many at once, so many a second (a token bucket).
 * Must never let a clock that is set back give or take anything.
 */
import type { Clock } from '../base/clock.ts';
import type { ChannelSettings } from './settings.ts';

export class Allowance {
  readonly #settings: ChannelSettings;
  readonly #clock: Clock;
  #left: number;
  #countedMs: number;

  constructor(settings: ChannelSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#left = settings.handshakeBurst;
    this.#countedMs = clock.now();
  }

  take(): boolean {
    const { handshakeBurst, handshakesPerSecond } = this.#settings;
    const now = this.#clock.now();
    const elapsedMs = Math.max(0, now - this.#countedMs);
    this.#left = Math.min(handshakeBurst, this.#left + (elapsedMs * handshakesPerSecond) / 1000);
    this.#countedMs = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
