/**
 * The trials: what is killed, what must hold afterwards. Used by the test, and by a longer script.
 */
import assert from 'node:assert/strict';
import { allChapters } from '../../bin/compose/chapters.ts';
import { utf8 } from '../../src/base/bytes.ts';
import type { LogEntry } from '../../src/bus/bus.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { stateDigest } from '../../src/coordination/snapshot.ts';
import { LogState } from '../../src/coordination/state.ts';
import type { Cluster } from './cluster.ts';
import type { Acknowledged, Load } from './load.ts';

/** Service is back within this after a failure that it survives. */
export const BACK_WITHIN_MS = 15_000;
/** Brokers choose a leader of the log within 4 to 9 s, and seldom start over: of twenty trials one may take up to twice as long. */
export const LATE = { share: 0.05, withinMs: 2 * BACK_WITHIN_MS };
const TRIAL_MS = 90_000;
/** Commands acknowledged before anything is killed: it dies in the middle of work. */
const STEADY_COMMANDS = 60;

export interface Trial {
  readonly brokers: readonly number[];
  readonly coordinators: readonly number[];
  readonly wiped: number;
  readonly backMs: number;
}

/** Two brokers and two coordinators die at once, under load; later they come back, one of them without its disk. */
export async function killTwoAndTwo(
  cluster: Cluster,
  load: Load,
  random: () => number,
  trialMs = TRIAL_MS,
): Promise<Trial> {
  const signal = AbortSignal.timeout(trialMs);
  await load.more(STEADY_COMMANDS, signal);
  const brokers = twoOf(cluster.members.length, random);
  const coordinators = twoOf(cluster.replicas.length, random);
  await Promise.all([
    ...brokers.map((index) => cluster.killBroker(index)),
    ...coordinators.map((index) => cluster.killCoordinator(index)),
  ]);
  const backMs = await load.servedAgain(signal);
  const wiped = coordinators[Math.floor(random() * 2)] ?? 0;
  for (const index of coordinators) cluster.startCoordinator(index, { wiped: index === wiped });
  await Promise.all(brokers.map((index) => cluster.startBroker(index)));
  await agree(cluster, load, signal);
  return { brokers, coordinators, wiped, backMs };
}

/** All replicas have applied everything and are in the same state. The load goes on afterwards. */
export async function agree(cluster: Cluster, load: Load, signal: AbortSignal): Promise<void> {
  await load.pause(signal);
  const statuses = await cluster.settled(signal);
  assert.equal(statuses.length, cluster.replicas.length);
  assert.equal(new Set(statuses.map(({ chain }) => chain)).size, 1, 'all have read the same log');
  assert.equal(new Set(statuses.map(({ digest }) => digest)).size, 1, 'all are in the same state');
  load.resume();
}

export interface Audit {
  readonly entries: number;
  readonly commands: number;
  readonly accepted: number;
}

/**
 * Reads the whole log as text, apart from the code that applies it: everything acknowledged is where its coordinator said, and
 * was accepted once. Then plays it from the start and compares with what the replicas say. Coordinators may go on saying things of
 * their own, of what expires: it goes as far as they all were when it began.
 */
export async function audit(
  cluster: Cluster,
  acknowledged: readonly Acknowledged[],
  signal: AbortSignal,
): Promise<Audit> {
  const statuses = await cluster.settled(signal);
  const entries = await entriesUpTo(cluster, statuses[0]?.sequence ?? 0, signal);
  const places = new Map<string, number[]>();
  for (const { sequence, data } of entries)
    for (const id of idsIn(data)) places.set(id, [...(places.get(id) ?? []), sequence]);
  for (const { id, kind, sequence } of acknowledged) {
    const first = places.get(id)?.[0];
    assert.equal(
      first,
      sequence ?? first ?? 'nowhere',
      `${kind} ${id} is in the log, first where it was said to be`,
    );
  }

  const { name: deployment, trust } = cluster.deployment;
  const state = new LogState({ deployment, trust, chapters: allChapters({ deployment, trust }) });
  const accepted = new Map<string, number>();
  for (const entry of entries)
    for (const { command, outcome, duplicate } of state.apply(entry))
      if (command !== undefined && outcome.ok && !duplicate)
        accepted.set(command.id, (accepted.get(command.id) ?? 0) + 1);
  assert.ok(
    [...accepted.values()].every((times) => times === 1),
    'nothing was applied twice',
  );
  for (const { id, kind } of acknowledged) assert.equal(accepted.get(id), 1, `${kind} ${id} was applied`);
  for (const { digest, sequence } of statuses) {
    assert.equal(sequence, state.sequence);
    assert.equal(digest, stateDigest(state.snapshot()), 'the log alone gives the same state');
  }
  return { entries: entries.length, commands: places.size, accepted: accepted.size };
}

async function entriesUpTo(cluster: Cluster, last: number, signal: AbortSignal): Promise<LogEntry[]> {
  const log = await cluster.bus.log(subjects.logStream(cluster.deployment.name));
  const entries: LogEntry[] = [];
  await new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    log
      .follow(1, (entry) => {
        if (entry.sequence <= last) entries.push(entry);
        if (entry.sequence >= last) resolve();
      })
      .catch(reject);
  });
  return entries;
}

/** The ids of an entry's commands, by their text. */
function idsIn(data: Uint8Array): string[] {
  return [...utf8.decode(data).matchAll(/\\?"id\\?":\\?"([0-9a-f]{32})\\?"/g)].map(([, id = '']) => id);
}

function twoOf(count: number, random: () => number): number[] {
  const first = Math.floor(random() * count);
  const second = Math.floor(random() * (count - 1));
  return [first, second < first ? second : second + 1].sort();
}
