/**
 * Owns organisations in tests: each with a directory of its own that only the command line made, and its processes, each started by
 * the command that `mpc init` names. Every process it started is ended by `stop`.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { connectNats } from '../../src/bus/nats.ts';
import { brokerAccess } from '../../src/config/brokers.ts';
import { addressOf, loadRoleConfig } from '../../src/config/role-config.ts';
import { collaborationId } from '../../src/coordination/descriptor.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { mpc } from './mpc.ts';
import { ROOT } from './rows.ts';

const EXECUTABLE = join(ROOT, 'bin/mpc');
const POLL_MS = 50;

export class Organisations {
  readonly directory = mkdtempSync(join(tmpdir(), 'mpc-organisations-'));
  readonly deployment: string;
  readonly #fingerprints = new Map<string, string>();
  readonly #children = new Map<string, ChildProcess>();

  constructor(deployment: string) {
    this.deployment = deployment;
    mkdirSync(join(this.directory, 'logs'));
  }

  path(organisation: string, file: string): string {
    return join(this.directory, organisation, file);
  }

  async init(organisation: string, ...options: readonly string[]): Promise<void> {
    const where = ['--organisation', organisation, '--dir', this.path(organisation, '')];
    const made = await mpc(['init', '--deployment', this.deployment, ...where, ...options]);
    assert.equal(made.code, 0, made.stderr);
    this.#fingerprints.set(organisation, made.stdout.trim());
  }

  /** Everyone adds everyone else's card, with the fingerprint that its own organisation printed. */
  async introduce(): Promise<void> {
    for (const organisation of this.#fingerprints.keys())
      for (const [other, fingerprint] of this.#fingerprints) {
        if (other === organisation) continue;
        const to = ['--dir', this.path(organisation, ''), '--fingerprint', fingerprint];
        const added = await mpc(['trust', 'add', this.path(other, 'card.toml'), ...to]);
        assert.equal(added.code, 0, added.stderr);
      }
  }

  /** As an operator would: replaces a line of a configuration file. */
  edit(organisation: string, place: string, before: string, after: string): void {
    const file = this.path(organisation, `${place}.toml`);
    const text = readFileSync(file, 'utf8');
    assert.ok(text.includes(before), `${file} has the line ${before}`);
    writeFileSync(file, text.replace(before, after));
  }

  /** A party describes a collaboration, in its own directory, and is ready to open it and to wait for its result. */
  async describe(
    organisation: string,
    party: string,
    sql: string,
    ...parties: readonly string[]
  ): Promise<{ readonly id: string; readonly digest: string }> {
    const query = this.path(organisation, 'query.sql');
    writeFileSync(query, sql);
    const config = ['--config', this.path(organisation, `party-${party}.toml`)];
    const out = ['--out', this.path(organisation, 'descriptor.json')];
    const described = await mpc(['describe', query, ...config, ...parties, '--output', party, ...out]);
    assert.equal(described.code, 0, described.stderr);
    const digest = described.stdout.trim();
    const more = 'create = "descriptor.json"\nresult = "result.json"\nonce = true';
    this.edit(organisation, `party-${party}`, 'approve = []', `approve = ["${digest}"]\n${more}`);
    return { digest, id: collaborationId(digest) };
  }

  /** A party approves it, and has its rows beside its configuration. */
  approve(organisation: string, party: string, digest: string, table: string, csv: string): void {
    writeFileSync(this.path(organisation, `${party}.csv`), csv);
    const more = `approve = ["${digest}"]\ntables.${table} = "${party}.csv"`;
    this.edit(organisation, `party-${party}`, 'approve = []', more);
  }

  /** What the party that described it got. */
  result(organisation: string): { readonly table: { readonly rows: unknown[][] } } {
    return JSON.parse(readFileSync(this.path(organisation, 'result.json'), 'utf8'));
  }

  /**
   * Lines of everyone's log that say that the broker refused something. An answer is none of that: a broker that was started anew
   * does not know what was asked through it before, and it is asked again.
   */
  refusals(): string[] {
    return [...this.#children.keys()].flatMap((key) => {
      const [organisation = '', place = ''] = key.split('/');
      const lines = this.log(organisation, place).split('\n');
      return lines
        .filter((line) => line.includes('permission-denied') && !line.includes('_INBOX.'))
        .map((line) => `${key}: ${line}`);
    });
  }

  startBroker(organisation: string): void {
    this.#start(organisation, 'broker', ['broker', '--config', this.path(organisation, 'broker.toml')]);
  }

  startRole(organisation: string, place: string): void {
    const role = place.startsWith('party-') ? 'client' : place;
    const config = this.path(organisation, `${place}.toml`);
    this.#start(organisation, place, [`--role=${role}`, '--config', config]);
  }

  /** Ends it as `systemctl stop` would; its exit code. */
  async terminate(organisation: string, place: string): Promise<number | null> {
    const child = this.#children.get(`${organisation}/${place}`);
    assert.ok(child !== undefined, `${organisation}/${place} was started`);
    return ended(child, 'SIGTERM');
  }

  signal(organisation: string, place: string, signal: NodeJS.Signals): void {
    this.#children.get(`${organisation}/${place}`)?.kill(signal);
  }

  /** Its exit code, once it ends by itself. */
  exit(organisation: string, place: string): Promise<number | null> {
    const child = this.#children.get(`${organisation}/${place}`);
    assert.ok(child !== undefined, `${organisation}/${place} was started`);
    return ended(child);
  }

  log(organisation: string, place: string): string {
    const file = this.#logFile(organisation, place);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Waits until a process has written that. */
  async wrote(organisation: string, place: string, text: RegExp, signal: AbortSignal): Promise<void> {
    while (!text.test(this.log(organisation, place))) {
      const child = this.#children.get(`${organisation}/${place}`);
      assert.equal(
        child?.exitCode ?? null,
        null,
        `${organisation}/${place}: ${this.log(organisation, place)}`,
      );
      await systemClock.sleep(POLL_MS, signal);
    }
  }

  /** A connection of the test's own, with a role's configuration and key. */
  connect(organisation: string, place: string): Promise<Bus> {
    const config = loadRoleConfig(this.path(organisation, `${place}.toml`), {}, {});
    const identity = loadIdentity(config.key);
    return connectNats({
      ...brokerAccess(config),
      name: addressOf(config),
      identity,
      connectTimeoutMs: 120_000,
    });
  }

  /** The last lines of everyone's log, for a test that failed. */
  tails(): string {
    return [...this.#children.keys()]
      .map((key) => {
        const [organisation = '', place = ''] = key.split('/');
        return `${key}:\n${this.log(organisation, place).split('\n').slice(-6).join('\n')}`;
      })
      .join('\n');
  }

  async stop(): Promise<void> {
    const isBroker = ([key]: [string, ChildProcess]): boolean => key.endsWith('/broker');
    const all = [...this.#children];
    // A broker's own process ends its nats-server: it is asked, not killed.
    await Promise.all(all.filter((one) => !isBroker(one)).map(([, child]) => ended(child, 'SIGKILL')));
    await Promise.all(all.filter(isBroker).map(([, child]) => ended(child, 'SIGTERM')));
    rmSync(this.directory, { recursive: true, force: true });
  }

  #start(organisation: string, place: string, args: readonly string[]): void {
    const log = openSync(this.#logFile(organisation, place), 'a');
    const child = spawn(process.execPath, [EXECUTABLE, ...args], {
      stdio: ['pipe', 'ignore', log],
      env: { ...process.env, MPC_PARENT_PIPE: '1' },
    });
    closeSync(log);
    this.#children.set(`${organisation}/${place}`, child);
  }

  #logFile(organisation: string, place: string): string {
    return join(this.directory, 'logs', `${organisation}-${place}.log`);
  }
}

async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (signal !== undefined) child.kill(signal);
    await gone;
  }
  return child.exitCode;
}
