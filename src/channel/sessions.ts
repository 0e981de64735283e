/**
 * Owns which sessions exist: the one in use, the one before it, those not yet proved, and the hello that waits for its
 * welcome. Turns handshake frames into sessions, and sealed frames into records.
 * Must never let go of a session in use before its successor has been proved, whatever is replayed.
 *
 * The responder answers every authentic hello with a session that is only *pending*: it comes into use with its first
 * valid seal that carries the initiator's proof over both ephemerals, which no recording holds. The initiator takes a
 * session into use with a valid welcome, which signs its own fresh ephemeral. The session before stays open for reading,
 * so that frames under way are not lost.
 * Both sides keep asking (hello or knock) until they have heard the other in the session in use; so every mixture of
 * restarts, lost frames and forgotten sessions mends itself.
 */
import { equalBytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { RandomSource } from '../base/random.ts';
import { verify } from '../identity/signing.ts';
import { Allowance } from './allowance.ts';
import {
  type Hello,
  type Knock,
  knockFrame,
  type Sealed,
  type SealedRecord,
  type Welcome,
} from './frames.ts';
import { accept, answerTo, type Conversation, freshKey, helloOf } from './handshake.ts';
import type { EphemeralKey } from './primitives.ts';
import type { Refusal } from './refusals.ts';
import { Session } from './session.ts';
import type { ChannelSettings } from './settings.ts';

export interface SessionsOptions {
  readonly conversation: Conversation;
  readonly random: RandomSource;
  readonly clock: Clock;
  readonly settings: ChannelSettings;
  readonly publish: (frame: Uint8Array) => void;
  /** The initiator has a session in use; the responder waits to be shown the proof. */
  readonly onWelcome: () => void;
}

export interface Opened {
  readonly record: SealedRecord;
  readonly session: Session;
  /** The first frame heard in the session in use. */
  readonly isFirst: boolean;
}

interface Pending {
  readonly session: Session;
  readonly welcome: Uint8Array;
  readonly toProve: Uint8Array;
}

/** Sessions that wait for their proof: the newest hellos, of which all but one are repetitions or replays. */
const MOST_PENDING = 4;

export class Sessions {
  current: Session | undefined;
  #previous: Session | undefined;
  #pending: Pending[] = [];
  #hello: { readonly key: EphemeralKey; readonly frame: Uint8Array } | undefined;
  #isAsking = false;
  #knockHeardMs = Number.NEGATIVE_INFINITY;
  readonly #options: SessionsOptions;
  readonly #handshakes: Allowance;
  /** Apart from the others: anybody can knock. */
  readonly #knocks: Allowance;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#handshakes = new Allowance(options.settings, options.clock);
    this.#knocks = new Allowance(options.settings, options.clock);
  }

  /** The peer has been heard in the session in use, and nothing asks for another one. */
  get isSettled(): boolean {
    return !this.#isAsking && this.current?.isHeard === true;
  }

  /** Asks for a session: at the start, after a reconnection, when the peer is silent, and again until it is settled. */
  ask(): void {
    this.#isAsking = true;
    const { conversation, publish } = this.#options;
    if (!conversation.initiates) publish(knockFrame(conversation.topic));
    else this.#greet();
  }

  /** The initiator makes new keys before the old ones are worn. */
  renewWhenWorn(): void {
    const { conversation, settings } = this.#options;
    if (!conversation.initiates || this.#hello !== undefined || this.current === undefined) return;
    if (this.current.frames >= settings.rekeyFrames) this.ask();
  }

  /** Seals for the session in use; the caller knows there is one. */
  seal(record: SealedRecord): Uint8Array[] {
    const session = this.current!;
    return session.seal(session.proof === undefined ? record : { ...record, proof: session.proof });
  }

  takeKnock({ topic }: Knock): Refusal | undefined {
    const { conversation, clock, settings } = this.#options;
    if (!conversation.initiates) return 'channel.unexpected';
    if (!equalBytes(topic, conversation.topic)) return 'channel.other-topic';
    if (!this.#knocks.take()) return 'channel.flood';
    if (this.#hello === undefined) {
      if (clock.now() - this.#knockHeardMs < settings.knockEveryMs) return undefined;
      this.#knockHeardMs = clock.now();
    }
    this.#greet();
    return undefined;
  }

  takeHello(hello: Hello): Refusal | undefined {
    const { conversation, random, publish } = this.#options;
    if (conversation.initiates) return 'channel.unexpected';
    if (!equalBytes(hello.topic, conversation.topic)) return 'channel.other-topic';
    if (this.#isOriginInUse(hello.bytes)) return 'channel.replayed';
    if (!this.#handshakes.take()) return 'channel.flood';
    const known = this.#pending.find(({ session }) => equalBytes(session.origin, hello.bytes));
    if (known !== undefined) {
      publish(known.welcome);
      return undefined;
    }
    const answer = answerTo(conversation, hello, random);
    if (typeof answer === 'string') return answer;
    const session = new Session(answer.keys, hello.bytes);
    this.#pending.push({ session, welcome: answer.welcome, toProve: answer.toProve });
    if (this.#pending.length > MOST_PENDING) this.#pending.shift()?.session.erase();
    publish(answer.welcome);
    return undefined;
  }

  takeWelcome(welcome: Welcome): Refusal | undefined {
    const { conversation } = this.#options;
    if (!conversation.initiates) return 'channel.unexpected';
    if (!equalBytes(welcome.topic, conversation.topic)) return 'channel.other-topic';
    if (this.#isOriginInUse(welcome.bytes)) return 'channel.replayed';
    if (this.#hello === undefined) return 'channel.stale-welcome';
    if (!equalBytes(welcome.answered, this.#hello.key.publicKey)) return 'channel.stale-welcome';
    if (!this.#handshakes.take()) return 'channel.flood';
    const accepted = accept(conversation, this.#hello.key, welcome);
    if (typeof accepted === 'string') return accepted;
    this.#hello = undefined;
    this.#use(new Session(accepted.keys, welcome.bytes, accepted.proof));
    this.#options.onWelcome();
    return undefined;
  }

  takeSealed(frame: Sealed): Opened | Refusal {
    const { conversation } = this.#options;
    const inUse = [this.current, this.#previous].find(
      (session) => session !== undefined && equalBytes(session.id, frame.session),
    );
    if (inUse === undefined) return this.#takeFirst(frame);
    const record = inUse.open(frame);
    if (typeof record === 'string') return record;
    const isFirst = inUse === this.current && !inUse.isHeard;
    inUse.isHeard = true;
    inUse.proof = undefined;
    if (inUse === this.current && conversation.initiates && this.#hello === undefined) this.#isAsking = false;
    return { record, session: inUse, isFirst };
  }

  erase(): void {
    for (const session of [this.current, this.#previous, ...this.#pending.map(({ session }) => session)])
      session?.erase();
    this.current = undefined;
    this.#previous = undefined;
    this.#pending = [];
    this.#hello = undefined;
  }

  /** A frame of a pending session: with its proof, that session comes into use. */
  #takeFirst(frame: Sealed): Opened | Refusal {
    const pending = this.#pending.find(({ session }) => equalBytes(session.id, frame.session));
    if (pending === undefined) return 'channel.unknown-session';
    const { session, toProve } = pending;
    const record = session.open(frame);
    if (typeof record === 'string') return record;
    const { peerKey } = this.#options.conversation;
    if (record.proof === undefined || !verify(peerKey, toProve, record.proof)) return 'channel.unproved';
    for (const other of this.#pending) if (other !== pending) other.session.erase();
    this.#pending = [];
    this.#isAsking = false;
    session.isHeard = true;
    this.#use(session);
    return { record, session, isFirst: true };
  }

  #use(session: Session): void {
    this.#previous?.erase();
    this.#previous = this.current;
    this.current = session;
  }

  /** Sends the open hello again, or a fresh one. */
  #greet(): void {
    const { conversation, random, publish } = this.#options;
    if (this.#hello === undefined) {
      const key = freshKey(random);
      this.#hello = { key, frame: helloOf(conversation, key) };
    }
    publish(this.#hello.frame);
  }

  #isOriginInUse(bytes: Uint8Array): boolean {
    return [this.current, this.#previous].some(
      (session) => session !== undefined && equalBytes(session.origin, bytes),
    );
  }
}
