/**
 * Owns a coordinator replica on a cluster of brokers, with accounts that write to each other: what `bench:log` measures.
 */
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { allChapters } from '../bin/compose/chapters.ts';
import { startReplica } from '../bin/compose/replica.ts';
import { ownBrokers } from '../bin/local/own-broker.ts';
import { hex, sha256, utf8 } from '../src/base/bytes.ts';
import { systemClock } from '../src/base/clock.ts';
import { EXIT, MpcError } from '../src/base/errors.ts';
import { systemRandom } from '../src/base/random.ts';
import type { Bus } from '../src/bus/bus.ts';
import { connectNats } from '../src/bus/nats.ts';
import { subjects } from '../src/bus/subjects.ts';
import { followLog } from '../src/coordination/follower.ts';
import { startCoordinatorService } from '../src/coordination/service.ts';
import { replicaPort } from '../src/directory/port.ts';
import { DirectoryService } from '../src/directory/service.ts';
import { sayKeys, signStatement } from '../src/directory/statements.ts';
import type { SignedIn } from '../src/directory/views.ts';
import { createIdentity, saveIdentity, secretFor } from '../src/identity/identity.ts';
import type { Identity } from '../src/identity/keys.ts';
import { sealingKeyOf } from '../src/identity/sealing.ts';
import { openLogger } from '../src/observe/logger.ts';

const DEPLOYMENT = 'bench';
/** An account may send 100 messages a second: so many that they are never the bound. */
const ACCOUNTS = 128;
/** Characters of a sealed message: a line of text. */
const SEALED = 'x'.repeat(400);
/** Messages that a place shows before it acknowledges them. */
const SHOWN = 50;
const AGAIN_MS = 50;
const AGAIN_MOST_MS = 1600;

interface Member extends SignedIn {
  readonly sealing: string;
  readonly identity: Identity;
}

/** What another process needs to be another replica, where the same accounts read. */
export interface OtherReplica {
  readonly directory: string;
  readonly servers: readonly string[];
  /** The file with the coordinator's key. */
  readonly key: string;
  readonly members: readonly SignedIn[];
}

export interface LogWorld {
  readonly bus: Bus;
  /** Sends one message from the n-th account to the next; resolves when it is acknowledged. */
  send(n: number): Promise<void>;
  /** Entries of the log applied so far. */
  sequence(): number;
  /** Signs all accounts in at places of their own for another replica. */
  other(): Promise<OtherReplica>;
  /** Resolves when every message sent was shown. */
  idle(): Promise<void>;
  /** Told of each message that its recipient's place was shown, with the milliseconds since it was sent. */
  onDelivered: (latencyMs: number) => void;
  stop(): Promise<void>;
}

export interface ReplicaOptions {
  /** For its file. */
  readonly directory: string;
  readonly servers: readonly string[];
  readonly identity: Identity;
}

export interface BenchReplica {
  readonly bus: Bus;
  readonly directory: DirectoryService;
  /** Entries of the log applied so far. */
  sequence(): number;
  stop(): Promise<void>;
}

/** A replica as the coordinator's process has it, with its file. */
export async function openReplica({ directory, servers, identity }: ReplicaOptions): Promise<BenchReplica> {
  const bus = await connectNats({ servers: [...servers], name: 'bench' });
  const trust = { coordinator: identity.publicKey };
  const chapters = allChapters({ deployment: DEPLOYMENT, trust });
  const parts = {
    deployment: DEPLOYMENT,
    me: 'coordinator' as const,
    identity,
    trust,
    state: directory,
    connectBus: async () => bus,
    clock: systemClock,
    random: systemRandom,
    logger: openLogger('bench', 'silent'),
  };
  const { close, ...beginning } = await startReplica(parts, chapters, bus);
  const follower = await followLog({ bus, deployment: DEPLOYMENT, trust, chapters, ...beginning });
  await follower.caughtUp;
  const service = await startCoordinatorService({ ...parts, bus, chapters, follower });
  const log = await bus.log(subjects.logStream(DEPLOYMENT));
  const port = replicaPort({ follower, service, lastEntry: () => log.last() });
  const pepper = secretFor(identity, 'passwords');
  const mail = new DirectoryService({ port, clock: systemClock, random: systemRandom, pepper });
  return {
    bus,
    directory: mail,
    sequence: () => follower.state.sequence,
    stop: async () => {
      mail.stop();
      await service.stop();
      follower.stop();
      await bus.close();
      await close();
    },
  };
}

