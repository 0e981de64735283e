/**
 * Owns the question whether the peer is there: when to ask for a sign of life, and when to call it away.
 * Must never blame the peer for our own pause: time in which this process did not run does not count as silence.
 */
import type { ChannelSettings } from './settings.ts';

export class Liveness {
  readonly #settings: ChannelSettings;
  #heardMs: number;
  #askedMs: number;
  #isPresent: boolean | undefined;

  constructor(settings: ChannelSettings, nowMs: number) {
    this.#settings = settings;
    this.#heardMs = nowMs;
    this.#askedMs = nowMs;
  }

  /** Takes a sign of life; true when the peer is back, or there for the first time. */
  heard(nowMs: number): boolean {
    this.#heardMs = nowMs;
    const isNews = this.#isPresent !== true;
    this.#isPresent = true;
    return isNews;
  }

  /** Waiting begins, or goes on after a pause of our own: silence counts from now. */
  restart(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#askedMs = nowMs;
  }

  get dueMs(): number {
    const pingMs = Math.max(this.#heardMs, this.#askedMs) + this.#settings.pingMs;
    return this.#isPresent === false ? pingMs : Math.min(pingMs, this.#heardMs + this.#settings.silentMs);
  }

  /** What to do now: ask the peer, and whether it has just been found silent for too long. */
  takeTime(nowMs: number): { readonly ask: boolean; readonly isLost: boolean } {
    const isLost = this.#isPresent !== false && nowMs >= this.#heardMs + this.#settings.silentMs;
    if (isLost) this.#isPresent = false;
    const ask = nowMs >= Math.max(this.#heardMs, this.#askedMs) + this.#settings.pingMs;
    if (ask) this.#askedMs = nowMs;
    return { ask, isLost };
  }
}
