/**
 * Owns an election over real processes for tests: a broker, a coordinator, three servers that can be killed and started again, and a
 * registrar and voters in the test itself.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeCredentials } from '../../bin/local/credentials.ts';
import { type Deployment, openDeployment, writeConfig } from '../../bin/local/deployment.ts';
import { ElectionLog } from '../../bin/local/election-log.ts';
import { ownBroker } from '../../bin/local/own-broker.ts';
import { Processes, type RoleProcess } from '../../bin/local/processes.ts';
import { recordOf } from '../../bin/verbs/election-record.ts';
import { systemClock } from '../../src/base/clock.ts';
import { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { fetchElection, handIn, type VotersElection, type VotingPlace } from '../../src/box/voting.ts';
import type { RunningBroker } from '../../src/broker/start.ts';
import type { Credential } from '../../src/election/credential.ts';
import {
  buildElection,
  type ElectionServer,
  type ElectionType,
  electionDigest,
  electionId,
} from '../../src/election/descriptor.ts';
import { stateOfLife } from '../../src/election/life.ts';
import type { Election } from '../../src/election/rows.ts';
import { packVoters, votersRoot } from '../../src/election/voters.ts';
import { decodePublicKey } from '../../src/identity/nkey.ts';

const PATIENCE_MS = 120_000;
const HOUR_MS = 3_600_000;

export class RealElection {
  readonly directory: string;
  readonly deployment: Deployment;
  readonly log: ElectionLog;
  readonly id: string;
  readonly credentials: readonly Credential[];
  readonly #broker: RunningBroker;
  readonly #processes: Processes;
  readonly #servers = new Map<ElectionServer, RoleProcess>();

  private constructor(parts: {
    directory: string;
    deployment: Deployment;
    log: ElectionLog;
    id: string;
    credentials: readonly Credential[];
    broker: RunningBroker;
    processes: Processes;
  }) {
    this.directory = parts.directory;
    this.deployment = parts.deployment;
    this.log = parts.log;
    this.id = parts.id;
    this.credentials = parts.credentials;
    this.#broker = parts.broker;
    this.#processes = parts.processes;
  }

  /** An election in draft with its voters listed; the servers are not started yet. */
  static async create(
    type: ElectionType,
    labels: readonly string[],
    voters: number,
    lastsMs: number = HOUR_MS,
  ): Promise<RealElection> {
    const directory = mkdtempSync(join(tmpdir(), 'mpc-election-test-'));
    const logs = join(directory, 'logs');
    mkdirSync(logs);
    const broker = await ownBroker(directory, undefined);
    const processes = new Processes(resolve('bin/mpc'), logs);
    const deployment = openDeployment(directory, 'test', [broker.url], ['town'], systemRandom);
    processes.start('coordinator', writeConfig(deployment, 'coordinator'));
    const log = await ElectionLog.open({ config: writeConfig(deployment, 'party-town', { party: 'town' }) });
    const descriptor = buildElection({
      random: systemRandom,
      deployment: 'test',
      title: 'A test',
      type,
      labels,
      registrar: 'town',
      keys: deployment.trust,
      deadlineMs: Date.now() + lastsMs,
    });
    await log.say({ kind: 'election.create', descriptor });
    const id = electionId(electionDigest(descriptor));
    const { credentials } = makeCredentials(id, 0, voters, systemRandom);
    const keys = credentials.map(({ identity }) => decodePublicKey(identity.publicKey));
    await log.say({ kind: 'election.eligible', election: id, from: 0, keys: packVoters(keys) });
    return new RealElection({ directory, deployment, log, id, credentials, broker, processes });
  }

  get place(): VotingPlace {
    return { bus: this.log.bus, deployment: 'test', patienceMs: 3_000 };
  }

  get election(): Election {
    return this.log.election(this.id).election;
  }

  start(server: ElectionServer): void {
    this.#servers.set(server, this.#processes.start(server, writeConfig(this.deployment, server)));
  }

  /** As if its machine lost power. */
  async kill(server: ElectionServer): Promise<void> {
    const running = this.#servers.get(server);
    if (running === undefined) return;
    this.#servers.delete(server);
    process.kill(running.pid, 'SIGKILL');
    await running.exited;
  }

  /** Waits for one of these states. */
  async until(...states: readonly string[]): Promise<void> {
    await this.log.follower.until(() => {
      const { life } = this.election;
      if (life.context.reason !== null && !states.includes(stateOfLife(life)))
        throw MpcError.from(life.context.reason);
      return states.includes(stateOfLife(life));
    }, AbortSignal.timeout(PATIENCE_MS));
  }

  async open(): Promise<VotersElection> {
    await this.until('draft.prepared');
    const voters = this.log.view.voters(this.id);
    await this.log.say({
      kind: 'election.open',
      election: this.id,
      voters: voters.length,
      root: votersRoot(voters),
    });
    const election = await fetchElection(this.place, this.id);
    await this.#allTake(election);
    return election;
  }

  /** Waits until every server that was started takes ballots: each hears of the opening in its own time. */
  async #allTake(election: VotersElection): Promise<void> {
    for (const deadlineMs = Date.now() + 60_000; ; ) {
      const answers = await handIn(this.place, election, new Uint8Array(0));
      const open = answers.filter(
        (one) => 'value' in one && one.value.refused[0]?.error.code === 'election.envelope-length',
      );
      if (open.length >= this.#servers.size) return;
      if (Date.now() > deadlineMs) throw new Error(`only ${open.length} servers take ballots`);
      await systemClock.sleep(50);
    }
  }

  async closeBox(): Promise<void> {
    await this.log.say({ kind: 'election.close', election: this.id });
  }

  async record(): Promise<Uint8Array> {
    return new TextEncoder().encode((await recordOf(this.log, this.id)).join(''));
  }

  async end(): Promise<void> {
    await this.log.close();
    await this.#processes.stop();
    await this.#broker.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
