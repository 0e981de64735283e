/**
 * Owns the child processes of `mpc run` and `mpc up`: one process a role, its log in a file, none left behind.
 * Ends processes by the handle it started them with, never by name.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MpcError } from '../../src/base/errors.ts';

/** After SIGTERM a role drains; one that takes longer is stopped. */
const DRAIN_MS = 5_000;
const LAST_LINES = 12;
const RESTART_MS = 1_000;

export interface RoleProcess {
  readonly name: string;
  readonly pid: number;
  readonly log: string;
  /** The exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
}

export class Processes {
  readonly #executable: string;
  readonly #logs: string;
  readonly #children = new Map<string, { readonly child: ChildProcess; readonly process: RoleProcess }>();

  readonly #kept = new Set<string>();
  readonly #restarts = new Set<NodeJS.Timeout>();
  #stopping = false;

  /** `executable`: the mpc program itself. */
  constructor(executable: string, logDirectory: string) {
    this.#executable = executable;
    this.#logs = logDirectory;
  }

  /** Starts `mpc --config <config>`. It ends by itself when this process dies. */
  start(name: string, config: string): RoleProcess {
    const log = join(this.#logs, `${name}.log`);
    const file = openSync(log, 'a', 0o600);
    // Standard input is a pipe from us: when we die, it closes, and the role drains and ends. In a session of its own it is not
    // hit by a terminal's Ctrl-C, which is meant for us.
    const child = spawn(process.execPath, [this.#executable, '--config', config], {
      stdio: ['pipe', 'ignore', file],
      detached: true,
      env: { ...process.env, MPC_PARENT_PIPE: '1' },
    });
    closeSync(file);
    const exited = new Promise<number | string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
    const started: RoleProcess = { name, pid: child.pid ?? -1, log, exited };
    this.#children.set(name, { child, process: started });
    return started;
  }

  /** As `start`, and again a second after it has ended without having been asked to: others do its work meanwhile. */
  keep(name: string, config: string): void {
    const { exited } = this.start(name, config);
    this.#kept.add(name);
    void exited.then((code) => {
      if (this.#stopping) return;
      process.stderr.write(`${name} ended (${code}); it is started again\n`);
      this.#restarts.add(setTimeout(() => this.keep(name, config), RESTART_MS));
    });
  }

  /** Rejects as soon as one of the running processes fails. One that has done its part and ended is none of that. */
  async firstFailure(): Promise<never> {
    const ended = await new Promise<{ process: RoleProcess; code: number | string }>((resolve) => {
      for (const { process } of this.#children.values())
        if (!this.#kept.has(process.name))
          void process.exited.then((code) => (code === 0 ? undefined : resolve({ process, code })));
    });
    throw new MpcError(
      'role.ended',
      `${ended.process.name} ended by itself (${ended.code}):\n${lastLines(ended.process.log)}`,
      {
        hint: `its whole log is ${ended.process.log} (with --keep)`,
      },
    );
  }

  /** Asks all to drain, stops those that do not, waits for every one. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const restart of this.#restarts) clearTimeout(restart);
    await Promise.all(
      [...this.#children.values()].map(async ({ child, process }) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), DRAIN_MS);
        await process.exited;
        clearTimeout(timer);
      }),
    );
    this.#children.clear();
  }
}

export function lastLines(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-LAST_LINES).join('\n');
}
