/**
 * Owns how long to wait for an answer: smoothed round trip and its deviation (RFC 6298), doubled at each timeout.
 * Must never wait less than an acknowledgement may be held back.
 */
import type { ChannelSettings } from './settings.ts';

export class RoundTrip {
  readonly #settings: ChannelSettings;
  #smoothedMs: number | undefined;
  #deviationMs = 0;
  #doublings = 0;

  constructor(settings: ChannelSettings) {
    this.#settings = settings;
  }

  get timeoutMs(): number {
    const { first, least, most } = this.#settings.resendMs;
    const measured = this.#smoothedMs === undefined ? first : this.#smoothedMs + 4 * this.#deviationMs;
    const waitMs = Math.max(least, measured + this.#settings.ackDelayMs) * 2 ** this.#doublings;
    return Math.min(most, Math.ceil(waitMs));
  }

  measured(sampleMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = sampleMs;
      this.#deviationMs = sampleMs / 2;
      return;
    }
    this.#deviationMs += (Math.abs(sampleMs - this.#smoothedMs) - this.#deviationMs) / 4;
    this.#smoothedMs += (sampleMs - this.#smoothedMs) / 8;
  }

  timedOut(): void {
    this.#doublings = Math.min(this.#doublings + 1, 10);
  }

  progressed(): void {
    this.#doublings = 0;
  }
}
