/**
 * Owns a party's place among the accounts for as long as its client runs: signed in whenever there is an account and somebody answers,
 * everything said kept at home and sorted into conversations.
 * Must never register an account by itself, nor keep the client from anything else when the coordinators are away.
 */
import { z } from 'zod';
import { unlessAborted } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { type ErrorReport, EXIT, MpcError, reportOf } from '../../base/errors.ts';
import type { RandomSource } from '../../base/random.ts';
import { newCommandId } from '../../coordination/commands.ts';
import type { Identity } from '../../identity/keys.ts';
import { type SealingKey, sealingKeyOf } from '../../identity/sealing.ts';
import { sayKeys } from '../statements.ts';
import type { AccountView } from '../views.ts';
import type { DirectoryCalls } from './calls.ts';
import { type Conversation, Conversations, type TakesPart } from './conversations.ts';
import { Correspondent } from './correspondent.ts';
import { History, type HistoryStore } from './history.ts';
import { accountFingerprint, type PinStore, Pins } from './pins.ts';
import type { Happening } from './reading.ts';

export interface PostOptions {
  readonly calls: DirectoryCalls;
  readonly deployment: string;
  /** The party's name, which is its account's. */
  readonly account: string;
  readonly identity: Identity;
  readonly pins: PinStore;
  readonly history: HistoryStore;
  /** How far each conversation was read. */
  readonly marks: PinStore;
  readonly takesPart: TakesPart;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** `none`: nobody has registered the name; `away`: no coordinator answers; `refused`: the account does not open with this key. */
export interface Standing {
  readonly is: 'starting' | 'none' | 'here' | 'away' | 'refused';
  readonly why?: ErrorReport;
}

/** An account as the coordinators tell of it now, beside what is known here. */
export interface Looked {
  readonly view: AccountView;
  readonly fingerprint: string | undefined;
  /** Of the keys that were seen first, or trusted since. */
  readonly known: string | undefined;
}

const PAUSE_MS: Readonly<Record<Standing['is'], number>> = {
  ...{ starting: 1_000, here: 1_000, away: 2_000 },
  // Somebody who looks has it looked at again at once.
  ...{ none: 60_000, refused: 300_000 },
};
/** Looking again costs the log an entry where the key does not fit, and nothing where there is no account. */
const LOOKED_MS: Partial<Record<Standing['is'], number>> = { away: 0, none: 500, refused: 10_000 };
const LEAVE_MS = 2_000;

const marksSchema = z.strictObject({ version: z.literal(1), read: z.record(z.string(), z.int().min(0)) });

/** What is kept at home, once it could be read. */
interface Kept {
  readonly pins: Pins;
  readonly history: History;
}

export class Post {
  readonly #options: PostOptions;
  readonly #sealingKey: SealingKey;
  readonly #conversations: Conversations;
  readonly #watching = new Set<() => void>();
  readonly #leaving = new AbortController();
  #read: Record<string, number> = {};
  #kept: Kept | undefined;
  #here: Correspondent | undefined;
  #standing: Standing = { is: 'starting' };
  #missed = 0;
  #triedMs = 0;
  #pausing = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: PostOptions) {
    this.#options = options;
    this.#sealingKey = sealingKeyOf(options.identity);
    this.#conversations = new Conversations(options.takesPart);
  }

  /** Signs in as soon as it can, and comes back after everything. */
  start(): void {
    this.#running = this.#run();
  }

