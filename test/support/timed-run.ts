/**
 * Runs `mpc run` and compares how long it took with what was expected. On a machine that others use, processes wait for a core:
 * how much longer everything takes for that is counted, for those who want to allow for it.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { CoreWaits } from './core-waits.ts';
import { ROOT } from './rows.ts';

export interface TimedRun {
  readonly estimate: {
    readonly dealMs: number;
    readonly computeMs: number;
    readonly onTheWayMs: number;
  };
  readonly measured: { readonly dealMs: number; readonly computeMs: number };
  /** Time that the run's processes had or wanted a core, over the time they had one. */
  readonly waiting: number;
  /** Measured over expected, of each phase. */
  readonly ratios: { readonly deal: number; readonly compute: number };
}

/** `args`: those of `mpc run`, without the verb. */
export async function timedRun(args: readonly string[]): Promise<TimedRun> {
  const child = spawn(process.execPath, [join(ROOT, 'bin/mpc'), 'run', ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const waits = new CoreWaits(child.pid ?? 0);
  const timer = setInterval(() => waits.look(), 50);
  const out: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  clearInterval(timer);
  if (code !== 0) throw new Error(`mpc run ended with ${code}`);
  const { estimate, seconds } = JSON.parse(Buffer.concat(out).toString()).stats;
  const measured = { dealMs: 1000 * seconds.deal, computeMs: 1000 * seconds.compute };
  const ratios = {
    deal: measured.dealMs / estimate.dealMs,
    compute: measured.computeMs / estimate.computeMs,
  };
  return { estimate, measured, waiting: waits.factor(), ratios };
}
