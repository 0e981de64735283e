/**
 * Owns what the log needs of its connection, and its patience: what may pass is tried again, everything else is typed.
 * Must never try again what the broker refused, nor wait for an answer that was to come on a lost connection.
 */
import { JetStreamApiError, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { errors, type Msg } from '@nats-io/transport-node';
import type { Clock } from '../base/clock.ts';
import { MpcError } from '../base/errors.ts';
import type { Subscription } from './bus.ts';
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
  /** Messages as the client has them: their bytes are lent. */
  hear(subject: string, handler: (message: Msg) => void): Subscription;
  /** A question that several messages answer, the last of them empty; what has not come in time does not come. */
  askMany(subject: string, data: Uint8Array): Promise<AsyncIterable<Msg>>;
}

/** The first pause before trying again, and the longest: each is twice the one before. */
export const LEAST_PAUSE_MS = 50;
export const MOST_PAUSE_MS = 1000;

/** Between two questions to brokers that choose a leader: they refuse at once, and who waits for them has waited for seconds. */
const ASKING_PAUSE_MS = 250;

/** Tries again what may pass (no leader, no connection, no answer) until the link's patience ends. */
export async function patiently<Result>(
  link: NatsLink,
  what: string,
  act: () => Promise<Result>,
): Promise<Result> {
  const startMs = link.clock.now();
  for (let pauseMs = LEAST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, ASKING_PAUSE_MS)) {
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
export async function unlessReconnected<Result>(
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

/** Timed out; or an append that was asked for again while the first, of the same id, waits for a majority. */
const PASSING: readonly number[] = [408, 409];

/** What the broker answered, typed. Everything of which the outcome is unknown is `bus.unavailable`. */
export function logFault(what: string, error: unknown): MpcError {
  if (error instanceof MpcError) return error;
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof errors.RequestError && error.cause instanceof errors.PermissionViolationError)
    return busFaults.denied(why);
  if (error instanceof JetStreamApiError && error.status < 500 && !PASSING.includes(error.status))
    return busFaults.unsuitable(what, why);
  return busFaults.unavailable(what, why);
}
