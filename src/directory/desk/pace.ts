/**
 * Owns how fast each asker may ask. Must never grow with the number of those who ask.
 */
import type { Clock } from '../../base/clock.ts';
import type { MpcError } from '../../base/errors.ts';
import { allowed, refusal } from '../refusal.ts';

/** As many as one account may ask over HTTP unless a configuration says otherwise. */
const PER_MINUTE = 6_000;
/** Askers that are counted; beyond it the one that was silent for longest begins anew. */
const COUNTED = 10_000;

export class Pace {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #left = new Map<string, NonNullable<ReturnType<typeof allowed>>>();

  /** A minute's worth may be asked at once. */
  constructor(clock: Clock, perMinute = PER_MINUTE) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Throws `request.too-fast`. */
  count(asker: string): void {
    const rate = { perSecond: this.#perMinute / 60, most: this.#perMinute };
    const left = allowed(this.#left.get(asker), rate, this.#clock.now());
    if (left === undefined) throw tooFast(this.#perMinute);
    this.#left.delete(asker);
    this.#left.set(asker, left);
    if (this.#left.size <= COUNTED) return;
    const [oldest] = this.#left.keys();
    if (oldest !== undefined) this.#left.delete(oldest);
  }
}

const tooFast = (perMinute: number): MpcError =>
  refusal('request.too-fast', `more than ${perMinute} requests in a minute`, 'wait a second');
