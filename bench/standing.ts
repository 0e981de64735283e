/**
 * Owns a deployment that stands: broker, coordinator, servers, dealer and clients as processes that have started before the
 * clock does, and tiny collaborations one after the other among them.
 * Clients approve by digests in their configuration: so the descriptors, each with its own nonce, are made beforehand.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { participantChapters } from '../bin/compose/chapters.ts';
import { describeCollaboration } from '../bin/local/collaboration.ts';
import { type Deployment, keyPath, openDeployment, SERVICES, writeConfig } from '../bin/local/deployment.ts';
import { ownBroker } from '../bin/local/own-broker.ts';
import { Processes } from '../bin/local/processes.ts';
import { systemClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/random.ts';
import type { RunningBroker } from '../src/broker/start.ts';
import type { Bus } from '../src/bus/bus.ts';
import { connectNats } from '../src/bus/nats.ts';
import { derivedCommandId } from '../src/coordination/commands.ts';
import { collaborationId, type Descriptor, descriptorDigest } from '../src/coordination/descriptor.ts';
import { type Follower, followLog } from '../src/coordination/follower.ts';
import { submitCommand } from '../src/coordination/submit.ts';
import type { ResultFile } from '../src/duties/client-duties.ts';
import { loadIdentity } from '../src/identity/identity.ts';

const NAME = 'tiny';
const HOUR_MS = 3_600_000;
const OUTPUT = 'analyst';
const SQL = `
  CREATE TABLE pay (wage INTEGER NOT NULL CHECK (wage BETWEEN 0 AND 100000));
  SELECT SUM(wage) AS total FROM pay`;
const ROWS: readonly (readonly [party: string, wages: readonly number[]])[] = [
  ['acme', [30_000, 41_500]],
  ['beta', [27_250, 99_999, 5]],
];
const EXPECTED = ROWS.flatMap(([, wages]) => wages).reduce((sum, wage) => sum + wage, 0);

/** Milliseconds from the request. */
export interface Marks {
  /** The last entry of each kind in the log, as another participant hears of it. */
  readonly entries: Readonly<Record<string, number>>;
  /** The output party's result file is there. */
  readonly result: number;
}

export class Standing {
  readonly #directory: string;
  readonly #deployment: Deployment;
  readonly #descriptors: Descriptor[];
  readonly #broker: RunningBroker;
  readonly #processes: Processes;
  readonly #pids = new Map<string, number>();
  readonly #bus: Bus;
  readonly #follower: Follower;
  #heard: (kind: string, collaboration: string) => void = () => {};

