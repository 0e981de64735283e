/**
 * Builds an election in memory: a registrar, voters, three servers with the real keys and proofs, and the real chapter over a log that
 * is an array. Servers take envelopes in any order and do what the box's own loop does, one step at a time.
 */
import { electionChart } from '../../roles/election.ts';
import { type BallotKind, BallotType, type Choice } from '../../src/ballot/election-type.ts';
import type { RandomSource } from '../../src/base/random.ts';
import type { Address } from '../../src/bus/subjects.ts';
import { type Command, commandBytes, commandDigest, signCommand } from '../../src/coordination/commands.ts';
import { entryBytes } from '../../src/coordination/entries.ts';
import type { Applied } from '../../src/coordination/records.ts';
import { LogState } from '../../src/coordination/state.ts';
import type { ElectionBody } from '../../src/election/bodies.ts';
import { SignatureMemo } from '../../src/election/box-memory.ts';
import { electionsChapter } from '../../src/election/chapter.ts';
import { Counting } from '../../src/election/counting.ts';
import {
  buildElection,
  ELECTION_SERVERS,
  type ElectionDescriptor,
  type ElectionServer,
  type ElectionType,
  electionDigest,
  electionId,
  kindOfBallots,
} from '../../src/election/descriptor.ts';
import {
  BallotCaster,
  type Envelope,
  EnvelopeOpener,
  envelopeFor,
  readEnvelope,
} from '../../src/election/envelope.ts';
import { GrowingTally } from '../../src/election/fragment.ts';
import { boxRoot, packItems } from '../../src/election/items.ts';
import { BallotVerifier, type PreparedBatch } from '../../src/election/proofs.ts';
import { signSealingKey } from '../../src/election/receipts.ts';
import { ElectionsView } from '../../src/election/rows.ts';
import { shareKey, verifyKeyOf } from '../../src/election/verify-key.ts';
import { packVoters, votersRoot } from '../../src/election/voters.ts';
import { type SealingKey, sealingKeyOf } from '../../src/identity/hpke.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { decodePublicKey } from '../../src/identity/nkey.ts';

export const DEPLOYMENT = 'trial';
export const START_MS = 1_800_000_000_000;
export const DEADLINE_MS = START_MS + 3_600_000;
const REGISTRAR = 'party-town' as const;

export interface Voter {
  readonly number: number;
  readonly identity: Identity;
}

/** What two worlds may have in common: the same people, or a whole election as it is now. */
interface Shared extends Pick<ElectionWorld, 'memo' | 'identities' | 'voters'> {
  readonly descriptor?: ElectionDescriptor;
  readonly state?: LogState;
}

export class ElectionWorld {
  readonly descriptor: ElectionDescriptor;
  readonly digest: string;
  readonly id: string;
  readonly type: BallotType;
  readonly identities: Readonly<Record<string, Identity>>;
  readonly voters: readonly Voter[];
  readonly state: LogState;
  readonly view: ElectionsView;
  readonly commands: Command[] = [];
  readonly random: RandomSource;
  readonly memo: SignatureMemo;
  /** Where log time stands; a test may move it. */
  nowMs = START_MS;
  #ids = 0;

  constructor(
    random: RandomSource,
    type: ElectionType,
    labels: readonly string[],
    voters: number,
    ballotType?: BallotType,
    from?: Shared,
  ) {
    this.random = random;
    this.memo = from?.memo ?? new SignatureMemo();
    const addresses = [REGISTRAR, 'party-stranger', ...ELECTION_SERVERS];
    this.identities =
      from?.identities ?? Object.fromEntries(addresses.map((address) => [address, createIdentity(random)]));
    const trust = Object.fromEntries(
      addresses.map((address) => [address, this.identityOf(address).publicKey]),
    );
    this.descriptor =
      from?.descriptor ??
      buildElection({
        random,
        deployment: DEPLOYMENT,
        title: 'A question',
        type,
        labels,
        registrar: 'town',
        keys: trust,
        deadlineMs: DEADLINE_MS,
      });
    this.digest = electionDigest(this.descriptor);
    this.id = electionId(this.digest);
    this.type = ballotType ?? new BallotType(kindOfBallots(this.descriptor));
    this.voters =
      from?.voters ??
      Array.from({ length: voters }, (_, number) => ({ number, identity: createIdentity(random) }));
    const chapters = [
      electionsChapter({ deployment: DEPLOYMENT, trust, chart: electionChart, memo: this.memo }),
    ];
    this.state = new LogState({ deployment: DEPLOYMENT, trust, chapters }, from?.state?.snapshot());
    this.#ids = from?.state?.sequence ?? 0;
    this.view = new ElectionsView(this.state);
  }

