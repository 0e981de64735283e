/**
 * Owns the log over JetStream: one stream of one subject in files, appended to once for each id, followed without gaps.
 * Must never hand on an entry twice or out of order, skip one, or accept a log that has become shorter.
 *
 * Following does not rely on the client's own recovery: after every reconnection, and whenever a consumer is lost, it
 * checks that the log still reaches what was seen and asks for a new ordered consumer from the next entry on.
 */
import {
  type ConsumerMessages,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { errors, nanos } from '@nats-io/transport-node';
import type { Clock } from '../base/clock.ts';
import { assert, MpcError, reportOf } from '../base/errors.ts';
import type { Log, LogEntry, Subscription } from './bus.ts';
import { copied } from './copied.ts';
import { busFaults, type Troubles } from './faults.ts';

/** What the log needs of its connection. */
export interface NatsLink {
  readonly streams: JetStreamManager;
  readonly client: JetStreamClient;
  readonly clock: Clock;
  readonly troubles: Troubles;
  readonly closing: AbortSignal;
  readonly patienceMs: number;
  checkSize(subject: string, size: number): void;
  connection(timeoutMs: number): Promise<boolean>;
  onReconnect(handler: () => void): Subscription;
}

/** Ids are remembered this long; past it the appliers' own command ids count. */
const DUPLICATE_WINDOW_MS = 120_000;
/** Room for an append's headers: the id and the stream's name. */
const HEADER_BYTES = 512;
/** A new leader may answer before it has caught up: a short log is looked at this often before it is believed. */
const SHORT_LOOKS = 4;
const SHORT_LOOK_MS = 300;
const LEAST_PAUSE_MS = 50;
const MOST_PAUSE_MS = 1000;

/** Opens the stream, creating it where it is not there. */
export async function openNatsLog(
  link: NatsLink,
  name: string,
  subject: string,
  replicas: number,
): Promise<Log> {
  const opening = `opening the log ${name}`;
  const found = await patiently(link, opening, async () => {
    try {
      return await link.streams.streams.info(name);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    return link.streams.streams.add({
      name,
      subjects: [subject],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      num_replicas: replicas,
      duplicate_window: nanos(DUPLICATE_WINDOW_MS),
      deny_delete: true,
      deny_purge: true,
    });
  });
  const why = unsuitable(found.config, subject);
  if (why !== undefined) throw busFaults.unsuitable(name, why);
  return new NatsLog(link, name, subject);
}

/** The first reason why a stream of that configuration could lose entries. */
function unsuitable(config: StreamConfig, subject: string): string | undefined {
  if (config.storage !== StorageType.File) return 'it is not kept in files';
  if (config.retention !== RetentionPolicy.Limits) return 'it forgets entries that were read';
  if (config.max_age > 0 || config.max_msgs > 0 || config.max_bytes > 0) return 'it forgets old entries';
  if (!config.deny_delete || !config.deny_purge) return 'its entries can be deleted';
  if (config.subjects.length !== 1 || config.subjects[0] !== subject)
    return `it holds ${config.subjects.join(', ')} instead of ${subject}`;
  return undefined;
}

class NatsLog implements Log {
  readonly #link: NatsLink;
  readonly #name: string;
  readonly #subject: string;

  constructor(link: NatsLink, name: string, subject: string) {
    this.#link = link;
    this.#name = name;
    this.#subject = subject;
  }

  async append(id: string, data: Uint8Array): Promise<number> {
    this.#link.checkSize(this.#subject, data.length + HEADER_BYTES);
    const sent = copied(data);
    const expect = { streamName: this.#name };
    const publish = () => this.#link.client.publish(this.#subject, sent, { msgID: id, expect });
    return (await patiently(this.#link, `append to the log ${this.#name}`, publish)).seq;
  }

  async last(): Promise<number> {
    const info = () => this.#link.streams.streams.info(this.#name);
    return (await patiently(this.#link, `the log ${this.#name}`, info)).state.last_seq;
  }

  async follow(
    fromSequence: number,
    handler: (entry: LogEntry) => Promise<void> | void,
  ): Promise<Subscription> {
    assert(
      Number.isSafeInteger(fromSequence) && fromSequence >= 1,
      'a log is followed from entry 1 or later',
    );
    try {
      await this.#checkReaches(fromSequence - 1);
    } catch (error) {
      if (error instanceof MpcError && error.code === 'log.behind') this.#link.troubles.call(error.report());
      throw error;
    }
    const following = new Following(this.#link);
    void this.#run(following, fromSequence, handler);
    return following;
  }

  /** Ends when the subscription or the connection does, or the log is behind: nothing it does throws. */
  async #run(
    following: Following,
    fromSequence: number,
    handler: (entry: LogEntry) => Promise<void> | void,
  ): Promise<void> {
    let next = fromSequence;
    let suspected = 0;
    let pauseMs = LEAST_PAUSE_MS;
    while (following.live) {
      try {
        if (!(await this.#link.connection(MOST_PAUSE_MS))) continue;
        await this.#checkReaches(next - 1);
        for await (const message of this.#messages(following, next)) {
          if (message.seq < next) continue;
          if (message.seq > next) {
            if (suspected === next) throw busFaults.gap(this.#name, next, message.seq);
            suspected = next; // a message may have been lost on the way: believe it from a second consumer
            break;
          }
          await this.#offer(following, message, handler);
          if (!following.live) return;
          next = message.seq + 1;
          pauseMs = LEAST_PAUSE_MS;
        }
      } catch (error) {
        if (!following.live) return;
        if (error instanceof MpcError && error.code === 'log.behind') {
          following.unsubscribe();
          this.#link.troubles.call(error.report());
          return;
        }
        // Everything else passes or is for the operator (a permission): say so once it lasts, and try again.
        if (pauseMs === MOST_PAUSE_MS)
          this.#link.troubles.call(logFault('following the log', error).report());
        await following.pause(pauseMs);
        pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS);
      }
    }
  }

  /** The entries from `next` on, until the consumer is lost or the connection was. */
  async *#messages(following: Following, next: number): AsyncGenerator<JsMsg> {
    const consumer = await this.#link.client.consumers.get(this.#name, { opt_start_seq: next });
    const messages = await consumer.consume({ max_messages: 128, expires: 30_000, idle_heartbeat: 3000 });
    following.interruptible(messages);
    try {
      yield* messages;
    } finally {
      messages.stop();
      consumer.delete().catch(() => undefined); // it expires by itself where the broker cannot hear this
    }
  }

  async #offer(
    following: Following,
    message: JsMsg,
    handler: (entry: LogEntry) => Promise<void> | void,
  ): Promise<void> {
    const timeMs = Number(message.timestampNanos / 1_000_000n);
    for (let pauseMs = LEAST_PAUSE_MS; following.live; pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS)) {
      try {
        return await handler({ sequence: message.seq, timeMs, data: copied(message.data) });
      } catch (error) {
        this.#link.troubles.call(reportOf(error));
        await following.pause(pauseMs);
      }
    }
  }

  /** Throws `log.behind` unless the log goes at least as far as `seen`. */
  async #checkReaches(seen: number): Promise<void> {
    let ends = 0;
    for (let look = 0; look < SHORT_LOOKS; look++) {
      if (look > 0) await this.#link.clock.sleep(SHORT_LOOK_MS, this.#link.closing);
      const info = () => this.#link.streams.streams.info(this.#name).catch(noneIfMissing);
      const found = await patiently(this.#link, `the log ${this.#name}`, info);
      ends = found?.state.last_seq ?? 0;
      if (found !== undefined && ends >= seen) return;
    }
    throw busFaults.behind(this.#name, ends, seen);
  }
}

/** One follower's life: until unsubscribed, or the connection closes. */
class Following implements Subscription {
  readonly #link: NatsLink;
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #back: Subscription;
  #messages: ConsumerMessages | undefined;

  constructor(link: NatsLink) {
    this.#link = link;
    this.#signal = AbortSignal.any([this.#ended.signal, link.closing]);
    this.#back = link.onReconnect(() => this.#messages?.stop());
    this.#signal.addEventListener('abort', () => this.#messages?.stop(), { once: true });
  }

  get live(): boolean {
    return !this.#signal.aborted;
  }

  unsubscribe(): void {
    this.#back.unsubscribe();
    this.#ended.abort();
  }

  /** These messages stop when the follower does, after a reconnection, and when the broker has lost their consumer. */
  interruptible(messages: ConsumerMessages): void {
    this.#messages = messages;
    if (!this.live) messages.stop();
    void (async () => {
      for await (const { type } of messages.status())
        if (type === 'heartbeats_missed' || type === 'stream_not_found' || type === 'consumer_deleted')
          messages.stop();
    })();
  }

  /** Waits, but not past the end. */
  async pause(delayMs: number): Promise<void> {
    await this.#link.clock.sleep(delayMs, this.#signal).catch(() => undefined);
  }
}

/** Tries again what may pass (no leader, no connection, no answer) until the link's patience ends. */
async function patiently<Result>(link: NatsLink, what: string, act: () => Promise<Result>): Promise<Result> {
  const startMs = link.clock.now();
  for (let pauseMs = LEAST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS)) {
    const leftMs = link.patienceMs - (link.clock.now() - startMs);
    if (!(await link.connection(Math.max(1, leftMs)))) throw busFaults.unavailable(what, 'no connection');
    try {
      return await unlessReconnected(link, what, act());
    } catch (error) {
      link.closing.throwIfAborted();
      const fault = logFault(what, error);
      if (fault.code !== 'bus.unavailable' || leftMs <= pauseMs) throw fault;
    }
    await link.clock.sleep(pauseMs, link.closing);
  }
}

/** An answer cannot come any more once the connection it was to come on is gone: do not wait for its time-out. */
async function unlessReconnected<Result>(
  link: NatsLink,
  what: string,
  act: Promise<Result>,
): Promise<Result> {
  let back: Subscription | undefined;
  const lost = new Promise<never>((_, reject) => {
    back = link.onReconnect(() => reject(busFaults.unavailable(what, 'the connection was lost')));
  });
  try {
    return await Promise.race([act, lost]);
  } finally {
    back?.unsubscribe();
  }
}

/** What the broker answered, typed. Everything of which the outcome is unknown is `bus.unavailable`. */
function logFault(what: string, error: unknown): MpcError {
  if (error instanceof MpcError) return error;
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof errors.RequestError && error.cause instanceof errors.PermissionViolationError)
    return busFaults.denied(why);
  if (error instanceof JetStreamApiError && error.status < 500 && error.status !== 408)
    return busFaults.unsuitable(what, why);
  return busFaults.unavailable(what, why);
}

function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status === 404;
}

function noneIfMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
