/**
 * Owns one place of an account while it is signed in: what comes is shown once and acknowledged, what is written is sealed, signed
 * and sent once, through whatever connection there is. Must never acknowledge what it has not shown, nor write to a key that
 * has changed unless somebody said so.
 *
 * "Once" holds across lost connections and replicas that take over (a message has a number, and this place remembers the last), and
 * across crashes (the history is on the disk before a message is shown).
 */
import type { Clock } from '../../base/clock.ts';
import { EXIT, MpcError, reportOf } from '../../base/errors.ts';
import type { RandomSource } from '../../base/random.ts';
import { newCommandId } from '../../coordination/commands.ts';
import type { Identity } from '../../identity/keys.ts';
import type { SealingKey } from '../../identity/sealing.ts';
import { idFor, type MessageSaid, sealMessage } from '../message.ts';
import type { Keys, Mail } from '../rows.ts';
import { signStatement } from '../statements.ts';
import { newToken, tokenDigest } from '../token.ts';
import type { AccountView, Proof, SendRequest } from '../views.ts';
import { allAccounts, type DirectoryCalls } from './calls.ts';
import type { History } from './history.ts';
import { accountFingerprint, type Pins } from './pins.ts';
import { type Happening, historyOf, keysFor, type Reader, readMail } from './reading.ts';

/** A place that dies is forgotten after this long; one that lives renews in time. */
const SESSION_MS = 30 * 60_000;
const RENEW_MS = 10 * 60_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export interface CorrespondentOptions {
  readonly calls: DirectoryCalls;
  readonly deployment: string;
  readonly account: string;
  readonly identity: Identity;
  /** The account's sealing key, and earlier ones that mail may still be sealed to. */
  readonly sealingKeys: readonly SealingKey[];
  readonly pins: Pins;
  readonly history: History;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly tell: (happening: Happening) => void;
}

export class Correspondent {
  readonly #options: CorrespondentOptions;
  #token = '';
  #self: AccountView | undefined;
  #last = 0;
  #acknowledged = 0;
  #acknowledging: Promise<void> | undefined;

  constructor(options: CorrespondentOptions) {
    this.#options = options;
  }

  /** Opens a session by key. */
  async signIn(): Promise<AccountView> {
    const { calls, account, history, random, clock, tell } = this.#options;
    const token = newToken(random);
    const opened = await calls.login({
      account,
      lifetimeMs: SESSION_MS,
      session: tokenDigest(token),
      ...this.#proof('session', token, clock.now()),
    });
    const isFirst = this.#self === undefined;
    this.#token = token;
    this.#self = this.#checkedSelf(await calls.account(token, account));
    const { acknowledged } = opened;
    const shown = history.lastNumber(this.#self.born);
    this.#acknowledged = acknowledged;
    this.#last = Math.max(acknowledged, shown);
    // Of a place that was here before: what came while it was not running, and was shown elsewhere.
    if (isFirst && shown > 0 && acknowledged > shown) tell({ kind: 'missed', count: acknowledged - shown });
    return this.#self;
  }

  /** What the coordinators tell others of this account must be what is so. */
  #checkedSelf(view: AccountView): AccountView {
    const { identity, sealingKeys, pins, clock } = this.#options;
    const [own] = sealingKeys;
    const { keys } = view;
    if (keys === null || keys.signing !== identity.publicKey || keys.sealing !== own?.publicKey)
      throw new MpcError(
        'account.key-changed',
        `THE COORDINATORS TELL ANOTHER KEY OF ${view.account} than the one here: ${keys === null ? 'none' : accountFingerprint(keys)}`,
        {
          hint: 'if you have not changed it elsewhere, somebody reads along: tell the others by voice',
          exitCode: EXIT.protocol,
        },
      );
    pins.trust(view, clock.now());
    return view;
  }

