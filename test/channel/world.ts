/**
 * Owns the world of the channel's tests: two ends on a faulty memory bus under a clock that the test moves, everything
 * recorded that passes the bus.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { concatBytes } from '../../src/base/bytes.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { RandomSource } from '../../src/base/random.ts';
import type { Bus } from '../../src/bus/bus.ts';
import type { Faults } from '../../src/bus/fate.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import type { Channel, ChannelOptions, ChunkSink, ChunkSource } from '../../src/channel/channel.ts';
import { openChannel } from '../../src/channel/sealed-channel.ts';
import { type ChannelSettings, defaultSettings } from '../../src/channel/settings.ts';
import { createIdentity } from '../../src/identity/identity.ts';

/** A clock that stands still until it is moved to its next timer. */
export class VirtualClock implements Clock {
  #nowMs = 1_000_000;
  #count = 0;
  readonly #timers = new Map<number, { readonly dueMs: number; readonly ring: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const id = this.#count++;
    this.#timers.set(id, { dueMs: this.#nowMs + Math.max(0, delayMs), ring: callback });
    return () => void this.#timers.delete(id);
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.after(delayMs, resolve);
      signal?.addEventListener('abort', () => {
        cancel();
        reject(signal.reason);
      });
    });
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Rings the earliest timer; false when there is none. */
  advance(): boolean {
    const next = [...this.#timers].sort(([i, x], [j, y]) => x.dueMs - y.dueMs || i - j)[0];
    if (next === undefined) return false;
    const [id, { dueMs, ring }] = next;
    this.#timers.delete(id);
    this.#nowMs = Math.max(this.#nowMs, dueMs);
    ring();
    return true;
  }

  /** Time passes and nothing rings until the next `advance`: this process was stopped. */
  jump(byMs: number): void {
    this.#nowMs += byMs;
  }
}

export const drawn = (seed: string): RandomSource => {
  let count = 0;
  return (length) => {
    const parts: Buffer[] = [];
    for (let have = 0; have < length; have += 32)
      parts.push(createHash('sha256').update(`${seed} ${count++}`).digest());
    return new Uint8Array(Buffer.concat(parts).subarray(0, length));
  };
};

export const bytesOf = (seed: string, length: number): Uint8Array => drawn(`bytes ${seed}`)(length);

export type Side = 'a' | 'b';
export const other = (side: Side): Side => (side === 'a' ? 'b' : 'a');
const ADDRESS = { a: 'server-a', b: 'server-b' } as const;
export const IDENTITY = { a: createIdentity(drawn('identity a')), b: createIdentity(drawn('identity b')) };
export const TOPIC = {
  deployment: 'test',
  collaboration: 'c0ffee',
  purpose: 'compute',
  descriptor: 'digest',
  attempt: 1,
} as const;

export interface WorldOptions {
  readonly seed?: number | string;
  readonly faults?: Faults;
  readonly settings?: Partial<ChannelSettings>;
}

export interface Recorded {
  readonly from: Side;
  readonly subject: string;
  readonly data: Uint8Array;
}

export class World {
  readonly clock = new VirtualClock();
  readonly hub: MemoryHub;
  readonly recorded: Recorded[] = [];
  readonly presence: Record<Side, boolean[]> = { a: [], b: [] };
  readonly troubles: Record<Side, Map<string, number>> = { a: new Map(), b: new Map() };
  readonly #settings: ChannelSettings;
  readonly #random: RandomSource;
  readonly #open: { readonly side: Side; readonly channel: Channel; readonly bus: Bus }[] = [];

  constructor({ seed = 1, faults = {}, settings = {} }: WorldOptions = {}) {
    this.hub = new MemoryHub({ seed, clock: this.clock, faults });
    this.#settings = { ...defaultSettings, ...settings };
    this.#random = drawn(`world ${seed}`);
  }

