/**
 * Owns running the real executable in tests: one verb to its end, or the roles of a deployment as processes that a test
 * may kill and start again. Every process it started is ended by `stop`.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { participantChapters } from '../../bin/compose/chapters.ts';
import { type CollaborationParts, describeCollaboration } from '../../bin/local/collaboration.ts';
import { type Deployment, keyPath, openDeployment, writeConfig } from '../../bin/local/deployment.ts';
import { ownBroker } from '../../bin/local/own-broker.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { permissionsOf } from '../../src/bus/permissions.ts';
import type { Address } from '../../src/bus/subjects.ts';
import type { ClientConfig } from '../../src/config/role-config.ts';
import { collaborationId, type Descriptor, descriptorDigest } from '../../src/coordination/descriptor.ts';
import { type Follower, followLog } from '../../src/coordination/follower.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { ROOT } from './rows.ts';

const EXECUTABLE = join(ROOT, 'bin/mpc');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the executable to its end. */
export function mpc(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [EXECUTABLE, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
}

export interface PartyRows {
  readonly party: string;
  readonly table: string;
  readonly maxRows: number;
  readonly csv: string;
}

interface OpenOptions extends Pick<CollaborationParts, 'minimum' | 'resultUses' | 'reruns'> {
  readonly guarded?: boolean;
  /** Who may watch all roles with mpc inspect. */
  readonly inspect?: Address;
}

/** A deployment of real processes on a real broker, and one collaboration in it. */
export class TestDeployment {
  readonly directory: string;
  readonly descriptor: Descriptor;
  readonly id: string;
  readonly follower: Follower;
  readonly bus: Bus;
  readonly deployment: Deployment;
  readonly resultFile: string;
  readonly #stopBroker: () => Promise<void>;
  readonly #children = new Map<Address, ChildProcess>();
  readonly #configs = new Map<Address, string>();

  private constructor(parts: {
    directory: string;
    descriptor: Descriptor;
    follower: Follower;
    bus: Bus;
    deployment: Deployment;
    stopBroker: () => Promise<void>;
  }) {
    this.directory = parts.directory;
    this.descriptor = parts.descriptor;
    this.id = collaborationId(descriptorDigest(parts.descriptor));
    this.follower = parts.follower;
    this.bus = parts.bus;
    this.deployment = parts.deployment;
    this.resultFile = join(parts.directory, 'result.json');
    this.#stopBroker = parts.stopBroker;
  }

  /**
   * Makes keys, configuration and descriptor; starts the broker and nothing else. The party `analyst` gets the result. On a
   * guarded broker everyone may do what its key is permitted; the test's own connection is a coordinator's.
   */
  static async open(
    sql: string,
    rows: readonly PartyRows[],
    { guarded = false, inspect, ...terms }: OpenOptions = {},
  ): Promise<TestDeployment> {
    const directory = mkdtempSync(join(tmpdir(), 'mpc-test-'));
    mkdirSync(join(directory, 'logs'));
    const parties = [...new Set([...rows.map(({ party }) => party), 'analyst'])];
    const { trust } = openDeployment(directory, 'test', [], parties, systemRandom);
    const users = guarded ? permissionsOf('test', trust) : undefined;
    const broker = await ownBroker(directory, undefined, users);
    const unwatched = openDeployment(directory, 'test', [broker.url], parties, systemRandom);
    const deployment = { ...unwatched, ...(inspect === undefined ? {} : { inspect }) };
    const { descriptor } = await describeCollaboration({
      program: { kind: 'sql', text: sql },
      inputs: rows.map(({ party, table, maxRows }) => ({ party, table, maxRows })),
      outputs: ['analyst'],
      minGroupSize: 1,
      ...terms,
      keys: deployment.trust,
      deadlineMs: Date.now() + 600_000,
    });
    const me = 'coordinator';
    const identity = loadIdentity(keyPath(directory, me));
    const bus = await connectNats({ servers: broker.url, name: me, identity });
    const follower = await followLog({
      bus,
      deployment: 'test',
      trust: deployment.trust,
      chapters: participantChapters(deployment.trust),
    });
    const opened = new TestDeployment({
      directory,
      descriptor,
      follower,
      bus,
      deployment,
      stopBroker: () => broker.stop(),
    });
    opened.#writeConfigs(rows);
    return opened;
  }

  get addresses(): readonly Address[] {
    return [...this.#configs.keys()];
  }

  /** Starts these roles and parties (all by default). */
  start(...addresses: readonly Address[]): void {
    for (const address of addresses.length === 0 ? this.addresses : addresses) {
      const log = openSync(join(this.directory, 'logs', `${address}.log`), 'a');
      const child = spawn(process.execPath, [EXECUTABLE, '--config', this.configOf(address)], {
        stdio: ['pipe', 'ignore', log],
        env: { ...process.env, MPC_PARENT_PIPE: '1' },
      });
      closeSync(log);
      this.#children.set(address, child);
    }
  }

  configOf(address: Address): string {
    const config = this.#configs.get(address);
    if (config === undefined) throw new Error(`the test has no ${address}`);
    return config;
  }

  /** Kills a role as a power cut would, and waits until it is gone. */
  async kill(address: Address): Promise<void> {
    await this.#end(address, 'SIGKILL');
  }

  /** Waits until a role that was started first has begun with its chart: it listens to signals before that. */
  async begun(address: Address, timeoutMs = 60_000): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    while (!this.log(address).includes('"xstate.init"')) await systemClock.sleep(20, signal);
  }

  async terminate(address: Address): Promise<number | null> {
    return this.#end(address, 'SIGTERM');
  }

  isRunning(address: Address): boolean {
    const child = this.#children.get(address);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Takes a party's approval out of its configuration. */
  disapprove(address: Address): void {
    const config = this.configOf(address);
    writeFileSync(
      config,
      readFileSync(config, 'utf8').replace(descriptorDigest(this.descriptor), '0'.repeat(64)),
    );
  }

  log(address: Address): string {
    return readFileSync(join(this.directory, 'logs', `${address}.log`), 'utf8');
  }

  /** Waits for something in the log of the collaboration; fails after `timeoutMs` with all roles' last log lines. */
  async until(
    what: string,
    predicate: (facts: NonNullable<ReturnType<Follower['collaboration']>>) => boolean,
    timeoutMs = 60_000,
  ): Promise<void> {
    try {
      await this.follower.until((log) => {
        const collaboration = log.collaboration(this.id);
        if (collaboration?.status === 'failed')
          throw new Error(`failed: ${JSON.stringify(collaboration.lifecycle.context.reason)}`);
        return collaboration !== undefined && predicate(collaboration);
      }, AbortSignal.timeout(timeoutMs));
    } catch (error) {
      const logs = this.addresses.map(
        (address) => `${address}:\n${this.log(address).split('\n').slice(-6).join('\n')}`,
      );
      throw new Error(`waiting for ${what}: ${String(error)}\n${logs.join('\n')}`);
    }
  }

  /** Waits until the analyst has its result, and reads it. */
  async result(timeoutMs?: number): Promise<{ readonly table: { readonly rows: unknown[][] } }> {
    await this.until(
      'the result',
      ({ lifecycle }) => lifecycle.context.received.includes('analyst'),
      timeoutMs,
    );
    return JSON.parse(readFileSync(this.resultFile, 'utf8'));
  }

  async stop(): Promise<void> {
    for (const address of this.#children.keys()) await this.#end(address, 'SIGKILL');
    this.follower.stop();
    await this.bus.close();
    await this.#stopBroker();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #end(address: Address, signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#children.get(address);
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  }

  #writeConfigs(rows: readonly PartyRows[]): void {
    for (const service of ['coordinator', 'server-a', 'server-b', 'dealer'] as const)
      this.#configs.set(service, writeConfig(this.deployment, service));
    const path = join(this.directory, 'descriptor.json');
    writeFileSync(path, JSON.stringify(this.descriptor));
    const approve = [descriptorDigest(this.descriptor)];
    for (const { party, table, csv } of rows) {
      const file = join(this.directory, `${party}.csv`);
      writeFileSync(file, csv);
      const client: Partial<ClientConfig> = { party, approve, tables: { [table]: file } };
      this.#configs.set(`party-${party}`, writeConfig(this.deployment, `party-${party}`, client));
    }
    const analyst: Partial<ClientConfig> = {
      party: 'analyst',
      approve,
      create: path,
      result: this.resultFile,
    };
    this.#configs.set('party-analyst', writeConfig(this.deployment, 'party-analyst', analyst));
  }
}