  /** Shows what comes until the signal is aborted. Rejects when the account or its key is gone for good. */
  async receive(signal: AbortSignal): Promise<void> {
    const { clock, tell } = this.#options;
    const renewing = this.#renew(signal);
    let up = false;
    let failures = 0;
    const opened = (): void => {
      failures = 0;
      if (!up) tell({ kind: 'connection', up: true });
      up = true;
      this.#acknowledge();
    };
    while (!signal.aborted) {
      try {
        for await (const mail of this.#options.calls.follow(this.#token, this.#last, signal, opened))
          await this.#take(mail);
      } catch (error) {
        if (signal.aborted) break;
        if (up) tell({ kind: 'connection', up: false, why: reportOf(error).message });
        up = false;
        if (isSessionGone(error)) await this.#signInAgain(signal);
      }
      failures++;
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10));
      await clock.sleep(pauseMs, signal).catch(() => {});
    }
    await renewing;
    await this.#acknowledging;
  }

  /** Sends to one account, or to all who take part in a collaboration (`#` and its id). Resolves when it is stored for everyone. */
  async send(text: string, to: string): Promise<readonly string[]> {
    const { calls, account, clock, random } = this.#options;
    const collaboration = to.startsWith('#') ? to.slice(1) : undefined;
    const names =
      collaboration === undefined
        ? [to]
        : (await calls.participants(this.#token, collaboration)).filter((name) => name !== account);
    if (names.length === 0)
      throw new MpcError('message.nobody', `nobody else takes part in ${to}`, {
        hint: 'name an account instead',
        exitCode: EXIT.usage,
      });
    // All keys are looked at before anything is sent: a changed one stops it for everyone.
    const recipients = [];
    for (const name of names) recipients.push({ account: name, keys: await this.#keysFor(name) });
    const id = newCommandId(random);
    const said: MessageSaid = {
      from: account,
      to: [...names],
      id,
      sentMs: clock.now(),
      text,
      ...(collaboration === undefined ? {} : { collaboration }),
    };
    const sealed = await Promise.all(
      recipients.map(async (recipient) => ({
        to: recipient.account,
        id: idFor(id, recipient.account),
        ...sealMessage(this.#options, said, recipient),
      })),
    );
    const stored = await this.#sendAll(sealed);
    this.#options.history.add({
      direction: 'out',
      id,
      from: account,
      to: [...stored],
      atMs: said.sentMs,
      text,
      ...(collaboration === undefined ? {} : { collaboration }),
    });
    if (stored.length < names.length) throw partly(names.filter((name) => !stored.includes(name)));
    return names;
  }

  /** To whom it was stored. One full mailbox keeps it from nobody else. */
  async #sendAll(messages: readonly SendRequest[]): Promise<readonly string[]> {
    const stored: string[] = [];
    let fault: unknown;
    for (const message of messages) {
      try {
        await this.#options.calls.send(this.#token, message);
        stored.push(message.to);
      } catch (error) {
        // A replica that was a moment behind has told an earlier key: the present one says whether it has changed.
        const isOtherKey = error instanceof MpcError && error.code === 'message.other-key';
        fault = isOtherKey
          ? await this.#keysFor(message.to).then(
              () => error,
              (why) => why,
            )
          : error;
      }
    }
    if (stored.length === 0) throw fault;
    return stored;
  }

  list(pattern: string): Promise<readonly AccountView[]> {
    return allAccounts(this.#options.calls, this.#token, pattern);
  }

  /** Somebody has compared the fingerprint of its present keys. */
  async trust(account: string): Promise<AccountView> {
    const view = await this.#options.calls.account(this.#token, account);
    this.#options.pins.trust(view, this.#options.clock.now());
    return view;
  }

  async logout(): Promise<void> {
    this.#acknowledge();
    await this.#acknowledging;
    await this.#options.calls.logout(this.#token);
  }

  /** The account itself, with its undelivered mail. */
  async delete(): Promise<void> {
    await this.#options.calls.delete(
      this.#token,
      this.#proof('delete', this.#token, this.#options.clock.now()),
    );
  }

  #proof(kind: 'session' | 'delete', token: string, atMs: number): Exclude<Proof, { password: string }> {
    const { deployment, account, identity } = this.#options;
    const session = tokenDigest(token);
    return { atMs, signature: signStatement(deployment, identity, { kind, account, session, atMs }) };
  }

  async #take(mail: Mail): Promise<void> {
    if (mail.number <= this.#last) return;
    const from = mail.kind === 'message' ? mail.from : '';
    const id = mail.kind === 'message' ? mail.id : `notice ${this.#self?.born ?? 0} ${mail.number}`;
    if (!this.#options.history.wasShown(from, id)) await this.#show(mail, { from, id });
    this.#last = mail.number;
    this.#acknowledge();
  }

  async #show(mail: Mail, { from, id }: { readonly from: string; readonly id: string }): Promise<void> {
    const { history, account, tell } = this.#options;
    const happening = await readMail(mail, this.#reader());
    history.add({
      direction: mail.kind === 'message' ? 'in' : 'notice',
      number: mail.number,
      ...(this.#self === undefined ? {} : { born: this.#self.born }),
      id,
      from,
      to: [account],
      atMs: mail.timeMs,
      ...historyOf(happening),
    });
    tell(happening);
  }

  /** Throws `account.key-changed`, `account.unknown`, `account.no-keys`. */
  #keysFor(account: string): Promise<Keys> {
    return keysFor(account, this.#reader());
  }

  #reader(): Reader {
    const { calls } = this.#options;
    return { ...this.#options, look: (account) => calls.account(this.#token, account) };
  }

  /** One at a time, always the latest. What fails is made good by the next, or by the next sign-in. */
  #acknowledge(): void {
    if (this.#acknowledging !== undefined) return;
    const run = async (): Promise<void> => {
      while (this.#acknowledged < this.#last) {
        const upTo = this.#last;
        await this.#options.calls.acknowledge(this.#token, upTo);
        this.#acknowledged = upTo;
      }
    };
    this.#acknowledging = run()
      .catch(() => {})
      .finally(() => {
        this.#acknowledging = undefined;
      });
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { clock, calls } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(RENEW_MS, signal).catch(() => {});
      if (!signal.aborted) await calls.renew(this.#token, SESSION_MS).catch(() => {}); // the stream says when it has ended
    }
  }

  async #signInAgain(signal: AbortSignal): Promise<void> {
    try {
      const born = this.#self?.born;
      const last = this.#last;
      await this.signIn();
      if (this.#self?.born !== born) throw gone();
      if (this.#last > last) this.#options.tell({ kind: 'missed', count: this.#last - last });
    } catch (error) {
      const { code } = reportOf(error);
      if (code.startsWith('account.') && code !== 'account.too-fast') throw error;
      await this.#options.clock.sleep(FIRST_PAUSE_MS, signal).catch(() => {});
    }
  }
}

const isSessionGone = (error: unknown): boolean =>
  error instanceof MpcError && error.code.startsWith('session.');

const gone = (): MpcError =>
  new MpcError('account.unknown', 'this account was deleted, and its name registered again', {
    hint: 'register under another name',
    exitCode: EXIT.protocol,
  });

const partly = (missing: readonly string[]): MpcError =>
  new MpcError('message.partly', `it could not be stored for ${missing.join(', ')}; the others get it`, {
    hint: 'send it to them alone, later',
    exitCode: EXIT.temporary,
  });
