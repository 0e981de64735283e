/**
 * Owns a whole deployment in one process: every role as it is composed for real, on the seeded memory bus, each with its
 * own store and directory. A role may be stopped and started again.
 */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { participantChapters } from '../../bin/compose/chapters.ts';
import { clientRole } from '../../bin/compose/client.ts';
import { clientFace } from '../../bin/compose/client-face.ts';
import { coordinatorRole } from '../../bin/compose/coordinator.ts';
import { dealerRole } from '../../bin/compose/dealer.ts';
import { electionParts } from '../../bin/compose/election.ts';
import type { RoleParts } from '../../bin/compose/parts.ts';
import { Runtime } from '../../bin/compose/runtime.ts';
import { serverRole } from '../../bin/compose/server.ts';
import { type CollaborationParts, describeCollaboration } from '../../bin/local/collaboration.ts';
import type { Face } from '../../src/api/http/face.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { MpcError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Faults } from '../../src/bus/fate.ts';
import { MemoryHub } from '../../src/bus/memory.ts';
import type { Address } from '../../src/bus/subjects.ts';
import type { CommandBody } from '../../src/coordination/bodies.ts';
import { newCommandId } from '../../src/coordination/commands.ts';
import { collaborationId, type Descriptor, descriptorDigest } from '../../src/coordination/descriptor.ts';
import { type Follower, followLog } from '../../src/coordination/follower.ts';
import { partiesOfResult } from '../../src/coordination/sources.ts';
import { submitCommand } from '../../src/coordination/submit.ts';
import type { ResultFile } from '../../src/duties/client-duties.ts';
import { Queries } from '../../src/duties/queries.ts';
import type { ServerLimits } from '../../src/duties/server-limits.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import type { Identity } from '../../src/identity/keys.ts';
import type { NotifyRules } from '../../src/notify/allowed.ts';
import { openLogger } from '../../src/observe/logger.ts';
import type { PartyRows } from './mpc.ts';

const SERVICES = ['coordinator', 'server-a', 'server-b', 'dealer'] as const;

/** What a server without a [limits] section demands. */
const NO_LIMITS: ServerLimits = { minParties: 1, minGroupSize: 1, resultUses: 1000, reruns: 1000 };

export interface WorldOptions {
  readonly limits?: ServerLimits;
  readonly notify?: NotifyRules;
  /** What else the descriptor says. */
  readonly terms?: Pick<CollaborationParts, 'minimum' | 'resultUses' | 'reruns'>;
  readonly seed: number;
  readonly faults?: Faults;
  readonly sql: string;
  readonly rows: readonly PartyRows[];
  /** Parties have client services: nothing is approved and no rows are given before somebody does so there. */
  readonly services?: boolean;
}

export class World {
  readonly hub: MemoryHub;
  readonly directory = mkdtempSync(join(tmpdir(), 'mpc-world-'));
  descriptor: Descriptor;
  id = '';
  readonly follower: Follower;
  readonly #options: WorldOptions;
  readonly #approved: string[] = [];
  readonly #ends = new Map<Address, MpcError>();
  readonly #over = new AbortController();
  #rows: readonly PartyRows[];
  readonly #identities: ReadonlyMap<Address, Identity>;
  readonly #running = new Map<Address, Runtime>();
  readonly #faces = new Map<Address, Face>();

  private constructor(
    options: WorldOptions,
    parts: {
      hub: MemoryHub;
      descriptor: Descriptor;
      follower: Follower;
      identities: ReadonlyMap<Address, Identity>;
    },
  ) {
    this.#options = options;
    this.hub = parts.hub;
    this.descriptor = parts.descriptor;
    this.follower = parts.follower;
    this.#identities = parts.identities;
    this.#rows = options.rows;
    this.#take(parts.descriptor);
  }

  #take(descriptor: Descriptor): void {
    const digest = descriptorDigest(descriptor);
    this.descriptor = descriptor;
    this.id = collaborationId(digest);
    this.#approved.push(digest);
    for (const { party, table, csv } of this.#rows)
      writeFileSync(join(this.directory, `${party}-${table}.csv`), csv);
    writeFileSync(join(this.directory, 'descriptor.json'), JSON.stringify(descriptor));
  }

