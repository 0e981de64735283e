/**
 * Owns `npm run bench:estimates`: what `mpc check` expects of queries of different kinds beside what `mpc run` takes. On a machine that
 * others use, processes wait for a core: how long is what the system's scheduler says of them, and taken off.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ESTIMATED_QUERIES, writeEstimated } from '../test/support/estimated-queries.ts';
import { CoreWaits } from './core-waits.ts';

const EXECUTABLE = resolve(import.meta.dirname, '../bin/mpc');

const directory = mkdtempSync(join(tmpdir(), 'mpc-estimates-'));
try {
  process.stdout.write('                          estimated, ms     measured, ms   on a free core   measured/est.\n');
  for (const query of ESTIMATED_QUERIES) {
    const { args } = writeEstimated(query, directory);
    const { stats, waiting } = await timed(args);
    const { dealMs, computeMs } = stats.estimate;
    const measured = [stats.seconds.deal * 1000, stats.seconds.compute * 1000];
    const free = measured.map((ms) => ms / waiting);
    const pair = (values: readonly number[]): string =>
      values.map((ms) => ms.toFixed(0).padStart(7)).join(' ');
    const ratio = (free[0]! + free[1]!) / (dealMs + computeMs);
    process.stdout.write(
      `${query.name.padEnd(24)} ${pair([dealMs, computeMs])}  ${pair(measured)}  ${pair(free)}   ${ratio.toFixed(2)}\n`,
    );
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

interface Timed {
  readonly stats: {
    readonly estimate: { readonly dealMs: number; readonly computeMs: number };
    readonly seconds: { readonly deal: number; readonly compute: number };
  };
  /** Time that the run's processes had or wanted a core, over the time they had one. */
  readonly waiting: number;
}

async function timed(args: readonly string[]): Promise<Timed> {
  const child = spawn(process.execPath, [EXECUTABLE, 'run', ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const waits = new CoreWaits(child.pid!);
  const timer = setInterval(() => waits.look(), 50);
  const out: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  clearInterval(timer);
  if (code !== 0) throw new Error(`mpc run ended with ${code}`);
  return { stats: JSON.parse(Buffer.concat(out).toString()).stats, waiting: waits.factor() };
}
