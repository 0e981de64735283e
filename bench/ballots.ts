/**
 * Owns `npm run bench:ballots`: what casting, verifying and tallying ballots costs of processor time, nothing sent, beside @divviup/prio3
 * (an implementation of the specification's draft 08 with BigInts) at the same work in the same run. Medians of several runs, the two
 * taking turns. Must never count a ballot that was not verified: results are compared with the plain count.
 *
 * The same work: sharding for three servers; of each ballot three verifier shares, one combination, and three output shares; adding
 * those up at three servers. Ours takes and gives encoded messages and expands seeds at each server; the other hands objects on,
 * with helpers' shares expanded already, which is in its favour. It has no approval: there it proves a vector of bits, less than ours.
 */
import { Prio3Count, Prio3Histogram, Prio3SumVec } from '@divviup/prio3';
import { aggregateRows, emptyAggregate, unshard } from '../src/ballot/aggregate.ts';
import { combineBatch, finishBatch, prepareBatch } from '../src/ballot/batch.ts';
import { type Circuit, count, histogram, multihotCountVec, sumVec } from '../src/ballot/circuits.ts';
import { ballotKernels } from '../src/ballot/kernels/kernels.ts';
import { bestChunk } from '../src/ballot/kinds.ts';
import { type Sharded, shard } from '../src/ballot/shard.ts';
import { Workspace } from '../src/ballot/workspace.ts';
import { utf8 } from '../src/base/bytes.ts';
import { assert } from '../src/base/errors.ts';
import { systemRandom } from '../src/base/random.ts';
import { median } from './processes.ts';

const RUNS = 5;
/** What this project wants of every line's ratio. */
const GOAL = 20;
/** A tally is made of so many batches, each the run's ballots once more: one batch alone is over before a clock can tell. */
const BATCHES = 8;
const SERVERS = [0, 1, 2] as const;
const CONTEXT = utf8.encode('an election');

/** Seconds of one run's parts, each over so many ballots. */
interface Took {
  readonly ballots: number;
  readonly shard: number;
  readonly verify: number;
  readonly tally: number;
}

interface Contest {
  readonly name: string;
  readonly ours: (ballots: number) => Took;
  readonly theirs: (ballots: number) => Promise<Took>;
  /** How many ballots of theirs take some tenths of a second. */
  readonly few: number;
  readonly bytes: { readonly ballot: number; readonly least: number };
}

/** The interface of their variants that is used here. */
interface Theirs<Measurement, PublicShare, InputShare, State, Share, Message> {
  readonly randSize: number;
  shard(
    measurement: Measurement,
    nonce: Buffer,
    rand: Buffer,
  ): Promise<{ publicShare: PublicShare; inputShares: InputShare[] }>;
  prepareInit(
    key: Buffer,
    server: number,
    parameter: null,
    nonce: Buffer,
    publicShare: PublicShare,
    inputShare: InputShare,
  ): Promise<{ preparationState: State; preparationShare: Share }>;
  unshardPreparationShares(parameter: null, shares: Share[]): Promise<Message>;
  prepareNext(state: State, message: Message): { outputShare: bigint[] } | { preparationState: State };
  aggregate(parameter: null, outputShares: bigint[][]): bigint[];
  unshard(parameter: null, shares: bigint[][], ballots: number): number | number[];
}

function contest<Measurement, A, B, C, D, E>(
  name: string,
  circuit: Circuit<Measurement, number | readonly number[]>,
  theirs: Theirs<Measurement, A, B, C, D, E>,
  choose: (ballot: number) => Measurement,
  few: number,
): Contest {
  const space = new Workspace(circuit, { shares: SERVERS.length, kernels: ballotKernels });
  return {
    name,
    few,
    bytes: { ballot: measuredBytes(space, choose(0)), least: leastBytes(circuit) },
    ours: (ballots) =>
      ourRun(
        space,
        Array.from({ length: ballots }, (_, k) => choose(k)),
      ),
    theirs: (ballots) =>
      theirRun(
        theirs,
        Array.from({ length: ballots }, (_, k) => choose(k)),
      ),
  };
}

