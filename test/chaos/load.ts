/**
 * A steady load of all kinds of commands, each said until it is acknowledged, and the record of what was acknowledged.
 */
import { keyPath } from '../../bin/local/deployment.ts';
import { hex, sha256, utf8 } from '../../src/base/bytes.ts';
import { systemClock } from '../../src/base/clock.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Address } from '../../src/bus/subjects.ts';
import type { Body } from '../../src/coordination/chapter.ts';
import { commandBytes, newCommandId, signCommand } from '../../src/coordination/commands.ts';
import { buildDescriptor } from '../../src/coordination/descriptor.ts';
import { submitCommand } from '../../src/coordination/submit.ts';
import { sayKeys, signStatement } from '../../src/directory/statements.ts';
import type { ElectionBody } from '../../src/election/bodies.ts';
import {
  buildElection,
  ELECTION_SERVERS,
  electionDigest,
  electionId,
} from '../../src/election/descriptor.ts';
import { signSealingKey } from '../../src/election/receipts.ts';
import { packVoters } from '../../src/election/voters.ts';
import { createIdentity, loadIdentity } from '../../src/identity/identity.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { decodePublicKey } from '../../src/identity/nkey.ts';
import { sealingKeyOf } from '../../src/identity/sealing.ts';
import { lifeOf } from '../coordination/world.ts';
import { PushedPlace } from './by-push.ts';
import { RestLoad } from './by-rest.ts';
import type { Cluster } from './cluster.ts';
import { BETWEEN_ELECTIONS_MS, COLLABORATION_MS, ELECTION_MS, SESSION_MS } from './times.ts';

const COLLABORATION_WORKERS = 4;
const ACCOUNTS = ['acme', 'beta', 'analyst'];
/** To whom mail is pushed. */
const PUSHED = 'beta';
/** What the load says, those that coordinators vouch for among them. */
export const ALL_KINDS: readonly string[] = [
  ...['create', 'register', 'approve', 'withdraw', 'cancel', 'randomnessReady', 'uploaded', 'bound'],
  ...['resultStored', 'received', 'registerAccount', 'openSession', 'closeSession', 'deleteAccount'],
  ...[
    'sendMessage',
    'acknowledge',
    'election.create',
    'election.eligible',
    'election.ready',
    'election.cancel',
  ],
];
/** Workers who go through the replicas' REST faces as guests. */
const GUESTS = 3;

export interface Acknowledged {
  readonly id: string;
  readonly author: string;
  readonly kind: string;
  /** Where the coordinator said it is in the log; REST does not say. */
  readonly sequence?: number;
}

