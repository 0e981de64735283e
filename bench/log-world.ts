/**
 * Owns one coordinator replica on its own cluster of brokers, with accounts that write to each other: what `bench:log` measures.
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
import { newCommandId } from '../src/coordination/commands.ts';
import { followLog } from '../src/coordination/follower.ts';
import { startCoordinatorService } from '../src/coordination/service.ts';
import { replicaPort } from '../src/directory/port.ts';
import { DirectoryService } from '../src/directory/service.ts';
import { sayKeys, signStatement } from '../src/directory/statements.ts';
import type { SignedIn } from '../src/directory/views.ts';
import { createIdentity } from '../src/identity/identity.ts';
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
}

export interface LogWorld {
  readonly bus: Bus;
  /** Sends one message from the n-th account to the next; resolves when it is acknowledged. */
  send(n: number): Promise<void>;
  /** Entries of the log applied so far. */
  sequence(): number;
  /** Resolves when every message sent was shown. */
  idle(): Promise<void>;
  /** Told of each message that its recipient's place was shown, with the milliseconds since it was sent. */
  onDelivered: (latencyMs: number) => void;
  stop(): Promise<void>;
}

/** A replica as the coordinator's process has it, with its file; `brokers`: 1, 3 or 5. */
export async function openLogWorld(directory: string, brokers: number): Promise<LogWorld> {
  const hosts = Array.from({ length: brokers }, (_, index) => `127.0.0.${index + 1}`);
  const running = await ownBrokers(directory, undefined, hosts);
  const servers = running.map(({ url }) => url);
  const bus = await connectNats({ servers, name: 'bench' });
  const identity = createIdentity(systemRandom);
  const trust = { coordinator: identity.publicKey };
  const chapters = allChapters({ deployment: DEPLOYMENT, trust });
  const parts = {
    deployment: DEPLOYMENT,
    me: 'coordinator' as const,
    identity,
    trust,
    state: join(directory),
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
  const directoryService = new DirectoryService({
    port,
    clock: systemClock,
    random: systemRandom,
    pepper: systemRandom(32),
  });
  const members = await Promise.all(
    Array.from({ length: ACCOUNTS }, (_, number) => joined(directoryService, `account-${number}`)),
  );
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  const sentMs = new Map<string, number>();
  const world: LogWorld = {
    bus,
    onDelivered: () => {},
    sequence: () => follower.state.sequence,
    idle: async () => {
      while (sentMs.size > 0) await systemClock.sleep(5);
    },
    send: async (n) => {
      const from = members[n % ACCOUNTS] as Member;
      const to = members[(n + 1) % ACCOUNTS] as Member;
      const id = newCommandId(systemRandom);
      sentMs.set(id, performance.now());
      // As a client would: told to come again, it does, with the same id.
      for (let pauseMs = AGAIN_MS; ; pauseMs = Math.min(2 * pauseMs, AGAIN_MOST_MS)) {
        try {
          await directoryService.send(from, { id, to: to.account, sealedTo: to.sealing, sealed: SEALED });
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
      directoryService.stop();
      await service.stop();
      follower.stop();
      await bus.close();
      await close();
      await Promise.all(running.map((broker) => broker.stop()));
    },
  };
  const readers = members.map((member) =>
    read(directoryService, member, ending.signal, (id) => {
      const startedMs = sentMs.get(id);
      sentMs.delete(id);
      if (startedMs !== undefined) world.onDelivered(performance.now() - startedMs);
    }),
  );
  return world;
}

async function joined(service: DirectoryService, account: string): Promise<Member> {
  const identity = createIdentity(systemRandom);
  const sealing = (await sealingKeyOf(identity)).publicKey;
  const nowMs = Date.now();
  const keys = sayKeys({ deployment: DEPLOYMENT, account, identity, sealing, nowMs });
  await service.register({ account, keys });
  const session = hex.encode(sha256(utf8.encode(account)));
  const statement = { kind: 'session', account, session, atMs: nowMs } as const;
  const signature = signStatement(DEPLOYMENT, identity, statement);
  return { ...(await service.login({ account, session, atMs: nowMs, signature })), sealing };
}

async function read(
  service: DirectoryService,
  member: Member,
  signal: AbortSignal,
  onShown: (id: string) => void,
): Promise<void> {
  let acknowledging = Promise.resolve();
  for await (const mail of service.subscribe(member, 0, signal)) {
    if (mail.kind === 'message') onShown(mail.id);
    if (mail.number % SHOWN === 0)
      acknowledging = acknowledging.then(() => service.acknowledge(member, mail.number)).catch(() => {});
  }
  await acknowledging;
}
