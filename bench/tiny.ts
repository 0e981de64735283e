/**
 * Owns `npm run bench:tiny`: a tiny program among started roles, from the request to its result at the output party: how long it
 * takes, where the time goes, and what it costs each role. `-- --runs N` sets the number of measured runs, `-- --keep` leaves logs
 * and states in their directory, `-- --pause MS` waits between two runs.
 */
import { parseArgs } from 'node:util';
import { type Marks, Standing } from './standing.ts';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '30' },
    warm: { type: 'string', default: '10' },
    pause: { type: 'string', default: '50' },
    keep: { type: 'boolean', default: false },
  },
});

/** What the log tells of a run, in the order in which it happens. */
const PHASES = ['create', 'approve', 'randomnessReady', 'uploaded', 'bound', 'resultStored'] as const;
const TARGET_MS = 15;

const runs = Number(options.runs);
const warm = Number(options.warm);
const standing = await Standing.open(runs + warm);
try {
  for (let run = 0; run < warm; run++) await paused(standing.run());
  const before = standing.cpu();
  const marks: Marks[] = [];
  for (let run = 0; run < runs; run++) marks.push(await paused(standing.run()));
  const after = standing.cpu();
  print(marks);
  for (const [name, seconds] of after)
    line(`cpu ${name}`, [(1000 * (seconds - (before.get(name) ?? 0))) / runs], 'ms a run');
  const total = [...after].reduce((sum, [name, seconds]) => sum + seconds - (before.get(name) ?? 0), 0);
  line('cpu of all', [(1000 * total) / runs], 'ms a run');
  if (options.keep) process.stderr.write(`kept: ${standing.directory}\n`);
} finally {
  await standing.close({ keep: options.keep });
}

async function paused<Result>(run: Promise<Result>): Promise<Result> {
  const result = await run;
  await new Promise((resolve) => setTimeout(resolve, Number(options.pause)));
  return result;
}

function print(marks: readonly Marks[]): void {
  const results = marks.map(({ result }) => result);
  process.stdout.write(`${marks.length} runs; least, p50 and p95 in ms; ${TARGET_MS} ms is aimed at\n`);
  line('request to result', quantiles(results), 'ms');
  let before: readonly number[] = marks.map(() => 0);
  for (const phase of PHASES) {
    const at = marks.map(({ entries }) => entries[phase] ?? Number.NaN);
    line(`  to the last ${phase}`, quantiles(at.map((ms, run) => ms - (before[run] ?? 0))), 'ms');
    before = at;
  }
  line('  to the result', quantiles(results.map((ms, run) => ms - (before[run] ?? 0))), 'ms');
}

function quantiles(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return [0, 0.5, 0.95].map(
    (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN,
  );
}

function line(name: string, figures: readonly number[], unit: string): void {
  const cells = figures.map((figure) => figure.toFixed(2).padStart(9));
  process.stdout.write(`${name.padEnd(32)}${cells.join('')} ${unit}\n`);
}
