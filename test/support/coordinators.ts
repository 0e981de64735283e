/**
 * Builds a broker and replicas of the coordinator as real processes, each with its HTTP face, that a test may kill and start
 * again; and programs that talk to them. Everything is ended and removed by `stop`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import { keyPath, openDeployment } from '../../bin/local/deployment.ts';
import { systemRandom } from '../../src/base/random.ts';
import { findBroker } from '../../src/broker/find.ts';
import { type RunningBroker, startBroker } from '../../src/broker/start.ts';
import { permissionsOf } from '../../src/bus/permissions.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import type { Identity } from '../../src/identity/keys.ts';
import { ROOT } from './rows.ts';

const EXECUTABLE = join(ROOT, 'bin/mpc');
const PATIENCE_MS = 60_000;

export class Coordinators {
  readonly directory: string;
  readonly urls: string[] = [];
  /** Of everyone enrolled, by address. */
  readonly trust: Readonly<Record<string, string>>;
  /** A key that may hear everything at the broker, and say nothing. */
  readonly listener: Identity;
  #broker: RunningBroker;
  readonly #startBroker: () => Promise<RunningBroker>;
  readonly #children = new Map<number, ChildProcess>();
  readonly #talks = new Set<Talk>();

  private constructor(
    { directory, trust, listener }: Pick<Coordinators, 'directory' | 'trust' | 'listener'>,
    broker: RunningBroker,
    startAgain: () => Promise<RunningBroker>,
  ) {
    this.directory = directory;
    this.trust = trust;
    this.listener = listener;
    this.#broker = broker;
    this.#startBroker = startAgain;
  }

  static async start(count: number, parties: readonly string[] = []): Promise<Coordinators> {
    const directory = mkdtempSync(join(tmpdir(), 'mpc-coordinators-'));
    mkdirSync(join(directory, 'logs'));
    const environment = process.env.MPC_NATS_SERVER;
    const binary = await findBroker({
      env: process.env,
      ...(environment === undefined ? {} : { path: environment }),
    });
    const brokerPort = await freePort();
    const url = `nats://127.0.0.1:${brokerPort}`;
    const { trust } = openDeployment(directory, 'local', [url], parties, systemRandom);
    const listener = createIdentity(systemRandom);
    const users = [
      ...permissionsOf('local', trust),
      { publicKey: listener.publicKey, publish: [], subscribe: ['>'] },
    ];
    const options = { directory: join(directory, 'broker'), binary, port: brokerPort, users };
    const broker = await startBroker(options);
    const coordinators = new Coordinators({ directory, trust, listener }, broker, () => startBroker(options));
    for (let index = 0; index < count; index++) {
      const port = await freePort();
      coordinators.urls.push(`http://127.0.0.1:${port}`);
      const config = {
        role: 'coordinator',
        deployment: 'local',
        nats: [broker.url],
        state: join(directory, 'state', `${index}`),
        key: keyPath(directory, 'coordinator'),
        trust,
        api: { listen: `127.0.0.1:${port}`, requestsPerMinute: 100_000 },
      };
      writeFileSync(join(directory, `${index}.toml`), stringify(config), { mode: 0o600 });
      coordinators.startOne(index);
    }
    await Promise.all(coordinators.urls.map(ready));
    return coordinators;
  }

  startOne(index: number): void {
    const log = openSync(join(this.directory, 'logs', `${index}.log`), 'a');
    const child = spawn(process.execPath, [EXECUTABLE, '--config', join(this.directory, `${index}.toml`)], {
      stdio: ['pipe', 'ignore', log],
      env: { ...process.env, MPC_PARENT_PIPE: '1' },
    });
    closeSync(log);
    this.#children.set(index, child);
  }

  /** As a power cut would. */
  async kill(index: number): Promise<void> {
    const child = this.#children.get(index);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Broker and replicas, as a power cut of the one machine would. */
  async killAll(): Promise<void> {
    this.#broker.kill();
    await Promise.all([...this.#children.keys()].map((index) => this.kill(index)));
    await this.#broker.exited;
  }

  async restartAll(): Promise<void> {
    this.#broker = await this.#startBroker();
    for (const index of this.#children.keys()) this.startOne(index);
    await Promise.all(this.urls.map(ready));
  }

  /** The broker's URL. */
  get nats(): string {
    return this.#broker.url;
  }

  ready(index: number): Promise<void> {
    return ready(this.urls[index] ?? '');
  }

  keyOf(address: 'coordinator' | `party-${string}`): string {
    return keyPath(this.directory, address);
  }

  /** The configuration of a party, which logs in at the broker with its key. */
  configOf(party: string): string {
    const path = join(this.directory, `party-${party}.toml`);
    const config = {
      role: 'client',
      deployment: 'local',
      nats: [this.nats],
      state: join(this.directory, 'state', party),
      key: this.keyOf(`party-${party}`),
      trust: { ...this.trust },
      client: { party },
    };
    writeFileSync(path, stringify(config), { mode: 0o600 });
    return path;
  }

  /** The environment of a person's machine. */
  machine(name: string): Record<string, string> {
    return { MPC_HOME: join(this.directory, 'home', name), MPC_COORDINATORS: this.urls.join(',') };
  }

  /** A program that goes on: lines in, lines out. */
  talk(args: readonly string[], env: Readonly<Record<string, string>>): Talk {
    const talk = new Talk(args, env);
    this.#talks.add(talk);
    return talk;
  }

  /** Every file below, those of the broker and of the people's machines too: for tests that look for what must not be there. */
  files(): { readonly path: string; readonly bytes: Buffer; readonly mode: number }[] {
    const below = (folder: string): string[] =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? below(path) : entry.isFile() ? [path] : [];
      });
    return below(this.directory).flatMap((path) =>
      existsSync(path)
        ? [
            {
              path: path.slice(this.directory.length + 1),
              bytes: readFileSync(path),
              mode: statSync(path).mode,
            },
          ]
        : [],
    );
  }

  async stop(): Promise<void> {
    for (const talk of this.#talks) await talk.kill();
    for (const index of this.#children.keys()) await this.kill(index);
    await this.#broker.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export class Talk {
  readonly #child: ChildProcess;
  readonly #gone: Promise<number | null>;
  #shown = '';
  #errors = '';
  #wake: () => void = () => {};

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, [EXECUTABLE, ...args], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    const hear = (bytes: Buffer): void => {
      this.#shown += bytes.toString();
      this.#wake();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', (bytes: Buffer) => {
      this.#errors += bytes.toString();
    });
    this.#gone = new Promise((resolve) => child.once('close', (code) => resolve(code)));
    void this.#gone.then(() => this.#wake());
  }

  get lines(): string[] {
    return this.#shown.split('\n').slice(0, -1);
  }

  get errors(): string {
    return this.#errors;
  }

  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** The first line that fits, from line `from` on. */
  async line(wanted: RegExp, from = 0): Promise<string> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = this.lines.slice(from).find((line) => wanted.test(line));
      if (found !== undefined) return found;
      if (Date.now() > until || this.#child.exitCode !== null)
        throw new Error(`waited in vain for ${wanted}; shown: ${this.lines.join(' | ')}; ${this.#errors}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 200);
      });
    }
  }

  /** Asks it to end, and tells its exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.ended;
  }

  get ended(): Promise<number | null> {
    return this.#within(this.#gone);
  }

  async #within<Value>(work: Promise<Value>): Promise<Value> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`it does not end; shown: ${this.lines.join(' | ')}`)),
        PATIENCE_MS,
      );
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.end('SIGKILL');
  }
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function ready(url: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok === true) return;
    if (Date.now() > until) throw new Error(`${url} is not ready`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
