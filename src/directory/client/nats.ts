/**
 * Owns asking coordinators over the bus: which replica, sealed to which key (desk/envelope.ts), and what their answers must look like.
 * Must never let a token or password out unsealed, nor believe a key that the coordinators' enrolled key has not signed.
 *
 * Whoever is silent or cannot say is passed over: another replica's key is asked for, and the same request is sealed to that.
 */
import { z } from 'zod';
import { unlessAborted } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { type ErrorReport, EXIT, MpcError } from '../../base/errors.ts';
import { exitOf, unreadable } from '../../base/problem.ts';
import type { RandomSource } from '../../base/random.ts';
import type { Bus } from '../../bus/bus.ts';
import { type Address, subjects } from '../../bus/subjects.ts';
import { isSigned } from '../../coordination/signatures.ts';
import type { PublicKey } from '../../identity/keys.ts';
import {
  Conversation,
  DESK_KEY,
  deskKeyText,
  ID_BYTES,
  jsonIn,
  type Place,
  requestBytes,
  SECRET_BYTES,
} from '../desk/envelope.ts';
import {
  accountSchema,
  accountsSchema,
  configSchema,
  partiesOf,
  sentSchema,
  sessionSchema,
  told,
} from './answers.ts';
import type { DirectoryCalls } from './calls.ts';
import { Following } from './following.ts';

export interface NatsDirectoryOptions {
  readonly bus: Bus;
  readonly deployment: string;
  /** Who is logged in at the broker; the account may have any name. */
  readonly me: Address;
  /** The coordinators' enrolled key: see trust. */
  readonly coordinatorKey: PublicKey;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** How long one replica may be silent. */
  readonly silentMs?: number;
  /** How long all of them may be, together. */
  readonly patienceMs?: number;
}

const KEY_MS = 5_000;
const SILENT_MS = 15_000;
const PATIENCE_MS = 30_000;
const PAUSE_MS = 250;
/** An answer is there long before, as a rule. */
const LOOK_MS = 1_000;
/** A replica that is there answers one of them, however much it has to do. */
const LOOKS = 4;

const keySchema = z.strictObject({
  replica: z.string().regex(/^[a-z0-9]{1,64}$/),
  key: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  signature: z.string().max(100),
});

const replySchema = z.union([
  z.strictObject({ ok: z.literal(true), answer: z.unknown() }),
  z.strictObject({
    ok: z.literal(false),
    error: z.object({
      status: z.int(),
      code: z.string(),
      message: z.string(),
      hint: z.string().optional(),
    }),
  }),
]);

/** Which replica is asked, and the key it has now. */
interface Desk {
  readonly replica: string;
  readonly key: string;
}

export function natsDirectory(options: NatsDirectoryOptions): DirectoryCalls {
  const asker = new Asker(options);
  const ask = (asked: object): Promise<unknown> => asker.ask(asked);
  return {
    register: async (account, id) => told(accountSchema, await ask({ do: 'register', id, account })),
    login: async (login) => told(sessionSchema, await ask({ do: 'login', login })),
    renew: async (token, lifetimeMs) => told(sessionSchema, await ask({ do: 'renew', token, lifetimeMs })),
    logout: async (token) => void (await ask({ do: 'logout', token })),
    change: async (token, change, proof) => void (await ask({ do: 'change', token, ...change, proof })),
    delete: async (token, proof) => void (await ask({ do: 'delete', token, proof })),
    account: async (token, name) => told(accountSchema, await ask({ do: 'account', token, name })),
    list: async (token, wanted) => told(accountsSchema, await ask({ do: 'list', token, ...wanted })),
    send: async (token, message) => told(sentSchema, await ask({ do: 'send', token, message })),
    acknowledge: async (token, number) => void (await ask({ do: 'acknowledge', token, number })),
    async *follow(token, after, signal, onOpen) {
      const { following, passOver } = await asker.follow({ do: 'follow', token, after }, signal);
      onOpen();
      try {
        yield* following.mail(signal);
      } finally {
        passOver();
      }
    },
    participants: async (token, collaboration) => {
      const { descriptor } = told(configSchema, await ask({ do: 'participants', token, collaboration }));
      return partiesOf(collaboration, descriptor);
    },
  };
}

class Asker {
  readonly #options: NatsDirectoryOptions;
  #desk: Promise<Desk> | undefined;

  constructor(options: NatsDirectoryOptions) {
    this.#options = options;
  }

  /** The answer to it. Throws the coordinator's refusal, or `coordinator.silent`. */
  async ask(asked: object): Promise<unknown> {
    const { answer } = await this.#untilAnswered(asked, new AbortController().signal, () => undefined);
    return answer;
  }