  /** The same election as it is now, in a log that goes its own way from here. */
  fork(): ElectionWorld {
    const { type, labels } = this.descriptor;
    return new ElectionWorld(this.random, type, labels, this.voters.length, this.type, this);
  }

  /** Another election of the same people, or with other voters. */
  beside(voters = this.voters): ElectionWorld {
    const { memo, identities, random, type } = this;
    const { type: kind, labels } = this.descriptor;
    return new ElectionWorld(random, kind, labels, voters.length, type, { memo, identities, voters });
  }

  identityOf(address: string): Identity {
    const identity = this.identities[address];
    if (identity === undefined) throw new Error(`the test knows no ${address}`);
    return identity;
  }

  /** One command, one entry; the refusal's code, or undefined. */
  say(author: string, body: ElectionBody, signer = author): string | undefined {
    this.#ids++;
    const id = this.#ids.toString(16).padStart(32, '0');
    const address = author as Address; // the test's own names
    const command = signCommand({
      deployment: DEPLOYMENT,
      identity: this.identityOf(signer),
      author: address,
      body: body as never, // a body of its schema's type is JSON
      id,
    });
    return this.submit(command);
  }

  submit(command: Command): string | undefined {
    const [applied] = this.append(entryBytes({ deployment: DEPLOYMENT, signed: [command], vouched: [] }));
    if (applied?.outcome.ok) this.commands.push(command);
    return applied?.outcome.ok === false ? applied.outcome.error.code : undefined;
  }

  append(data: Uint8Array): readonly Applied[] {
    return this.state.apply({ sequence: this.state.sequence + 1, timeMs: this.nowMs, data });
  }

  must(author: string, body: ElectionBody): void {
    const refusal = this.say(author, body);
    if (refusal !== undefined) throw new Error(`${body.kind} of ${author} was refused: ${refusal}`);
  }

  get election() {
    const election = this.view.election(this.id);
    if (election === undefined) throw new Error('the election is not in the log');
    return election;
  }

  /** From its creation until the box is open. */
  opened(kept: readonly Pick<TestServer, 'sealingKey' | 'contribution'>[] = []): TestServer[] {
    const { id: election } = this;
    this.must(REGISTRAR, { kind: 'election.create', descriptor: this.descriptor });
    const keys = this.voters.map(({ identity }) => decodePublicKey(identity.publicKey));
    this.must(REGISTRAR, { kind: 'election.eligible', election, from: 0, keys: packVoters(keys) });
    const servers = ELECTION_SERVERS.map((server, at) => new TestServer(this, server, kept[at]));
    for (const server of servers) server.sayReady();
    for (const server of servers) server.sayKeyed();
    this.must(REGISTRAR, { kind: 'election.open', election, voters: keys.length, root: votersRoot(keys) });
    return servers;
  }

  caster(): BallotCaster {
    const { ready } = this.election.life.context;
    return new BallotCaster({
      election: this.id,
      digest: this.digest,
      type: this.type,
      sealingKeys: ELECTION_SERVERS.map(
        (server) => new Uint8Array(Buffer.from(ready[server]?.sealingKey ?? '', 'base64url')),
      ),
    });
  }

  voter(number: number): Voter {
    const voter = this.voters[number];
    if (voter === undefined) throw new Error(`the test has no voter ${number}`);
    return voter;
  }

  close(): void {
    this.must(REGISTRAR, { kind: 'election.close', election: this.id });
  }
}

interface BatchInHand {
  readonly from: number;
  readonly envelopes: readonly Envelope[];
  readonly prepared: PreparedBatch;
}

/** One server: takes envelopes, boxes, prepares, hears the others' words, counts. */
export class TestServer {
  readonly name: ElectionServer;
  readonly world: ElectionWorld;
  readonly sealingKey: SealingKey;
  readonly contribution: Uint8Array;
  readonly counting = new Counting();
  readonly tally: GrowingTally;
  readonly held = new Map<string, Envelope>();
  readonly batches: BatchInHand[] = [];
  readonly rejected: [number, string][] = [];
  finished = 0;
  #verifier: BallotVerifier | undefined;

  constructor(
    world: ElectionWorld,
    name: ElectionServer,
    keys?: Pick<TestServer, 'sealingKey' | 'contribution'>,
  ) {
    this.world = world;
    this.name = name;
    this.sealingKey = keys?.sealingKey ?? sealingKeyOf(world.random(32));
    this.contribution = keys?.contribution ?? world.random(32);
    this.tally = new GrowingTally(world.type);
  }

  get index(): number {
    return ELECTION_SERVERS.indexOf(this.name);
  }

