/**
 * Owns `npm run bench:log`: messages that a coordinator accepts, applies, writes to its disk and delivers, each on the disks
 * of a majority of 1, 3 or 5 brokers first; beside the raw rate at which the same brokers take entries, in the same run.
 * Everything runs on this one machine. `-- --json` prints one object; `-- --brokers 1,5`; `-- --seconds N`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.ts';
import type { Bus } from '../src/bus/bus.ts';
import { type LogWorld, openLogWorld } from './log-world.ts';
import { nextMessage } from './processes.ts';

/** Messages a second that are to be accepted and delivered. */
const GOALS: Readonly<Record<number, number>> = { 1: 5000, 3: 1500, 5: 1500 };
/** Messages that wait for their acknowledgement at a time. */
const IN_FLIGHT = 512;
const RAW_BYTES = 256;
const RAW_IN_FLIGHT = 256;

interface Latency {
  readonly p50: number;
  readonly p99: number;
}

interface Figures {
  readonly brokers: number;
  /** Entries of 256 bytes a second that the brokers take, one command each. */
  readonly rawPerSecond: number;
  readonly acceptedPerSecond: number;
  readonly deliveredPerSecond: number;
  readonly entriesPerSecond: number;
  /** Of the replica's process, which sends and receives as well, at full load: tells on a busy machine what a quiet one could do. */
  readonly cpuMicrosPerMessage: number;
  /** From sending to the acknowledgement and to the delivery, in milliseconds; first at full load, then at half the goal. */
  readonly full: { readonly acknowledged: Latency; readonly delivered: Latency };
  readonly half: { readonly perSecond: number; readonly acknowledged: Latency; readonly delivered: Latency };
  /** With another replica, in a process of its own on the same machine, that delivers everything as well. */
  readonly two: {
    readonly acceptedPerSecond: number;
    readonly deliveredPerSecond: number;
    /** There. */
    readonly delivered: Latency;
  };
}

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    brokers: { type: 'string', default: '1,3,5' },
    seconds: { type: 'string', default: '8' },
  },
});
const seconds = Number(values.seconds);
const found: Figures[] = [];
for (const brokers of values.brokers.split(',').map(Number)) found.push(await measure(brokers));
if (values.json) process.stdout.write(`${JSON.stringify({ node: process.version, seconds, found })}\n`);
else for (const figures of found) print(figures);

