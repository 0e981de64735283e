/**
 * Owns hearing what roles tell: each start of each role from its first record on, without gaps or repetitions.
 * Must never believe a role that speaks for another, nor anything that is not a record.
 */

import { utf8 } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { type ErrorReport, reportOf } from '../base/errors.ts';
import type { Bus, Message, Subscription } from '../bus/bus.ts';
import { type Address, subjects } from '../bus/subjects.ts';
import { type Oldest, readOldest, readRecord } from './record-schema.ts';
import type { FeedRecord } from './records.ts';

export interface ListenerParts {
  readonly bus: Bus;
  readonly deployment: string;
  /** Who watches: the one that the roles' configurations name. */
  readonly me: Address;
  /** Who may tell something. */
  readonly roles: readonly Address[];
  readonly clock: Clock;
  readonly onRecords: (records: readonly FeedRecord[]) => void;
  readonly onTrouble: (report: ErrorReport) => void;
}

/** What a role is asked again is not asked once more within this time. */
const ASK_MS = 1000;

export function listenToFeeds(parts: ListenerParts): Subscription {
  const hearing = new Hearing(parts);
  const { bus, deployment, me, roles } = parts;
  const subscription = bus.subscribe(subjects.feed(deployment, me, '*'), (message) => hearing.hear(message));
  const reconnected = bus.onReconnect(() => hearing.ask(roles));
  hearing.ask(roles);
  return {
    unsubscribe: () => {
      subscription.unsubscribe();
      reconnected.unsubscribe();
      hearing.stop();
    },
  };
}

class Hearing {
  readonly #parts: ListenerParts;
  /** The next record of each start. */
  readonly #next = new Map<string, number>();
  /** Starts of which records are missing, and up to which number. */
  readonly #gaps = new Map<string, { readonly from: Address; readonly upTo: number }>();
  /** Roles that will be asked soon, and how to prevent it. */
  readonly #plans = new Map<Address, () => void>();
  #heard: FeedRecord[] = [];
  /** When each role was last asked to tell again. */
  readonly #askedMs = new Map<Address, number>();

  constructor(parts: ListenerParts) {
    this.#parts = parts;
  }

  ask(roles: readonly Address[]): void {
    const { bus, deployment, me, clock } = this.#parts;
    for (const role of roles) {
      this.#askedMs.set(role, clock.now());
      bus.publish(subjects.feedAgain(deployment, role, me), new Uint8Array(0));
    }
  }

  hear({ subject, data }: Message): void {
    const { roles, onRecords, onTrouble } = this.#parts;
    const from = roles.find((role) => role === subject.split('.')[3]);
    if (from === undefined) return;
    try {
      for (const line of utf8.decode(data).split('\n')) {
        const oldest = readOldest(line);
        if (oldest === undefined) this.#take(readRecord(line), from);
        else if (speaksFor(from, oldest)) this.#skipTo(oldest);
      }
    } catch (error) {
      onTrouble(reportOf(error));
    }
    if (this.#heard.length > 0) onRecords(this.#heard);
    this.#heard = [];
  }

  #take(record: FeedRecord, from: Address): void {
    if (!speaksFor(from, record)) return;
    const key = keyOf(record);
    const next = this.#next.get(key) ?? 0;
    if (record.number > next) {
      this.#gaps.set(key, { from, upTo: Math.max(record.number, this.#gaps.get(key)?.upTo ?? 0) });
      this.#planToAsk(from);
    }
    if (record.number !== next) return;
    this.#next.set(key, next + 1);
    if (next >= (this.#gaps.get(key)?.upTo ?? 0)) this.#gaps.delete(key);
    this.#heard.push(record);
  }

  /** What is missing comes again, and what came meanwhile with it; until it has, it is asked for. */
  #planToAsk(from: Address): void {
    if (this.#plans.has(from)) return;
    const { clock } = this.#parts;
    const sinceMs = clock.now() - (this.#askedMs.get(from) ?? Number.NEGATIVE_INFINITY);
    const plan = clock.after(Math.max(0, ASK_MS - sinceMs), () => {
      this.#plans.delete(from);
      if (![...this.#gaps.values()].some((gap) => gap.from === from)) return;
      this.ask([from]);
      this.#planToAsk(from);
    });
    this.#plans.set(from, plan);
  }

  stop(): void {
    for (const cancel of this.#plans.values()) cancel();
    this.#plans.clear();
  }

  /** Records before the oldest one that is kept are lost for good. */
  #skipTo(oldest: Oldest): void {
    this.#next.set(keyOf(oldest), Math.max(oldest.number, this.#next.get(keyOf(oldest)) ?? 0));
  }
}

const keyOf = ({ role, start }: { readonly role: string; readonly start: string }): string =>
  `${role} ${start}`;

/** Replicas of the coordinator share its address and have names of their own. */
const speaksFor = (from: Address, { role }: { readonly role: string }): boolean =>
  role === from || (from === 'coordinator' && role.startsWith(from));