  private constructor(parts: {
    readonly directory: string;
    readonly deployment: Deployment;
    readonly descriptors: Descriptor[];
    readonly broker: RunningBroker;
    readonly bus: Bus;
    readonly follower: Follower;
  }) {
    this.#directory = parts.directory;
    this.#deployment = parts.deployment;
    this.#descriptors = parts.descriptors;
    this.#broker = parts.broker;
    this.#bus = parts.bus;
    this.#follower = parts.follower;
    const logs = join(this.#directory, 'logs');
    mkdirSync(logs);
    this.#processes = new Processes(join(import.meta.dirname, '..', 'bin', 'mpc'), logs);
  }

  /** Starts everything; resolves when every role has said hello to the log. For `runs` collaborations. */
  static async open(runs: number): Promise<Standing> {
    const directory = mkdtempSync(join(tmpdir(), 'mpc-bench-tiny-'));
    const broker = await ownBroker(directory, undefined);
    const parties = [...ROWS.map(([party]) => party), OUTPUT];
    const deployment = openDeployment(directory, NAME, [broker.url], parties, systemRandom);
    const descriptors: Descriptor[] = [];
    for (let run = 0; run < runs; run++) descriptors.push(await describe(deployment));
    const bus = await connectNats({ servers: broker.url, name: 'bench' });
    let tell: (kind: string, collaboration: string) => void = () => {};
    const follower = await followLog({
      bus,
      deployment: NAME,
      trust: deployment.trust,
      chapters: participantChapters(deployment.trust),
      onApplied: ({ command }) =>
        command === undefined ? undefined : tell(command.body.kind, String(command.body.collaboration ?? '')),
    });
    const standing = new Standing({ directory, deployment, descriptors, broker, bus, follower });
    tell = (kind, collaboration) => standing.#heard(kind, collaboration);
    standing.#start();
    return standing;
  }

  /** One collaboration from its creation to its result; the table must be the right one. */
  async run(): Promise<Marks> {
    const descriptor = this.#descriptors.shift();
    if (descriptor === undefined) throw new Error('no descriptor is left');
    const digest = descriptorDigest(descriptor);
    const id = collaborationId(digest);
    const entries: Record<string, number> = {};
    const file = join(this.#directory, 'result.json');
    rmSync(file, { force: true });
    const startedMs = performance.now();
    this.#heard = (kind, collaboration) => {
      if (collaboration === id || kind === 'create') entries[kind] = performance.now() - startedMs;
    };
    const arrived = fileAt(this.#directory, 'result.json');
    const identity = loadIdentity(keyPath(this.#directory, `party-${OUTPUT}`));
    await submitCommand(
      {
        bus: this.#bus,
        deployment: NAME,
        identity,
        me: `party-${OUTPUT}`,
        clock: systemClock,
        signal: AbortSignal.timeout(30_000),
      },
      { kind: 'create', descriptor },
      derivedCommandId(['create', digest]),
    );
    await arrived;
    const result = performance.now() - startedMs;
    const { collaboration, table } = JSON.parse(readFileSync(file, 'utf8')) as ResultFile; // our own client wrote it
    if (collaboration !== id || table.rows[0]?.[0] !== EXPECTED)
      throw new Error('the result is not the right one');
    const over = AbortSignal.timeout(30_000);
    await this.#follower.until(
      (log) => log.collaboration(id)?.lifecycle.context.received.includes(OUTPUT),
      over,
    );
    return { entries, result };
  }

  /** CPU seconds of each process so far. */
  cpu(): ReadonlyMap<string, number> {
    const all = [...this.#pids, ['broker', this.#broker.pid] as const];
    return new Map(all.map(([name, pid]) => [name, cpuSeconds(pid)]));
  }

  /** Where logs and states are, until it is closed. */
  get directory(): string {
    return this.#directory;
  }

  async close({ keep = false } = {}): Promise<void> {
    this.#follower.stop();
    await this.#bus.close();
    await this.#processes.stop();
    await this.#broker.stop();
    if (!keep) rmSync(this.#directory, { recursive: true, force: true });
  }

  #start(): void {
    const approve = this.#descriptors.map(descriptorDigest);
    const start = (name: string, config: string): void =>
      void this.#pids.set(name, this.#processes.start(name, config).pid);
    for (const service of SERVICES) start(service, writeConfig(this.#deployment, service));
    for (const [party, wages] of ROWS) {
      const file = join(this.#directory, `${party}.csv`);
      writeFileSync(file, `wage\n${wages.join('\n')}\n`);
      const config = { party, approve, tables: { pay: file } };
      start(`party-${party}`, writeConfig(this.#deployment, `party-${party}`, config));
    }
    const config = { party: OUTPUT, approve, result: join(this.#directory, 'result.json') };
    start(`party-${OUTPUT}`, writeConfig(this.#deployment, `party-${OUTPUT}`, config));
  }
}

async function describe(deployment: Deployment): Promise<Descriptor> {
  const inputs = ROWS.map(([party]) => ({ party, table: 'pay', maxRows: 10 }));
  const { descriptor } = await describeCollaboration({
    program: { kind: 'sql', text: SQL },
    inputs,
    outputs: [OUTPUT],
    minGroupSize: 1,
    keys: deployment.trust,
    deadlineMs: Date.now() + HOUR_MS,
  });
  return descriptor;
}

/** Resolves when the file is put in its place. */
function fileAt(directory: string, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} came`)), 60_000);
    const watcher = watch(directory, (event, found) => {
      if (event !== 'rename' || found !== name) return;
      clearTimeout(timer);
      watcher.close();
      resolve();
    });
  });
}

/** Of all its threads, as the scheduler counts. */
function cpuSeconds(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(tasks).map((task) => {
    try {
      return Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      return 0; // a thread that has just ended
    }
  });
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e9;
}
