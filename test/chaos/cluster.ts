/**
 * Runs brokers and coordinator replicas as real processes that a test kills and starts again, each on its own address.
 * Every process it started is ended by `stop`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Deployment,
  openDeployment,
  replicaNames,
  writeReplicaConfig,
} from '../../bin/local/deployment.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { type ClusterMember, planCluster } from '../../src/broker/cluster.ts';
import { type FoundBroker, findBroker } from '../../src/broker/find.ts';
import { type RunningBroker, startBroker } from '../../src/broker/start.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { askReplicas, type ReplicaStatus } from '../../src/coordination/replicas.ts';
import { ROOT } from '../support/rows.ts';

const EXECUTABLE = join(ROOT, 'bin/mpc');
const PARTIES = ['acme', 'beta', 'analyst'];
const POLL_MS = 100;

export interface ClusterSize {
  readonly hosts: readonly string[];
  readonly coordinators: number;
}

export class Cluster {
  readonly directory: string;
  readonly deployment: Deployment;
  readonly members: readonly ClusterMember[];
  readonly replicas: readonly string[];
  /** The test's own connection, to any of the brokers. */
  readonly bus: Bus;
  readonly #binary: FoundBroker;
  readonly #brokers = new Map<number, RunningBroker>();
  readonly #coordinators = new Map<number, ChildProcess>();

  private constructor(parts: {
    directory: string;
    deployment: Deployment;
    members: readonly ClusterMember[];
    replicas: readonly string[];
    binary: FoundBroker;
    brokers: readonly RunningBroker[];
    bus: Bus;
  }) {
    this.directory = parts.directory;
    this.deployment = parts.deployment;
    this.members = parts.members;
    this.replicas = parts.replicas;
    this.bus = parts.bus;
    this.#binary = parts.binary;
    for (const [index, broker] of parts.brokers.entries()) this.#brokers.set(index, broker);
  }

  static async open({ hosts, coordinators }: ClusterSize): Promise<Cluster> {
    const directory = mkdtempSync(join(tmpdir(), 'mpc-chaos-'));
    mkdirSync(join(directory, 'logs'));
    const path = process.env.MPC_NATS_SERVER;
    const binary = await findBroker({ env: process.env, ...(path === undefined ? {} : { path }) });
    const members = await planCluster({ directory, hosts });
    const brokers = await Promise.all(members.map((member) => startBroker({ ...member, binary })));
    const urls = members.map(({ url }) => url);
    const deployment = openDeployment(directory, 'chaos', urls, PARTIES, systemRandom);
    const bus = await connectNats({ servers: urls, name: 'chaos', logPatienceMs: 60_000 });
    const replicas = replicaNames(coordinators);
    const cluster = new Cluster({ directory, deployment, members, replicas, binary, brokers, bus });
    for (const index of replicas.keys()) cluster.startCoordinator(index);
    return cluster;
  }

  /** At once, as a power cut would; resolves when it has gone. */
  async killBroker(index: number): Promise<void> {
    const broker = this.#brokers.get(index);
    this.#brokers.delete(index);
    broker?.kill();
    await broker?.exited;
  }

  async startBroker(index: number): Promise<void> {
    const member = this.members[index];
    if (member === undefined || this.#brokers.has(index)) return;
    this.#brokers.set(index, await startBroker({ ...member, binary: this.#binary }));
  }

  async killCoordinator(index: number): Promise<void> {
    const child = this.#coordinators.get(index);
    this.#coordinators.delete(index);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  startCoordinator(index: number, { wiped = false } = {}): void {
    const replica = this.replicas[index];
    if (replica === undefined || this.#coordinators.has(index)) return;
    if (wiped) rmSync(join(this.directory, 'state', replica), { recursive: true, force: true });
    const config = writeReplicaConfig(this.deployment, replica);
    const log = openSync(join(this.directory, 'logs', `${replica}.log`), 'a');
    const child = spawn(process.execPath, [EXECUTABLE, '--config', config], {
      stdio: ['pipe', 'ignore', log],
      env: { ...process.env, MPC_PARENT_PIPE: '1' },
    });
    closeSync(log);
    this.#coordinators.set(index, child);
  }

  /** Kills everything at once. */
  async killAll(): Promise<void> {
    await Promise.all([
      ...this.members.map((_, index) => this.killBroker(index)),
      ...this.replicas.map((_, index) => this.killCoordinator(index)),
    ]);
  }

  async startAll(): Promise<void> {
    for (const index of this.replicas.keys()) this.startCoordinator(index);
    await Promise.all(this.members.map((_, index) => this.startBroker(index)));
  }

  /** Waits until every broker's copy of the log is current and every replica has applied all of it; what the replicas say then. */
  async settled(signal: AbortSignal): Promise<ReplicaStatus[]> {
    const log = await this.bus.log(subjects.logStream(this.deployment.name));
    for (;;) {
      signal.throwIfAborted();
      const copies = await log.copies().catch(() => []);
      const all = copies.filter(({ current }) => current).length >= this.members.length;
      if (all || this.members.length === 1) {
        const last = await log.last();
        const statuses = await this.status();
        if (statuses.length === this.replicas.length && statuses.every(({ sequence }) => sequence === last))
          return statuses;
      }
      await systemClock.sleep(POLL_MS, signal);
    }
  }

  status(): Promise<ReplicaStatus[]> {
    return askReplicas({
      bus: this.bus,
      deployment: this.deployment.name,
      me: 'dealer',
      clock: systemClock,
      patienceMs: 1000,
      enough: this.#coordinators.size,
    });
  }

  async stop(keep = false): Promise<void> {
    await this.bus.close();
    await this.killAll();
    if (!keep) rmSync(this.directory, { recursive: true, force: true });
  }
}
