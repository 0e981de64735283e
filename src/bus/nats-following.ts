/**
 * Owns following the log: every entry once, in order, one at a time, through lost connections and restarted brokers.
 * Must never hand on an entry twice or out of order, or skip one.
 *
 * It does not rely on the client's own recovery: after every reconnection, and whenever a consumer is lost, it checks
 * that the log still reaches what was seen and asks for a new ordered consumer from the next entry on.
 */
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { reportOf } from '../base/errors.ts';
import type { LogEntry, Subscription } from './bus.ts';
import { copied } from './copied.ts';
import { busFaults } from './faults.ts';
import { LEAST_PAUSE_MS, logFault, MOST_PAUSE_MS, type NatsLink, unlessReconnected } from './nats-link.ts';

export interface FollowOptions {
  readonly link: NatsLink;
  /** The stream's name. */
  readonly name: string;
  readonly fromSequence: number;
  readonly handler: (entry: LogEntry) => Promise<void> | void;
  /** Throws `log.behind` unless the log goes at least that far. */
  readonly checkReaches: (seen: number) => Promise<void>;
}

/** Entries that wait here for the handler, at most. */
const AHEAD = 128;

export class Following implements Subscription {
  readonly #options: FollowOptions;
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #back: Subscription;
  #next: number;
  /** The entry that a gap was seen before, once: a message may have been lost on the way. */
  #suspected = 0;
  #messages: ConsumerMessages | undefined;
  #reconnected = false;

  constructor(options: FollowOptions) {
    const { link, fromSequence } = options;
    this.#options = options;
    this.#next = fromSequence;
    this.#signal = AbortSignal.any([this.#ended.signal, link.closing]);
    this.#signal.addEventListener('abort', () => this.#messages?.stop(), { once: true });
    this.#back = link.onReconnect(() => {
      this.#reconnected = true;
      this.#messages?.stop();
    });
  }

  unsubscribe(): void {
    this.#back.unsubscribe();
    this.#ended.abort();
  }

  /** Ends when the subscription or the connection does, or the log is behind. Never rejects. */
  async run(): Promise<void> {
    const { link } = this.#options;
    for (let pauseMs = LEAST_PAUSE_MS; this.#live; ) {
      const from = this.#next;
      try {
        if (await link.connection(MOST_PAUSE_MS)) await this.#readOn();
        pauseMs = LEAST_PAUSE_MS;
      } catch (error) {
        if (!this.#live) return;
        const fault = logFault(`following the log ${this.#options.name}`, error);
        if (fault.code === 'log.behind') {
          this.unsubscribe();
          link.troubles.call(fault.report());
          return;
        }
        if (this.#next > from) pauseMs = LEAST_PAUSE_MS;
        // It passes, or it is for the operator (a permission): say so once it lasts, and try again.
        if (pauseMs === MOST_PAUSE_MS) link.troubles.call(fault.report());
        await this.#pause(pauseMs);
        pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS);
      }
    }
  }

  get #live(): boolean {
    return !this.#signal.aborted;
  }

  /** Reads until the consumer is lost. */
  async #readOn(): Promise<void> {
    const { name, checkReaches } = this.#options;
    this.#reconnected = false;
    await checkReaches(this.#next - 1);
    for await (const message of this.#consume()) {
      if (!this.#live) return;
      if (message.seq < this.#next) continue;
      if (message.seq > this.#next) {
        if (this.#suspected === this.#next) throw busFaults.gap(name, this.#next, message.seq);
        this.#suspected = this.#next;
        return;
      }
      await this.#offer(message);
    }
  }

  async *#consume(): AsyncGenerator<JsMsg> {
    const { link, name } = this.#options;
    const made = link.client.consumers.get(name, { opt_start_seq: this.#next });
    const consumer = await unlessReconnected(link, `following the log ${name}`, made);
    const messages = await consumer.consume({ max_messages: AHEAD, expires: 30_000, idle_heartbeat: 1000 });
    this.#messages = messages;
    if (this.#reconnected || !this.#live) messages.stop();
    void stopWhenLost(messages);
    try {
      yield* messages;
    } finally {
      messages.stop();
      consumer.delete().catch(() => undefined); // it expires by itself where the broker cannot hear this
    }
  }

  /** Gives the handler one entry until it takes it. */
  async #offer(message: JsMsg): Promise<void> {
    const { handler, link } = this.#options;
    const timeMs = Number(message.timestampNanos / 1_000_000n);
    for (let pauseMs = LEAST_PAUSE_MS; this.#live; pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS)) {
      try {
        await handler({ sequence: message.seq, timeMs, data: copied(message.data) });
        this.#next = message.seq + 1;
        return;
      } catch (error) {
        link.troubles.call(reportOf(error));
        await this.#pause(pauseMs);
      }
    }
  }

  /** Waits, but not past the end. */
  async #pause(delayMs: number): Promise<void> {
    await this.#options.link.clock.sleep(delayMs, this.#signal).catch(() => undefined);
  }
}

/** Stops reading when the broker says, or its silence does, that the consumer is no more. */
async function stopWhenLost(messages: ConsumerMessages): Promise<void> {
  for await (const { type } of messages.status())
    if (type === 'heartbeats_missed' || type === 'stream_not_found' || type === 'consumer_deleted')
      messages.stop();
}
