/**
 * Owns the key pairs to which requests of one replica are sealed, and which of those requests it has seen.
 * Must never open one twice, nor keep a private key longer than what was sealed to it may still come.
 *
 * A key serves for minutes and a bounded number of requests; then another one does, and the earlier one opens what is under way. With
 * the private key goes the list of what was sealed to it: what is repeated later opens no more.
 */
import type { Clock } from '../../base/clock.ts';
import type { RandomSource } from '../../base/random.ts';
import {
  type SealedContext,
  type SealingKey,
  type SealingPublicKey,
  sealingKeyFrom,
} from '../../identity/sealing.ts';

/** Recorded traffic can be read with what is in a replica's memory for twice as long. */
const SERVES_MS = 10 * 60_000;
/** Ids that are kept for each key. */
const SERVES_REQUESTS = 50_000;
const SEED_BYTES = 32;

interface Serving {
  readonly key: SealingKey;
  readonly sinceMs: number;
  readonly seen: Set<string>;
}

export interface OpenedRequest {
  readonly key: SealingPublicKey;
  readonly text: Uint8Array;
}

export class DeskKeys {
  readonly #random: RandomSource;
  readonly #clock: Clock;
  readonly #most: number;
  /** The present one first. */
  #serving: readonly Serving[] = [];

  /** `most`: requests that one key serves. */
  constructor(random: RandomSource, clock: Clock, most = SERVES_REQUESTS) {
    this.#random = random;
    this.#clock = clock;
    this.#most = most;
  }

  /** The key to seal to now. */
  get current(): SealingPublicKey {
    return this.#present().key.publicKey;
  }

  /** Undefined for what is sealed to no key of now, or was opened before. */
  open(
    id: string,
    sealed: Uint8Array,
    context: (key: SealingPublicKey) => SealedContext,
  ): OpenedRequest | undefined {
    this.#present();
    for (const { key, seen } of this.#serving) {
      if (seen.has(id)) continue;
      const text = key.open(sealed, context(key.publicKey));
      if (text === undefined) continue;
      seen.add(id);
      return { key: key.publicKey, text };
    }
    return undefined;
  }

  #present(): Serving {
    const nowMs = this.#clock.now();
    const [present] = this.#serving;
    const serves =
      present !== undefined && nowMs - present.sinceMs < SERVES_MS && present.seen.size < this.#most;
    if (serves) return present;
    const seed = this.#random(SEED_BYTES);
    const next: Serving = { key: sealingKeyFrom(seed), sinceMs: nowMs, seen: new Set() };
    seed.fill(0);
    // One that was out of use for long opens nothing more.
    const isFresh = present !== undefined && nowMs - present.sinceMs < 2 * SERVES_MS;
    this.#serving = isFresh ? [next, present] : [next];
    return next;
  }
}
