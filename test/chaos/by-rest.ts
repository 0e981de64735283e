/**
 * The part of the load that coordinators vouch for: guests who open accounts, sign in by key or by password, write, acknowledge, sign
 * out or delete what they had; and parties that create, join, leave and cancel collaborations. All of it through the replicas' REST
 * faces, moving on when one is silent, as any program would.
 */
import assert from 'node:assert/strict';
import { answered, type CoordinatorCalls, coordinatorCalls } from '../../src/api/calls/calls.ts';
import type { Json } from '../../src/base/canonical.ts';
import { systemClock } from '../../src/base/clock.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { derivedCommandId, newCommandId } from '../../src/coordination/commands.ts';
import type { Evidence } from '../../src/directory/bodies.ts';
import { sayKeys, signStatement } from '../../src/directory/statements.ts';
import { newToken, tokenDigest } from '../../src/directory/token.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { sealingKeyOf } from '../../src/identity/sealing.ts';
import { COLLABORATION_MS, SESSION_MS } from './times.ts';

/** A replica that is silent for so long is passed over. */
const SILENT_MS = 5_000;
/** All of them may be, while brokers find each other again on a busy machine. */
const PATIENCE_MS = 120_000;
/** Hashing a password is meant to be slow: one guest in eight has one. */
const WITH_PASSWORD = 8;
const MESSAGES = 3;
const SQL =
  'CREATE TABLE t (x INTEGER NOT NULL CHECK (x BETWEEN 0 AND 9)); SELECT COUNT(*), SUM(x) FROM t HAVING COUNT(*) >= 3';

export interface RestLoadOptions {
  readonly deployment: string;
  readonly urls: readonly string[];
  readonly identity: (address: `party-${string}`) => Identity;
  readonly signal: AbortSignal;
  /** Runs one request; between two of them the load can be paused. */
  readonly step: <Result>(act: () => Promise<Result>) => Promise<Result>;
  /** Told of each command that was answered with success. */
  readonly acknowledged: (command: { id: string; author: string; kind: string }) => void;
  readonly refused: (code: string) => void;
}

interface Place {
  readonly account: string;
  readonly token: string;
  readonly calls: CoordinatorCalls;
}

export class RestLoad {
  readonly #options: RestLoadOptions;
  #guests = 0;

  constructor(options: RestLoadOptions) {
    this.#options = options;
  }

