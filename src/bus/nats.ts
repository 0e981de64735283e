/**
 * Owns the bus over a NATS broker: connection, reconnection, copies, typed errors.
 * Must never hand out or keep the caller's or the client's buffers, nor pile up messages while there is no connection.
 *
 * Why so careful with buffers: the client keeps a reference to what is published until its next flush, and what it
 * delivers is a slice that pins a whole receive buffer.
 */
import { lookup } from 'node:dns/promises';
import { setMaxListeners } from 'node:events';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import {
  errors,
  type Msg,
  type NatsConnection,
  NatsConnectionImpl,
  type ProtocolHandler,
  type Status,
  setTransportFactory,
} from '@nats-io/transport-node';
import { concatBytes } from '../base/bytes.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { assert, type ErrorReport, EXIT, MpcError } from '../base/errors.ts';
import type { Identity } from '../identity/keys.ts';
import { isAtLeast, OLDEST_BROKER, tooOld, versionIn } from './broker-version.ts';
import type { Bus, BusStanding, Log, Message, Subscription } from './bus.ts';
import { copied } from './copied.ts';
import { busFaults, Listeners, Troubles } from './faults.ts';
import { connectionTrouble, requestFault, whyDistrusted } from './nats-faults.ts';
import type { NatsLink } from './nats-link.ts';
import { copiesOn, openNatsLog } from './nats-log.ts';
import { NatsSocket } from './nats-socket.ts';
import { TRACE_BYTES, traceOf, withTrace } from './nats-trace.ts';
import type { Receiver } from './nats-wire.ts';
import { logSubjectOf } from './subjects.ts';

export interface NatsOptions {
  /** URLs, one or more brokers of one cluster. */
  readonly servers: string | readonly string[];
  /** What the broker's own lists call this connection; its answers arrive below `inboxOf(name)`. */
  readonly name: string;
  readonly clock?: Clock;
  /**
   * Nothing is said to a broker without TLS. Its certificate has to come from one of these authorities (PEM, one or several), or
   * without them from one that this machine trusts.
   */
  readonly tls?: { readonly ca?: string };
  /** Logs in with this key. The seed stays where it is: only signatures are asked for. */
  readonly identity?: Identity;
  /** How long to try for the first connection; without it, for ever. */
  readonly connectTimeoutMs?: number;
  /** Gives up the first connection. */
  readonly signal?: AbortSignal;
  /** Told why there is no first connection yet, each reason once. */
  readonly onWaiting?: (why: string) => void;
  /** Copies of a log that is created here; without it one on each of the brokers named, at most 5. */
  readonly replicas?: number;
  /** False: a log that is not there is waited for, because others make it. */
  readonly makesLog?: boolean;
  /** How long an append or a look at the log is tried again before `bus.unavailable`. */
  readonly logPatienceMs?: number;
}

const RECONNECT_MS = 100;
/**
 * The broker's slowest answer about the log while it is busy. What is asked while a cluster chooses a leader is never
 * answered, and is asked again after this; lost connections are noticed sooner.
 */
const ANSWER_MS = 2000;
/** A drain that takes longer is cut short: the broker has gone. */
const DRAIN_MS = 2000;

/**
 * Connects, waiting for the broker where it is not there yet. Throws `bus.unavailable` past `connectTimeoutMs`,
 * `bus.permission-denied` when the broker refuses the identity, `bus.untrusted` when it cannot show who it is, or the signal's reason.
 */
export async function connectNats(options: NatsOptions): Promise<Bus> {
  const clock = options.clock ?? systemClock;
  const startMs = clock.now();
  const reasons = new Set<string>();
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      return new NatsBus(await connected(options), clock, options);
    } catch (error) {
      if (error instanceof errors.AuthorizationError) throw busFaults.denied(error.message);
      const distrust = whyDistrusted(error);
      if (distrust !== undefined) throw busFaults.untrusted([options.servers].flat().join(', '), distrust);
      if (!(error instanceof errors.ConnectionError || error instanceof errors.TimeoutError)) throw error;
      if (clock.now() - startMs >= (options.connectTimeoutMs ?? Number.POSITIVE_INFINITY))
        throw new MpcError('bus.unavailable', `no broker at ${[options.servers].flat().join(', ')}`, {
          exitCode: EXIT.unavailable,
          hint: 'start the broker, or correct its address',
        });
      if (!reasons.has(error.message)) options.onWaiting?.(error.message);
      reasons.add(error.message);
    }
    await clock.sleep(RECONNECT_MS, options.signal);
  }
}

interface Client {
  readonly client: NatsConnection;
  readonly protocol: ProtocolHandler;
}

