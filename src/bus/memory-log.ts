/**
 * Owns the log of the memory bus: durable for the hub's life, totally ordered, each id once.
 * Must never lose or double an entry, whatever the faults: they delay entries, and lose appends before they are stored
 * or their acknowledgements afterwards, so that a caller has to ask again with the same id.
 */
import type { Clock } from '../base/clock.ts';
import { assert, reportOf } from '../base/errors.ts';
import type { Log, LogCopy, LogEntry, Subscription } from './bus.ts';
import { copied } from './copied.ts';
import type { Copy } from './fate.ts';
import { busFaults, type Troubles } from './faults.ts';

/** What a log needs of the hub. */
export interface MemoryNetwork {
  readonly clock: Clock;
  /** Runs after a delay; `abandoned` runs instead when the hub closes first. The result cancels both. */
  later(delayMs: number, run: () => void, abandoned?: () => void): () => void;
  reachable(name: string): boolean;
  fate(from: string, to: string, subject: string): readonly Copy[];
}

/** How long an append whose acknowledgement is lost takes to give up, and a failing handler is left alone. */
const PATIENCE_MS = 20;

/** The entries of one log, shared by all connections of a hub. */
export class MemoryStore {
  readonly name: string;
  readonly #entries: LogEntry[] = [];
  readonly #sequences = new Map<string, number>();
  readonly #wakers = new Set<() => void>();

  constructor(name: string) {
    this.name = name;
  }

  get last(): number {
    return this.#entries.length;
  }

  entry(sequence: number): LogEntry | undefined {
    return this.#entries[sequence - 1];
  }

  append(id: string, timeMs: number, data: Uint8Array): number {
    const known = this.#sequences.get(id);
    if (known !== undefined) return known;
    const sequence = this.#entries.length + 1;
    this.#entries.push({ sequence, timeMs, data });
    this.#sequences.set(id, sequence);
    this.wake();
    return sequence;
  }

  truncate(keep: number): void {
    this.#entries.length = Math.min(keep, this.#entries.length);
    for (const [id, sequence] of this.#sequences) if (sequence > keep) this.#sequences.delete(id);
    this.wake();
  }

  /** Resolves when something may have changed. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#wakers.add(resolve));
  }

  wake(): void {
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const waker of wakers) waker();
  }
}

/** One connection's face of a store. */
export class MemoryLog implements Log {
  readonly #store: MemoryStore;
  readonly #me: string;
  readonly #network: MemoryNetwork;
  readonly #troubles: Troubles;
  readonly #checkSize: (data: Uint8Array) => void;
  #closed = false;

  constructor(
    store: MemoryStore,
    me: string,
    network: MemoryNetwork,
    troubles: Troubles,
    checkSize: (data: Uint8Array) => void,
  ) {
    this.#store = store;
    this.#me = me;
    this.#network = network;
    this.#troubles = troubles;
    this.#checkSize = checkSize;
  }

  async append(id: string, data: Uint8Array): Promise<number> {
    this.#checkSize(data);
    const kept = copied(data);
    await this.#leg(`append to ${this.#store.name}`);
    const sequence = this.#store.append(id, this.#network.clock.now(), kept);
    await this.#leg(`acknowledgement of ${this.#store.name}`);
    return sequence;
  }

  async last(): Promise<number> {
    if (this.#closed) throw busFaults.closed();
    if (!this.#network.reachable(this.#me))
      throw busFaults.unavailable(`the log ${this.#store.name}`, 'no connection');
    return this.#store.last;
  }

  async copies(): Promise<readonly LogCopy[]> {
    return [];
  }

  async follow(
    fromSequence: number,
    handler: (entry: LogEntry) => Promise<void> | void,
  ): Promise<Subscription> {
    assert(
      Number.isSafeInteger(fromSequence) && fromSequence >= 1,
      'a log is followed from entry 1 or later',
    );
    if (this.#closed) throw busFaults.closed();
    if (this.#store.last < fromSequence - 1) {
      const fault = busFaults.behind(this.#store.name, this.#store.last, fromSequence - 1);
      this.#troubles.call(fault.report());
      throw fault;
    }
    const following = { active: true };
    void this.#run(fromSequence, handler, following);
    return {
      unsubscribe: () => {
        following.active = false;
        this.#store.wake();
      },
    };
  }

  close(): void {
    this.#closed = true;
    this.#store.wake();
  }

  /** Ends when the subscription or the log does: nothing it does throws. */
  async #run(
    fromSequence: number,
    handler: (entry: LogEntry) => Promise<void> | void,
    following: { active: boolean },
  ): Promise<void> {
    const live = (): boolean => following.active && !this.#closed;
    let next = fromSequence;
    let delivery = 0;
    while (live()) {
      if (this.#store.last < next - 1) {
        this.#troubles.call(busFaults.behind(this.#store.name, this.#store.last, next - 1).report());
        return;
      }
      const entry = this.#network.reachable(this.#me) ? this.#store.entry(next) : undefined;
      if (entry === undefined) {
        await this.#store.change();
        continue;
      }
      if (delivery < next) {
        delivery = next;
        const [copy] = this.#network.fate(this.#store.name, this.#me, 'entry');
        await this.#pause(copy?.delayMs ?? PATIENCE_MS);
        continue;
      }
      try {
        await handler({ ...entry, data: copied(entry.data) });
        next++;
      } catch (error) {
        this.#troubles.call(reportOf(error));
        await this.#pause(PATIENCE_MS);
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#network.later(delayMs, resolve, resolve));
  }

  /** One way of an append: resolves when it arrives, throws `bus.unavailable` when it never does. */
  async #leg(what: string): Promise<void> {
    if (this.#closed) throw busFaults.closed();
    const [copy] = this.#network.reachable(this.#me)
      ? this.#network.fate(this.#me, this.#store.name, what)
      : [];
    await this.#pause(copy?.delayMs ?? PATIENCE_MS);
    if (this.#closed) throw busFaults.closed();
    if (copy === undefined) throw busFaults.unavailable(what, 'no answer');
  }
}
