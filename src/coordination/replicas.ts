/**
 * Owns what coordinator replicas tell about themselves: how far each is, and the digests by which they are compared.
 * Must never be taken for proof: the broker carries it, unsigned.
 */
import { z } from 'zod';
import { utf8 } from '../base/bytes.ts';
import { canonicalJson, type Json } from '../base/canonical.ts';
import type { Clock } from '../base/clock.ts';
import type { Bus, Subscription } from '../bus/bus.ts';
import { type Address, subjects } from '../bus/subjects.ts';
import type { Follower } from './follower.ts';
import { stateDigest } from './snapshot.ts';

const statusSchema = z.strictObject({
  /** Which replica: the name that its configuration gives it. */
  name: z.string().max(100),
  /** Which process of it. */
  replica: z.string().max(64),
  /** The last entry it has applied, the digest of all entries up to there, and that of its whole state. */
  sequence: z.int().min(0),
  chain: z.string().max(64),
  digest: z.string().max(64),
  inHand: z.int().min(0),
});

export type ReplicaStatus = z.infer<typeof statusSchema>;

export interface ReplicaDeskOptions {
  readonly bus: Bus;
  readonly deployment: string;
  readonly follower: Follower;
  readonly clock: Clock;
  readonly name: string;
  readonly replica: string;
  readonly inHand: () => number;
}

/** Answers everybody who asks, until it is unsubscribed. */
export function openReplicaDesk(options: ReplicaDeskOptions): Subscription {
  const { bus, deployment, follower, name, replica, clock, inHand } = options;
  // Digesting a large state takes a while: a tenth of the time at most, however often it is asked for.
  let known = { sequence: -1, chain: '', digest: '' };
  let nextMs = 0;
  return bus.subscribe(subjects.replicas(deployment, '*'), ({ subject }) => {
    if (known.sequence !== follower.state.sequence && clock.now() >= nextMs) {
      const startedMs = clock.now();
      const state = follower.snapshot();
      known = { sequence: state.sequence, chain: state.chain, digest: stateDigest(state) };
      nextMs = clock.now() + 10 * (clock.now() - startedMs);
    }
    const status: ReplicaStatus = { name, replica, ...known, inHand: inHand() };
    const asker = subject.split('.')[3] as Address; // the subscribed pattern has it there
    bus.publish(subjects.replicas(deployment, asker, 'answer'), utf8.encode(canonicalJson(status as Json)));
  });
}

export interface AskOptions {
  readonly bus: Bus;
  readonly deployment: string;
  readonly me: Address;
  readonly clock: Clock;
  /** How long answers are waited for. */
  readonly patienceMs: number;
  /** Enough answers: do not wait for more. */
  readonly enough?: number;
}

/** What the replicas that answer in time say, sorted by name. */
export async function askReplicas({
  bus,
  deployment,
  me,
  clock,
  patienceMs,
  enough = Number.POSITIVE_INFINITY,
}: AskOptions): Promise<ReplicaStatus[]> {
  const found = new Map<string, ReplicaStatus>();
  const done = new AbortController();
  const answers = bus.subscribe(subjects.replicas(deployment, me, 'answer'), ({ data }) => {
    const status = statusIn(data);
    if (status !== undefined) found.set(status.replica, status);
    if (found.size >= enough) done.abort();
  });
  try {
    bus.publish(subjects.replicas(deployment, me), new Uint8Array());
    await clock.sleep(patienceMs, done.signal).catch(() => undefined);
  } finally {
    answers.unsubscribe();
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function statusIn(data: Uint8Array): ReplicaStatus | undefined {
  try {
    return statusSchema.safeParse(JSON.parse(utf8.decode(data))).data;
  } catch {
    return undefined;
  }
}
