/**
 * Owns the desk at which a replica serves accounts over the bus, as the HTTP face does: whoever may log in at the broker asks here,
 * sealed (envelope.ts), and has mail pushed to it for as long as it says that it is there (lease.ts).
 * Must never act on what it cannot open, nor on anything twice, nor believe the name that a request came under: who asks is whose
 * token is inside.
 *
 * Any replica tells its key to whoever asks (they share that question); what follows is sealed to that replica. Of one that is gone
 * the broker says so at once, and its askers turn to another; their messages, acknowledgements and registrations carry ids that make
 * a repetition harmless.
 */

import { utf8 } from '../../base/bytes.ts';
import { canonicalJson } from '../../base/canonical.ts';
import type { Clock } from '../../base/clock.ts';
import { type ErrorReport, MpcError, reportOf } from '../../base/errors.ts';
import type { RandomSource } from '../../base/random.ts';
import { statusOf } from '../../base/status.ts';
import type { Bus, Message, Subscription } from '../../bus/bus.ts';
import { type Address, subjects } from '../../bus/subjects.ts';
import { signText } from '../../coordination/signatures.ts';
import type { Identity } from '../../identity/keys.ts';
import { Seats } from '../seats.ts';
import type { SignedIn } from '../views.ts';
import { type Asked, askedIn, type Counter, callerBy, perform, performOpen } from './asked.ts';
import {
  Conversation,
  DESK_KEY,
  deskKeyText,
  ID_BYTES,
  jsonIn,
  type Place,
  parseRequest,
  REQUEST_BYTES,
  requestContext,
  SECRET_BYTES,
} from './envelope.ts';
import { DeskKeys } from './keys.ts';
import { Lease, type LeaseOptions } from './lease.ts';
import { Pace } from './pace.ts';

/** One of the replicas tells its key. */
const QUEUE = 'coordinator-directory';
/** Requests in hand, of all and of one login: nobody can keep the others out. */
const IN_HAND = 1024;
const IN_HAND_OF_ONE = 32;
/** Says nothing but that somebody is here: ask again, for another key or elsewhere. */
const NOTHING = new Uint8Array(0);

export interface DeskOptions extends Counter {
  readonly bus: Bus;
  readonly deployment: string;
  /** The coordinators'. */
  readonly identity: Identity;
  /** This replica's name on the bus, another one in every process: a letter or digit each. */
  readonly replica: string;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Of one account; as over HTTP where nothing else is said. */
  readonly requestsPerMinute?: number;
  /** Told of every fault of the program; never of what a caller did wrong. */
  readonly onTrouble: (report: ErrorReport, about: Readonly<Record<string, string>>) => void;
}

/** Serves until it is unsubscribed; whoever has mail pushed is told then, and turns to another replica. */
export function openDirectoryDesk(options: DeskOptions): Subscription {
  const desk = new Desk(options);
  const { bus, deployment, replica } = options;
  const keys = bus.subscribe(
    subjects.directory(deployment, '*'),
    (message) => message.respond?.(desk.key(message)),
    QUEUE,
  );
  const requests = bus.subscribe(subjects.directory(deployment, '*', replica), (message) =>
    desk.receive(message),
  );
  return {
    unsubscribe: () => {
      keys.unsubscribe();
      requests.unsubscribe();
      desk.stop();
    },
  };
}

/** A request that was opened. */
interface Opened {
  readonly place: Place;
  readonly conversation: Conversation;
  readonly asked: unknown;
}