  open(
    side: Side,
    ends: { outgoing?: ChunkSource; incoming?: ChunkSink },
    changes: Partial<ChannelOptions> = {},
  ): Channel {
    const bus = this.tapped(side, this.hub.connect(side));
    const channel = openChannel(
      {
        bus,
        clock: this.clock,
        random: this.#random,
        identity: IDENTITY[side],
        me: ADDRESS[side],
        peer: ADDRESS[other(side)],
        peerKey: IDENTITY[other(side)].publicKey,
        topic: TOPIC,
        onTrouble: ({ code }) => this.troubles[side].set(code, (this.troubles[side].get(code) ?? 0) + 1),
        onPresence: (present) => this.presence[side].push(present),
        ...ends,
        ...changes,
      },
      this.#settings,
    );
    this.#open.push({ side, channel, bus });
    return channel;
  }

  /** The process of that side dies: not a word more, and what was on its way to it is lost. */
  async kill(side: Side): Promise<void> {
    for (const { channel, bus } of this.#open.filter((one) => one.side === side)) {
      await bus.close();
      channel.close();
    }
  }

  /** Everything a connection publishes is recorded. */
  tapped(from: Side, bus: Bus): Bus {
    return {
      get standing() {
        return bus.standing;
      },
      publish: (subject, data) => {
        this.recorded.push({ from, subject, data: data.slice() });
        bus.publish(subject, data);
      },
      send: (subject, parts) => {
        this.recorded.push({ from, subject, data: concatBytes(...parts) });
        bus.send(subject, parts);
      },
      request: (...given) => bus.request(...given),
      subscribe: (...given) => bus.subscribe(...given),
      listen: (...given) => bus.listen(...given),
      log: (name) => bus.log(name),
      onReconnect: (handler) => bus.onReconnect(handler),
      onTrouble: (handler) => bus.onTrouble(handler),
      close: () => bus.close(),
    };
  }

  /** Lets the world go on until the condition holds, moving the clock; fails after `limitMs` of the world's time. */
  async until(condition: () => boolean, limitMs = 600_000): Promise<void> {
    const endMs = this.clock.now() + limitMs;
    while (!condition()) {
      assert.ok(this.clock.now() < endMs, `the world did not get there in ${limitMs} ms of its own time`);
      await this.settle(3);
      if (condition() || this.clock.advance()) continue;
      await this.settle();
      assert.ok(condition(), 'nothing is left to happen');
    }
  }

  async finish(...promises: Promise<unknown>[]): Promise<void> {
    let left = promises.length;
    const failures: unknown[] = [];
    for (const promise of promises)
      promise.then(
        () => left--,
        (error) => {
          failures.push(error);
          left = 0;
        },
      );
    await this.until(() => left <= 0);
    if (failures.length > 0) throw failures[0];
  }

  /** Time passes. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.now() + ms;
    const cancel = this.clock.after(ms, () => {});
    while (this.clock.now() < endMs) {
      await this.settle(3);
      this.clock.advance();
    }
    cancel();
    await this.settle(3);
  }

  /** What needs no time happens. */
  async settle(turns = 30): Promise<void> {
    for (let count = 0; count < turns; count++) await turn();
  }

  troubleCount(side: Side, code: string): number {
    return this.troubles[side].get(code) ?? 0;
  }

  async close(): Promise<void> {
    for (const { channel } of this.#open) channel.close();
    await this.hub.close();
  }
}

/** A sink that writes down what it is given, as a disk would: a new one over the same list goes on where it ended. */
export class Notebook implements ChunkSink {
  readonly chunks: Uint8Array[];
  finishedCalls = 0;

  constructor(chunks: Uint8Array[] = []) {
    this.chunks = chunks;
  }

  wanted(): number {
    return this.chunks.length;
  }

  async accept(chunk: Uint8Array): Promise<void> {
    this.chunks.push(chunk);
  }

  async finished(): Promise<void> {
    this.finishedCalls++;
  }
}

/** Chunks of many sizes, empty ones among them. */
export function chunksOf(seed: string, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => bytesOf(`${seed} ${index}`, (index * 37) % 300));
}