  /** One guest, from its account's beginning to its end, or to signing out for good. */
  async guest(): Promise<void> {
    const number = this.#guests++;
    const account = `guest-${process.pid}-${number}`;
    const identity = createIdentity(systemRandom);
    const password = number % WITH_PASSWORD === 0 ? `the password of ${account}` : undefined;
    await this.#register(account, identity, password);
    const place =
      password === undefined
        ? await this.#loginByKey(account, identity)
        : await this.#loginByPassword(account, password);
    if (place === undefined) return;
    await this.#renew(place);
    await this.#writeToItself(place, sealingKeyOf(identity).publicKey);
    await (number % 2 === 0 ? this.#logout(place) : this.#delete(place, identity));
  }

  /** A party signed in for as long as the load lasts. */
  async party(name: string): Promise<Place> {
    const place = await this.#loginByKey(name, this.#options.identity(`party-${name}`));
    assert.ok(place !== undefined, `${name} could not sign in`);
    return place;
  }

  /** The analyst creates one; acme joins it and leaves it again, or the analyst takes it back. */
  async collaboration(analyst: Place, acme: Place): Promise<void> {
    const key = newCommandId(systemRandom);
    const body = {
      program: SQL,
      inputs: ['acme', 'beta'].map((party) => ({ party, table: 't', maxRows: 10 })),
      outputs: ['analyst'],
      deadline: new Date(Date.now() + COLLABORATION_MS).toISOString(),
    };
    const header = { 'idempotency-key': key };
    const created = await this.#said(
      'create',
      requestId('analyst', 'create', key),
      'party-analyst',
      async () => answered(await analyst.calls.POST('/collaboration', { body, params: { header } })),
    );
    if (created === undefined) return;
    const cid = created.collaboration.id;
    const path = { cid, pid: 'acme' };
    await this.#said('register', requestId('acme', 'register input', cid, key), 'party-acme', async () =>
      answered(
        await acme.calls.PUT('/collaboration/{cid}/register-input-party/{pid}', {
          body: {},
          params: { path, header },
        }),
      ),
    );
    await this.#said('withdraw', requestId('acme', 'withdraw', cid, key), 'party-acme', async () =>
      answered(
        await acme.calls.DELETE('/collaboration/{cid}/register-input-party/{pid}', {
          params: { path, header },
        }),
      ),
    );
    const second = newCommandId(systemRandom);
    const again = { 'idempotency-key': second };
    const other = await this.#said(
      'create',
      requestId('analyst', 'create', second),
      'party-analyst',
      async () => answered(await analyst.calls.POST('/collaboration', { body, params: { header: again } })),
    );
    if (other === undefined) return;
    const { id } = other.collaboration;
    await this.#said('cancel', requestId('analyst', 'cancel', id, second), 'party-analyst', async () =>
      answered(
        await analyst.calls.DELETE('/collaboration/{cid}', { params: { path: { cid: id }, header: again } }),
      ),
    );
  }

  async #register(account: string, identity: Identity, password: string | undefined): Promise<void> {
    const sealing = sealingKeyOf(identity).publicKey;
    const { deployment } = this.#options;
    const { party: _, ...keys } = sayKeys({ deployment, account, identity, sealing, nowMs: Date.now() });
    const key = newCommandId(systemRandom);
    const body = { account, keys, ...(password === undefined ? {} : { password }) };
    await this.#said(
      'registerAccount',
      derivedCommandId(['register account', key]),
      'coordinator',
      async () =>
        answered(
          await this.#calls().POST('/account', { body, params: { header: { 'idempotency-key': key } } }),
        ),
    );
  }

  async #loginByKey(account: string, identity: Identity): Promise<Place | undefined> {
    const token = newToken(systemRandom);
    const [session, atMs] = [tokenDigest(token), Date.now()];
    const statement = { kind: 'session', account, session, atMs } as const;
    const signature = signStatement(this.#options.deployment, identity, statement);
    const evidence: Evidence = { by: 'key', atMs, signature };
    const body = { account, session, atMs, signature, lifetimeMs: SESSION_MS };
    const opened = await this.#said('openSession', loginId(session, evidence), 'coordinator', async () =>
      answered(await this.#calls().POST('/session', { body })),
    );
    return opened === undefined ? undefined : { account, token, calls: this.#calls(token) };
  }

  async #loginByPassword(account: string, password: string): Promise<Place | undefined> {
    const token = newToken(systemRandom);
    const evidence: Evidence = { by: 'password', passwordNumber: 1 };
    const body = { account, password, token, lifetimeMs: SESSION_MS };
    const id = loginId(tokenDigest(token), evidence);
    const opened = await this.#said('openSession', id, 'coordinator', async () =>
      answered(await this.#calls().POST('/session', { body })),
    );
    return opened === undefined ? undefined : { account, token, calls: this.#calls(token) };
  }

  /** Its command has an id that only the replica knows: what is seen of it is that the session lasts. */
  async #renew({ calls }: Place): Promise<void> {
    const renewed = await this.#tried(async () =>
      answered(await calls.PUT('/session', { body: { lifetimeMs: SESSION_MS } })),
    );
    if (renewed !== undefined) assert.ok(renewed.expiresMs > Date.now());
  }

  /** Each of them is there once, in order, until it is acknowledged. */
  async #writeToItself({ account, token, calls }: Place, sealedTo: string): Promise<void> {
    const sent: string[] = [];
    let last = 0;
    while (sent.length < MESSAGES) {
      const id = newCommandId(systemRandom);
      const body = { to: account, sealedTo, sealed: 'y'.repeat(300), id };
      const answer = await this.#said('sendMessage', id, `party-${account}`, async () =>
        answered(await calls.POST('/message', { body })),
      );
      if (answer === undefined) return;
      sent.push(id);
      last = answer.number;
    }
    const session = tokenDigest(token);
    const acknowledgeId = derivedCommandId(['acknowledge', session, last]);
    const kept = await this.#tried(async () => {
      // Another replica may be a moment behind the one that took the last of them.
      for (;;) {
        const { items } = answered(await calls.GET('/message', {}));
        if (items.length >= sent.length) return items;
        await systemClock.sleep(50, this.#options.signal);
      }
    });
    assert.deepEqual(
      kept?.map((mail) => (mail.kind === 'message' ? mail.id : mail.kind)),
      sent,
      'each message is kept once, in order',
    );
    await this.#said('acknowledge', acknowledgeId, `party-${account}`, async () =>
      answered(await calls.PUT('/message/acknowledged', { body: { number: last } })),
    );
  }

  async #logout({ account, token, calls }: Place): Promise<void> {
    const id = derivedCommandId(['close', tokenDigest(token)]);
    await this.#said('closeSession', id, `party-${account}`, async () =>
      answered(await calls.DELETE('/session', {})),
    );
  }

  async #delete({ account, token, calls }: Place, identity: Identity): Promise<void> {
    const [session, atMs] = [tokenDigest(token), Date.now()];
    const statement = { kind: 'delete', account, session, atMs } as const;
    const signature = signStatement(this.#options.deployment, identity, statement);
    const evidence: Evidence = { by: 'key', atMs, signature };
    const id = derivedCommandId(['delete', session, evidence as Json]); // its schema's type: JSON
    await this.#said('deleteAccount', id, `party-${account}`, async () =>
      answered(await calls.DELETE('/account', { body: { proof: { atMs, signature } } })),
    );
  }

  /** Its answer; nothing when it was refused, as a repetition of what had been done may be: a session that is closed is unknown. */
  async #said<Result>(
    kind: string,
    id: string,
    author: string,
    act: () => Promise<Result>,
  ): Promise<Result | undefined> {
    let done = false;
    const result = await this.#tried(async () => {
      const answer = await act();
      done = true;
      return answer;
    });
    if (done) this.#options.acknowledged({ id, author, kind });
    return result;
  }

  #tried<Result>(act: () => Promise<Result>): Promise<Result | undefined> {
    const { step, signal, refused } = this.#options;
    return step(async () => {
      try {
        return await act();
      } catch (error) {
        if (signal.aborted || !(error instanceof MpcError) || error.code === 'api.silent') throw error;
        refused(error.code);
        return undefined;
      }
    });
  }

  #calls(token?: string): CoordinatorCalls {
    const { urls } = this.#options;
    // Not all of them ask the same replica first.
    const from = (systemRandom(1)[0] ?? 0) % urls.length;
    return coordinatorCalls({
      urls: [...urls.slice(from), ...urls.slice(0, from)],
      token,
      clock: systemClock,
      random: systemRandom,
      silentMs: SILENT_MS,
      patienceMs: PATIENCE_MS,
    });
  }
}

const requestId = (account: string, ...what: readonly string[]): string =>
  derivedCommandId(['request', account, ...what]);

const loginId = (session: string, evidence: Evidence): string =>
  derivedCommandId(['open session', session, SESSION_MS, evidence as Json]); // its schema's type: JSON