  /** Signs out, if that does not take long: coordinators that are away hold nobody. */
  async stop(): Promise<void> {
    const here = this.#here;
    this.#leaving.abort(new MpcError('role.stopping', 'this client is stopping'));
    const leave = async (): Promise<void> => {
      await this.#running;
      await here?.logout();
    };
    const late = new AbortController();
    const end = this.#options.clock.sleep(LEAVE_MS, late.signal).catch(() => {});
    await Promise.race([leave().catch(() => {}), end]);
    late.abort();
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** Messages that another place of this account has shown while this one was signed out. */
  get missed(): number {
    return this.#missed;
  }

  /** Of this party's own keys. */
  get fingerprint(): string {
    return accountFingerprint({
      signing: this.#options.identity.publicKey,
      sealing: this.#sealingKey.publicKey,
    });
  }

  /** Tells of every change until the returned function is called. */
  watch(changed: () => void): () => void {
    this.#watching.add(changed);
    return () => this.#watching.delete(changed);
  }

  /** Somebody wants to know now: an account may have been made meanwhile. */
  look(): void {
    const least = LOOKED_MS[this.#standing.is];
    if (least !== undefined && this.#options.clock.now() - this.#triedMs >= least) this.#pausing.abort();
  }

  conversations(): Conversation[] {
    return this.#conversations.all(this.#read);
  }

  /** All of that conversation up to that number has been read. */
  markRead(conversation: string, number: number): void {
    if (number <= (this.#read[conversation] ?? 0)) return;
    this.#read = { ...this.#read, [conversation]: number };
    this.#options.marks.write(JSON.stringify({ version: 1, read: this.#read }, undefined, 1));
    this.#changed();
  }

  /** By the party's own key. Throws `account.exists` where the name is registered with another. */
  async register(): Promise<void> {
    const { calls, deployment, account, identity, clock, random } = this.#options;
    const sealing = this.#sealingKey.publicKey;
    const keys = sayKeys({ deployment, account, identity, sealing, nowMs: clock.now() });
    await inReach(calls.register({ account, keys }, newCommandId(random)));
    this.#pausing.abort();
  }

  /** To an account, or to all who take part in a collaboration (`#` and its id). Gives who gets it. */
  async send(text: string, to: string): Promise<readonly string[]> {
    return inReach(this.#correspondent().send(text, to));
  }

  /** Undefined where there is none. */
  async account(name: string): Promise<Looked | undefined> {
    const [view] = await inReach(this.#correspondent().list(name));
    if (view === undefined) return undefined;
    const known = this.#kept?.pins.keysOf(name);
    return {
      view,
      fingerprint: view.keys === null ? undefined : accountFingerprint(view.keys),
      known: known === undefined ? undefined : accountFingerprint(known),
    };
  }

  /** Its owner has read that fingerprint out. Throws `account.fingerprint` where the coordinators now tell of other keys. */
  async trust(name: string, fingerprint: string): Promise<Looked> {
    const looked = await this.account(name);
    if (looked === undefined || looked.fingerprint !== fingerprint)
      throw new MpcError('account.fingerprint', `that is not what the coordinators now say of ${name}`, {
        hint: 'compare once more; if it is what was read out, somebody may stand between you',
        exitCode: EXIT.protocol,
      });
    this.#kept?.pins.trust(looked.view, this.#options.clock.now());
    this.#changed();
    return { ...looked, known: fingerprint };
  }

  #correspondent(): Correspondent {
    if (this.#here !== undefined) return this.#here;
    const { why } = this.#standing;
    throw new MpcError('account.not-here', 'this party is not signed in at the coordinators', {
      hint: why?.message ?? 'wait a moment, or register its account first',
      exitCode: EXIT.temporary,
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#leaving;
    while (!signal.aborted) {
      this.#pausing = new AbortController();
      const either = AbortSignal.any([signal, this.#pausing.signal]);
      this.#triedMs = this.#options.clock.now();
      await this.#attend(signal);
      await this.#options.clock.sleep(PAUSE_MS[this.#standing.is], either).catch(() => {});
    }
  }

  /** One sitting: until the account or the client is gone, or nobody answers. */
  async #attend(signal: AbortSignal): Promise<void> {
    try {
      const { pins, history } = this.#open();
      const here = new Correspondent({
        ...this.#options,
        sealingKeys: [this.#sealingKey],
        pins,
        history,
        tell: (happening) => this.#hear(happening),
      });
      await unlessAborted(here.signIn(), signal);
      this.#here = here;
      this.#stand({ is: 'here' });
      await here.receive(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#here = undefined;
      this.#stand(standingAfter(error));
    }
  }

  /** Throws `pins.damaged`, `home.*`. */
  #open(): Kept {
    if (this.#kept !== undefined) return this.#kept;
    const { pins, history, marks } = this.#options;
    const known = new Pins(pins);
    this.#read = readMarks(marks.read());
    let isOpen = false;
    const said = new History(history, (entry) => {
      this.#conversations.add(entry);
      if (isOpen) this.#changed();
    });
    isOpen = true;
    this.#kept = { pins: known, history: said };
    return this.#kept;
  }

  #hear(happening: Happening): void {
    if (happening.kind === 'missed') this.#missed += happening.count;
    if (happening.kind !== 'connection') return;
    const { up, why = 'the connection was closed' } = happening;
    this.#stand(up ? { is: 'here' } : { is: 'away', why: { code: 'coordinator.away', message: why } });
  }

  #stand(standing: Standing): void {
    this.#standing = standing;
    this.#changed();
  }

  #changed(): void {
    for (const changed of this.#watching) changed();
  }
}

function standingAfter(error: unknown): Standing {
  const why = reportOf(error);
  if (why.code === 'account.unknown') return { is: 'none', why };
  return { is: /^(account|home|pins)\./.test(why.code) ? 'refused' : 'away', why };
}

/** Marks that cannot be read are as good as none: everything counts as new. */
function readMarks(text: string | undefined): Record<string, number> {
  try {
    return { ...marksSchema.parse(JSON.parse(text ?? '')).read };
  } catch {
    return {};
  }
}

/** The coordinators' being away is no fault of whoever asks, and a session that ended is opened again. */
async function inReach<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof MpcError) || !/^(api|session)\./.test(error.code)) throw error;
    throw new MpcError('coordinator.away', `no coordinator has taken it: ${error.message}`, {
      hint: 'try again in a moment',
      exitCode: EXIT.temporary,
    });
  }
}
