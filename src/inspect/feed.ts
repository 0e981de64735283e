/**
 * Owns what a role tells an inspector: off unless its configuration names who may watch. Records are kept in memory, sent in small
 * batches on a subject of their own, and told again from the first kept one to an inspector that comes later.
 * Must never tell more than names of the charts, ids, sizes and times: what is not on the list is not even looked at.
 *
 * It is sent in the clear, as subjects and sizes are anyway; whoever keeps the broker sees which state a role is in.
 */

import type { EventObject } from 'xstate';
import { utf8 } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Bus, Subscription } from '../bus/bus.ts';
import { type Address, subjects } from '../bus/subjects.ts';
import type { Standing, Transition } from '../host/host.ts';
import type { KnownNames } from './names.ts';
import { oldestLine, recordSchema } from './record-schema.ts';
import type { FeedRecord, Messaged, Said } from './records.ts';

export interface FeedParts {
  readonly deployment: string;
  readonly me: Address;
  /** What records call this process: its address, or the replica's name. */
  readonly role: string;
  /** Who may watch. */
  readonly viewer: Address;
  /** Of this start: 16 hexadecimal digits. */
  readonly start: string;
  readonly clock: Clock;
  readonly names: KnownNames;
}

/** A batch is sent after this time, or when it is full. */
const BATCH_MS = 40;
const BATCH_RECORDS = 200;
/** Messages of one subject that follow each other within this time are one record. */
const TOGETHER_MS = 20;
/** Kept for inspectors that come later: some ten megabytes. The oldest go first. */
const KEPT_RECORDS = 20_000;

export class Feed {
  readonly #parts: FeedParts;
  readonly #kept: FeedRecord[] = [];
  #pending: FeedRecord[] = [];
  #number = 0;
  #lastMs = 0;
  #bus: Bus | undefined;
  #asked: Subscription | undefined;
  #cancel: (() => void) | undefined;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** Sends from now on over this connection, what is kept first. */
  open(bus: Bus): void {
    const { deployment, me, viewer } = this.#parts;
    this.#bus = bus;
    this.#asked = bus.subscribe(subjects.feedAgain(deployment, me, viewer), () => {
      this.#flush();
      this.#sayOldest();
      this.#send(this.#kept);
    });
    this.#plan();
  }

  /** Sends what is left. */
  close(): void {
    this.#cancel?.();
    this.#flush();
    this.#asked?.unsubscribe();
    this.#bus = undefined;
  }

  moved({ actor, machine, event, from, to, taken }: Transition): void {
    const { names } = this.#parts;
    this.#add({
      kind: 'moved',
      ...this.#about(actor, machine),
      event: names.event(event),
      from: names.states(from),
      to: names.states(to),
      taken: names.transitions(taken),
    });
  }

  stands({ actor, machine, states }: Standing): void {
    this.moved({ actor, machine, event: 'restored', from: [], to: states, taken: [] });
  }

  /** What an effect emits: only how many rounds are over is told. */
  emitted(actor: string, machine: string, event: EventObject): void {
    const { round, rounds } = { round: undefined, rounds: undefined, ...event };
    if (event.type !== 'progress' || !isCount(round) || !isCount(rounds)) return;
    this.#add({ kind: 'progressed', ...this.#about(actor, machine), round, rounds });
  }

  messaged(way: Messaged['way'], subject: string, bytes: number): void {
    const together = this.#pending.findLast(
      (record): record is Messaged =>
        record.kind === 'messaged' && record.way === way && record.subject === subject,
    );
    if (together !== undefined && this.#parts.clock.now() - together.atMs <= TOGETHER_MS) {
      const merged = { ...together, count: together.count + 1, bytes: together.bytes + bytes };
      replace(this.#pending, together, merged);
      replace(this.#kept, together, merged);
      return;
    }
    const collaboration = /^[0-9a-f]{20}$/.exec(subject.split('.')[5] ?? '')?.[0] ?? null;
    this.#add({ kind: 'messaged', way, subject, count: 1, bytes, collaboration });
  }

  #add(said: Said): void {
    const { role, start, clock } = this.#parts;
    this.#lastMs = Math.max(this.#lastMs, Math.floor(clock.now()));
    const record = recordSchema.safeParse({ role, start, number: this.#number, atMs: this.#lastMs, ...said });
    if (!record.success) return; // a subject or actor that is none of ours
    this.#number++;
    this.#pending.push(record.data);
    this.#kept.push(record.data);
    if (this.#kept.length > KEPT_RECORDS) this.#kept.shift();
    if (this.#pending.length >= BATCH_RECORDS) this.#flush();
    else this.#plan();
  }

  /** An actor's name is its machine's, and what it is about, where it is not a root. */
  #about(actor: string, machine: string): { actor: string; machine: string; collaboration: string | null } {
    const { names } = this.#parts;
    const [kind = '', ...about] = actor.split(':');
    return {
      actor: [names.machine(kind), ...about].join(':'),
      machine: names.machine(machine),
      collaboration: about[0] ?? null,
    };
  }

  #plan(): void {
    if (this.#bus === undefined || this.#cancel !== undefined || this.#pending.length === 0) return;
    this.#cancel = this.#parts.clock.after(BATCH_MS, () => this.#flush());
  }

  #flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#bus === undefined) {
      this.#pending = this.#pending.slice(-KEPT_RECORDS);
      return;
    }
    const batch = this.#pending;
    this.#pending = [];
    this.#send(batch);
  }

  #sayOldest(): void {
    const { deployment, me, viewer } = this.#parts;
    const [oldest] = this.#kept;
    if (oldest === undefined) return;
    const { role, start, number } = oldest;
    this.#bus?.publish(
      subjects.feed(deployment, viewer, me),
      utf8.encode(oldestLine({ role, start, number })),
    );
  }

  #send(records: readonly FeedRecord[]): void {
    const { deployment, me, viewer } = this.#parts;
    for (let at = 0; at < records.length; at += BATCH_RECORDS) {
      const lines = records.slice(at, at + BATCH_RECORDS).map((record) => JSON.stringify(record));
      this.#bus?.publish(subjects.feed(deployment, viewer, me), utf8.encode(lines.join('\n')));
    }
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function replace(records: FeedRecord[], old: FeedRecord, fresh: FeedRecord): void {
  const at = records.lastIndexOf(old);
  if (at >= 0) records[at] = fresh;
}
