/**
 * Owns a place's side of mail that is pushed over the bus: frames in order, as long as they come.
 * Must never show what has no proof that the replica sent it, nor pass over a frame that is missing: it ends then, and whoever
 * follows asks again after the last message.
 */
import { z } from 'zod';
import { unlessAborted } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { EXIT, MpcError } from '../../base/errors.ts';
import type { Bus, Subscription } from '../../bus/bus.ts';
import { subjects } from '../../bus/subjects.ts';
import type { Conversation, Place } from '../desk/envelope.ts';
import { LEASE_MS, WINDOW_BYTES } from '../desk/lease.ts';
import type { Mail } from '../rows.ts';
import { mailSchema } from './answers.ts';

/** Several times within a lease: one that is lost changes nothing. */
const RENEW_MS = LEASE_MS / 10;
/** Four renewals without an answer. */
const SILENT_MS = 4 * RENEW_MS;
/** A renewal that nobody listens to any more is told at once; else its answer says nothing. */
const ANSWER_MS = RENEW_MS;

const frameSchema = z.union([
  z.strictObject({ mail: mailSchema }),
  z.strictObject({ here: z.literal(true) }),
  z.strictObject({ ended: z.literal(true) }),
]);

export interface FollowingOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly place: Place;
  readonly conversation: Conversation;
}

interface Waiting {
  readonly mail: Mail;
  readonly frame: number;
  readonly bytes: number;
}

export class Following {
  readonly #options: FollowingOptions;
  readonly #frames: Subscription;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** The last frame that came, and the last that was taken. */
  #heard = 0;
  #taken = 0;
  #takenBytes = 0;
  #heardMs: number;
  #renewals = 0;
  #end: MpcError | 'ended' | undefined;
  #wake: () => void = () => {};
  #cancelRenewal: () => void = () => {};

  /** Hears from now on: before the replica is asked. */
  constructor(options: FollowingOptions) {
    const { bus, clock, place } = options;
    this.#options = options;
    this.#heardMs = clock.now();
    const down = subjects.mail(place.deployment, place.from, 'coordinator', place.id);
    this.#frames = bus.subscribe(down, ({ data }) => this.#hear(data));
  }

  /** What comes, until the replica ends it. Throws `coordinator.silent`, `coordinator.gap` or the signal's reason. */
  async *mail(signal: AbortSignal): AsyncGenerator<Mail> {
    this.#heardMs = this.#options.clock.now();
    this.#renewLater();
    try {
      for (;;) {
        signal.throwIfAborted();
        const next = this.#waiting.shift();
        if (next !== undefined) {
          this.#waitingBytes -= next.bytes;
          yield next.mail;
          this.#take(next);
        } else if (this.#end === 'ended') return;
        else if (this.#end !== undefined) throw this.#end;
        else await unlessAborted(new Promise<void>((resolve) => (this.#wake = resolve)), signal);
      }
    } finally {
      this.leave();
    }
  }

  /** The replica need not wait for the lease to run out. */
  leave(): void {
    this.#cancelRenewal();
    this.#frames.unsubscribe();
    if (this.#end === undefined) this.#options.bus.publish(this.#up, this.#renewal(true));
    this.#end ??= 'ended';
  }

  #hear(data: Uint8Array): void {
    const frame = this.#options.conversation.openFrame(data);
    // What does not open is somebody else's; what came before, a broker's repetition.
    if (frame === undefined || frame.number <= this.#heard || this.#end !== undefined) return;
    this.#heardMs = this.#options.clock.now();
    const said = frameSchema.safeParse(frame.value);
    if (frame.number !== this.#heard + 1) this.#stop(gap());
    else if (!said.success || this.#waitingBytes > 2 * WINDOW_BYTES) this.#stop(odd());
    else this.#read(said.data, frame.number, data.length);
  }

  #read(said: z.infer<typeof frameSchema>, frame: number, bytes: number): void {
    this.#heard = frame;
    if ('mail' in said) {
      this.#waiting.push({ mail: said.mail, frame, bytes });
      this.#waitingBytes += bytes;
    }
    if ('ended' in said) this.#stop('ended');
    this.#wake();
  }

  #take({ frame, bytes }: Waiting): void {
    this.#taken = frame;
    this.#takenBytes += bytes;
    if (this.#takenBytes >= WINDOW_BYTES / 4) this.#renew();
  }

  #renewLater(): void {
    this.#cancelRenewal();
    if (this.#end !== undefined) return;
    this.#cancelRenewal = this.#options.clock.after(RENEW_MS, () => {
      if (this.#options.clock.now() - this.#heardMs >= SILENT_MS) this.#stop(silent());
      else this.#renew();
    });
  }

  #renew(): void {
    this.#takenBytes = 0;
    this.#renewLater();
    this.#options.bus.request(this.#up, this.#renewal(false), ANSWER_MS).catch((error) => {
      if (error instanceof MpcError && error.code === 'bus.no-responders') this.#stop(silent());
    });
  }

  #renewal(leaves: boolean): Uint8Array {
    const said = { taken: this.#taken, ...(leaves ? { leaves: true } : {}) };
    return this.#options.conversation.sealRenewal(++this.#renewals, said);
  }

  get #up(): string {
    const { deployment, from, id } = this.#options.place;
    return subjects.mail(deployment, 'coordinator', from, id);
  }

  #stop(why: MpcError | 'ended'): void {
    this.#end ??= why;
    this.#cancelRenewal();
    this.#wake();
  }
}

const broken = (code: string, message: string): MpcError =>
  new MpcError(code, message, { hint: 'another coordinator is asked', exitCode: EXIT.unavailable });

const silent = (): MpcError => broken('coordinator.silent', 'the coordinator has gone silent');
const gap = (): MpcError => broken('coordinator.gap', 'the broker has lost something that was pushed');
const odd = (): MpcError => broken('coordinator.unreadable', 'the coordinator pushes what is not readable');
