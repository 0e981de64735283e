/**
 * Owns `npm run bench`: what typical work takes, through a real broker, sealed, two server processes, beside the machine's raw
 * rates of the same minute, our targets, and MP-SPDZ's figures scaled to those rates.
 * Ends with ballots beside another implementation (ballots.ts), messages through the log (log.ts) and GETs over REST (rest.ts).
 * `-- --runs N` sets the number of warm runs (median), `-- --only TEXT` chooses by name, `-- --json` prints one object,
 * `-- --thread` gives engines threads of their own, `-- --scale` draws cost against rows instead (scale.ts).
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Figures, Laboratory } from './measure.ts';
import { measureRates } from './rates.ts';
import { head, line } from './report.ts';
import { drawScale } from './scale.ts';
import { wholeRun } from './whole-run.ts';
import { workloads } from './workloads.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    scale: { type: 'boolean', default: false },
    thread: { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
  },
});
const runs = Number(options.runs);
if (options.scale) await drawScale();
else await compare();

async function compare(): Promise<void> {
  const rates = await measureRates();
  const laboratory = await Laboratory.open({ inThread: options.thread });
  const figures: Figures[] = [];
  try {
    if (!options.json) head(rates, runs);
    for (const workload of await workloads()) {
      if (!workload.name.includes(options.only)) continue;
      const measured = await laboratory.measure(workload, runs);
      figures.push(measured);
      if (!options.json) line(measured, rates);
    }
  } finally {
    await laboratory.close();
  }
  const whole = options.only === '' ? await wholeRun() : undefined;
  if (options.json)
    process.stdout.write(`${JSON.stringify({ node: process.version, runs, rates, figures, whole })}\n`);
  else if (whole)
    process.stdout.write(
      `\nwhole mpc run over ${whole.rows} rows: ${whole.total.toFixed(2)} s (at most 3), of it dealing ${whole.deal.toFixed(2)}, upload ${whole.upload.toFixed(2)}, computing ${whole.compute.toFixed(2)}\n\n`,
    );
  // It measures as it is read, and this whole process is at rest by now.
  if (!whole || options.json) return;
  await import('./ballots.ts');
  alone('log.ts');
  alone('rest.ts');
}

/** In a process of its own, beside which this one does nothing. */
function alone(file: string): void {
  process.stdout.write('\n');
  execFileSync(process.execPath, ['--import', 'tsx', join(import.meta.dirname, file)], { stdio: 'inherit' });
}
