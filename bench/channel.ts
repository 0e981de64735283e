/**
 * Owns `npm run bench:channel`: the sealed channel between two processes on a real broker, beside the same exchange over a
 * bare NATS client (nothing sealed, nothing acknowledged) and over raw loopback TCP. Every run starts two fresh processes:
 * its first figures are the cold ones, which a short computation sees. `-- --json` prints one object; `-- --runs N`.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownBroker } from '../bin/local/own-broker.ts';
import { hex } from '../src/base/bytes.ts';
import { systemRandom } from '../src/base/random.ts';
import { createIdentity, loadIdentity, saveIdentity } from '../src/identity/identity.ts';
import type { Measured, Measurement } from './channel-peer.ts';
import { type ChannelPeerSetup, LINKS, type LinkName } from './links.ts';
import { freePort, median, nextMessage } from './processes.ts';

const MEASUREMENTS: readonly Measurement[] = [
  { kind: 'rounds', count: 1000, bytes: 8 },
  { kind: 'bulk', bytes: 8_000_000 },
  { kind: 'bulk', bytes: 64_000_000 },
];
const REPETITIONS = 4;

type Figures = Record<LinkName, { readonly cold: number; readonly warm: number }>;

const json = process.argv.includes('--json');
const runs = Number(process.argv[process.argv.indexOf('--runs') + 1]) || 5;
const directory = mkdtempSync(join(tmpdir(), 'mpc-bench-'));
const broker = await ownBroker(directory, undefined);
const samples = new Map<string, { cold: number[]; warm: number[] }>();
try {
  for (const side of ['a', 'b']) saveIdentity(keyFile(side), createIdentity(systemRandom));
  for (let run = 0; run < runs; run++) await measure(run);
  const figures = [
    figuresOf('p50 of a round of 8 bytes', 'rounds 8 p50'),
    figuresOf('p90 of a round of 8 bytes', 'rounds 8 p90'),
    figuresOf('1,000 rounds in a row', 'rounds 8'),
    figuresOf('8 MB each way', 'bulk 8000000'),
    figuresOf('64 MB each way', 'bulk 64000000'),
  ];
  if (json) process.stdout.write(`${JSON.stringify({ node: process.version, runs, figures })}\n`);
  else print(figures);
} finally {
  await broker.stop();
  rmSync(directory, { recursive: true, force: true });
}

function keyFile(side: string): string {
  return join(directory, `server-${side}.seed`);
}

/** Two fresh processes, every measurement on every link, the links in another order each time. */
async function measure(run: number): Promise<void> {
  const shared = { nats: broker.url, tcpPort: await freePort(), run: `bench${hex.encode(systemRandom(8))}` };
  const peers = (['a', 'b'] as const).map((side) => {
    const child = fork(join(import.meta.dirname, 'channel-peer.ts'), { execArgv: ['--import', 'tsx'] });
    const peerKey = loadIdentity(keyFile(side === 'a' ? 'b' : 'a')).publicKey;
    const setup: ChannelPeerSetup = { ...shared, side, key: keyFile(side), peerKey };
    child.send(setup);
    return child;
  });
  try {
    await Promise.all(peers.map(nextMessage));
    const order = LINKS.map((_, at) => LINKS[(at + run) % LINKS.length]!);
    for (let repetition = 0; repetition < REPETITIONS; repetition++)
      for (const measurement of MEASUREMENTS)
        for (const link of order) {
          const answers = peers.map(nextMessage);
          for (const child of peers) child.send({ link, measurement });
          const both = (await Promise.all(answers)) as Measured[]; // channel-peer.ts sends these
          record(link, measurement, repetition === 0 ? 'cold' : 'warm', both);
        }
  } finally {
    for (const child of peers) child.kill();
  }
}

function record(link: LinkName, { kind, bytes }: Measurement, when: 'cold' | 'warm', both: Measured[]): void {
  const name = `${link} ${kind} ${bytes}`;
  const add = (key: string, of: (one: Measured) => number | undefined): void => {
    const values = both.map(of);
    const sample = samples.get(key) ?? { cold: [], warm: [] };
    samples.set(key, sample);
    sample[when].push(Math.max(...values.map((value) => value ?? 0)));
  };
  add(name, ({ ms }) => ms);
  if (kind !== 'rounds') return;
  add(`${name} p50`, ({ p50 }) => p50);
  add(`${name} p90`, ({ p90 }) => p90);
}

function figuresOf(name: string, key: string): { readonly name: string; readonly ms: Figures } {
  const of = (link: LinkName) => {
    const { cold, warm } = samples.get(`${link} ${key}`)!; // every link has every measurement
    return { cold: median(cold), warm: median(warm) };
  };
  return { name, ms: { tcp: of('tcp'), nats: of('nats'), channel: of('channel') } };
}

function print(figures: readonly { readonly name: string; readonly ms: Figures }[]): void {
  process.stdout.write(
    `medians in ms over ${runs} pairs of processes; cold: the first time in a process\n\n` +
      '                                    raw TCP   bare NATS     channel   x TCP  x NATS\n',
  );
  for (const { name, ms } of figures)
    for (const when of ['cold', 'warm'] as const) {
      const [tcp, nats, channel] = [ms.tcp[when], ms.nats[when], ms.channel[when]];
      const times = [tcp, nats, channel].map((value) => value.toFixed(3).padStart(12)).join('');
      const ratios = [channel / tcp, channel / nats].map((value) => value.toFixed(2).padStart(8)).join('');
      process.stdout.write(`${`${name}, ${when}`.padEnd(31)}${times}${ratios}\n`);
    }
}