async function measure(brokers: number): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'mpc-bench-log-'));
  const world = await openLogWorld(directory, brokers);
  try {
    const rawPerSecond = await raw(world.bus);
    await flood(world, 1); // warm
    const full = await flood(world, seconds);
    const half = await pace(world, (GOALS[brokers] ?? 1500) / 2);
    return { brokers, rawPerSecond, ...full, half, two: await withAnother(world) };
  } finally {
    await world.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function withAnother(world: LogWorld): Promise<Figures['two']> {
  const other = fork(join(import.meta.dirname, 'log-other.ts'), { execArgv: ['--import', 'tsx'] });
  try {
    const ready = nextMessage(other);
    other.send(await world.other());
    await ready;
    const startedMs = performance.now();
    const { acceptedPerSecond, sent } = await flood(world, seconds);
    const shown: number[] = [];
    for (; shown.length < sent; await systemClock.sleep(20)) {
      const told = nextMessage(other);
      other.send('told');
      shown.push(...((await told) as number[])); // of our own process
    }
    const took = (performance.now() - startedMs) / 1000;
    return { acceptedPerSecond, deliveredPerSecond: sent / took, delivered: latency(shown) };
  } finally {
    const gone = once(other, 'exit');
    if (other.connected) other.send('stop');
    await gone;
  }
}

/** Entries a second into a log of its own, pipelined. */
async function raw(bus: Bus): Promise<number> {
  const log = await bus.log('raw', 'bench.raw');
  const data = new Uint8Array(RAW_BYTES).fill(120);
  const endMs = performance.now() + 2000;
  let count = 0;
  const startedMs = performance.now();
  const worker = async (): Promise<void> => {
    while (performance.now() < endMs) await log.append(`${count++}`, data);
  };
  await Promise.all(Array.from({ length: RAW_IN_FLIGHT }, worker));
  return (1000 * count) / (performance.now() - startedMs);
}

/** As fast as it goes: so many in flight, for so long. */
async function flood(
  world: LogWorld,
  forSeconds: number,
): Promise<Omit<Figures, 'brokers' | 'rawPerSecond' | 'half' | 'two'> & { readonly sent: number }> {
  const acknowledged: number[] = [];
  const delivered: number[] = [];
  world.onDelivered = (ms) => delivered.push(ms);
  const entries = world.sequence();
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const endMs = startedMs + 1000 * forSeconds;
  let number = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const sentMs = performance.now();
      await world.send(number++);
      acknowledged.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const took = (performance.now() - startedMs) / 1000;
  await world.idle();
  const { user, system } = process.cpuUsage(cpu);
  const tookDelivered = (performance.now() - startedMs) / 1000;
  return {
    sent: number,
    acceptedPerSecond: acknowledged.length / took,
    deliveredPerSecond: delivered.length / tookDelivered,
    entriesPerSecond: (world.sequence() - entries) / took,
    cpuMicrosPerMessage: (user + system) / Math.max(1, acknowledged.length),
    full: { acknowledged: latency(acknowledged), delivered: latency(delivered) },
  };
}

/** At a steady rate, whoever is late or not. */
async function pace(world: LogWorld, perSecond: number): Promise<Figures['half']> {
  const acknowledged: number[] = [];
  const delivered: number[] = [];
  world.onDelivered = (ms) => delivered.push(ms);
  const under = new Set<Promise<void>>();
  const startedMs = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsedMs = performance.now() - startedMs;
      for (; sent < (perSecond * elapsedMs) / 1000; sent++) {
        const sentMs = performance.now();
        const one = world.send(sent).then(() => {
          acknowledged.push(performance.now() - sentMs);
          under.delete(one);
        });
        under.add(one);
      }
      if (elapsedMs < 1000 * seconds) return;
      clearInterval(timer);
      resolve();
    }, 2);
  });
  await Promise.all(under);
  await world.idle();
  const took = (performance.now() - startedMs) / 1000;
  return { perSecond: sent / took, acknowledged: latency(acknowledged), delivered: latency(delivered) };
}

function latency(ms: number[]): Latency {
  const sorted = Float64Array.from(ms).sort();
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

function print({
  brokers,
  rawPerSecond,
  acceptedPerSecond,
  deliveredPerSecond,
  entriesPerSecond,
  cpuMicrosPerMessage,
  full,
  half,
  two,
}: Figures): void {
  const rate = (value: number): string => Math.round(value).toLocaleString('en');
  const times = ({ p50, p99 }: Latency): string => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
  const goal = GOALS[brokers] ?? 0;
  process.stdout.write(
    [
      `${brokers} ${brokers === 1 ? 'broker' : 'brokers'}, each entry synced on a majority (raw: ${rate(rawPerSecond)} entries of ${RAW_BYTES} bytes/s)`,
      `  accepted ${rate(acceptedPerSecond)}/s, delivered ${rate(deliveredPerSecond)}/s, in ${rate(entriesPerSecond)} entries/s, ${rate(cpuMicrosPerMessage)} us of the replica's CPU each; goal ${rate(goal)}/s: ${deliveredPerSecond >= goal ? 'reached' : 'MISSED'}`,
      `  at that load     acknowledged ${times(full.acknowledged)}; delivered ${times(full.delivered)}`,
      `  at ${rate(half.perSecond)}/s (half)  acknowledged ${times(half.acknowledged)}; delivered ${times(half.delivered)}; goal p99 50 ms: ${half.acknowledged.p99 < 50 ? 'reached' : 'MISSED'}`,
      `  with another replica accepted ${rate(two.acceptedPerSecond)}/s, all of it delivered there ${rate(two.deliveredPerSecond)}/s, ${times(two.delivered)}`,
      '',
    ].join('\n'),
  );
}