/** A client on sockets of ours. */
async function connected(options: NatsOptions): Promise<Client> {
  setTransportFactory({
    factory: () => new NatsSocket(),
    // A name that means nothing yet is tried as it is: that fails like a broker that is away, and so is tried again.
    dnsResolveFn: (host) =>
      lookup(host, { all: true }).then(
        (found) => found.map(({ address }) => address),
        () => [host],
      ),
  });
  const client = await NatsConnectionImpl.connect(clientOptions(options));
  assert(client instanceof NatsConnectionImpl, 'the client connects as itself');
  return { client, protocol: client.protocol };
}

/** The prefix of the subjects on which that connection is answered; its permissions need `<prefix>.>`. */
export function inboxOf(name: string): string {
  return `_INBOX.${name.replace(/[^A-Za-z0-9_-]/g, '_')}`;
}

function clientOptions({ servers, name, identity, tls }: NatsOptions) {
  return {
    servers: [servers].flat(),
    name,
    inboxPrefix: inboxOf(name),
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    pingInterval: 2000,
    timeout: 5000,
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    ...(tls === undefined ? {} : { tls: { ...tls } }),
    ...(identity === undefined ? {} : { authenticator: signsNonce(identity) }),
  };
}

/** The broker's challenge: Ed25519 over its nonce, base64url. */
function signsNonce(identity: Identity) {
  return (nonce?: string) => ({
    nkey: identity.publicKey,
    sig: nonce === undefined ? '' : Buffer.from(identity.sign(Buffer.from(nonce))).toString('base64url'),
  });
}

class NatsBus implements Bus {
  readonly #client: NatsConnection;
  readonly #protocol: ProtocolHandler;
  readonly #clock: Clock;
  readonly #options: NatsOptions;
  readonly #reconnects = new Listeners<[]>();
  readonly #troubles = new Troubles();
  readonly #closing = new AbortController();
  /** Who listens, by the client's number of the subscription. */
  readonly #receivers = new Map<number, Receiver>();
  #connected = true;
  #reconnected = 0;
  /** The socket in use, and what those before it have moved. */
  #socket: NatsSocket | undefined;
  #moved = { sentBytes: 0, receivedBytes: 0 };

