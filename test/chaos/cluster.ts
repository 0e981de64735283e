/**
 * Runs brokers and coordinator replicas as real processes that a test kills and starts again, each at its own place: an address of
 * its own, in a network namespace of its own where the caller made some. Every process it started is ended by `stop`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import { type Deployment, keyPath, openDeployment, replicaNames } from '../../bin/local/deployment.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { ClusterMember } from '../../src/broker/cluster.ts';
import { type FoundBroker, findBroker } from '../../src/broker/find.ts';
import { type RunningBroker, startBroker } from '../../src/broker/start.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { askReplicas, type ReplicaStatus } from '../../src/coordination/replicas.ts';
import { ROOT } from '../support/rows.ts';
import type { Places } from './places.ts';

const EXECUTABLE = join(ROOT, 'bin/mpc');
const PARTIES = ['acme', 'beta', 'analyst'];
const POLL_MS = 100;
/** Nobody here is to be slowed down. */
const REQUESTS_PER_MINUTE = 1_000_000;

export class Cluster {
  readonly directory: string;
  readonly deployment: Deployment;
  readonly members: readonly ClusterMember[];
  readonly replicas: readonly string[];
  /** URLs of the replicas' REST faces. */
  readonly faces: readonly string[];
  /** The test's own connection, to any of the brokers. */
  readonly bus: Bus;
  readonly #binary: FoundBroker;
  readonly #places: Places;
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
    places: Places;
  }) {
    this.directory = parts.directory;
    this.deployment = parts.deployment;
    this.members = parts.members;
    this.replicas = parts.replicas;
    this.#places = parts.places;
    this.faces = parts.places.coordinators.map(({ listen }) => `http://${listen}`);
    this.bus = parts.bus;
    this.#binary = parts.binary;
    for (const [index, broker] of parts.brokers.entries()) this.#brokers.set(index, broker);
  }

  /** Brokers and coordinators, as many as there are places; these are left when it cannot be. */
  static async open(directory: string, places: Places): Promise<Cluster> {
    try {
      return await Cluster.#open(directory, places);
    } catch (error) {
      places.leave();
      throw error;
    }
  }

  static async #open(directory: string, places: Places): Promise<Cluster> {
    mkdirSync(join(directory, 'logs'));
    const path = process.env.MPC_NATS_SERVER;
    const binary = await findBroker({ env: process.env, ...(path === undefined ? {} : { path }) });
    const members = places.brokers;
    const brokers = await Promise.all(
      members.map((member, index) => startBroker({ ...member, binary: places.brokerAt(index, binary) })),
    );
    const urls = members.map(({ url }) => url);
    const deployment = openDeployment(directory, 'chaos', urls, PARTIES, systemRandom);
    const bus = await connectNats({ servers: urls, name: 'chaos', logPatienceMs: 60_000 });
    const replicas = replicaNames(places.coordinators.length);
    const cluster = new Cluster({ directory, deployment, members, replicas, binary, brokers, bus, places });
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
    const binary = this.#places.brokerAt(index, this.#binary);
    this.#brokers.set(index, await startBroker({ ...member, binary }));
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
    const config = this.#writeConfig(index, replica);
    const log = openSync(join(this.directory, 'logs', `${replica}.log`), 'a');
    const [program = '', ...args] = this.#places.coordinatorAt(index, [
      process.execPath,
      EXECUTABLE,
      '--config',
      config,
    ]);
    const child = spawn(program, args, {
      stdio: ['pipe', 'ignore', log],
      env: { ...process.env, MPC_PARENT_PIPE: '1' },
    });
    closeSync(log);
    this.#coordinators.set(index, child);
  }

  #writeConfig(index: number, replica: string): string {
    const { directory, name, nats, trust } = this.deployment;
    const path = join(directory, `${replica}.toml`);
    const config = {
      role: 'coordinator',
      deployment: name,
      nats,
      state: join(directory, 'state', replica),
      key: keyPath(directory, 'coordinator'),
      trust,
      replica,
      api: { listen: this.#places.coordinators[index]?.listen, requestsPerMinute: REQUESTS_PER_MINUTE },
    };
    writeFileSync(path, `${stringify(config)}\n`, { mode: 0o600 });
    return path;
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
    this.#places.leave();
    if (!keep) rmSync(this.directory, { recursive: true, force: true });
  }
}