  static async open(options: WorldOptions): Promise<World> {
    const { seed, faults, sql, rows, terms = {} } = options;
    const hub = new MemoryHub({ seed, ...(faults === undefined ? {} : { faults }) });
    const parties = [...new Set([...rows.map(({ party }) => party), 'analyst'])];
    const addresses: Address[] = [...SERVICES, ...parties.map((party): Address => `party-${party}`)];
    const identities = new Map(addresses.map((address) => [address, createIdentity(systemRandom)]));
    const trust = Object.fromEntries([...identities].map(([address, { publicKey }]) => [address, publicKey]));
    const { descriptor } = await describeCollaboration({
      program: { kind: 'sql', text: sql },
      inputs: rows.map(({ party, table, maxRows }) => ({ party, table, maxRows })),
      outputs: ['analyst'],
      minGroupSize: 1,
      ...terms,
      keys: trust,
      deadlineMs: Date.now() + 600_000,
    });
    const follower = await followLog({
      bus: hub.connect('observer'),
      deployment: 'world',
      trust,
      chapters: participantChapters(trust),
    });
    return new World(options, { hub, descriptor, follower, identities });
  }

  get addresses(): readonly Address[] {
    return [...this.#identities.keys()];
  }

  /** Starts these roles (all by default), in the order given. */
  async start(...addresses: readonly Address[]): Promise<void> {
    for (const address of addresses.length === 0 ? this.addresses : addresses) await this.#startOne(address);
  }

  /**
   * Describes another collaboration, for the analyst: clients that are started from now on approve it, too, and the analyst
   * creates it. The world is about it from now on. `sources`: tables that read results.
   */
  async describeAnother(
    sql: string,
    parts: {
      readonly rows?: readonly PartyRows[];
      readonly sources?: Readonly<Record<string, string>>;
      readonly terms?: WorldOptions['terms'];
    },
  ): Promise<void> {
    const { rows = [], sources = {}, terms = {} } = parts;
    const find = (id: string) => this.follower.collaboration(id);
    const stored = await new Queries().stored(
      {
        sources: Object.entries(sources).map(([table, result]) => ({
          table,
          result,
          parties: partiesOfResult(this.follower.state, result),
        })),
      },
      find,
    );
    const { descriptor } = await describeCollaboration({
      program: { kind: 'sql', text: sql },
      inputs: rows.map(({ party, table, maxRows }) => ({ party, table, maxRows })),
      stored,
      outputs: ['analyst'],
      minGroupSize: 1,
      ...terms,
      keys: this.trust,
      deadlineMs: Date.now() + 600_000,
    });
    this.#rows = rows;
    this.#take(descriptor);
  }

  get trust(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#identities].map(([address, { publicKey }]) => [address, publicKey]));
  }

  identityOf(address: Address): Identity {
    const identity = this.#identities.get(address);
    if (identity === undefined) throw new Error(`the world has no ${address}`);
    return identity;
  }

  /** Says something in the log in a participant's name and with its key. Rejects with the log's refusal. */
  async say(address: Address, body: CommandBody): Promise<void> {
    const bus = this.hub.connect(address);
    const { signal } = this.#over;
    const parts = {
      bus,
      deployment: 'world',
      identity: this.identityOf(address),
      me: address,
      clock: systemClock,
      signal,
    };
    await submitCommand(parts, body, newCommandId(systemRandom));
    await bus.close();
  }

  /** Asks it to drain. Rejects with why it stopped, if that was not at its own or this wish. */
  async stop(address: Address): Promise<void> {
    const runtime = this.#running.get(address);
    if (runtime === undefined) return;
    this.#running.delete(address);
    await runtime.drain();
    await runtime.drained;
    await this.#faces.get(address)?.close();
    if (runtime.fault !== undefined) throw runtime.fault;
  }

  /** A party's client service: where it answers, and the header that opens it. */
  service(party: string): { readonly url: string; readonly authorization: string } {
    const place = join(this.directory, 'state', `party-${party}`);
    const [url, token] = ['address', 'api-token'].map((name) =>
      readFileSync(join(place, name), 'utf8').trim(),
    );
    return { url: url ?? '', authorization: `Bearer ${token}` };
  }

  /** Where a role keeps this file of the collaboration's first attempt. */
  fileOf(address: Address, ...names: string[]): string {
    return join(this.directory, 'state', address, 'collaborations', this.id, 'attempt-1', ...names);
  }

  /** Waits until a role has this file of the collaboration. */
  async hasFile(address: Address, ...names: string[]): Promise<void> {
    const path = this.fileOf(address, ...names);
    await this.eventually(`${address} has ${names.join('/')}`, () => existsSync(path));
  }

  /** Waits for what no log tells; fails after a while. */
  async eventually(what: string, isSo: () => boolean): Promise<void> {
    const deadlineMs = Date.now() + 20_000;
    while (!isSo()) {
      if (Date.now() > deadlineMs) throw new Error(`it never came about that ${what}`);
      await systemClock.sleep(10);
    }
  }

  /** Why a party's client ended its part in a collaboration, the last time that it did without success. */
  async endOf(address: Address): Promise<MpcError> {
    await this.eventually(`${address} heard of an end`, () => this.#ends.has(address));
    const end = this.#ends.get(address);
    if (end === undefined) throw new Error('it was there');
    return end;
  }

  /** The analyst's result, as soon as the log says it has it. */
  async result(timeoutMs = 60_000): Promise<ResultFile> {
    await this.follower.until((log) => {
      const facts = log.collaboration(this.id)?.lifecycle.context;
      if (facts?.reason !== undefined)
        throw new Error(`the collaboration failed: ${JSON.stringify(facts.reason)}`);
      return facts?.received.includes('analyst');
    }, AbortSignal.timeout(timeoutMs));
    return JSON.parse(readFileSync(join(this.directory, 'result.json'), 'utf8'));
  }

  async close(): Promise<void> {
    this.#over.abort();
    for (const address of this.addresses) await this.stop(address);
    this.follower.stop();
    this.hub.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #startOne(address: Address): Promise<void> {
    const identity = this.identityOf(address);
    const state = join(this.directory, 'state', address);
    mkdirSync(state, { recursive: true });
    const runtime = new Runtime({
      deployment: 'world',
      me: address,
      identity,
      trust: Object.fromEntries([...this.#identities].map(([name, { publicKey }]) => [name, publicKey])),
      state,
      connectBus: async () => this.hub.connect(address),
      clock: systemClock,
      random: systemRandom,
      logger: openLogger(address, 'silent'),
    });
    this.#running.set(address, runtime);
    await runtime.start(await this.#roleOf(address, runtime));
  }

  async #roleOf(address: Address, runtime: Runtime): Promise<RoleParts> {
    switch (address) {
      case 'server-a':
      case 'server-b':
        return serverRole(
          runtime,
          address,
          electionParts(runtime, address),
          this.#options.limits ?? NO_LIMITS,
        );
      case 'dealer':
        return dealerRole(runtime);
      case 'coordinator':
        return coordinatorRole(runtime, undefined, this.#options.notify);
      default: {
        const party = address.slice('party-'.length);
        const own = this.#rows.filter((entry) => entry.party === party);
        const tables = Object.fromEntries(
          own.map(({ table }) => [table, join(this.directory, `${party}-${table}.csv`)]),
        );
        const receives = {
          create: join(this.directory, 'descriptor.json'),
          result: join(this.directory, 'result.json'),
        };
        const approve = [...this.#approved];
        if (this.#options.services === true) {
          const addressFile = join(this.directory, 'state', address, 'address');
          const api = { listen: '127.0.0.1:0', requestsPerMinute: 100_000, addressFile };
          const face = await clientFace(runtime, api, party);
          this.#faces.set(address, face);
          const create = party === 'analyst' ? { create: receives.create } : {};
          return clientRole(
            runtime,
            { party, approve: [], tables: {}, once: false, ...create },
            () => {},
            face,
          );
        }
        return clientRole(
          runtime,
          { party, approve, tables, once: false, ...(party === 'analyst' ? receives : {}) },
          (fault) => {
            if (fault !== undefined) this.#ends.set(address, fault);
          },
        );
      }
    }
  }
}
