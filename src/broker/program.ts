/**
 * Owns the running of short helper programs (`nats-server --version`, `npm pack`, `tar`): no shell, bounded in time and
 * output, ended with their caller.
 */
import { spawn } from 'node:child_process';
import { type Clock, systemClock } from '../base/clock.ts';

export interface Outcome {
  /** Undefined when the program could not be started or was ended. */
  readonly exitCode: number | undefined;
  /** The end of what it wrote, both streams. */
  readonly output: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

const OUTPUT_CHARACTERS = 8 * 1024;

export function run(program: string, args: readonly string[], options: RunOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    let output = '';
    const collect = (data: Buffer): void => {
      output = (output + data.toString('utf8')).slice(-OUTPUT_CHARACTERS);
    };
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      killSignal: 'SIGKILL',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    // Not spawn's own `timeout`: its timer outlives a program that could not be started.
    const cancel = (options.clock ?? systemClock).after(options.timeoutMs, () => void child.kill('SIGKILL'));
    const end = (exitCode: number | null, text: string): void => {
      cancel();
      resolve({ exitCode: exitCode ?? undefined, output: text });
    };
    child.once('error', (error) => end(null, `${output}${error.message}`));
    child.once('close', (exitCode) => end(exitCode, output));
  });
}
