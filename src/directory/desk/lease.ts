/**
 * Owns one place's mail while it is pushed over the bus: each message by its number, sealed, as long as its reader says that it is there.
 * Must never outlive its reader, nor run ahead of it by more than its window: the broker would cut off one that reads slowly.
 *
 * Nothing is kept for a reader that misses a frame: its number tells, and it asks again after the last message that it has.
 */
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { type ErrorReport, reportOf } from '../../base/errors.ts';
import type { Bus, Message, Subscription } from '../../bus/bus.ts';
import { subjects } from '../../bus/subjects.ts';
import type { Mail } from '../rows.ts';
import type { Conversation, Place } from './envelope.ts';

/** A reader renews several times within it: see following.ts. */
export const LEASE_MS = 20_000;
/** Bytes on their way to one reader: several of the longest messages. */
export const WINDOW_BYTES = 256 * 1024;
const NOTHING = new Uint8Array(0);

export const renewalSchema = z.strictObject({
  /** Frames up to this number have been taken. */
  taken: z.int().min(0),
  /** It has had enough. */
  leaves: z.literal(true).optional(),
});

export interface LeaseOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly place: Place;
  readonly conversation: Conversation;
  /** What is to be pushed, until the signal is aborted. */
  readonly mail: (signal: AbortSignal) => AsyncIterable<Mail>;
  /** Called once, whoever ends it. */
  readonly onEnd: () => void;
  readonly onTrouble: (report: ErrorReport) => void;
}

export class Lease {
  readonly #options: LeaseOptions;
  readonly #down: string;
  readonly #renewals: Subscription;
  readonly #ended = new AbortController();
  /** Frames under way with their bytes, oldest first. */
  readonly #underWay: { readonly number: number; readonly bytes: number }[] = [];
  #bytes = 0;
  #frames = 0;
  #renewed = 0;
  #cancelExpiry: () => void = () => {};
  #roomAgain: () => void = () => {};

  /** Is there from now on, so that whoever is told of it finds it. */
  constructor(options: LeaseOptions) {
    const { bus, place } = options;
    this.#options = options;
    this.#down = subjects.mail(place.deployment, place.from, 'coordinator', place.id);
    const up = subjects.mail(place.deployment, 'coordinator', place.from, place.id);
    this.#renewals = bus.subscribe(up, (message) => this.#renew(message));
    this.#lastFor();
  }

  /** Whoever asked has been answered. */
  begin(): void {
    void this.#push();
  }

  /** Tells the reader, which goes to another replica or signs in again. */
  end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#cancelExpiry();
    this.#renewals.unsubscribe();
    this.#roomAgain();
    this.#say({ ended: true });
    this.#options.onEnd();
  }

  async #push(): Promise<void> {
    const { mail, onTrouble } = this.#options;
    const { signal } = this.#ended;
    try {
      for await (const one of mail(signal)) {
        while (this.#bytes >= WINDOW_BYTES && !signal.aborted) await this.#room();
        if (signal.aborted) break;
        const bytes = this.#say({ mail: one });
        this.#underWay.push({ number: this.#frames, bytes });
        this.#bytes += bytes;
      }
    } catch (error) {
      onTrouble(reportOf(error));
    } finally {
      this.end();
    }
  }

  /** The bytes that it took. */
  #say(value: object): number {
    const { bus, conversation } = this.#options;
    const frame = conversation.sealFrame(++this.#frames, value);
    bus.publish(this.#down, frame);
    return frame.length;
  }

  #renew({ data, respond }: Message): void {
    // Whatever it says: that this replica is alive. Whether it holds the lease, a frame tells.
    respond?.(NOTHING);
    const opened = this.#options.conversation.openRenewal(data);
    if (opened === undefined || opened.number <= this.#renewed) return;
    const said = renewalSchema.safeParse(opened.value);
    if (!said.success) return;
    this.#renewed = opened.number;
    if (said.data.leaves === true) {
      this.end();
      return;
    }
    this.#taken(said.data.taken);
    this.#lastFor();
    this.#say({ here: true });
  }

  #taken(upTo: number): void {
    for (
      let [first] = this.#underWay;
      first !== undefined && first.number <= upTo;
      [first] = this.#underWay
    ) {
      this.#underWay.shift();
      this.#bytes -= first.bytes;
    }
    if (this.#bytes < WINDOW_BYTES) this.#roomAgain();
  }

  #lastFor(): void {
    this.#cancelExpiry();
    this.#cancelExpiry = this.#options.clock.after(LEASE_MS, () => this.end());
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#roomAgain = resolve;
    });
  }
}