  sayReady(): void {
    const sealingKey = Buffer.from(this.sealingKey.publicKey).toString('base64url');
    const { identities, digest, id: election } = this.world;
    const signature = signSealingKey(identities[this.name]!, digest, this.name, sealingKey);
    this.world.must(this.name, { kind: 'election.ready', election, sealingKey, signature });
  }

  sayKeyed(): void {
    const { world } = this;
    const { ready } = world.election.life.context;
    const share = shareKey(world.digest, this.name, this.contribution, ready, world.random);
    world.must(this.name, { kind: 'election.keyed', election: world.id, ...share });
  }

  get verifier(): BallotVerifier {
    const { world } = this;
    this.#verifier ??= new BallotVerifier({
      server: this.index,
      digest: world.digest,
      type: world.type,
      verifyKey: verifyKeyOf(world.digest, this.name, this, world.election.life.context.keyed),
      opener: new EnvelopeOpener(world.digest, this.index, this.sealingKey),
    });
    return this.#verifier;
  }

  take(bytes: Uint8Array): Envelope {
    const envelope = readEnvelope(this.world.type.sizes, bytes);
    this.held.set(Buffer.from(envelope.contents).toString('hex'), envelope);
    return envelope;
  }

  box(envelopes: readonly Envelope[]): string | undefined {
    return this.world.say(this.name, {
      kind: 'election.boxed',
      election: this.world.id,
      items: packItems(envelopes),
    });
  }

  /** Prepares every batch of the log that it has not; gets from `others` what it misses. */
  prepareAll(others: readonly TestServer[]): void {
    const { world } = this;
    for (let index = this.batches.length; index < world.election.batches; index++) {
      const batch = world.view.batch(world.id, index);
      if (batch === undefined) throw new Error('a batch of the log is there');
      const envelopes = batch.items.map((item) => {
        const name = Buffer.from(item.contents).toString('hex');
        const found = this.held.get(name) ?? others.map(({ held }) => held.get(name)).find(Boolean);
        if (found === undefined) throw new Error('nobody holds a boxed ballot');
        return envelopeFor(item, found);
      });
      this.batches.push({
        from: batch.from,
        envelopes,
        prepared: this.verifier.prepare(envelopes),
      });
    }
  }

  /** Finishes every batch that all three have prepared. */
  finishAll(servers: readonly TestServer[]): void {
    for (; this.finished < this.batches.length; this.finished++) {
      const mine = this.batches[this.finished];
      const words = servers.map(({ batches }) => batches[this.finished]?.prepared.word ?? new Uint8Array(0));
      if (mine === undefined) throw new Error('a prepared batch is there');
      const { valid, rejected } = this.verifier.finish(mine.from, mine.envelopes, mine.prepared, words);
      this.rejected.push(...(rejected as [number, string][]));
      const { added, replaced } = this.counting.takeAll(valid, (position) => this.envelopeAt(position));
      this.tally.add(added);
      this.tally.remove(replaced.map((position) => this.verifier.outShareOf(this.envelopeAt(position))));
    }
  }

  envelopeAt(position: number): Envelope {
    for (const { from, envelopes } of this.batches) {
      const found = envelopes[position - from];
      if (position >= from && found !== undefined) return found;
    }
    throw new Error('the position is one of the box');
  }

  root(): string {
    return boxRoot(this.counting.counted(this.world.id));
  }

  sayVerified(): void {
    const { world, rejected } = this;
    const batches = this.finished;
    if (batches > 0)
      world.must(this.name, { kind: 'election.verified', election: world.id, batches, rejected });
  }

  saySealed(root = this.root()): string | undefined {
    return this.world.say(this.name, {
      kind: 'election.sealed',
      election: this.world.id,
      root,
      counted: this.counting.size,
      rejected: this.rejected.length,
      history: this.world.election.life.context.frozen?.history ?? '0'.repeat(64),
    });
  }

  sayTallied(fragment = this.tally.fragment()): string | undefined {
    const root = this.world.election.life.context.seals[this.name]?.root ?? '';
    return this.world.say(this.name, { kind: 'election.tallied', election: this.world.id, root, fragment });
  }
}

/** After the close: honest servers flush, and check every ballot together. */
export function checkBallots(world: ElectionWorld, servers: readonly TestServer[]): void {
  for (const server of servers) world.must(server.name, { kind: 'election.flushed', election: world.id });
  for (const server of servers) server.prepareAll(servers);
  for (const server of servers) server.finishAll(servers);
}

/** Everything after the close, told by honest servers. */
export function finish(world: ElectionWorld, servers: readonly TestServer[]): void {
  checkBallots(world, servers);
  for (const server of servers) server.sayVerified();
  for (const server of servers) server.saySealed();
  for (const server of servers) server.sayTallied();
}

export type { BallotKind, Choice };
export { commandBytes, commandDigest, REGISTRAR };
