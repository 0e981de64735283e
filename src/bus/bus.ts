/**
 * Owns the one small interface to the message broker. `nats.ts` is the real one, `memory.ts` a seeded one for tests.
 * Must never be trusted: the bus may drop, repeat, delay, reorder and read everything; the sealed channel above it cares.
 */
import type { ErrorReport } from '../base/errors.ts';

export interface Message {
  readonly subject: string;
  /** The receiver owns these bytes: they are a copy. */
  readonly data: Uint8Array;
  /** Answers a request; absent when the sender asked for no answer. */
  readonly respond?: (data: Uint8Array) => void;
  /** Of a request: what the places have in common where its sender hears answers. Chosen by the sender, and believed by nobody. */
  readonly inbox?: string;
  /** The `traceparent` that the sender gave it, as it came; absent where there is none, or several. */
  readonly trace?: string;
}

export interface Subscription {
  unsubscribe(): void;
}

/** One entry of the replicated log. */
export interface LogEntry {
  /** 1 for the first entry, no gaps. */
  readonly sequence: number;
  /** When the log took it, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly data: Uint8Array;
}

/** One broker's copy of a log. */
export interface LogCopy {
  readonly server: string;
  readonly leads: boolean;
  /** It has all the leading one has. */
  readonly current: boolean;
}

/** The durable, totally ordered log (a JetStream stream). */
export interface Log {
  /**
   * Appends once for each `id` inside the broker's duplicate window; a retry with the same id is harmless.
   * Resolves with the sequence when the entry is durable; throws `bus.unavailable` (then: unknown, ask again with the same id).
   */
  append(id: string, data: Uint8Array): Promise<number>;
  /**
   * Calls `handler` for every entry from `fromSequence` on, in order, one at a time, surviving reconnects. An entry whose
   * handler throws is reported to `onTrouble` and offered again: none is ever skipped. A log that ends before
   * `fromSequence - 1`, or has a gap, is `log.behind`: thrown when seen here, reported to `onTrouble` (and the following
   * ends) when seen later.
   */
  follow(fromSequence: number, handler: (entry: LogEntry) => Promise<void> | void): Promise<Subscription>;
  /** The last sequence in the log now (0 when empty). */
  last(): Promise<number>;
  /** Its copies, the leading one first. Empty where there is one that nobody counts. */
  copies(): Promise<readonly LogCopy[]>;
}

/** How a connection fares. */
export interface BusStanding {
  readonly isConnected: boolean;
  /** Version of the broker in use, `2.14.0`; undefined for one that does not say. */
  readonly broker?: string;
  /** Since this process connected first. */
  readonly reconnects: number;
  /** Bytes on the wire, everything counted. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

export interface Bus {
  readonly standing: BusStanding;
  /**
   * At most once, no order promised. Takes its own copy of `data`. Lost without a word while there is no connection.
   * Throws `bus.too-large` past the broker's largest message.
   */
  publish(subject: string, data: Uint8Array): void;
  /** As `publish`, of one message in parts, without a copy: they must stay as they are from now on. */
  send(subject: string, parts: readonly Uint8Array[]): void;
  /** `trace`: a `traceparent` for the broker and the receiver. Throws `bus.timeout`, `bus.no-responders`, `bus.too-large` or, after `close`, `bus.closed`. */
  request(subject: string, data: Uint8Array, timeoutMs: number, trace?: string): Promise<Uint8Array>;
  /** Members of one `queue` share the messages. Subjects may end in `>` or hold `*`. */
  subscribe(subject: string, handler: (message: Message) => void, queue?: string): Subscription;
  /** As `subscribe`, without a copy: the bytes are lent, and somebody else's once the handler returns. */
  listen(subject: string, handler: (data: Uint8Array) => void): Subscription;
  /**
   * Opens the log of that name, creating it where it is not there. Its entries pass on `subject`, by default the one
   * that subjects.ts pairs with the name. Throws `bus.unavailable`, `log.unsuitable` or `broker.too-old`.
   */
  log(name: string, subject?: string): Promise<Log>;
  /** Called after every re-connection; subscriptions are already back. */
  onReconnect(handler: () => void): Subscription;
  /** Refusals and faults that have no caller: permission denied, slow consumer. */
  onTrouble(handler: (report: ErrorReport) => void): Subscription;
  /** Sends what is buffered, then disconnects. */
  close(): Promise<void>;
}
