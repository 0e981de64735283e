/**
 * Owns what a replica does for accounts: registers them, signs them in, carries their messages, tells them what came.
 * Every replica does the same for everyone. Must never keep a password or token, nor decide what the log decides: it checks what
 * only it has seen (a password), and vouches for that.
 *
 * What fails throws an MpcError: `account.*`, `session.*`, `message.*`, `mail.*`, `name.*`, `password.*`, `pattern.invalid`;
 * `coordinator.*` and `bus.*` when it is not known yet what became of it: ask again, at any replica, with the same id.
 */

import type { Json } from '../base/canonical.ts';
import type { Clock } from '../base/clock.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import { derivedCommandId, newCommandId } from '../coordination/commands.ts';
import type { Change } from '../coordination/tables.ts';
import type { DirectoryBody, Evidence, KeysSaid } from './bodies.ts';
import { BOUNDS } from './bounds.ts';
import { Delivery } from './delivery.ts';
import { Guesses } from './guesses.ts';
import { Listing } from './listing.ts';
import { checkAccountName } from './names.ts';
import { checkPassword, hashPassword, passwordFits } from './password.ts';
import { patternOf } from './pattern.ts';
import type { DirectoryPort } from './port.ts';
import { accountExists, allowed, refusal, unknownAccount, unknownSession } from './refusal.ts';
import {
  type Account,
  DIRECTORY,
  type DirectoryRecords,
  directoryRecords,
  type Mail,
  type Session,
} from './rows.ts';
import { locked, loginRefused } from './step.ts';
import { newToken, tokenDigest } from './token.ts';
import type {
  AccountsPage,
  AccountView,
  LoginRequest,
  Proof,
  RegisterRequest,
  SendRequest,
  SignedIn,
} from './views.ts';

export interface DirectoryServiceOptions {
  readonly port: DirectoryPort;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** 32 bytes that all coordinators have and nobody else: see password.ts. */
  readonly pepper: Uint8Array;
}

/** A registration that is asked for again within this time may be a retry. */
const RETRIED_WITHIN_MS = 10 * 60_000;

export class DirectoryService {
  readonly #options: DirectoryServiceOptions;
  readonly #records: DirectoryRecords;
  readonly #delivery: Delivery;
  readonly #listing: Listing;
  readonly #guesses = new Guesses();
  readonly #stopListening: () => void;

  constructor(options: DirectoryServiceOptions) {
    const { port, clock } = options;
    this.#options = options;
    this.#records = directoryRecords((chapter, name) => port.table(chapter, name));
    this.#delivery = new Delivery(port, this.#records, clock);
    this.#listing = new Listing([...this.#records.accounts.entries()].map(([name]) => name));
    this.#stopListening = port.onChanges((changes) => this.#hear(changes));
  }

  stop(): void {
    this.#stopListening();
    this.#delivery.stop();
  }

  /** With `id` (32 hexadecimal digits, unforeseeable) a retry is the same registration. */
  async register({ account, password, keys }: RegisterRequest, id = this.#newId()): Promise<AccountView> {
    checkAccountName(account);
    const { clock } = this.#options;
    const known = this.#records.accounts.get(account);
    // One that has just been made may be what an earlier attempt with the same id has made; and a party may claim its name.
    const isOld = known !== undefined && known.createdMs + RETRIED_WITHIN_MS < clock.now();
    if (isOld && (keys === undefined || known.party)) throw accountExists(account);
    const hashed = password === undefined ? null : await this.#hashed(account, password, id);
    await this.#own(id, { kind: 'registerAccount', account, password: hashed, keys: keys ?? null });
    return this.account(account);
  }

