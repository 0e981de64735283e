/**
 * Owns one compute server of a benchmark: a process of its own on a real broker, with the engine and the sealed channel
 * of the real role. It is told what to run, says when it is ready, and runs once on each 'go' until it is ended.
 */

import { readFileSync } from 'node:fs';
import { type EngineJob, type EngineOptions, runJob } from '../src/duties/engine-job.ts';
import { runJobInThread } from '../src/duties/engine-thread.ts';
import type { Plan } from '../src/plan/plan.ts';
import { sealedChannel } from './sealed.ts';

const ENGINE = new URL('../bin/engine-source.mjs', import.meta.url);

/** What a server tells of one run. */
export interface PeerResult {
  readonly seconds: number;
  readonly sentBytes: number;
  /** Its largest resident set so far. */
  readonly peakBytes: number;
}

export interface PeerSetup {
  readonly nats: string;
  readonly server: 'a' | 'b';
  readonly key: string;
  readonly peerKey: string;
  readonly plan: Plan;
  /** Files: seed, corrections, each party's masked rows. */
  readonly seed: string;
  readonly corrections: string;
  readonly inputs: readonly (readonly [party: string, path: string])[];
  /** Whether the engine gets a thread of its own, as it does for long plans. */
  readonly inThread: boolean;
  /** Tells runs apart on the broker. */
  readonly run: string;
}

process.once('message', (setup: PeerSetup) => void main(setup));

async function main({
  nats,
  server,
  key,
  peerKey,
  plan,
  seed,
  corrections,
  inputs,
  inThread,
  run,
}: PeerSetup): Promise<void> {
  const { outgoing, incoming } = await sealedChannel({ nats, side: server, key, peerKey, run });
  // One exchange before the clock starts: the handshake is part of a collaboration, not of the engine.
  outgoing.append(new Uint8Array(8));
  await incoming.take();
  process.on('message', () => void runOnce());
  process.send?.('ready');

  async function runOnce(): Promise<void> {
    const startedMs = performance.now();
    let sentBytes = 0;
    const job: EngineJob = {
      plan,
      server,
      seed: new Uint8Array(readFileSync(seed)),
      corrections,
      rows: inputs,
    };
    const options: EngineOptions = {
      outgoing: {
        append(chunk) {
          sentBytes += chunk.length;
          outgoing.append(chunk);
        },
      },
      incoming,
      onProgress: () => {},
      signal: new AbortController().signal,
    };
    await (inThread ? runJobInThread(ENGINE, job, options) : runJob(job, options));
    const seconds = (performance.now() - startedMs) / 1000;
    const result: PeerResult = { seconds, sentBytes, peakBytes: peakMemory() };
    process.send?.(result);
  }
}

/** Not what the operating system's usage record says: that begins with what the parent had. */
function peakMemory(): number {
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return 1024 * Number(found?.[1] ?? Number.NaN);
}
