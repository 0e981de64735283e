/**
 * Owns one role's process: configuration, signals, and how it ends. SIGTERM and SIGINT drain, a second one stops.
 * Started by another mpc process, it also drains when that one is gone.
 */
import type { ClientFace } from '../src/api/client/open.ts';
import type { CoordinatorFace } from '../src/api/coordinator/open.ts';
import { systemClock } from '../src/base/clock.ts';
import { EXIT, MpcError } from '../src/base/errors.ts';
import { systemRandom } from '../src/base/random.ts';
import { distantBus } from '../src/bus/distant.ts';
import { connectNats } from '../src/bus/nats.ts';
import type { Address } from '../src/bus/subjects.ts';
import { brokerAccess } from '../src/config/brokers.ts';
import type { ObserveConfig } from '../src/config/observe-config.ts';
import { addressOf, loadRoleConfig, type Overrides, type RoleConfig } from '../src/config/role-config.ts';
import type { Role } from '../src/config/roles.ts';
import { ELECTION_SERVERS, type ElectionServer } from '../src/election/descriptor.ts';
import { openLogger } from '../src/observe/logger.ts';
import { clientRole } from './compose/client.ts';
import { coordinatorRole } from './compose/coordinator.ts';
import { dealerRole } from './compose/dealer.ts';
import { ballotServerRole, type ElectionParts, electionParts } from './compose/election.ts';
import type { RoleParts } from './compose/parts.ts';
import { Runtime } from './compose/runtime.ts';
import { serverRole } from './compose/server.ts';
import { watchOver } from './compose/watch-over.ts';
import { feedOf, watched } from './compose/watching.ts';
import { openConsole } from './console.ts';
import { roleIdentity } from './local/key-file.ts';

export async function runRole(
  flags: Overrides & { readonly config: string; readonly console?: boolean },
): Promise<void> {
  const { config: file, console: hasConsole, ...overrides } = flags;
  const config = loadRoleConfig(file, overrides, process.env);
  const me = addressOf(config);
  const identity = roleIdentity(config.key, process.env);
  checkTrust(config, me, identity.publicKey, file);
  const feed = feedOf(config, me);
  const logger = openLogger(me, config.log);
  const runtime = new Runtime({
    ...(feed === undefined ? {} : { feed }),
    deployment: config.deployment,
    me,
    identity,
    trust: config.trust,
    state: config.state,
    ...(config.replica === undefined ? {} : { replica: config.replica }),
    clock: systemClock,
    random: systemRandom,
    logger,
    connectBus: async (signal) => {
      const bus = await connectNats({
        ...brokerAccess(config),
        name: me,
        identity,
        signal,
        onWaiting: (why) =>
          logger.warn(
            { nats: config.nats, why },
            `waiting for a broker at ${config.nats.join(', ')}: ${why}`,
          ),
        makesLog: config.role === 'coordinator',
        ...(config.logCopies === undefined ? {} : { replicas: config.logCopies }),
      });
      const { role, simulateRoundTripMs } = config;
      if (simulateRoundTripMs === 0 || (role !== 'server-a' && role !== 'server-b'))
        return watched(feed, bus, bus);
      const peer = role === 'server-a' ? 'server-b' : 'server-a';
      const distant = distantBus({ bus, clock: systemClock, peer, delayMs: simulateRoundTripMs / 2 });
      return watched(feed, bus, distant);
    },
  });
  let fault: MpcError | undefined;
  const faces = await facesOf(config, runtime);
  const elections = isBallotServer(config.role) ? electionParts(runtime, config.role) : undefined;
  const role = partsOf(config, runtime, faces, elections, (ended) => {
    if (config.client?.once !== true) return;
    fault = ended;
    void runtime.drain();
  });
  const stopListening = onEndOfService(runtime);
  const operator = hasConsole === true ? consoleOf(config, runtime, elections) : undefined;
  const endpoint = config.observe === undefined ? undefined : await observed(runtime, config.observe);
  const attended = watchOver(runtime);
  await runtime.start(role);
  await runtime.drained;
  await attended;
  await faces.coordinator?.close();
  await faces.client?.close();
  await endpoint?.close();
  operator?.close();
  stopListening();
  const reason = fault ?? runtime.fault;
  if (reason !== undefined) throw reason;
}

