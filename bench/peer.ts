/**
 * Owns one compute server of a benchmark: a process of its own on a real broker, with the engine and the sealed channel
 * of the real role. It is told what to run, says when it is ready, and runs on 'go'.
 */
import { readFileSync } from 'node:fs';
import { systemClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/random.ts';
import { connectNats } from '../src/bus/nats.ts';
import { openChannel } from '../src/channel/sealed-channel.ts';
import { Mailbox, Transcript } from '../src/channel/streams.ts';
import { channelLink } from '../src/duties/rounds.ts';
import { assembleInputs, inputParties, uploadBytes } from '../src/engine/mask.ts';
import { evaluatePlan } from '../src/engine/server.ts';
import { planTapeLayout } from '../src/engine/tape.ts';
import { loadIdentity } from '../src/identity/identity.ts';
import type { Plan } from '../src/plan/plan.ts';
import { stripsOf } from '../src/plan/strips.ts';
import { Seed } from '../src/tape/seed.ts';
import { memoryReader, tapeOfServerA, tapeOfServerB } from '../src/tape/server-tape.ts';

export interface PeerSetup {
  readonly nats: string;
  readonly server: 'a' | 'b';
  readonly key: string;
  readonly peerKey: string;
  readonly plan: Plan;
  /** Files: seed, corrections, masked inputs one after the other. */
  readonly seed: string;
  readonly corrections: string;
  readonly inputs: string;
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
  run,
}: PeerSetup): Promise<void> {
  const bus = await connectNats({ servers: nats, name: `bench-${server}` });
  const outgoing = new Transcript();
  const incoming = new Mailbox();
  const me = `server-${server}` as const;
  const peer = server === 'a' ? 'server-b' : 'server-a';
  const present = new Promise<void>((resolve) => {
    openChannel({
      bus,
      clock: systemClock,
      random: systemRandom,
      identity: loadIdentity(key),
      me,
      peer,
      peerKey,
      topic: {
        deployment: 'bench',
        collaboration: run,
        purpose: 'compute',
        descriptor: '0'.repeat(64),
        attempt: 1,
      },
      outgoing,
      incoming,
      onPresence: (there) => there && resolve(),
    });
  });
  const secret = new Seed(readFileSync(seed));
  const tape =
    server === 'a'
      ? tapeOfServerA(secret)
      : tapeOfServerB(secret, planTapeLayout(stripsOf(plan)), memoryReader(readFileSync(corrections)));
  const masked = readFileSync(inputs);
  const uploads = new Map<string, Uint8Array>();
  let at = 0;
  for (const party of inputParties(plan)) {
    const size = uploadBytes(plan, party);
    uploads.set(party, masked.subarray(at, at + size));
    at += size;
  }
  const go = new Promise<void>((resolve) => process.once('message', () => resolve()));
  // One exchange before the clock starts: the handshake is part of a collaboration, not of the engine.
  outgoing.append(new Uint8Array(8));
  await present;
  await incoming.take();
  process.send?.('ready');
  await go;
  const startedMs = performance.now();
  let sentBytes = 0;
  const link = channelLink(outgoing, incoming);
  await evaluatePlan({
    plan,
    server,
    tape,
    inputs: assembleInputs(plan, uploads),
    link: {
      ...link,
      send(message) {
        sentBytes += message.length;
        return link.send(message);
      },
    },
  });
  process.send?.({ seconds: (performance.now() - startedMs) / 1000, sentBytes });
  process.once('message', () => process.exit(0));
}