  constructor({ client, protocol }: Client, clock: Clock, options: NatsOptions) {
    this.#client = client;
    this.#protocol = protocol;
    this.#clock = clock;
    this.#options = options;
    setMaxListeners(0, this.#closing.signal); // everyone who waits for something hears of the end
    this.#shortCut();
    void this.#watch(client.status());
  }

  get standing(): BusStanding {
    const { sentBytes, receivedBytes } = this.#socket ?? { sentBytes: 0, receivedBytes: 0 };
    const broker = versionIn(this.#client.info?.version ?? '');
    return {
      isConnected: this.#connected,
      ...(broker === undefined ? {} : { broker }),
      reconnects: this.#reconnected,
      sentBytes: this.#moved.sentBytes + sentBytes,
      receivedBytes: this.#moved.receivedBytes + receivedBytes,
    };
  }

  publish(subject: string, data: Uint8Array): void {
    this.#checkSize(subject, data.length);
    // The client would keep it without bound and flush it before the other side has subscribed again: lost anyway.
    if (!this.#connected || this.#closing.signal.aborted) return;
    this.#client.publish(subject, copied(data));
  }

  send(subject: string, parts: readonly Uint8Array[]): void {
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    this.#checkSize(subject, size);
    if (!this.#connected || this.#closing.signal.aborted) return;
    const { outbound, transport } = this.#protocol;
    // What the client has not flushed yet goes first: a subscription that was made before this is there before it.
    if (outbound.size() === 0 && transport instanceof NatsSocket) transport.publish(subject, parts, size);
    else this.#client.publish(subject, concatBytes(...parts));
  }

  async request(subject: string, data: Uint8Array, timeoutMs: number, trace?: string): Promise<Uint8Array> {
    this.#checkSize(subject, data.length + (trace === undefined ? 0 : TRACE_BYTES));
    const sent = copied(data);
    const startMs = this.#clock.now();
    if (!(await this.#connection(timeoutMs))) throw busFaults.timeout(subject, timeoutMs);
    const leftMs = Math.max(1, timeoutMs - (this.#clock.now() - startMs));
    try {
      const options = { timeout: leftMs, ...withTrace(trace) };
      return copied((await this.#client.request(subject, sent, options)).data);
    } catch (error) {
      this.#closing.signal.throwIfAborted();
      throw requestFault(error, subject, timeoutMs);
    }
  }

  subscribe(subject: string, handler: (message: Message) => void, queue?: string): Subscription {
    if (this.#closing.signal.aborted) throw busFaults.closed();
    return this.#hear(subject, (message) => handler(this.#received(message)), queue);
  }

  listen(subject: string, handler: (data: Uint8Array) => void): Subscription {
    if (this.#closing.signal.aborted) throw busFaults.closed();
    const receiver: Receiver = (data) => this.#troubles.guard(() => handler(data));
    const callback = (error: Error | null, { data }: Msg): void => {
      if (error === null) receiver(data);
    };
    const held = this.#client.subscribe(subject, { callback });
    const number = held.getID();
    this.#receivers.set(number, receiver);
    return {
      unsubscribe: () => {
        this.#receivers.delete(number);
        held.unsubscribe();
      },
    };
  }

  async log(name: string, subject = logSubjectOf(name)): Promise<Log> {
    const version = versionIn(this.#client.info?.version ?? '');
    if (version !== undefined && !isAtLeast(version, OLDEST_BROKER))
      throw tooOld(`the broker at ${this.#client.getServer()}`, version);
    return openNatsLog(
      await this.#link(),
      name,
      subject,
      this.#options.replicas ?? copiesOn([this.#options.servers].flat().length),
      this.#options.makesLog ?? true,
    );
  }

  onReconnect(handler: () => void): Subscription {
    return this.#reconnects.add(handler);
  }

  onTrouble(handler: (report: ErrorReport) => void): Subscription {
    return this.#troubles.add(handler);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(busFaults.closed());
    const bound = new AbortController();
    const tooLong = this.#clock.sleep(this.#connected ? DRAIN_MS : 0, bound.signal).catch(() => undefined);
    await Promise.race([this.#client.drain().catch(() => undefined), tooLong]);
    bound.abort();
    await this.#client.close();
  }

  async #link(): Promise<NatsLink> {
    return {
      streams: await jetstreamManager(this.#client, { checkAPI: false, timeout: ANSWER_MS }),
      client: jetstream(this.#client, { timeout: ANSWER_MS }),
      clock: this.#clock,
      troubles: this.#troubles,
      closing: this.#closing.signal,
      patienceMs: this.#options.logPatienceMs ?? 10_000,
      checkSize: (subject, size) => this.#checkSize(subject, size),
      connection: (timeoutMs) => this.#connection(timeoutMs),
      onReconnect: (handler) => this.#reconnects.add(handler),
      hear: (subject, handler) => this.#hear(subject, handler),
      askMany: (subject, data) =>
        this.#client.requestMany(subject, data, { strategy: 'sentinel', maxWait: ANSWER_MS }),
    };
  }

  #hear(subject: string, handler: (message: Msg) => void, queue?: string): Subscription {
    const callback = (error: Error | null, message: Msg): void => {
      if (error === null) this.#troubles.guard(() => handler(message));
    };
    const held = this.#client.subscribe(subject, { callback, ...(queue === undefined ? {} : { queue }) });
    return { unsubscribe: () => held.unsubscribe() };
  }

  #received(message: Msg): Message {
    const { subject, reply } = message;
    const data = copied(message.data);
    if (reply === undefined || reply === '') return { subject, data };
    const inbox = reply.slice(0, Math.max(0, reply.lastIndexOf('.')));
    return { subject, data, respond: (answer) => this.publish(reply, answer), inbox, ...traceOf(message) };
  }

  #checkSize(subject: string, size: number): void {
    const most = this.#client.info?.max_payload;
    if (most !== undefined && size > most) throw busFaults.tooLarge(subject, size, most);
  }

  /** Waits for the connection to be back; false when it is not in time. Throws `bus.closed`. */
  async #connection(timeoutMs: number): Promise<boolean> {
    const { signal } = this.#closing;
    signal.throwIfAborted();
    if (this.#connected) return true;
    const wait = new AbortController();
    const back = this.#reconnects.add(() => wait.abort());
    try {
      await this.#clock.sleep(timeoutMs, AbortSignal.any([wait.signal, signal]));
    } catch {
      signal.throwIfAborted(); // else the wait was cut short by the reconnection
    } finally {
      back.unsubscribe();
    }
    return this.#connected;
  }

  /** The client has sent its subscriptions again; once the broker answers a ping, it knows them. */
  async #resubscribed(): Promise<void> {
    try {
      await this.#client.flush();
    } catch {
      return; // lost again or closed: there will be another reconnection, or none is wanted
    }
    if (this.#closing.signal.aborted) return;
    this.#shortCut();
    this.#connected = true;
    this.#reconnected++;
    this.#troubles.guard(() => this.#reconnects.call());
  }

  /** Tells the socket in use who listens; until then the client hands it on. */
  #shortCut(): void {
    const { transport } = this.#protocol;
    if (!(transport instanceof NatsSocket)) return;
    transport.receivers = this.#receivers;
    if (transport === this.#socket) return;
    const { sentBytes, receivedBytes } = this.standing;
    this.#moved = { sentBytes, receivedBytes };
    this.#socket = transport;
  }

  /** Follows the connection's fortunes until it is closed. */
  async #watch(statuses: AsyncIterable<Status>): Promise<void> {
    for await (const status of statuses) {
      if (status.type === 'disconnect') this.#connected = false;
      else if (status.type === 'reconnect') void this.#resubscribed();
      else if (status.type === 'error') this.#troubles.call(connectionTrouble(status.error).report());
    }
    this.#connected = false;
  }
}
