/**
 * Owns how a verb looks at elections and speaks in one: a connection, the log followed to its end, and the registrar's own key.
 * Must never keep anything: what there is to know is in the log.
 */
import { systemClock } from '../../src/base/clock.ts';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import type { Address } from '../../src/bus/subjects.ts';
import { brokerAccess } from '../../src/config/brokers.ts';
import { addressOf, loadRoleConfig, type RoleConfig } from '../../src/config/role-config.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import { type Follower, followLog } from '../../src/coordination/follower.ts';
import { type Submitted, submitCommand } from '../../src/coordination/submit.ts';
import type { ElectionBody } from '../../src/election/bodies.ts';
import type { SignatureMemo } from '../../src/election/box-memory.ts';
import type { ElectionDescriptor } from '../../src/election/descriptor.ts';
import { type Election, ElectionsView } from '../../src/election/rows.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { electionChapters } from '../compose/chapters.ts';

const CONNECT_MS = 5_000;
/** A log that is decided by nobody for so long has no coordinator. */
const SAY_MS = 30_000;

export interface LogOptions {
  readonly config: string;
  readonly nats?: string;
}

export interface SpeakerParts {
  readonly bus: Bus;
  readonly deployment: string;
  readonly identity: Identity;
  readonly me: Address;
}

/** Says something in the log under one's own key. Throws the refusal. */
export function speak(
  { bus, deployment, identity, me }: SpeakerParts,
  body: ElectionBody,
): Promise<Submitted> {
  const signal = AbortSignal.timeout(SAY_MS);
  return submitCommand(
    { bus, deployment, identity, me, clock: systemClock, signal },
    body as never, // its schema's type: JSON with a kind
    newCommandId(systemRandom),
  );
}

export class ElectionLog {
  readonly config: RoleConfig;
  readonly bus: Bus;
  readonly follower: Follower;
  readonly view: ElectionsView;

  private constructor(config: RoleConfig, bus: Bus, follower: Follower) {
    this.config = config;
    this.bus = bus;
    this.follower = follower;
    this.view = new ElectionsView(follower.state);
  }

  /** Connects and reads the log to its end. */
  static async open({ config: file, nats }: LogOptions, memo?: SignatureMemo): Promise<ElectionLog> {
    const config = loadRoleConfig(file, nats === undefined ? {} : { nats }, process.env);
    const { deployment, trust } = config;
    const bus = await connectNats({
      ...brokerAccess(config),
      name: addressOf(config),
      identity: loadIdentity(config.key),
      connectTimeoutMs: CONNECT_MS,
    });
    const follower = await followLog({
      bus,
      deployment,
      trust,
      chapters: electionChapters({ deployment, trust }, memo),
    });
    await follower.caughtUp;
    return new ElectionLog(config, bus, follower);
  }

  /** Throws `election.unknown`. */
  election(id: string): { readonly election: Election; readonly descriptor: ElectionDescriptor } {
    const election = this.view.election(id);
    const descriptor = this.view.descriptor(id);
    if (election === undefined || descriptor === undefined)
      throw new MpcError('election.unknown', `there is no election ${id}`, {
        hint: 'mpc election status lists all there are',
        exitCode: EXIT.noInput,
      });
    return { election, descriptor };
  }

  /** The registrar's name, as this configuration has it. Throws `usage.registrar`. */
  get registrar(): string {
    const party = this.config.client?.party;
    if (party === undefined)
      throw new MpcError('usage.registrar', 'this is not the configuration of a party', {
        hint: 'give the configuration of the party that is the registrar',
        exitCode: EXIT.usage,
      });
    return party;
  }

  say(body: ElectionBody): Promise<Submitted> {
    const { bus } = this;
    const { deployment, key } = this.config;
    return speak({ bus, deployment, identity: loadIdentity(key), me: `party-${this.registrar}` }, body);
  }

  async close(): Promise<void> {
    this.follower.stop();
    await this.bus.close();
  }
}

/** Runs with the log, and leaves it. */
export async function withElectionLog<Value>(
  options: LogOptions,
  run: (log: ElectionLog) => Promise<Value>,
): Promise<Value> {
  const log = await ElectionLog.open(options);
  try {
    return await run(log);
  } finally {
    await log.close();
  }
}