const chunk10 = bestChunk(10);
const chunk100 = bestChunk(100);
const chunk80 = bestChunk(80);
const approvalChunk = bestChunk(10 + 2);
const CONTESTS: readonly Contest[] = [
  contest('Count', count(), new Prio3Count({ shares: 3 }), (k) => k % 3 === 0, 200),
  contest(
    'Histogram 10',
    histogram(10, chunk10),
    new Prio3Histogram({ shares: 3, length: 10, chunkLength: chunk10 }),
    (k) => k % 10,
    60,
  ),
  contest(
    'Histogram 100',
    histogram(100, chunk100),
    new Prio3Histogram({ shares: 3, length: 100, chunkLength: chunk100 }),
    (k) => k % 100,
    12,
  ),
  contest(
    'SumVec 10 x 8 bits',
    sumVec(10, 255, chunk80),
    new Prio3SumVec({ shares: 3, length: 10, bits: 8, chunkLength: chunk80 }),
    (k) => Array.from({ length: 10 }, (_, j) => (31 * k + 7 * j) % 256),
    16,
  ),
];

const scores = new Prio3SumVec({ shares: 3, length: 10, bits: 1, chunkLength: approvalChunk });
/** Marks as the other takes them: numbers. */
const asNumbers = {
  randSize: scores.randSize,
  shard: (marks: readonly boolean[], nonce: Buffer, rand: Buffer) =>
    scores.shard(marks.map(Number), nonce, rand),
  prepareInit: scores.prepareInit.bind(scores),
  unshardPreparationShares: scores.unshardPreparationShares.bind(scores),
  prepareNext: scores.prepareNext.bind(scores),
  aggregate: scores.aggregate.bind(scores),
  unshard: scores.unshard.bind(scores),
};
const approval = contest(
  'Multihot 10, at most 3',
  multihotCountVec(10, 3, approvalChunk),
  asNumbers,
  (k) => Array.from({ length: 10 }, (_, j) => j === k % 10 || j === (k + 3) % 10),
  60,
);

