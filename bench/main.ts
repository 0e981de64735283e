/**
 * Owns `npm run bench`: what a run of typical work takes, through a real broker, sealed, two server processes, beside the
 * machine's raw rates of the same minute. `-- --json` prints one object; `-- --runs N` sets the number of runs (median).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownBroker } from '../bin/local/own-broker.ts';
import { bytesOfWords, concatBytes } from '../src/base/bytes.ts';
import { systemRandom } from '../src/base/random.ts';
import { dealPlan } from '../src/engine/dealer.ts';
import { inputParties, uploadBytes } from '../src/engine/mask.ts';
import { createIdentity, loadIdentity, saveIdentity } from '../src/identity/identity.ts';
import { planCost } from '../src/plan/cost.ts';
import { Seed } from '../src/tape/seed.ts';
import type { PeerSetup } from './peer.ts';
import { aesRate, tcpRate } from './rates.ts';
import { uniformWords, type Workload, workloads } from './workloads.ts';

interface Figures {
  readonly name: string;
  readonly elements: number;
  readonly rounds: number;
  /** Bytes one server sends, and bytes of server B's tape. */
  readonly bytesOnline: number;
  readonly bytesTape: number;
  readonly seconds: { readonly deal: number; readonly online: number };
  /** The most memory that a server's process had, over all runs. */
  readonly peakBytes: number;
  /** Online time over the time raw TCP would take for the bytes of one direction; dealing over AES-CTR for the tape. */
  readonly ratios: { readonly onlineToTcp: number; readonly dealToAes: number };
}

const json = process.argv.includes('--json');
/** Whether engines run in threads of their own, as they do for long plans. */
const inThread = process.argv.includes('--thread');
const runs = Number(process.argv[process.argv.indexOf('--runs') + 1]) || 5;
const directory = mkdtempSync(join(tmpdir(), 'mpc-bench-'));
const broker = await ownBroker(directory, undefined);
try {
  for (const server of ['a', 'b']) saveIdentity(keyFile(server), createIdentity(systemRandom));
  const rates = { tcpBytesPerSecond: await tcpRate(), aes128CtrBytesPerSecond: aesRate() };
  const figures: Figures[] = [];
  for (const workload of await workloads()) figures.push(await measure(workload, rates));
  if (json) process.stdout.write(`${JSON.stringify({ node: process.version, runs, rates, figures })}\n`);
  else print(rates, figures);
} finally {
  await broker.stop();
  rmSync(directory, { recursive: true, force: true });
}

function keyFile(server: string): string {
  return join(directory, `server-${server}.seed`);
}

async function measure(
  workload: Workload,
  rates: { tcpBytesPerSecond: number; aes128CtrBytesPerSecond: number },
): Promise<Figures> {
  const { name, elements, plan } = workload;
  const cost = planCost(plan);
  const [seedA, seedB] = [Seed.fresh(systemRandom), Seed.fresh(systemRandom)];
  const corrections: Uint8Array[] = [];
  const dealSeconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    corrections.length = 0;
    const startedMs = performance.now();
    await dealPlan({ plan, seedA, seedB, corrections: (bytes) => void corrections.push(bytes) });
    dealSeconds.push((performance.now() - startedMs) / 1000);
  }
  const files = {
    seedA: join(directory, 'seed-a'),
    seedB: join(directory, 'seed-b'),
    tape: join(directory, 'tape'),
  };
  writeFileSync(files.seedA, seedA.exposeSecretBytes());
  writeFileSync(files.seedB, seedB.exposeSecretBytes());
  writeFileSync(files.tape, concatBytes(...corrections));
  const inputs = inputParties(plan).map((party): [string, string] => {
    const path = join(directory, `rows-${party}`);
    writeFileSync(path, bytesOfWords(uniformWords(uploadBytes(plan, party) / 4)));
    return [party, path];
  });
  const onlineSeconds: number[] = [];
  let peakBytes = 0;
  for (let run = 0; run < runs; run++) {
    const shared = {
      nats: broker.url,
      plan,
      corrections: files.tape,
      inputs,
      inThread,
      run: `bench${figuresId()}`,
    };
    const setups: PeerSetup[] = [
      {
        ...shared,
        server: 'a',
        key: keyFile('a'),
        peerKey: loadIdentity(keyFile('b')).publicKey,
        seed: files.seedA,
      },
      {
        ...shared,
        server: 'b',
        key: keyFile('b'),
        peerKey: loadIdentity(keyFile('a')).publicKey,
        seed: files.seedB,
      },
    ];
    const ended = await online(setups, [cost.bytesOnline, cost.bytesOnlineB]);
    onlineSeconds.push(ended.seconds);
    peakBytes = Math.max(peakBytes, ended.peakBytes);
  }
  const seconds = { deal: median(dealSeconds), online: median(onlineSeconds) };
  return {
    name,
    elements,
    rounds: cost.rounds,
    bytesOnline: cost.bytesOnline,
    bytesTape: cost.bytesTape,
    seconds,
    peakBytes,
    ratios: {
      onlineToTcp: seconds.online / (cost.bytesOnline / rates.tcpBytesPerSecond),
      dealToAes: seconds.deal / (cost.bytesTape / rates.aes128CtrBytesPerSecond),
    },
  };
}

