/**
 * Owns the bus inside one process: a hub that is broker and network at once, with faults decided by a seed.
 * Must never call a handler from inside `publish` or `request`, nor leave a timer behind after `close`.
 *
 * What one connection sends another stays in order unless `reorder` says otherwise; a connection that is cut off
 * (`partition`) neither sends nor hears anything, as if its cable were pulled, and is told of the reconnection by `heal`.
 */
import { type Clock, systemClock } from '../base/clock.ts';
import type { Bus } from './bus.ts';
import { type Faults, fateOf, seededDraws } from './fate.ts';
import { busFaults } from './faults.ts';
import { Connection, type Deliver, type Held, type Network } from './memory-connection.ts';
import { MemoryStore } from './memory-log.ts';
import { subjectMatches } from './subjects.ts';

export interface MemoryHubOptions {
  /** Decides every fault and every choice within a queue group. */
  readonly seed: number | string;
  readonly clock?: Clock;
  readonly faults?: Faults;
  /** Largest message; the default is that of the brokers we start. */
  readonly maxPayloadBytes?: number;
}

export class MemoryHub {
  readonly #seed: string;
  readonly #clock: Clock;
  readonly #maxPayloadBytes: number;
  readonly #connections = new Set<Connection>();
  readonly #subscriptions = new Set<Held>();
  readonly #stores = new Map<string, MemoryStore>();
  readonly #cutOff = new Set<string>();
  readonly #pending = new Map<object, { cancel: () => void; abandoned: () => void }>();
  readonly #counts = new Map<string, number>();
  readonly #links = new WeakMap<Connection, WeakMap<Connection, Deliver[]>>();
  #faults: Faults;
  #closed = false;

  constructor(options: MemoryHubOptions) {
    this.#seed = String(options.seed);
    this.#clock = options.clock ?? systemClock;
    this.#faults = options.faults ?? {};
    this.#maxPayloadBytes = options.maxPayloadBytes ?? 2 * 1024 * 1024;
  }

  /** A new connection. A name may connect again (a restarted process); its faults go on from where they were. */
  connect(name: string): Bus {
    if (this.#closed) throw busFaults.closed();
    const connection = new Connection(name, this.#network(), () => this.#forget(connection));
    this.#connections.add(connection);
    return connection;
  }

  /** Replaces the faults from now on: a storm that begins or ends. */
  setFaults(faults: Faults): void {
    this.#faults = faults;
  }

  /** Cuts the named connections off from the broker, and so from everyone. */
  partition(names: readonly string[]): void {
    for (const name of names) this.#cutOff.add(name);
  }

  /** Joins everyone again; those who were cut off have reconnected. */
  heal(): void {
    const back = [...this.#connections].filter(({ name }) => this.#cutOff.has(name));
    this.#cutOff.clear();
    for (const connection of back) this.#later(0, () => connection.reconnected());
    for (const store of this.#stores.values()) store.wake();
  }

  /** Throws away the end of a log, keeping `keep` entries: what no broker should ever do, for tests of the alarm. */
  loseEntries(log: string, keep: number): void {
    this.#stores.get(log)?.truncate(keep);
  }

  /** Ends everything. Requests and appends under way fail with `bus.closed`. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#connections].map((connection) => connection.close()));
    const abandoned = [...this.#pending.values()];
    this.#pending.clear();
    for (const work of abandoned) {
      work.cancel();
      work.abandoned();
    }
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    for (const held of this.#subscriptions) if (held.owner === connection) this.#subscriptions.delete(held);
  }

  #later(delayMs: number, run: () => void, abandoned: () => void = () => {}): () => void {
    const key = {};
    const due = (): void => {
      this.#pending.delete(key);
      run();
    };
    if (delayMs <= 0) {
      const immediate = setImmediate(due);
      this.#pending.set(key, { cancel: () => clearImmediate(immediate), abandoned });
    } else this.#pending.set(key, { cancel: this.#clock.after(delayMs, due), abandoned });
    return () => {
      this.#pending.get(key)?.cancel();
      this.#pending.delete(key);
    };
  }

  #count(path: string): number {
    const count = (this.#counts.get(path) ?? 0) + 1;
    this.#counts.set(path, count);
    return count;
  }

  #fate(from: string, to: string, subject: string) {
    const path = `${from} > ${to} ${subject}`;
    return fateOf(this.#seed, `${path} ${this.#count(path)}`, this.#faults);
  }

  /** One copy of each message to every plain subscription, and to one member of each queue group. */
  #targets(subject: string): Held[] {
    const plain: Held[] = [];
    const groups = new Map<string, Held[]>();
    for (const held of this.#subscriptions) {
      if (!subjectMatches(held.pattern, subject) || this.#cutOff.has(held.owner.name)) continue;
      if (held.queue === undefined) plain.push(held);
      else groups.set(held.queue, [...(groups.get(held.queue) ?? []), held]);
    }
    for (const [queue, members] of groups) {
      const path = `queue ${queue} ${subject}`;
      const draw = seededDraws(`${this.#seed}\n${path} ${this.#count(path)}`);
      plain.push(members[Math.floor(draw() * members.length)]!);
    }
    return plain;
  }

  /** Carries one message over one link, with its faults. `deliver` runs once for each copy that arrives. */
  #carry(from: Connection, to: Connection, subject: string, deliver: Deliver): void {
    if (this.#cutOff.has(from.name)) return;
    const arrive = (): void => {
      if (!this.#cutOff.has(to.name)) deliver();
    };
    const queue = this.#link(from, to);
    for (const { delayMs, overtaken } of this.#fate(from.name, to.name, subject)) {
      if (overtaken) this.#later(delayMs, arrive);
      else {
        // Whatever timer is due first hands over the OLDEST message of the link: delays cannot reorder it.
        queue.push(arrive);
        this.#later(delayMs, () => queue.shift()?.());
      }
    }
  }

  #link(from: Connection, to: Connection): Deliver[] {
    const row = this.#links.get(from) ?? new WeakMap<Connection, Deliver[]>();
    this.#links.set(from, row);
    const queue = row.get(to) ?? [];
    row.set(to, queue);
    return queue;
  }

  #network(): Network {
    return {
      clock: this.#clock,
      maxPayloadBytes: this.#maxPayloadBytes,
      subscribe: (held) => {
        this.#subscriptions.add(held);
        return { unsubscribe: () => void this.#subscriptions.delete(held) };
      },
      isHeld: (held) => this.#subscriptions.has(held),
      targets: (subject) => this.#targets(subject),
      carry: (from, to, subject, deliver) => this.#carry(from, to, subject, deliver),
      later: (delayMs, run, abandoned) => this.#later(delayMs, run, abandoned),
      reachable: (name) => !this.#closed && !this.#cutOff.has(name),
      fate: (from, to, subject) => this.#fate(from, to, subject),
      store: (name) => {
        const store = this.#stores.get(name) ?? new MemoryStore(name);
        this.#stores.set(name, store);
        return store;
      },
    };
  }
}