/** With accounts that write to each other; `brokers`: 1, 3 or 5. */
export async function openLogWorld(directory: string, brokers: number): Promise<LogWorld> {
  const hosts = Array.from({ length: brokers }, (_, index) => `127.0.0.${index + 1}`);
  const running = await ownBrokers(directory, undefined, hosts);
  const servers = running.map(({ url }) => url);
  const identity = createIdentity(systemRandom);
  const key = join(directory, 'coordinator.seed');
  saveIdentity(key, identity);
  const replica = await openReplica({ directory, servers, identity });
  const members = await Promise.all(
    Array.from({ length: ACCOUNTS }, (_, number) => joined(replica.directory, `account-${number}`)),
  );
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  const underWay = new Set<string>();
  const world: LogWorld = {
    bus: replica.bus,
    onDelivered: () => {},
    sequence: replica.sequence,
    other: async () => ({
      directory: join(directory, 'other'),
      servers,
      key,
      members: await Promise.all(
        members.map(({ account, identity: own }) => signedIn(replica.directory, account, own, 'other')),
      ),
    }),
    idle: async () => {
      while (underWay.size > 0) await systemClock.sleep(5);
    },
    send: async (n) => {
      const from = members[n % ACCOUNTS] as Member;
      const to = members[(n + 1) % ACCOUNTS] as Member;
      const id = timedId();
      underWay.add(id);
      // As a client would: told to come again, it does, with the same id.
      for (let pauseMs = AGAIN_MS; ; pauseMs = Math.min(2 * pauseMs, AGAIN_MOST_MS)) {
        try {
          await replica.directory.send(from, { id, to: to.account, sealedTo: to.sealing, sealed: SEALED });
          return;
        } catch (error) {
          if (!(error instanceof MpcError) || error.exitCode !== EXIT.temporary) throw error;
          await systemClock.sleep(pauseMs);
        }
      }
    },
    stop: async () => {
      ending.abort();
      await Promise.all(readers);
      await replica.stop();
      await Promise.all(running.map((broker) => broker.stop()));
    },
  };
  const readers = members.map((member) =>
    read(replica.directory, member, ending.signal, (id) => {
      if (underWay.delete(id)) world.onDelivered(sinceMs(id));
    }),
  );
  return world;
}

/** A message's id that tells when it was sent, by the clock that all processes of one machine share. */
const timedId = (): string =>
  process.hrtime.bigint().toString(16).padStart(16, '0') + hex.encode(systemRandom(8));

/** Milliseconds since a message was sent. */
export const sinceMs = (id: string): number =>
  Number(process.hrtime.bigint() - BigInt(`0x${id.slice(0, 16)}`)) / 1e6;

async function joined(service: DirectoryService, account: string): Promise<Member> {
  const identity = createIdentity(systemRandom);
  const sealing = (await sealingKeyOf(identity)).publicKey;
  const nowMs = Date.now();
  const keys = sayKeys({ deployment: DEPLOYMENT, account, identity, sealing, nowMs });
  await service.register({ account, keys });
  return { ...(await signedIn(service, account, identity, 'here')), sealing, identity };
}

async function signedIn(
  service: DirectoryService,
  account: string,
  identity: Identity,
  place: string,
): Promise<SignedIn> {
  const session = hex.encode(sha256(utf8.encode(`${account} ${place}`)));
  const atMs = Date.now();
  const signature = signStatement(DEPLOYMENT, identity, { kind: 'session', account, session, atMs });
  return service.login({ account, session, atMs, signature });
}

/** Shows each message, and acknowledges them now and then. */
export async function read(
  service: DirectoryService,
  member: SignedIn,
  signal: AbortSignal,
  onShown: (id: string) => void,
): Promise<void> {
  let acknowledging = Promise.resolve();
  // Each account at another message: they write in turn, and all of them at once would be no load that people make.
  const turn = Number(member.account.replace(/\D/g, '')) % SHOWN;
  for await (const mail of service.subscribe(member, member.acknowledged, signal)) {
    if (mail.kind === 'message') onShown(mail.id);
    if (mail.number % SHOWN === turn)
      acknowledging = acknowledging.then(() => service.acknowledge(member, mail.number)).catch(() => {});
  }
  await acknowledging;
}