const isBallotServer = (role: Role): role is ElectionServer =>
  ELECTION_SERVERS.some((server) => server === role);

function needed(elections: ElectionParts | undefined): ElectionParts {
  if (elections === undefined) throw new Error('assertion failed: a server holds elections');
  return elections;
}

/** Throws `usage.console` for a role that has none. */
function consoleOf(
  { role }: RoleConfig,
  runtime: Runtime,
  elections: ElectionParts | undefined,
): { close(): void } {
  if (elections === undefined)
    throw new MpcError('usage.console', `a ${role} has no console`, {
      hint: 'server-a, server-b and server-c have one',
      exitCode: EXIT.usage,
    });
  return openConsole({
    input: process.stdin,
    write: (text) => process.stdout.write(text),
    boxes: elections.boxes,
    stop: () => void runtime.drain(),
  });
}

/** The HTTP face that a role has where its configuration has an [api] section. */
interface Faces {
  readonly coordinator?: CoordinatorFace;
  readonly client?: ClientFace;
}

async function facesOf({ role, api, client }: RoleConfig, runtime: Runtime): Promise<Faces> {
  if (api === undefined) return {};
  if (role === 'coordinator') {
    const { coordinatorFace } = await import('./compose/coordinator-face.ts');
    return { coordinator: await coordinatorFace(runtime, api) };
  }
  if (role !== 'client' || client === undefined) return {};
  const { clientFace } = await import('./compose/client-face.ts');
  return { client: await clientFace(runtime, api, client.party) };
}

/** The library behind it is loaded where somebody asks for it. */
async function observed(runtime: Runtime, config: ObserveConfig): Promise<{ close(): Promise<void> }> {
  const { observation } = await import('./compose/observation.ts');
  return observation(runtime, config);
}

function partsOf(
  config: RoleConfig,
  runtime: Runtime,
  faces: Faces,
  elections: ElectionParts | undefined,
  onEnd: (fault: MpcError | undefined) => void,
): RoleParts {
  switch (config.role) {
    case 'server-a':
    case 'server-b':
      return serverRole(runtime, config.role, needed(elections), config.limits);
    case 'server-c':
      return ballotServerRole(runtime, needed(elections));
    case 'dealer':
      return dealerRole(runtime);
    case 'coordinator':
      return coordinatorRole(runtime, faces.coordinator, config.notify);
    case 'client':
      if (config.client === undefined) throw new Error('a checked configuration of a client has its section');
      return clientRole(runtime, config.client, onEnd, faces.client);
  }
}

function checkTrust(config: RoleConfig, me: Address, publicKey: string, file: string): void {
  if (config.trust[me] === publicKey) return;
  throw new MpcError(
    'config.wrong-key',
    `the key file ${config.key} is not the one that [trust] names for ${me}`,
    {
      place: { file },
      hint: `mpc key ${config.key} shows its public key; [trust] must have it under ${me}`,
      exitCode: EXIT.badConfig,
    },
  );
}

/** Drains on the first signal (or when the parent is gone), ends at once on the second. */
function onEndOfService(runtime: Runtime): () => void {
  let asked = false;
  const asking = (): void => {
    if (asked) process.exit(EXIT.temporary);
    asked = true;
    void runtime.drain();
  };
  process.on('SIGTERM', asking);
  process.on('SIGINT', asking);
  const parentGone = (): void => {
    if (!asked) asking();
  };
  if (process.env.MPC_PARENT_PIPE === '1') {
    process.stdin.resume();
    process.stdin.once('end', parentGone);
    process.stdin.once('error', parentGone);
  }
  return () => {
    process.off('SIGTERM', asking);
    process.off('SIGINT', asking);
    process.stdin.destroy();
  };
}
