/**
 * `npm run chaos -- --trials 200 --seed 7`: the trials of the test for as long as you like, a line each.
 */
import { parseArgs } from 'node:util';
import { splitmix } from '../support/splitmix.ts';
import { Cluster } from './cluster.ts';
import { Load } from './load.ts';
import { audit, BACK_WITHIN_MS, killTwoAndTwo } from './trials.ts';

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '200' },
    seed: { type: 'string', default: `${Date.now() % 100_000}` },
    keep: { type: 'boolean', default: false },
  },
});
const next = splitmix(Number(values.seed));
const random = (): number => Number(next() >> 11n) / 2 ** 53;
const hosts = [1, 2, 3, 4, 5].map((number) => `127.0.0.${number}`);
process.stdout.write(`seed ${values.seed}\n`);
const cluster = await Cluster.open({ hosts, coordinators: 3 });
const load = new Load(cluster);
let slowest = 0;
try {
  await load.start();
  for (let trial = 1; trial <= Number(values.trials); trial++) {
    const startedMs = performance.now();
    const { brokers, coordinators, wiped, backMs } = await killTwoAndTwo(cluster, load, random);
    slowest = Math.max(slowest, backMs);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    process.stdout.write(
      `${trial}: brokers ${brokers}, coordinators ${coordinators} (${wiped} wiped): back after ${(backMs / 1000).toFixed(1)} s, agreed after ${seconds} s, ${load.acknowledged.length} acknowledged\n`,
    );
  }
  await load.pause(AbortSignal.timeout(60_000));
  await load.stop();
  const found = await audit(cluster, load.acknowledged, AbortSignal.timeout(300_000));
  process.stdout.write(
    `${load.acknowledged.length} acknowledged, 0 lost, 0 applied twice; ${found.commands} commands in ${found.entries} entries; refused ${JSON.stringify([...load.refused])}; slowest return ${(slowest / 1000).toFixed(1)} s\n`,
  );
  if (slowest > BACK_WITHIN_MS) throw new Error(`service was away for ${slowest} ms`);
} finally {
  await cluster.stop(values.keep);
  if (values.keep) process.stdout.write(`kept ${cluster.directory}\n`);
}