export class Load {
  readonly acknowledged: Acknowledged[] = [];
  /** Refusals for good, by code: decided outcomes too. */
  readonly refused = new Map<string, number>();
  /** Why something was said again, by code. */
  readonly retried = new Map<string, number>();
  readonly #cluster: Cluster;
  readonly #stopping = new AbortController();
  readonly #identities = new Map<Address, Identity>();
  readonly #heard = new Set<() => void>();
  readonly #rest: RestLoad;
  #workers: Promise<void>[] = [];
  #pushed: PushedPlace | undefined;
  /** The last message to the place that mail is pushed to. */
  #lastToPushed = 0;
  #paused = false;
  #resume: () => void = () => {};
  #resumed: Promise<void> = Promise.resolve();
  #busy = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#rest = new RestLoad({
      deployment: cluster.deployment.name,
      urls: cluster.faces,
      identity: (address) => this.#identity(address),
      signal: this.#stopping.signal,
      step: (act) => this.#step(act),
      acknowledged: (command) => this.acknowledged.push(command),
      refused: (code) => this.#refuse(code),
    });
  }

  /** Opens the accounts and starts the workers. */
  async start(): Promise<void> {
    for (const account of ACCOUNTS) await this.#openAccount(account);
    const [analyst, acme] = [await this.#rest.party('analyst'), await this.#rest.party('acme')];
    const pushed = await this.#openPushed(PUSHED);
    this.#pushed = pushed;
    this.#workers = [
      pushed.receive(),
      ...Array.from({ length: GUESTS }, () => this.#work(() => this.#rest.guest())),
      this.#work(() => this.#rest.collaboration(analyst, acme)),
      this.#work(() => this.#elect()),
      ...Array.from({ length: COLLABORATION_WORKERS }, () => this.#work(() => this.#live())),
      this.#work(() => this.#talk('acme', 'beta')),
      this.#work(() => this.#talk('beta', 'acme')),
    ];
  }

  /** Milliseconds until a command is acknowledged that was first said after this call. */
  async servedAgain(signal: AbortSignal): Promise<number> {
    const startMs = performance.now();
    await this.say('dealer', { kind: 'cancel', collaboration: '0'.repeat(20) }, signal);
    return performance.now() - startMs;
  }

  /** Resolves when so many more commands have been acknowledged. */
  async more(count: number, signal: AbortSignal): Promise<void> {
    const enough = this.acknowledged.length + count;
    while (this.acknowledged.length < enough) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => this.#heard.add(resolve));
    }
  }

  /** Resolves when nothing is under way any more. */
  async pause(signal: AbortSignal): Promise<void> {
    if (!this.#paused)
      this.#resumed = new Promise((resolve) => {
        this.#resume = resolve;
      });
    this.#paused = true;
    while (this.#busy > 0) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => this.#heard.add(resolve));
    }
  }

  resume(): void {
    this.#paused = false;
    this.#resume();
  }

  /** Everything that was sent to it has been pushed, once; how often another replica had to. While the load is paused. */
  async allPushed(signal: AbortSignal): Promise<number> {
    await this.#pushed?.upTo(this.#lastToPushed, signal);
    return this.#pushed?.takenOver ?? 0;
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new MpcError('test.over', 'the load is over'));
    this.resume();
    await Promise.all(this.#workers);
  }

  async #work(act: () => Promise<void>): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#resumed;
      if (this.#stopping.signal.aborted) return;
      try {
        await act();
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        throw error;
      }
    }
  }

  async #live(): Promise<void> {
    const { trust } = this.#cluster.deployment;
    const descriptor = buildDescriptor({
      random: systemRandom,
      program: {
        kind: 'sql',
        text: 'CREATE TABLE t (x INTEGER CHECK (x BETWEEN 0 AND 9)); SELECT SUM(x) FROM t',
      },
      plan: '0'.repeat(64),
      inputs: [
        { party: 'acme', table: 't', maxRows: 20 },
        { party: 'beta', table: 't', maxRows: 10 },
      ],
      outputs: ['analyst'],
      keys: trust,
      minGroupSize: 3,
      deadlineMs: Date.now() + COLLABORATION_MS,
    });
    for (const [author, body] of lifeOf(descriptor)) await this.#step(() => this.say(author, body));
  }

  async #talk(from: string, to: string): Promise<void> {
    const sealedTo = sealingKeyOf(this.#identity(`party-${to}`)).publicKey;
    const body = { kind: 'sendMessage', to, sealedTo, sealed: 'x'.repeat(400) };
    const answer = await this.#step(() => this.say(`party-${from}`, body));
    const number =
      typeof answer === 'object' && answer !== null && 'number' in answer ? Number(answer.number) : 0;
    if (to === PUSHED) this.#lastToPushed = Math.max(this.#lastToPushed, number);
    if (number % 5 === 0)
      await this.#step(() => this.say(`party-${to}`, { kind: 'acknowledge', session: placeOf(to), number }));
  }

  /** An election that its registrar takes back. */
  async #elect(): Promise<void> {
    const { name: deployment, trust } = this.#cluster.deployment;
    const descriptor = buildElection({
      random: systemRandom,
      deployment,
      title: 'Shall we?',
      type: { kind: 'yesNo' },
      labels: ['no', 'yes'],
      registrar: 'analyst',
      keys: trust,
      deadlineMs: Date.now() + ELECTION_MS,
    });
    const digest = electionDigest(descriptor);
    const election = electionId(digest);
    const keys = packVoters([decodePublicKey(createIdentity(systemRandom).publicKey)]);
    const said = (author: Address, body: ElectionBody) => this.#step(() => this.say(author, body));
    await said('party-analyst', { kind: 'election.create', descriptor });
    await said('party-analyst', { kind: 'election.eligible', election, from: 0, keys });
    for (const server of ELECTION_SERVERS) {
      const sealingKey = sealingKeyOf(this.#identity(server)).publicKey;
      const signature = signSealingKey(this.#identity(server), digest, server, sealingKey);
      await said(server, { kind: 'election.ready', election, sealingKey, signature });
    }
    await said('party-analyst', { kind: 'election.cancel', election });
    await systemClock.sleep(BETWEEN_ELECTIONS_MS, this.#stopping.signal);
  }

  /** Between two of them the load can be paused. */
  async #step<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.#paused) await this.#resumed;
    this.#busy++;
    try {
      return await act();
    } finally {
      this.#busy--;
      for (const heard of this.#heard) heard();
      this.#heard.clear();
    }
  }

  #openPushed(account: string): Promise<PushedPlace> {
    const { name: deployment, nats, trust } = this.#cluster.deployment;
    return PushedPlace.open({
      deployment,
      servers: nats,
      account,
      identity: this.#identity(`party-${account}`),
      coordinatorKey: trust.coordinator ?? '',
      signal: this.#stopping.signal,
      step: (act) => this.#step(act),
    });
  }

  async #openAccount(account: string): Promise<void> {
    const deployment = this.#cluster.deployment.name;
    const identity = this.#identity(`party-${account}`);
    const sealing = sealingKeyOf(identity).publicKey;
    const keys = sayKeys({ deployment, account, identity, sealing, nowMs: Date.now() });
    await this.say('coordinator', { kind: 'registerAccount', account, password: null, keys });
    const session = placeOf(account);
    const atMs = Date.now();
    const signature = signStatement(deployment, identity, { kind: 'session', account, session, atMs });
    const evidence = { by: 'key', atMs, signature };
    await this.say('coordinator', {
      kind: 'openSession',
      account,
      session,
      lifetimeMs: SESSION_MS,
      evidence,
    });
  }

  /** Says it until it is decided, and records that. Returns its answer; nothing when it was refused. */
  async say(me: Address, body: Body, signal: AbortSignal = this.#stopping.signal): Promise<unknown> {
    const { bus, deployment } = this.#cluster;
    const id = newCommandId(systemRandom);
    try {
      const { sequence, answer } = await submitCommand(
        {
          bus,
          deployment: deployment.name,
          identity: this.#identity(me),
          me,
          clock: systemClock,
          signal,
          onRetry: ({ code }) => this.retried.set(code, (this.retried.get(code) ?? 0) + 1),
        },
        body,
        id,
      );
      this.acknowledged.push({ id, author: me, kind: body.kind, sequence });
      return answer;
    } catch (error) {
      if (signal.aborted || !(error instanceof MpcError) || error.code.startsWith('bus.')) throw error;
      this.#refuse(error.code);
      return undefined;
    }
  }

  #refuse(code: string): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }

  /** The bytes of a command that nobody has said yet; it is refused when it is decided. */
  signed(author: Address): Uint8Array {
    const { name: deployment } = this.#cluster.deployment;
    const body = { kind: 'cancel', collaboration: '0'.repeat(20) };
    const identity = this.#identity(author);
    return commandBytes(signCommand({ deployment, identity, author, body, id: newCommandId(systemRandom) }));
  }

  #identity(address: Address): Identity {
    const known = this.#identities.get(address);
    if (known !== undefined) return known;
    const loaded = loadIdentity(keyPath(this.#cluster.deployment.directory, address));
    this.#identities.set(address, loaded);
    return loaded;
  }
}

const placeOf = (account: string): string => hex.encode(sha256(utf8.encode(`the one place of ${account}`)));
