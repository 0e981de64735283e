/**
 * Owns the socket under the NATS client: the client keeps its logins, pings, subscriptions and reconnections, and sees
 * every byte but the messages that take the short cut. Those are read and written here without a copy, a promise or a
 * timer, in the turn of the event loop in which they come: the client's own way copies a message three times on the way out
 * and four times on the way in.
 * Must never send unencrypted to a broker that offers TLS, nor write anything between the parts of a message.
 */
import { once } from 'node:events';
import { createConnection, isIP, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import {
  type ConnectionOptions,
  checkOptions,
  errors,
  INFO,
  type Server,
  type ServerInfo,
  type Transport,
} from '@nats-io/transport-node';
import { assert } from '../base/errors.ts';
import { type Receiver, Wire } from './nats-wire.ts';

/** One read: large enough that most chunks come in one piece, and are opened where they lie. */
const READ_BYTES = 1024 * 1024;
/** Below this one write of a copy is quicker than a gathering one. */
const SMALL_BYTES = 16 * 1024;
const LINE_END = Buffer.from('\r\n');
/** The system's codes for a broker, its machine, or the way there being away: waiting may help. */
const AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

export class NatsSocket implements Transport {
  readonly lang = 'mpc';
  readonly version = '1';
  closeError?: Error;
  /** Who takes the messages of which subscription; all others are the client's. */
  receivers: ReadonlyMap<number, Receiver> = new Map();
  #socket: Socket | undefined;
  #isConnected = false;
  #isDone = false;
  #passed: Uint8Array[] = [];
  #isGathering = false;
  #wake: () => void = () => {};
  #ended: (error?: Error) => void = () => {};
  readonly #closed = new Promise<Error | undefined>((resolve) => {
    this.#ended = resolve;
  });
  readonly #wire = new Wire({
    receiverOf: (subscription) => this.receivers.get(subscription),
    passOn: (bytes) => {
      this.#passed.push(bytes);
      this.#wake();
    },
  });

  get sentBytes(): number {
    return this.#socket?.bytesWritten ?? 0;
  }

  get receivedBytes(): number {
    return this.#socket?.bytesRead ?? 0;
  }

  get isClosed(): boolean {
    return this.#isDone;
  }

  /** Rejects with a ConnectionError where waiting may help, and with the socket's own error otherwise. */
  async connect(server: Server, options: ConnectionOptions): Promise<void> {
    try {
      const info = await this.#dial(server, true);
      checkOptions(info, options);
      if (info.tls_required || (info.tls_available && options.tls !== null))
        await this.#encrypt(server, options.tls?.ca);
    } catch (error) {
      this.#socket?.destroy();
      if (error instanceof Error && 'code' in error && AWAY.has(String(error.code)))
        throw new errors.ConnectionError(error.message, { cause: error });
      throw error;
    }
    this.#isConnected = true;
    if (this.#isDone) this.#socket?.destroy();
  }

  isEncrypted(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  /** What the client writes: whole commands. */
  send(frame: Uint8Array): void {
    if (this.#isDone || this.#socket === undefined) return;
    this.#gather(this.#socket);
    this.#socket.write(frame);
  }

  /** One message by the short cut. The parts are kept until they are written, and are `size` bytes together. */
  publish(subject: string, parts: readonly Uint8Array[], size: number): void {
    const socket = this.#socket;
    if (socket === undefined || this.#isDone || !this.#isConnected) return;
    const line = `PUB ${subject} ${size}\r\n`;
    if (size <= SMALL_BYTES) {
      const whole = Buffer.allocUnsafe(line.length + size + LINE_END.length);
      let at = whole.write(line, 'latin1');
      for (const part of [...parts, LINE_END]) {
        whole.set(part, at);
        at += part.length;
      }
      this.#gather(socket);
      socket.write(whole);
      return;
    }
    socket.cork();
    socket.write(Buffer.from(line, 'latin1'));
    for (const part of parts) socket.write(part);
    socket.write(LINE_END);
    socket.uncork();
  }

  /** What is written in one turn of the event loop, with all that follows from it at once, leaves together. */
  #gather(socket: Socket): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    socket.cork();
    // A tick that is asked for by a microtask comes when there are no more of those.
    queueMicrotask(() =>
      process.nextTick(() => {
        this.#isGathering = false;
        socket.uncork();
      }),
    );
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    while (!this.#isDone) {
      const passed = this.#passed;
      this.#passed = [];
      yield* passed;
      if (this.#passed.length === 0 && !this.#isDone) await this.#more();
    }
  }

  async close(error?: Error): Promise<void> {
    this.#finish(error);
  }

  /** Closes once everything is written. */
  disconnect(): void {
    if (this.#isDone || this.#socket === undefined) return;
    this.#socket.write('', () => this.#finish());
  }

  closed(): Promise<Error | undefined> {
    return this.#closed;
  }

  /** Ends without a word: another connection takes its place. */
  discard(): void {
    this.#isDone = true;
    this.#socket?.destroy();
    this.#wake();
  }

  #finish(error?: Error): void {
    if (this.#isDone || !this.#isConnected) return;
    if (error !== undefined) this.closeError = error;
    this.discard();
    this.#ended(error);
  }

  /** Connects and waits for what the broker says of itself first, which is the client's as well. */
  async #dial({ hostname: host, port }: Server, isPlain: boolean): Promise<ServerInfo> {
    const onread = {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (length: number, { buffer }: Uint8Array) => this.#take(new Uint8Array(buffer, 0, length)),
    };
    const socket = createConnection({ host, port, noDelay: true, ...(isPlain ? { onread } : {}) });
    if (!isPlain) socket.on('data', (bytes) => this.#take(bytes));
    const failed = this.#use(socket);
    while (this.#passed.length === 0) await Promise.race([failed, this.#more()]);
    const said = INFO.exec(Buffer.concat(this.#passed).toString());
    if (said?.[1] === undefined) throw new errors.ConnectionError('what answers is not a NATS broker');
    return JSON.parse(said[1]); // the client checks the same text
  }

  /** Starts anew: reading into one buffer and TLS do not go together. */
  async #encrypt(server: Server, ca: string | undefined): Promise<void> {
    this.#socket?.destroy();
    this.#passed = [];
    await this.#dial(server, false);
    const socket = this.#socket;
    assert(socket !== undefined, 'a socket was dialled');
    socket.removeAllListeners();
    const encrypted = connectTls({
      socket,
      host: server.hostname, // whom the certificate has to name, where there is no name to ask for
      ...(isIP(server.tlsName) === 0 ? { servername: server.tlsName } : {}),
      ...(ca === undefined ? {} : { ca }),
      minVersion: 'TLSv1.3',
      rejectUnauthorized: true,
    });
    encrypted.setNoDelay(true);
    encrypted.on('data', (bytes) => this.#take(bytes));
    await Promise.race([this.#use(encrypted), once(encrypted, 'secureConnect')]);
  }

  /** From now on this is the socket. The promise rejects when it closes. */
  #use(socket: Socket): Promise<never> {
    this.#socket = socket;
    const failed = new Promise<never>((_, reject) => {
      let fault: Error | undefined;
      socket.on('error', (error) => {
        fault = error;
      });
      socket.on('close', () => {
        reject(fault ?? new errors.ConnectionError('the broker closed the connection'));
        if (this.#socket === socket) this.#finish(fault);
      });
    });
    failed.catch(() => {}); // after the greeting nobody waits for it
    return failed;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #take(bytes: Uint8Array): boolean {
    if (this.#isDone) return false;
    try {
      this.#wire.take(bytes);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#socket?.destroy(new errors.ConnectionError(why, { cause: error }));
    }
    return true;
  }
}