process.stdout.write(
  `ballots a second of one core, three servers    ours    theirs   ratio (goal: ${GOAL}) |   bytes a ballot, least by the specification\n`,
);
/** Of all the work of a kind of ballot, which the goal is about, and of any part of it. */
const least = { whole: Number.POSITIVE_INFINITY, part: Number.POSITIVE_INFINITY };
for (const { name, ours, theirs, few, bytes } of [...CONTESTS, approval]) {
  const many = 40 * few;
  ours(many);
  await theirs(Math.ceil(few / 4));
  const [mine, other]: [Took[], Took[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    mine.push(ours(many));
    other.push(await theirs(few));
  }
  const parts: readonly [string, (took: Took) => number][] = [
    ['sharded', (took) => took.shard],
    ['verified', (took) => took.verify],
    ['tallied', (took) => took.tally],
    ['all of it', (took) => took.shard + took.verify + took.tally],
  ];
  for (const [part, secondsOf] of parts) {
    const [a, b] = [mine, other].map((runs) => median(runs.map((took) => took.ballots / secondsOf(took))));
    const figures = [a!, b!].map((rate) => Math.round(rate).toLocaleString('en').padStart(10)).join('');
    const of = part === 'all of it' ? 'whole' : 'part';
    least[of] = Math.min(least[of], a! / b!);
    const size = part === 'sharded' ? ` |   ${bytes.ballot}, ${bytes.least}` : '';
    process.stdout.write(
      `${name.padEnd(24)} ${part.padEnd(10)} ${figures} ${(a! / b!).toFixed(0).padStart(7)}${size}\n`,
    );
  }
}
process.stdout.write(
  `all of the work: at least ${least.whole.toFixed(1)} times the other's rate, the goal of ${GOAL} is ${least.whole < GOAL ? 'MISSED' : 'met'}; the least of any part is ${least.part.toFixed(1)}\n`,
);

function ourRun<Measurement>(
  space: Workspace<Measurement, number | readonly number[]>,
  measurements: readonly Measurement[],
): Took {
  const key = systemRandom(32);
  const nonces = measurements.map(() => systemRandom(16));
  const rands = measurements.map(() => systemRandom(space.sizes.rand));
  const [ballots, shardSeconds] = timed(() =>
    measurements.map((measurement, k): Sharded => shard(space, CONTEXT, measurement, nonces[k]!, rands[k]!)),
  );
  const reports = SERVERS.map((server) =>
    ballots.map(({ publicShare, inputShares }, k) => ({
      nonce: nonces[k]!,
      publicShare,
      inputShare: inputShares[server]!,
    })),
  );
  const [states, verifySeconds] = timed(() => {
    const batches = SERVERS.map((server) => prepareBatch(space, key, CONTEXT, server, reports[server]!));
    const shares = batches.map(({ verifierShares }) => verifierShares);
    const combined = combineBatch(space, CONTEXT, ballots.length, shares);
    for (const batch of batches)
      assert(finishBatch(space, batch.states, combined).size === 0, 'all ballots are valid');
    return batches.map((batch) => batch.states);
  });
  const rows = measurements.map((_, row) => row);
  const [result, tallySeconds] = timed(() =>
    unshard(
      space,
      states.map(({ outShares }) => {
        let share = emptyAggregate(space);
        for (let batch = 0; batch < BATCHES; batch++) share = aggregateRows(space, share, outShares, rows);
        return share;
      }),
    ),
  );
  check(result, measurements);
  const tally = tallySeconds / BATCHES;
  return { ballots: measurements.length, shard: shardSeconds, verify: verifySeconds, tally };
}

async function theirRun<Measurement, A, B, C, D, E>(
  vdaf: Theirs<Measurement, A, B, C, D, E>,
  measurements: readonly Measurement[],
): Promise<Took> {
  const random = (bytes: number): Buffer => Buffer.from(systemRandom(bytes));
  const key = random(16);
  const nonces = measurements.map(() => random(16));
  const rands = measurements.map(() => random(vdaf.randSize));
  let start = process.cpuUsage();
  const ballots: { publicShare: A; inputShares: B[] }[] = [];
  for (const [k, measurement] of measurements.entries())
    ballots.push(await vdaf.shard(measurement, nonces[k]!, rands[k]!));
  const shardSeconds = secondsSince(start);
  start = process.cpuUsage();
  const outShares: bigint[][][] = [];
  for (const [k, { publicShare, inputShares }] of ballots.entries()) {
    const prepared: { preparationState: C; preparationShare: D }[] = [];
    for (const server of SERVERS)
      prepared.push(await vdaf.prepareInit(key, server, null, nonces[k]!, publicShare, inputShares[server]!));
    const message = await vdaf.unshardPreparationShares(
      null,
      prepared.map((one) => one.preparationShare),
    );
    outShares.push(
      prepared.map(({ preparationState }) => {
        const next = vdaf.prepareNext(preparationState, message);
        assert('outputShare' in next, 'one round verifies');
        return next.outputShare;
      }),
    );
  }
  const verifySeconds = secondsSince(start);
  const batches = SERVERS.map((server) =>
    Array.from({ length: BATCHES }, () => outShares.map((one) => one[server]!)).flat(),
  );
  start = process.cpuUsage();
  const shares = batches.map((batch) => vdaf.aggregate(null, batch));
  const result = vdaf.unshard(null, shares, BATCHES * measurements.length);
  const tally = secondsSince(start) / BATCHES;
  check(result, measurements);
  return { ballots: measurements.length, shard: shardSeconds, verify: verifySeconds, tally };
}

/** The result is the plain count of what was cast, as often as it was tallied. */
function check(result: number | readonly number[], measurements: readonly unknown[]): void {
  const totals: number[] = [];
  const add = (at: number, value: number): void => {
    totals[at] = (totals[at] ?? 0) + value;
  };
  for (const measurement of measurements) {
    if (typeof measurement === 'boolean') add(0, Number(measurement));
    else if (typeof measurement === 'number') add(measurement, 1);
    else if (Array.isArray(measurement))
      for (const [at, value] of measurement.entries()) add(at, Number(value));
  }
  const counted = [result].flat().map(Number);
  assert(
    counted.every((value, at) => value === BATCHES * (totals[at] ?? 0)) && counted.length >= totals.length,
    'the tally is the plain count',
  );
}

function measuredBytes<Measurement>(
  space: Workspace<Measurement, unknown>,
  measurement: Measurement,
): number {
  const ballot = shard(space, CONTEXT, measurement, systemRandom(16), systemRandom(space.sizes.rand));
  return [ballot.publicShare, ...ballot.inputShares].reduce((sum, message) => sum + message.length, 0);
}

/** The specification's encodings for three servers, with the chunk that makes them shortest. */
function leastBytes({ elements, chunk, field }: Circuit<never, unknown>): number {
  // Count: the element, two seeds, three values of the gadget's polynomial; two seeds.
  if (chunk === undefined) return (elements + 2 + 3) * field.bytes + 2 * 32;
  let least = Infinity;
  for (let size = 1; size <= elements; size++) {
    let points = 1;
    while (points < 1 + Math.ceil(elements / size)) points *= 2;
    least = Math.min(least, (elements + 2 * size + 2 * points - 1) * field.bytes);
  }
  // Three parts of the joint randomness; the leader's blind; two seeds and blinds.
  return least + 3 * 32 + 32 + 2 * 64;
}

function timed<Value>(run: () => Value): [value: Value, seconds: number] {
  const start = process.cpuUsage();
  const value = run();
  return [value, secondsSince(start)];
}

/** Of processor time, garbage collection and all: what else the machine does counts less. */
function secondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}
