/**
 * Real brokers and coordinators, each at an address of its own, killed outright under load: nothing that was acknowledged is
 * lost, nothing is applied twice, and service comes back by itself. `npm run chaos` does this for longer.
 */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { parseReply } from '../../src/coordination/reply.ts';
import { splitmix } from '../support/splitmix.ts';
import { Cluster } from './cluster.ts';
import { ALL_KINDS, Load } from './load.ts';
import { onLoopback } from './places.ts';
import { agree, audit, BACK_WITHIN_MS, killTwoAndTwo, LATE } from './trials.ts';

const TRIALS = Number(process.env.MPC_CHAOS_TRIALS ?? 20);
const seed = Number(process.env.MPC_CHAOS_SEED ?? Date.now() % 1_000_000);
const next = splitmix(seed);
const random = (): number => Number(next() >> 11n) / 2 ** 53;

/** Without this a missing answer would hold the run. */
const BOUND = { timeout: 120_000 };
const bound = (): AbortSignal => AbortSignal.timeout(BOUND.timeout - 5_000);

let cluster: Cluster;
let load: Load;

before(async () => {
  process.stdout.write(`# MPC_CHAOS_SEED=${seed}\n`);
  const directory = mkdtempSync(join(tmpdir(), 'mpc-chaos-'));
  cluster = await Cluster.open(directory, await onLoopback({ directory, brokers: 5, coordinators: 3 }));
  load = new Load(cluster);
  await load.start();
});

after(async () => {
  await load?.stop();
  await cluster?.stop();
});

/** What whoever asks once gets: from a replica, or, while all of them look for a broker, from nobody. */
async function answerTo(command: Uint8Array): Promise<string> {
  try {
    const reply = parseReply(await cluster.bus.request(subjects.submit('chaos', 'dealer'), command, 15_000));
    return reply === undefined ? 'unreadable' : !reply.ok && 'again' in reply ? 'not now' : 'decided';
  } catch (error) {
    if (error instanceof MpcError && error.code === 'bus.no-responders') return 'not now';
    throw error;
  }
}

let trials = 0;
/** Milliseconds, of each trial. */
const away: number[] = [];
for (let trial = 1; trial <= TRIALS; trial++)
  test(
    `trial ${trial}: two of five brokers and two of three coordinators die, one of these with its disk`,
    BOUND,
    async () => {
      const { backMs } = await killTwoAndTwo(cluster, load, random);
      away.push(Math.round(backMs));
      assert.ok(backMs < LATE.withinMs, `service was away for ${Math.round(backMs)} ms`);
      trials++;
    },
  );

test(
  'with three of five brokers down everything is answered "not now"; with them back service returns by itself',
  BOUND,
  async () => {
    const signal = bound();
    await load.more(30, signal);
    await Promise.all([0, 2, 4].map((index) => cluster.killBroker(index)));
    const before = load.acknowledged.length;
    const answers = await Promise.all(Array.from({ length: 5 }, () => answerTo(load.signed('dealer'))));
    assert.deepEqual(answers, ['not now', 'not now', 'not now', 'not now', 'not now']);
    assert.ok(load.acknowledged.length <= before + 8, 'at most what was under way has been acknowledged');
    await Promise.all([0, 2, 4].map((index) => cluster.startBroker(index)));
    const backMs = await load.servedAgain(signal);
    assert.ok(backMs < BACK_WITHIN_MS, `service was away for ${Math.round(backMs)} ms`);
    await agree(cluster, load, signal);
  },
);

test('after two of five brokers died service was back within 15 s, but for one trial in twenty at most', () => {
  const late = away.filter((backMs) => backMs >= BACK_WITHIN_MS).length;
  assert.ok(away.length === TRIALS && late <= LATE.share * TRIALS, `away for ${away.join(', ')} ms`);
});

test('everything is killed at once and started again: all is there and goes on', BOUND, async () => {
  const signal = bound();
  await load.more(60, signal);
  await cluster.killAll();
  const before = load.acknowledged.length;
  await cluster.startAll();
  await load.more(60, signal);
  assert.ok(load.acknowledged.length >= before + 60);
  await agree(cluster, load, signal);
});

test(
  'of all of it nothing acknowledged is lost, nothing is applied twice, and the log alone gives the same state',
  BOUND,
  async () => {
    const signal = bound();
    await load.pause(signal);
    const takenOver = await load.allPushed(signal);
    assert.ok(takenOver >= 1, `mail was pushed by ${takenOver} more replicas when one had died`);
    const { accepted, commands } = await audit(cluster, load.acknowledged, signal);
    assert.ok(
      trials === TRIALS && load.acknowledged.length > TRIALS * 60,
      `${load.acknowledged.length} acknowledged`,
    );
    const kinds = new Set(load.acknowledged.map(({ kind }) => kind));
    assert.deepEqual(
      ALL_KINDS.filter((kind) => !kinds.has(kind)),
      [],
      'commands of all kinds were part of it',
    );
    assert.ok(accepted <= commands);
  },
);
