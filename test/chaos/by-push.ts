/**
 * A place of a party that has its mail pushed over whichever broker and replica there is, all through the trials: each message once,
 * in order, none missing.
 */
import assert from 'node:assert/strict';
import { systemClock } from '../../src/base/clock.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import type { DirectoryCalls } from '../../src/directory/client/calls.ts';
import { natsDirectory } from '../../src/directory/client/nats.ts';
import { signStatement } from '../../src/directory/statements.ts';
import { newToken, tokenDigest } from '../../src/directory/token.ts';
import type { Identity, PublicKey } from '../../src/identity/keys.ts';
import { SESSION_MS } from './times.ts';

/** All replicas may be silent for so long, while brokers find each other again on a busy machine. */
const PATIENCE_MS = 120_000;
const SILENT_MS = 5_000;
const PAUSE_MS = 200;
const ACKNOWLEDGED_EVERY = 5;

export interface PushedOptions {
  readonly deployment: string;
  readonly servers: readonly string[];
  readonly account: string;
  readonly identity: Identity;
  readonly coordinatorKey: PublicKey;
  readonly signal: AbortSignal;
  /** Runs one request; between two of them the load can be paused. */
  readonly step: <Result>(act: () => Promise<Result>) => Promise<Result>;
}

export class PushedPlace {
  readonly #options: PushedOptions;
  readonly #bus: Bus;
  readonly #calls: DirectoryCalls;
  readonly #token = newToken(systemRandom);
  readonly #heard = new Set<() => void>();
  #last = 0;
  #opened = 0;
  #isAcknowledging = false;

  private constructor(options: PushedOptions, bus: Bus) {
    const { deployment, account, coordinatorKey } = options;
    this.#options = options;
    this.#bus = bus;
    this.#calls = natsDirectory({
      bus,
      deployment,
      me: `party-${account}`,
      coordinatorKey,
      clock: systemClock,
      random: systemRandom,
      silentMs: SILENT_MS,
      patienceMs: PATIENCE_MS,
    });
  }

  /** Signed in, and what it has heard so far is nothing. */
  static async open(options: PushedOptions): Promise<PushedPlace> {
    const { servers, account } = options;
    const place = new PushedPlace(options, await connectNats({ servers, name: `party-${account}` }));
    await place.#signIn();
    return place;
  }

  /** How often somebody else had to push. */
  get takenOver(): number {
    return this.#opened - 1;
  }

  /** Until the load is over. */
  async receive(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      try {
        for await (const { number } of this.#calls.follow(
          this.#token,
          this.#last,
          signal,
          () => this.#opened++,
        )) {
          assert.equal(number, this.#last + 1, 'each message once, in order, none missing');
          this.#last = number;
          for (const heard of this.#heard) heard();
          if (number % ACKNOWLEDGED_EVERY === 0) this.#acknowledge();
        }
      } catch (error) {
        if (signal.aborted) break;
        // A session that has ended, or an assertion, is no matter of the way.
        if (!(error instanceof MpcError) || !/^(bus|coordinator|log|api)\./.test(error.code)) throw error;
      }
      await systemClock.sleep(PAUSE_MS, signal).catch(() => {});
    }
    await this.#bus.close();
  }

  /** Resolves when it has heard everything up to that number. */
  async upTo(number: number, signal: AbortSignal): Promise<void> {
    while (this.#last < number) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#heard.add(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      this.#heard.clear();
    }
    assert.equal(this.#last, number, 'and no more than was sent');
  }

  /** Beside what comes: while the load is paused it waits. What fails is made good by the next. */
  #acknowledge(): void {
    if (this.#isAcknowledging) return;
    this.#isAcknowledging = true;
    this.#options
      .step(() => this.#calls.acknowledge(this.#token, this.#last))
      .catch(() => {})
      .finally(() => {
        this.#isAcknowledging = false;
      });
  }

  async #signIn(): Promise<void> {
    const { deployment, account, identity } = this.#options;
    const session = tokenDigest(this.#token);
    const atMs = Date.now();
    const signature = signStatement(deployment, identity, { kind: 'session', account, session, atMs });
    const opened = await this.#calls.login({ account, session, atMs, signature, lifetimeMs: SESSION_MS });
    this.#last = opened.acknowledged;
  }
}
