/**
 * Owns the promise that the units work under a real systemd, put there as README.md says: roles start from their own files and keys, as users
 * of their own, say what they wait for, are started again when they stand still and not when their configuration is wrong, and stop in order.
 * Skipped, and says so, where this machine does not allow a systemd of one's own.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keyPath } from '../../bin/local/deployment.ts';
import type { Address } from '../../src/bus/subjects.ts';
import { blocksOf } from '../support/documents.ts';
import { TestDeployment } from '../support/mpc.ts';
import { ROOT } from '../support/rows.ts';

const PATIENCE_MS = 180_000;
/** What it starts with: nothing. */
const FIRST = 'basic.target';
const ROLES: readonly Address[] = ['coordinator', 'server-a', 'server-b', 'dealer'];

/** One systemd, and what is asked of it. */
class Systemd {
  readonly #shared: string;
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  #asked = 0;

  constructor(directory: string) {
    this.#shared = join(directory, 'shared');
    writeFileSync(join(this.#shared, 'commands'), '');
    this.#child = spawn(join(ROOT, 'test/systemd/boot'), [directory, FIRST, process.execPath, ROOT], {
      stdio: 'ignore',
    });
    this.ended = new Promise((resolve) => this.#child.once('exit', (code) => resolve(code)));
  }

  /** What a command of bash says, and its exit code; undefined when this machine does not allow any of it. */
  async run(command: string): Promise<{ code: number; said: string } | undefined> {
    const number = ++this.#asked;
    appendFileSync(join(this.#shared, 'commands'), `${number} ${command}\n`);
    const answer = join(this.#shared, `answer-${number}`);
    let hasEnded = false;
    void this.ended.then(() => {
      hasEnded = true;
    });
    await eventually(
      () => hasEnded || existsSync(answer),
      () => `${command}: no answer; ${this.console()}`,
    );
    if (hasEnded) return undefined;
    const [code, ...lines] = readFileSync(answer, 'utf8').split('\n');
    return { code: Number(code), said: lines.join('\n').trim() };
  }

  /** A command that has to succeed. */
  async must(command: string): Promise<string> {
    const { code, said } = (await this.run(command)) ?? assert.fail(`systemd ended before: ${command}`);
    assert.equal(code, 0, `${command}: ${said}; ${this.console()}`);
    return said;
  }

  /** Properties of a unit. */
  async show(unit: string): Promise<Readonly<Record<string, string>>> {
    const text = await this.must(`systemctl show ${unit}`);
    const pairs = text.split('\n').map((line) => [line.split('=')[0] ?? '', line.replace(/^[^=]*=/, '')]);
    return Object.fromEntries(pairs) as Record<string, string>; // a name and a value on each line
  }

  async until(
    unit: string,
    what: string,
    holds: (facts: Readonly<Record<string, string>>) => boolean,
  ): Promise<void> {
    let facts: Readonly<Record<string, string>> = {};
    await eventually(
      async () => {
        facts = await this.show(unit);
        return holds(facts);
      },
      () =>
        `${unit} should come to ${what}: ${facts.ActiveState}/${facts.SubState}, ${facts.Result} ${facts.ExecMainStatus}, ${facts.StatusText}; ${this.console()}`,
    );
  }

  /** What systemd and the roles have to say, for whoever reads of a failure. */
  console(): string {
    return ['console', ...ROLES.map((role) => `${role}.log`)]
      .map((name) => join(this.#shared, name))
      .filter((path) => existsSync(path))
      .map((path) => `${path}: ${readFileSync(path, 'utf8').slice(-1000)}`)
      .join('\n');
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.ended;
  }
}

async function eventually(holds: () => Promise<boolean> | boolean, otherwise: () => string): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  while (!(await holds())) {
    if (signal.aborted) throw new Error(otherwise());
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The deployment's files as `mpc init` lays them, what systemd needs before it has any units, and a watchdog that need not be waited for. */
function lay({ directory, configOf }: { directory: string; configOf: (address: Address) => string }): void {
  const shared = join(directory, 'shared');
  for (const folder of ['payroll/keys', 'payroll/tls', 'units'])
    mkdirSync(join(shared, folder), { recursive: true });
  for (const address of ROLES) {
    writeFileSync(join(shared, `payroll/${address}.toml`), readFileSync(configOf(address), 'utf8'), {
      mode: 0o644,
    });
    cpSync(keyPath(directory, address), join(shared, `payroll/keys/${address}.seed`));
  }
  writeFileSync(join(shared, 'payroll/server-c.toml'), 'role = "server-c"\nno-such-setting = 1\n');
  cpSync(keyPath(directory, 'server-c'), join(shared, 'payroll/keys/server-c.seed'));
  for (const target of ['sysinit', 'basic', 'network-online', 'shutdown', 'final', 'exit'])
    writeFileSync(join(shared, `units/${target}.target`), '[Unit]\nDefaultDependencies=no\n');
  writeFileSync(
    join(shared, 'test.conf'),
    '[Service]\nWatchdogSec=9s\nRestartSec=1s\nStandardError=append:/shared/%i.log\n',
  );
}

/** What README.md says under systemd, a line each. */
function linesOfReadme(): string[] {
  const block = blocksOf('README.md').find(({ text }) => text.includes('systemctl enable'));
  return block?.text.trim().split('\n') ?? assert.fail('README.md does not say how to enable a role');
}

test('roles run under a real systemd as their units say', async (context: TestContext) => {
  if (process.getuid?.() !== 0) return context.skip('only root may start a systemd of its own');
  const deployment = await TestDeployment.open(
    'CREATE TABLE t (x INTEGER NOT NULL CHECK (x BETWEEN 0 AND 9)); SELECT SUM(x) FROM t;',
    [{ party: 'acme', table: 't', maxRows: 2, csv: 'x\n1\n' }],
  );
  lay({ directory: deployment.directory, configOf: (address) => deployment.configOf(address) });
  const systemd = new Systemd(deployment.directory);
  try {
    const answer = await systemd.run('systemctl --version');
    if (answer === undefined)
      return context.skip(`this machine does not allow a systemd of one’s own (${await systemd.ended})`);
    const [install, units, files, enable, status, ...more] = linesOfReadme();
    // The checkout lies where this would put it: compiling its packages anew would take minutes and a network.
    assert.equal(install, 'npm install --global --prefix /opt/mpc ./mpc-0.1.0.tgz');
    await systemd.must(units ?? '');
    await systemd.must(files ?? '');
    await systemd.must('cp test.conf /etc/systemd/system/mpc@.service.d/');
    await systemd.must(enable ?? '');
    await systemd.until('mpc@server-a', 'run', ({ ActiveState }) => ActiveState === 'active');
    assert.match(await systemd.must(status ?? ''), /Active: active \(running\)[\s\S]* Status: "/);
    assert.deepEqual(more, []);
    const others = [...ROLES, 'server-c'].filter((role) => role !== 'server-a').map((role) => `mpc@${role}`);
    await systemd.run(`systemctl enable --now ${others.join(' ')}`); // server-c fails: see below
    for (const role of ROLES)
      await systemd.until(`mpc@${role}`, 'run', ({ ActiveState }) => ActiveState === 'active');

    deployment.start('party-analyst', 'party-acme');
    await systemd.until('mpc@coordinator', 'say what is waited for', ({ StatusText }) =>
      /waiting for inputs|nothing is waited for|waiting for result/.test(StatusText ?? ''),
    );
    const { table } = await deployment.result(PATIENCE_MS);
    assert.deepEqual(table.rows, [[1]], 'a collaboration goes through, from keys that are credentials');

    const users = new Set<string | undefined>();
    for (const role of ROLES) users.add((await systemd.show(`mpc@${role}`)).UID);
    assert.equal(users.size, ROLES.length, 'each role is a user of its own');

    await systemd.until(
      'mpc@server-c',
      'stay down',
      ({ ActiveState, ExecMainStatus, NRestarts }) =>
        ActiveState === 'failed' && ExecMainStatus === '78' && NRestarts === '0',
    );

    await systemd.must('systemctl kill --kill-whom=main --signal=STOP mpc@dealer');
    await systemd.until(
      'mpc@dealer',
      'be started again by the watchdog',
      ({ ActiveState, NRestarts }) => ActiveState === 'active' && NRestarts === '1',
    );

    await systemd.must('systemctl stop mpc.target');
    for (const role of ROLES)
      await systemd.until(
        `mpc@${role}`,
        'stop in order',
        ({ ActiveState, Result, ExecMainStatus }) =>
          ActiveState === 'inactive' && Result === 'success' && ExecMainStatus === '0',
      );
  } finally {
    await systemd.stop();
    await deployment.stop();
  }
});
