/**
 * Owns the child process of a broker: its start, its ends, and the last words in its log.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { run } from './program.ts';

export interface BrokerExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines that it wrote, to its log and to its standard error. */
  readonly lastLines: string;
}

const STOP_MS = 5000;
const LAST_BYTES = 8 * 1024;
const LAST_LINES = 12;
/**
 * A broker holds next to nothing and lets go of a buffer for every message: the Go runtime's default then collects after
 * every 4 MiB, which took a third of the time of relaying a chunk. Whoever sets these in the environment is heard.
 */
const MEMORY = { GOGC: '800', GOMEMLIMIT: '512MiB' };
const TIED = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;

export class BrokerProcess {
  readonly pid: number;
  readonly exited: Promise<BrokerExit>;
  /** Set as soon as it has ended. */
  ended: BrokerExit | undefined;
  readonly #child: ChildProcess;
  readonly #clock: Clock;

  /** Throws `broker.died` when the program cannot be started at all. */
  static async spawn(program: string, config: string, log: string, clock: Clock): Promise<BrokerProcess> {
    const own = [program, '-c', config];
    const [first, ...rest] = (await canTie()) ? [...TIED, ...own] : own;
    const child = spawn(first ?? program, rest, {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      env: { ...MEMORY, ...process.env },
    });
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => {
        const options = {
          exitCode: EXIT.unavailable,
          hint: 'name another nats-server with --nats-server PATH',
        };
        reject(new MpcError('broker.died', `${program} cannot be started: ${error.message}`, options));
      });
    });
    return new BrokerProcess(child, child.pid ?? 0, log, clock);
  }

  private constructor(child: ChildProcess, pid: number, log: string, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
    this.pid = pid;
    let said = '';
    child.stderr?.on('data', (data: Buffer) => {
      said = (said + data.toString('utf8')).slice(-LAST_BYTES);
    });
    const lastResort = (): void => void child.kill('SIGKILL');
    process.once('exit', lastResort);
    this.exited = new Promise((resolve) => {
      child.once('close', async (exitCode, signal) => {
        process.off('exit', lastResort);
        const lines = `${await lastBytes(log)}\n${said}`.split('\n').filter((line) => line.trim() !== '');
        this.ended = { exitCode, signal, lastLines: lines.slice(-LAST_LINES).join('\n') };
        resolve(this.ended);
      });
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const cancel = this.#clock.after(STOP_MS, () => this.kill());
    await this.exited;
    cancel();
  }
}

/** Whether this system can make the kernel end a child with its parent. */
async function canTie(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const [program, ...options] = TIED;
  return (await run(program, [...options, 'true'], { timeoutMs: 5000 })).exitCode === 0;
}

async function lastBytes(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const buffer = Buffer.alloc(Math.min(size, LAST_BYTES));
      await file.read(buffer, 0, buffer.length, size - buffer.length);
      return buffer.toString('utf8');
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}