  async login(request: LoginRequest): Promise<SignedIn & { readonly token?: string }> {
    const { account, lifetimeMs = BOUNDS.sessionMs } = request;
    const { random } = this.#options;
    let token: string | undefined;
    let session: string;
    let evidence: Evidence;
    if ('password' in request) {
      token = request.token ?? newToken(random);
      session = tokenDigest(token);
      evidence = await this.#checked(account, request.password);
    } else {
      session = request.session;
      const { atMs, signature } = request;
      evidence = { by: 'key', atMs, signature };
      await this.#account(account);
    }
    const id = derivedCommandId(['open session', session, lifetimeMs, evidence as Json]); // its schema's type: JSON
    await this.#own(id, { kind: 'openSession', account, session, lifetimeMs, evidence });
    return { ...(await this.#session(session)), ...(token === undefined ? {} : { token }) };
  }

  /** Who holds this token. Throws `session.unknown`, `session.malformed`. */
  async authenticate(token: string): Promise<SignedIn> {
    return this.#session(tokenDigest(token));
  }

  async renew({ account, session }: SignedIn, lifetimeMs = BOUNDS.sessionMs): Promise<SignedIn> {
    await this.#vouch(account, session, { kind: 'renewSession', session, lifetimeMs });
    return this.#session(session);
  }

  async logout({ account, session }: SignedIn): Promise<void> {
    await this.#vouch(
      account,
      session,
      { kind: 'closeSession', session },
      derivedCommandId(['close', session]),
    );
  }

  /** All other places are signed out. `password: null` takes the password away: the key alone opens the account then. */
  async change(
    { account, session }: SignedIn,
    { password, keys }: { readonly password?: string | null; readonly keys?: KeysSaid },
    proof: Proof,
  ): Promise<void> {
    const evidence = await this.#evidence(account, proof);
    const hashed =
      typeof password === 'string' ? await this.#hashed(account, password, this.#newId()) : password;
    await this.#vouch(account, session, {
      kind: 'changeAccount',
      session,
      evidence,
      ...(hashed === undefined ? {} : { password: hashed }),
      ...(keys === undefined ? {} : { keys }),
    });
  }

  /** Its undelivered messages are dropped, and their senders told. */
  async delete({ account, session }: SignedIn, proof: Proof): Promise<void> {
    const evidence = await this.#evidence(account, proof);
    const id = derivedCommandId(['delete', session, evidence as Json]); // as in `login`
    await this.#vouch(account, session, { kind: 'deleteAccount', session, evidence }, id);
  }

  /** Throws `account.unknown`. */
  async account(name: string): Promise<AccountView> {
    return this.#viewOf(await this.#account(name));
  }

  /** Sorted by name. A page may hold fewer than `limit`, or none, and others follow all the same. */
  list({
    pattern = '*',
    after,
    limit = BOUNDS.page,
  }: {
    readonly pattern?: string;
    readonly after?: string;
    readonly limit?: number;
  }): AccountsPage {
    const { names, next } = this.#listing.page(patternOf(pattern), after, Math.min(limit, BOUNDS.page));
    const accounts = names.flatMap((name) => {
      const account = this.#records.accounts.get(name);
      return account === undefined ? [] : [this.#viewOf(account)];
    });
    return { accounts, next };
  }

  async send(
    { account, session }: SignedIn,
    { id, ...message }: SendRequest,
  ): Promise<{ readonly number: number }> {
    this.#checkRate(account);
    const answer = await this.#vouch(account, session, { kind: 'sendMessage', ...message }, id);
    return answer as { readonly number: number }; // what the chapter answers to it
  }

  /** The first messages after that number. */
  messages({ account }: SignedIn, after: number, limit: number = BOUNDS.page): readonly Mail[] {
    return this.#delivery.after(account, after, Math.min(limit, BOUNDS.page));
  }

  /** Messages after that number as they come, until the session ends or the signal is aborted. */
  subscribe({ account, session }: SignedIn, after: number, signal: AbortSignal): AsyncGenerator<Mail> {
    return this.#delivery.follow(account, after, { signal, live: () => this.#live(session) !== undefined });
  }

  /** All messages up to that number have been shown at that place. */
  async acknowledge({ account, session }: SignedIn, number: number): Promise<void> {
    await this.#vouch(
      account,
      session,
      { kind: 'acknowledge', session, number },
      derivedCommandId(['acknowledge', session, number]),
    );
  }

  #newId(): string {
    return newCommandId(this.#options.random);
  }

  #hashed(account: string, password: string, occasion: string): Promise<string> {
    checkPassword(password);
    return this.#guesses.turn(account, () => hashPassword(password, this.#options.pepper, occasion));
  }

  async #evidence(account: string, proof: Proof): Promise<Evidence> {
    return 'password' in proof ? this.#checked(account, proof.password) : { by: 'key', ...proof };
  }

  /** Counts a wrong password in the log before it says so. */
  async #checked(name: string, password: string): Promise<Evidence> {
    const known = await this.#account(name).catch(() => undefined);
    if (known === undefined) throw loginRefused(name);
    return this.#guesses.turn(name, async () => {
      const account = this.#records.accounts.get(name);
      if (account === undefined || account.password === null) throw loginRefused(name);
      if (account.lockedUntilMs > this.#options.clock.now()) throw locked(name);
      const { passwordNumber } = account;
      if (await passwordFits(password, this.#options.pepper, account.password))
        return { by: 'password', passwordNumber };
      await this.#own(this.#newId(), { kind: 'failLogin', account: name });
      throw loginRefused(name);
    });
  }

  /** Refused here already, without an entry in the log; the log decides all the same. */
  #checkRate(account: string): void {
    const { messagesPerSecond: perSecond, messagesAtOnce: most } = BOUNDS;
    const mailbox = this.#records.mailboxes.get(account);
    if (allowed(mailbox?.allowance, { perSecond, most }, this.#options.clock.now()) === undefined)
      throw refusal('message.too-fast', `${account} sends too many messages`, 'wait a second');
  }

  /** A replica may be a moment behind the one that has told of the account. */
  async #account(name: string): Promise<Account> {
    const account = await this.#found(() => this.#records.accounts.get(name));
    if (account === undefined) throw unknownAccount(name);
    return account;
  }

  async #session(digest: string): Promise<SignedIn> {
    const session = await this.#found(() => this.#live(digest));
    if (session === undefined) throw unknownSession();
    const { account, expiresMs, acknowledged } = session;
    return { account, session: digest, expiresMs, acknowledged };
  }

  #live(digest: string): Session | undefined {
    const session = this.#records.sessions.get(digest);
    return session === undefined || session.expiresMs <= this.#options.clock.now() ? undefined : session;
  }

  async #found<Value>(find: () => Value | undefined): Promise<Value | undefined> {
    const found = find();
    if (found !== undefined) return found;
    await this.#options.port.caughtUp();
    return find();
  }

  #viewOf({ name, born, createdMs, party, keys, sessions }: Account): AccountView {
    const places = sessions.filter((digest) => this.#live(digest) !== undefined).length;
    return { account: name, born, createdMs, party, keys, places };
  }

  #own(id: string, body: DirectoryBody): Promise<Json> {
    return this.#say({ id, author: 'coordinator', body });
  }

  #vouch(account: string, session: string, body: DirectoryBody, id = this.#newId()): Promise<Json> {
    return this.#say({ id, author: `party-${account}`, session, body });
  }

  async #say(command: Parameters<DirectoryPort['vouch']>[0]): Promise<Json> {
    const reply = await this.#options.port.vouch(command);
    if (reply.ok) return reply.answer ?? null;
    throw MpcError.from(reply.error, 'again' in reply ? EXIT.temporary : EXIT.protocol);
  }

  #hear(changes: readonly Change[]): void {
    for (const { chapter, table, key, before, after } of changes) {
      if (chapter !== DIRECTORY || table !== 'accounts') continue;
      if (before === undefined) this.#listing.add(key);
      if (after === undefined) this.#listing.remove(key);
    }
  }
}
