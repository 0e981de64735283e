/**
 * Owns one measurement: a plan dealt in this process, then run by two server processes that stay, over a real broker, sealed.
 * The first run of a process is cold (its code is not compiled yet), the median of the others warm, as a standing server is.
 * Tapes are used again from run to run, which only made-up inputs allow.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownBroker } from '../bin/local/own-broker.ts';
import { bytesOfWords, concatBytes } from '../src/base/bytes.ts';
import { systemRandom } from '../src/base/random.ts';
import type { RunningBroker } from '../src/broker/start.ts';
import { dealPlan } from '../src/engine/dealer.ts';
import { inputParties, uploadBytes } from '../src/engine/mask.ts';
import { createIdentity, loadIdentity, saveIdentity } from '../src/identity/identity.ts';
import { planCost } from '../src/plan/cost.ts';
import { Seed } from '../src/tape/seed.ts';
import type { PeerResult, PeerSetup } from './peer.ts';
import { median, nextMessage } from './processes.ts';
import { uniformWords, type Workload } from './workloads.ts';

export interface Figures {
  readonly name: string;
  readonly elements: number;
  readonly rounds: number;
  /** Bytes that server A sends, and bytes of server B's tape: what the plan promises, and what was counted. */
  readonly bytesOnline: number;
  readonly bytesTape: number;
  /** Of the slower server, from 'go' until its result is there; dealing is one core's. */
  readonly seconds: { readonly deal: number; readonly cold: number; readonly warm: number };
  /** The larger of the two servers' largest resident sets. */
  readonly peakBytes: number;
}

const SERVERS = ['a', 'b'] as const;

export class Laboratory {
  readonly #directory: string;
  readonly #broker: RunningBroker;
  readonly #inThread: boolean;
  #runs = 0;

  private constructor(directory: string, broker: RunningBroker, inThread: boolean) {
    this.#directory = directory;
    this.#broker = broker;
    this.#inThread = inThread;
    for (const server of SERVERS)
      saveIdentity(this.#file(`server-${server}.seed`), createIdentity(systemRandom));
  }

  /** `inThread`: engines get threads of their own, as they do for long plans. */
  static async open({ inThread = false } = {}): Promise<Laboratory> {
    const directory = mkdtempSync(join(tmpdir(), 'mpc-bench-'));
    return new Laboratory(directory, await ownBroker(directory, undefined), inThread);
  }

  async close(): Promise<void> {
    await this.#broker.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** One cold and `runs` warm runs. Throws when a server sent other bytes than the plan's cost says. */
  async measure({ name, elements, plan }: Workload, runs: number): Promise<Figures> {
    const cost = planCost(plan);
    const seeds = { a: Seed.fresh(systemRandom), b: Seed.fresh(systemRandom) };
    const corrections: Uint8Array[] = [];
    const dealt: number[] = [];
    for (let run = 0; run < Math.max(2, runs); run++) {
      corrections.length = 0;
      const startedMs = performance.now();
      await dealPlan({
        plan,
        seedA: seeds.a,
        seedB: seeds.b,
        corrections: (bytes) => void corrections.push(bytes),
      });
      dealt.push((performance.now() - startedMs) / 1000);
    }
    for (const server of SERVERS)
      writeFileSync(this.#file(`seed-${server}`), seeds[server].exposeSecretBytes());
    writeFileSync(this.#file('tape'), concatBytes(...corrections));
    const inputs = inputParties(plan).map((party): [string, string] => {
      const path = this.#file(`rows-${party}`);
      writeFileSync(path, bytesOfWords(uniformWords(uploadBytes(plan, party) / 4)));
      return [party, path];
    });
    const peers = this.#startPeers(plan, inputs);
    try {
      await Promise.all(peers.map(nextMessage));
      const online: number[] = [];
      let peakBytes = 0;
      for (let run = 0; run <= runs; run++) {
        const ended = peers.map(nextMessage);
        for (const child of peers) child.send('go');
        const results = (await Promise.all(ended)) as PeerResult[]; // peer.ts sends these
        checkBytes(name, results, [cost.bytesOnline, cost.bytesOnlineB]);
        online.push(Math.max(...results.map(({ seconds }) => seconds)));
        peakBytes = Math.max(peakBytes, ...results.map((result) => result.peakBytes));
      }
      const [cold = Number.NaN, ...warm] = online;
      const seconds = { deal: median(dealt.slice(1)), cold, warm: median(warm) };
      const { rounds, bytesOnline, bytesTape } = cost;
      return { name, elements, rounds, bytesOnline, bytesTape, seconds, peakBytes };
    } finally {
      for (const child of peers) child.kill();
    }
  }

  #startPeers(plan: Workload['plan'], inputs: PeerSetup['inputs']): ChildProcess[] {
    this.#runs += 1;
    return SERVERS.map((server) => {
      const setup: PeerSetup = {
        nats: this.#broker.url,
        server,
        key: this.#file(`server-${server}.seed`),
        peerKey: loadIdentity(this.#file(`server-${server === 'a' ? 'b' : 'a'}.seed`)).publicKey,
        plan,
        seed: this.#file(`seed-${server}`),
        corrections: this.#file('tape'),
        inputs,
        inThread: this.#inThread,
        run: `bench${this.#runs}`,
      };
      const child = fork(join(import.meta.dirname, 'peer.ts'), {
        execArgv: ['--import', 'tsx'],
        serialization: 'advanced',
      });
      child.send(setup);
      return child;
    });
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }
}

function checkBytes(name: string, results: readonly PeerResult[], planned: readonly number[]): void {
  for (const [at, { sentBytes }] of results.entries())
    if (sentBytes !== planned[at])
      throw new Error(`${name}: a server sent ${sentBytes} bytes, the plan says ${planned[at]}`);
}