/** What one server reports of a run. */
interface Ended {
  readonly seconds: number;
  readonly sentBytes: number;
  readonly peakBytes: number;
}

/** Seconds from 'go' until the slower server has its result, and the larger server's memory. */
async function online(
  setups: readonly PeerSetup[],
  plannedBytes: readonly number[],
): Promise<Pick<Ended, 'seconds' | 'peakBytes'>> {
  const peers = setups.map((setup) => {
    const child = fork(join(import.meta.dirname, 'peer.ts'), {
      execArgv: ['--import', 'tsx'],
      serialization: 'advanced',
    });
    child.send(setup);
    return child;
  });
  try {
    await Promise.all(peers.map(nextMessage));
    const ended = peers.map(nextMessage);
    for (const child of peers) child.send('go');
    const results = (await Promise.all(ended)) as Ended[]; // peer.ts sends these
    for (const [at, { sentBytes }] of results.entries())
      if (sentBytes !== plannedBytes[at])
        throw new Error(`a server sent ${sentBytes} bytes, the plan says ${plannedBytes[at]}`);
    return {
      seconds: Math.max(...results.map(({ seconds }) => seconds)),
      peakBytes: Math.max(...results.map(({ peakBytes }) => peakBytes)),
    };
  } finally {
    for (const child of peers) child.kill();
  }
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`a benchmark's server ended with ${code}`)));
  });
}

function figuresId(): string {
  return Buffer.from(systemRandom(8)).toString('hex');
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function print(
  rates: { tcpBytesPerSecond: number; aes128CtrBytesPerSecond: number },
  figures: readonly Figures[],
): void {
  const mib = (rate: number): string => `${(rate / 1024 / 1024).toFixed(0)} MiB/s`;
  process.stdout.write(
    `raw loopback TCP ${mib(rates.tcpBytesPerSecond)}, AES-128-CTR ${mib(rates.aes128CtrBytesPerSecond)}; medians of ${runs} runs\n\n`,
  );
  process.stdout.write(
    'work                                 rounds  bytes each way      tape     deal   online    memory  x TCP  x AES\n',
  );
  for (const { name, rounds, bytesOnline, bytesTape, seconds, peakBytes, ratios } of figures)
    process.stdout.write(
      `${name.padEnd(36)} ${String(rounds).padStart(6)} ${String(bytesOnline).padStart(15)} ${String(bytesTape).padStart(9)} ${seconds.deal.toFixed(3).padStart(7)}s ${seconds.online.toFixed(3).padStart(7)}s ${String(Math.round(peakBytes / 1024 / 1024)).padStart(5)} MiB ${ratios.onlineToTcp.toFixed(1).padStart(6)} ${ratios.dealToAes.toFixed(1).padStart(6)}\n`,
    );
}