  /** Frames that come with the answer already are heard. `passOver`: that replica may be gone, ask for another. */
  async follow(
    asked: object,
    signal: AbortSignal,
  ): Promise<{ readonly following: Following; readonly passOver: () => void }> {
    const { bus, clock } = this.#options;
    const hear = (place: Place, conversation: Conversation): Following =>
      new Following({ bus, clock, place, conversation });
    const { hearing, desk } = await this.#untilAnswered(asked, signal, hear);
    return { following: hearing, passOver: () => this.#passOver(desk) };
  }

  async #untilAnswered<Hearing extends Following | undefined>(
    asked: object,
    signal: AbortSignal,
    hear: (place: Place, conversation: Conversation) => Hearing,
  ): Promise<{ readonly answer: unknown; readonly hearing: Hearing; readonly desk: Promise<Desk> }> {
    const { clock, patienceMs = PATIENCE_MS } = this.#options;
    const untilMs = clock.now() + patienceMs;
    for (;;) {
      const desk = this.#desk ?? this.#newDesk();
      let hearing: Hearing | undefined;
      try {
        const { place, conversation, data } = this.#sealed(asked, await unlessAborted(desk, signal));
        hearing = hear(place, conversation);
        return { answer: await this.#answer(place, conversation, data, signal), hearing, desk };
      } catch (error) {
        hearing?.leave();
        signal.throwIfAborted();
        if (!mayPass(error)) throw error;
        this.#passOver(desk);
        if (clock.now() >= untilMs) throw silent(this.#options.deployment, error);
      }
      await clock.sleep(PAUSE_MS, signal);
    }
  }

  /** Shared by all who ask meanwhile; what fails is not kept. */
  #newDesk(): Promise<Desk> {
    const desk = this.#findDesk();
    this.#desk = desk;
    desk.catch(() => this.#passOver(desk));
    return desk;
  }

  #passOver(desk: Promise<Desk>): void {
    if (this.#desk === desk) this.#desk = undefined;
  }

  #sealed(asked: object, desk: Desk) {
    const { deployment, me, random } = this.#options;
    const place: Place = { deployment, from: me, ...desk, id: Buffer.from(random(ID_BYTES)).toString('hex') };
    const secret = random(SECRET_BYTES);
    const data = requestBytes(place, { secret, asked }, random);
    const conversation = new Conversation(place, secret);
    secret.fill(0);
    return { place, conversation, data };
  }

  async #answer(
    { deployment, from, replica }: Place,
    conversation: Conversation,
    data: Uint8Array,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { bus, silentMs = SILENT_MS } = this.#options;
    const subject = subjects.directory(deployment, from, replica);
    const sealed = await unlessAborted(
      this.#whileThere(subject, bus.request(subject, data, silentMs)),
      signal,
    );
    const reply = replySchema.safeParse(conversation.openReply(sealed));
    if (!reply.success) throw unreadable();
    if (reply.data.ok) return reply.data.answer;
    const { status, code, message, hint } = reply.data.error;
    const report: ErrorReport = { code, message, ...(hint === undefined ? {} : { hint }) };
    throw MpcError.from(report, exitOf(status));
  }

  /** Rejects when a replica dies with a request in hand: the broker, or its silence, tells. */
  #whileThere(subject: string, answer: Promise<Uint8Array>): Promise<Uint8Array> {
    const { bus, clock } = this.#options;
    const answered = new AbortController();
    const look = async (): Promise<never> => {
      for (let unanswered = 0; ; ) {
        await clock.sleep(LOOK_MS, answered.signal);
        try {
          await bus.request(subject, new Uint8Array(0), LOOK_MS);
          unanswered = 0;
        } catch (error) {
          // Others who hear everything at the broker count as somebody who could answer.
          const isGone = error instanceof MpcError && error.code === 'bus.no-responders';
          if (isGone || ++unanswered === LOOKS) throw error;
        }
      }
    };
    return Promise.race([answer, look()]).finally(() => answered.abort(new Error('answered')));
  }

  /** Throws `coordinator.unproven` for a key that anybody could have made. */
  async #findDesk(): Promise<Desk> {
    const { bus, deployment, me, coordinatorKey, random } = this.#options;
    const asked = random(ID_BYTES);
    const answer = await bus.request(subjects.directory(deployment, me), asked, KEY_MS);
    const said = keySchema.safeParse(jsonIn(answer));
    if (!said.success) throw unreadable();
    const { replica, key, signature } = said.data;
    const text = deskKeyText({ deployment, challenge: Buffer.from(asked).toString('hex'), replica, key });
    if (!isSigned(coordinatorKey, DESK_KEY, text, signature)) throw unproven();
    return { replica, key };
  }
}

/** Faults of the way, and of a replica that cannot say now: another may. A broker's forgeries are no more than that. */
const mayPass = (error: unknown): error is MpcError =>
  error instanceof MpcError &&
  error.code !== 'coordinator.unproven' &&
  /^(bus\.(timeout|no-responders|unavailable)|api\.unreadable|coordinator\.|log\.|broker\.)/.test(error.code);

const unproven = (): MpcError =>
  new MpcError('coordinator.unproven', "a key was told that the coordinators' own has not signed", {
    hint: 'compare the fingerprint of the coordinator in your trust file; else somebody stands between you',
    exitCode: EXIT.protocol,
  });

const silent = (deployment: string, { message }: MpcError): MpcError =>
  new MpcError('coordinator.silent', `no coordinator of ${deployment} answers on its brokers: ${message}`, {
    hint: 'check that coordinators run, and that this login may ask them',
    exitCode: EXIT.unavailable,
  });