class Desk {
  readonly #options: DeskOptions;
  readonly #keys: DeskKeys;
  readonly #pace: Pace;
  readonly #seats = new Seats();
  readonly #leases = new Set<Lease>();
  readonly #inHand = new Map<string, number>();
  #all = 0;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#keys = new DeskKeys(options.random, options.clock);
    this.#pace = new Pace(options.clock, options.requestsPerMinute);
  }

  /** This replica and its key, signed together with the asker's challenge. */
  key({ data, subject }: Pick<Message, 'data' | 'subject'>): Uint8Array {
    if (data.length !== ID_BYTES || !this.#mayAsk(subject)) return NOTHING;
    const { deployment, identity, replica } = this.#options;
    const challenge = Buffer.from(data).toString('hex');
    const key = this.#keys.current;
    const signature = signText(identity, DESK_KEY, deskKeyText({ deployment, challenge, replica, key }));
    return utf8.encode(canonicalJson({ replica, key, signature }));
  }

  receive(message: Message): void {
    const { respond } = message;
    if (respond === undefined) return;
    const from = fromOf(message.subject);
    const opened = this.#isFull(from) ? undefined : this.#opened(message, from);
    if (opened === undefined) {
      respond(NOTHING);
      return;
    }
    void this.#hold(from, async () => {
      const { reply, next } = await this.#answer(opened);
      respond(opened.conversation.sealReply(reply));
      next?.();
    });
  }

  stop(): void {
    for (const lease of this.#leases) lease.end();
  }

  /** A signature takes long enough to be counted. */
  #mayAsk(subject: string): boolean {
    try {
      this.#pace.count(`key ${fromOf(subject)}`);
      return true;
    } catch {
      return false;
    }
  }

  #isFull(from: string): boolean {
    return this.#all >= IN_HAND || (this.#inHand.get(from) ?? 0) >= IN_HAND_OF_ONE;
  }

  async #hold(from: string, work: () => Promise<void>): Promise<void> {
    this.#all++;
    this.#inHand.set(from, (this.#inHand.get(from) ?? 0) + 1);
    try {
      await work();
    } catch (error) {
      this.#options.onTrouble(reportOf(error), { from }); // the connection is gone: it asks again
    } finally {
      this.#all--;
      const left = (this.#inHand.get(from) ?? 1) - 1;
      if (left > 0) this.#inHand.set(from, left);
      else this.#inHand.delete(from);
    }
  }

  #opened({ data }: Message, from: Address): Opened | undefined {
    const request = data.length > REQUEST_BYTES ? undefined : parseRequest(data);
    if (request === undefined) return undefined;
    const { id, sealed } = request;
    const { deployment, replica } = this.#options;
    const placeOf = (key: string): Place => ({ deployment, from, replica, key, id });
    const found = this.#keys.open(id, sealed, (key) => requestContext(placeOf(key)));
    if (found === undefined) return undefined;
    const { secret, asked } = (jsonIn(found.text) ?? {}) as {
      readonly secret?: unknown;
      readonly asked?: unknown;
    }; // looked at next
    const bytes = typeof secret === 'string' ? new Uint8Array(Buffer.from(secret, 'base64url')) : undefined;
    if (bytes?.length !== SECRET_BYTES) return undefined;
    const place = placeOf(found.key);
    return { place, conversation: new Conversation(place, bytes), asked };
  }

  /** The reply, and what begins once it is said. */
  async #answer(opened: Opened): Promise<{ readonly reply: object; readonly next?: () => void }> {
    const { directory } = this.#options;
    try {
      const asked = this.#asked(opened);
      if (asked.do === 'register' || asked.do === 'login') {
        this.#countStranger(opened);
        return { reply: { ok: true, answer: await performOpen(this.#options, asked) } };
      }
      const caller = await this.#caller(asked, opened);
      if (asked.do !== 'follow') {
        return { reply: { ok: true, answer: await perform(this.#options, asked, caller) } };
      }
      const leave = this.#seats.take(caller);
      const mail = (signal: AbortSignal) => directory.subscribe(caller, asked.after, signal);
      const lease = this.#lease(opened, mail, leave);
      return { reply: { ok: true, answer: {} }, next: () => lease.begin() };
    } catch (error) {
      return { reply: { ok: false, error: this.#refusal(error, opened) } };
    }
  }

  #asked(opened: Opened): Asked {
    try {
      return askedIn(opened.asked);
    } catch (error) {
      this.#countStranger(opened);
      throw error;
    }
  }

  /** Whoever has shown no token is counted by the login at the broker. */
  #countStranger({ place }: Opened): void {
    this.#pace.count(`address ${place.from}`);
  }

  async #caller({ token }: Extract<Asked, { token: string }>, opened: Opened): Promise<SignedIn> {
    const { directory } = this.#options;
    try {
      const caller = await callerBy(directory, token);
      this.#pace.count(`account ${caller.account}`);
      return caller;
    } catch (error) {
      if (error instanceof MpcError && error.code === 'session.none') this.#countStranger(opened);
      throw error;
    }
  }

  #lease({ place, conversation }: Opened, mail: LeaseOptions['mail'], leave: () => void): Lease {
    const { bus, clock, onTrouble } = this.#options;
    const lease = new Lease({
      bus,
      clock,
      place,
      conversation,
      mail,
      onEnd: () => {
        leave();
        this.#leases.delete(lease);
      },
      onTrouble: (report) => onTrouble(report, { from: place.from }),
    });
    this.#leases.add(lease);
    return lease;
  }

  /** An unexpected error may quote what nobody else may read. */
  #refusal(error: unknown, { place }: Opened): object {
    const report = reportOf(error);
    const status = statusOf(report);
    if (status !== 500) {
      const { code, message, hint } = report;
      return { status, code, message, ...(hint === undefined ? {} : { hint }) };
    }
    this.#options.onTrouble(report, { from: place.from });
    return { status, code: 'internal', message: 'the request ran into a fault of the program' };
  }
}

/** The from-token of `mpc.<deployment>.coordinator.<from>.directory[.<replica>]`: what is subscribed to has it there. */
const fromOf = (subject: string): Address => subject.split('.')[3] as Address;
