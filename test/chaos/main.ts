/**
 * `npm run chaos -- --trials 200 --seed 7`: the trials of the test for as long as you like, a line each; then the whole log is read.
 * `--namespaces` gives every broker and coordinator a network namespace of its own (root, iproute2); `--keep` leaves the files.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { splitmix } from '../support/splitmix.ts';
import { Cluster } from './cluster.ts';
import { Load } from './load.ts';
import { inNamespaces, onLoopback } from './places.ts';
import { audit, BACK_WITHIN_MS, killTwoAndTwo, LATE, type Trial } from './trials.ts';

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '200' },
    seed: { type: 'string', default: `${Date.now() % 100_000}` },
    namespaces: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const wanted = Number(values.trials);
const next = splitmix(Number(values.seed));
const random = (): number => Number(next() >> 11n) / 2 ** 53;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const directory = mkdtempSync(join(tmpdir(), 'mpc-chaos-'));
const size = { directory, brokers: 5, coordinators: 3 };
const separate = values.namespaces ? inNamespaces(size) : undefined;
const places = separate ?? (await onLoopback(size));
print(`seed ${values.seed}; 5 brokers and 3 coordinators in ${places.what}`);
const cluster = await Cluster.open(directory, places);
const load = new Load(cluster);
/** SIGINT and SIGTERM end it after the trial that runs: what was seen until then is audited and told all the same. */
let over = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    over = true;
  });

/** A trial may take so long where others use the machine; whether service was back in time is another question. */
const TRIAL_MS = 300_000;
const backMs: number[] = [];
let slow = 0;
try {
  await load.start();
  while (backMs.length < wanted && !over) {
    const startedMs = performance.now();
    const before = load.acknowledged.length;
    const trial = await killTwoAndTwo(cluster, load, random, TRIAL_MS);
    backMs.push(trial.backMs);
    const seconds = (performance.now() - startedMs) / 1000;
    print(
      `${backMs.length}: ${told(trial)}, ${seconds.toFixed(1)} s in all, ${load.acknowledged.length - before} more acknowledged`,
    );
  }
  await load.pause(AbortSignal.timeout(120_000));
  const takenOver = await load.allPushed(AbortSignal.timeout(120_000));
  await load.stop();
  const found = await audit(cluster, load.acknowledged, AbortSignal.timeout(1_200_000));
  slow = backMs.filter((ms) => ms >= BACK_WITHIN_MS).length;
  print(
    `${backMs.length} trials; back after: median ${at(0.5)}, 95th percentile ${at(0.95)}, most ${at(1)} s; ${slow} of them over ${BACK_WITHIN_MS / 1000} s`,
  );
  print(
    `${load.acknowledged.length} commands acknowledged, 0 lost, 0 applied twice; ${found.commands} commands in ${found.entries} entries of the log`,
  );
  print(
    `all mail of one place was pushed to it once and in order; ${takenOver} times another replica went on`,
  );
  print(`by kind: ${counted(load.acknowledged.map(({ kind }) => kind))}`);
  print(`refused: ${pairs(load.refused)}; said again: ${pairs(load.retried)}`);
} finally {
  await cluster.stop(values.keep);
  if (values.keep) print(`kept ${directory}`);
}
if (slow > LATE.share * backMs.length || backMs.some((ms) => ms >= LATE.withinMs)) {
  print(`more than ${LATE.share * 100} of 100 were late, or one by more than twice the time`);
  process.exitCode = 1;
}

function told({ brokers, coordinators, wiped, backMs: ms }: Trial): string {
  const names = (numbers: readonly number[]): string => numbers.map((number) => number + 1).join(' and ');
  return `killed brokers ${names(brokers)}, coordinators ${names(coordinators)} (disk of ${wiped + 1} wiped): back after ${(ms / 1000).toFixed(1)} s`;
}

/** Seconds within which that share of the trials was back. */
function at(share: number): string {
  const sorted = [...backMs].sort((a, b) => a - b);
  return ((sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0) / 1000).toFixed(1);
}

function counted(kinds: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return pairs(counts);
}

function pairs(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, count]) => `${what} ${count}`).join(', ') || 'none';
}
