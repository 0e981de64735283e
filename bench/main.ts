/**
 * Owns `npm run bench`: what a run of typical work takes, through a real broker, sealed, two server processes, beside the
 * machine's raw rates of the same minute. `-- --json` prints one object; `-- --runs N` sets the number of runs (median).
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownBroker } from '../bin/local/own-broker.ts';
import { bytesOfWords, concatBytes } from '../src/base/bytes.ts';
import { systemRandom } from '../src/base/random.ts';
import { dealPlan } from '../src/engine/dealer.ts';
import { createIdentity, loadIdentity, saveIdentity } from '../src/identity/identity.ts';
import { planInputs } from '../src/plan/check.ts';
import { planCost } from '../src/plan/cost.ts';
import { wordsOf } from '../src/ring/words.ts';
import { Seed } from '../src/tape/seed.ts';
import type { PeerSetup } from './peer.ts';
import { median, nextMessage } from './processes.ts';
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
  /** Online time over the time raw TCP would take for the bytes of one direction; dealing over AES-CTR for the tape. */
  readonly ratios: { readonly onlineToTcp: number; readonly dealToAes: number };
}

const json = process.argv.includes('--json');
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
    inputs: join(directory, 'inputs'),
  };
  writeFileSync(files.seedA, seedA.exposeSecretBytes());
  writeFileSync(files.seedB, seedB.exposeSecretBytes());
  writeFileSync(files.tape, concatBytes(...corrections));
  const masked = planInputs(plan).map(({ input }) =>
    bytesOfWords(uniformWords(wordsOf(input.kind, input.length))),
  );
  writeFileSync(files.inputs, concatBytes(...masked));
  const onlineSeconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const shared = {
      nats: broker.url,
      plan,
      corrections: files.tape,
      inputs: files.inputs,
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
    const seconds = await online(setups, [cost.bytesOnline, cost.bytesOnlineB]);
    onlineSeconds.push(seconds);
  }
  const seconds = { deal: median(dealSeconds), online: median(onlineSeconds) };
  return {
    name,
    elements,
    rounds: cost.rounds,
    bytesOnline: cost.bytesOnline,
    bytesTape: cost.bytesTape,
    seconds,
    ratios: {
      onlineToTcp: seconds.online / (cost.bytesOnline / rates.tcpBytesPerSecond),
      dealToAes: seconds.deal / (cost.bytesTape / rates.aes128CtrBytesPerSecond),
    },
  };
}

/** Seconds from 'go' until the slower server has its result. */
async function online(setups: readonly PeerSetup[], plannedBytes: readonly number[]): Promise<number> {
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
    const results = (await Promise.all(ended)) as { seconds: number; sentBytes: number }[]; // peer.ts sends these
    for (const [at, { sentBytes }] of results.entries())
      if (sentBytes !== plannedBytes[at])
        throw new Error(`a server sent ${sentBytes} bytes, the plan says ${plannedBytes[at]}`);
    return Math.max(...results.map(({ seconds }) => seconds));
  } finally {
    for (const child of peers) child.kill();
  }
}

function figuresId(): string {
  return Buffer.from(systemRandom(8)).toString('hex');
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
    'work                                 rounds  bytes each way      tape     deal   online  x TCP  x AES\n',
  );
  for (const { name, rounds, bytesOnline, bytesTape, seconds, ratios } of figures)
    process.stdout.write(
      `${name.padEnd(36)} ${String(rounds).padStart(6)} ${String(bytesOnline).padStart(15)} ${String(bytesTape).padStart(9)} ${seconds.deal.toFixed(3).padStart(7)}s ${seconds.online.toFixed(3).padStart(7)}s ${ratios.onlineToTcp.toFixed(1).padStart(6)} ${ratios.dealToAes.toFixed(1).padStart(6)}\n`,
    );
}
