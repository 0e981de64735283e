/**
 * Owns one connection of the memory bus: a Bus whose messages its hub carries.
 * Must never call a handler from inside `publish` or `request`, nor hand out bytes that somebody else holds.
 */
import { concatBytes } from '../base/bytes.ts';
import type { ErrorReport } from '../base/errors.ts';
import type { Bus, BusStanding, Log, Message, Subscription } from './bus.ts';
import { copied } from './copied.ts';
import { busFaults, Listeners, Troubles } from './faults.ts';
import { MemoryLog, type MemoryNetwork, type MemoryStore } from './memory-log.ts';

/** A subscription as the hub knows it. */
export interface Held {
  readonly owner: Connection;
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly handler: (message: Message) => void;
}

const TAKEN_BACK = 0xdb;

export type Deliver = () => void;

/** What a connection may ask of its hub. */
export interface Network extends MemoryNetwork {
  readonly maxPayloadBytes: number;
  subscribe(held: Held): Subscription;
  isHeld(held: Held): boolean;
  targets(subject: string): Held[];
  carry(from: Connection, to: Connection, subject: string, deliver: Deliver): void;
  store(name: string): MemoryStore;
}

export class Connection implements Bus {
  readonly name: string;
  readonly #network: Network;
  readonly #left: () => void;
  readonly #reconnects = new Listeners<[]>();
  readonly #troubles = new Troubles();
  readonly #waiting = new Set<() => void>();
  readonly #logs = new Set<MemoryLog>();
  #closed = false;
  #moved = { reconnects: 0, sentBytes: 0, receivedBytes: 0 };

  constructor(name: string, network: Network, left: () => void) {
    this.name = name;
    this.#network = network;
    this.#left = left;
  }

  get standing(): BusStanding {
    return { isConnected: !this.#closed && this.#network.reachable(this.name), ...this.#moved };
  }

  publish(subject: string, data: Uint8Array): void {
    this.#checkSize(subject, data);
    if (this.#closed) return;
    this.#moved.sentBytes += data.length;
    const sent = copied(data);
    for (const held of this.#network.targets(subject)) this.#send(held, subject, sent);
  }

  send(subject: string, parts: readonly Uint8Array[]): void {
    this.publish(subject, concatBytes(...parts));
  }

  request(subject: string, data: Uint8Array, timeoutMs: number, trace?: string): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#checkSize(subject, data);
      if (this.#closed) throw busFaults.closed();
      const settle = (outcome: () => void): void => {
        if (!this.#waiting.delete(abandon)) return;
        cancel();
        outcome();
      };
      const abandon = (): void => settle(() => reject(busFaults.closed()));
      this.#waiting.add(abandon);
      const timedOut = (): void => settle(() => reject(busFaults.timeout(subject, timeoutMs)));
      let cancel = this.#network.later(timeoutMs, timedOut, abandon);

      const targets = this.#network.targets(subject);
      if (targets.length === 0 && this.#network.reachable(this.name)) {
        cancel();
        cancel = this.#network.later(0, () => settle(() => reject(busFaults.noResponders(subject))), abandon);
      }
      const sent = copied(data);
      for (const held of targets) {
        const respond = (answer: Uint8Array): void => {
          held.owner.#checkSize(subject, answer);
          const kept = copied(answer);
          this.#network.carry(held.owner, this, `answer to ${subject}`, () => settle(() => resolve(kept)));
        };
        this.#send(held, subject, sent, {
          respond,
          inbox: this.name,
          ...(trace === undefined ? {} : { trace }),
        });
      }
    });
  }

  subscribe(subject: string, handler: (message: Message) => void, queue?: string): Subscription {
    if (this.#closed) throw busFaults.closed();
    return this.#network.subscribe({ owner: this, pattern: subject, queue, handler });
  }

  /** What was lent is taken back: whoever keeps it will see. */
  listen(subject: string, handler: (data: Uint8Array) => void): Subscription {
    return this.subscribe(subject, ({ data }) => {
      handler(data);
      data.fill(TAKEN_BACK);
    });
  }

  async log(name: string): Promise<Log> {
    if (this.#closed) throw busFaults.closed();
    if (!this.#network.reachable(this.name))
      throw busFaults.unavailable(`opening the log ${name}`, 'no connection');
    const log = new MemoryLog(this.#network.store(name), this.name, this.#network, this.#troubles, (data) =>
      this.#checkSize(name, data),
    );
    this.#logs.add(log);
    return log;
  }

  onReconnect(handler: () => void): Subscription {
    return this.#reconnects.add(handler);
  }

  onTrouble(handler: (report: ErrorReport) => void): Subscription {
    return this.#troubles.add(handler);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#left();
    for (const log of this.#logs) log.close();
    for (const abandon of [...this.#waiting]) abandon();
  }

  reconnected(): void {
    if (this.#closed) return;
    this.#moved.reconnects++;
    this.#troubles.guard(() => this.#reconnects.call());
  }

  #checkSize(subject: string, data: Uint8Array): void {
    if (data.length > this.#network.maxPayloadBytes)
      throw busFaults.tooLarge(subject, data.length, this.#network.maxPayloadBytes);
  }

  #send(held: Held, subject: string, sent: Uint8Array, asked: Partial<Message> = {}): void {
    this.#network.carry(this, held.owner, subject, () => {
      if (!this.#network.isHeld(held)) return;
      held.owner.#moved.receivedBytes += sent.length;
      const message = { ...asked, subject, data: copied(sent) };
      held.owner.#troubles.guard(() => held.handler(message));
    });
  }
}
