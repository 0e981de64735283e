/**
 * Owns `npm run bench:elections`: whole elections as `mpc election demo` holds them, everything on this machine's cores: clients' proofs,
 * broker, coordinator, three servers, each a process of its own. From the first ballot to the three fragments in the log.
 * Must never count an election whose result is not the plain count, or whose record does not hold: the demo fails then.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type BallotKind, BallotType } from '../src/ballot/election-type.ts';
import { median } from './processes.ts';

const RUNS = 3;
const EXECUTABLE = join(import.meta.dirname, '..', 'bin', 'mpc');

interface Workload {
  readonly name: string;
  readonly kind: BallotKind;
  readonly voters: number;
}

const WORKLOADS: readonly Workload[] = [
  { name: 'yes or no', kind: { kind: 'yesNo' }, voters: 10_000 },
  { name: 'one of 6', kind: { kind: 'oneOf', options: 6 }, voters: 10_000 },
  { name: 'one of 100', kind: { kind: 'oneOf', options: 100 }, voters: 2_000 },
  { name: 'up to 5 of 10', kind: { kind: 'approval', options: 10, most: 5 }, voters: 2_000 },
  { name: '0 to 5 points for each of 10', kind: { kind: 'score', options: 10, max: 5 }, voters: 2_000 },
];

/** What the demo prints with --json. */
interface Held {
  readonly isEqual: boolean;
  readonly castMs: number;
  readonly totalMs: number;
  readonly ballotsPerSecond: number;
  readonly envelopeBytes: number;
  readonly recordBytes: number;
}

function held({ kind, voters }: Workload): Held {
  const options = 'options' in kind ? kind.options : 2;
  const answer = execFileSync(
    process.execPath,
    [
      EXECUTABLE,
      'election',
      'demo',
      '--voters',
      `${voters}`,
      '--options',
      `${options}`,
      '--type',
      kind.kind,
      '--json',
    ],
    { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 * 1024 * 1024 },
  );
  return JSON.parse(answer.toString()); // mpc election demo --json
}

/** What the specification's own messages take: the public share and the three input shares. */
function leastBytes(kind: BallotKind): number {
  const { publicShare, inputShares } = new BallotType(kind).sizes;
  return publicShare + inputShares.reduce((sum, share) => sum + share, 0);
}

process.stdout.write(
  `elections on ${availableParallelism()} cores, medians of ${RUNS} runs: ballots a second from cast to published\n\n`,
);
process.stdout.write(
  `${'election'.padEnd(30)} ${'voters'.padStart(7)} ${'ballots/s'.padStart(10)} ${'bytes a ballot'.padStart(15)} ${'(the least)'.padStart(12)} ${'record bytes a ballot'.padStart(22)}\n`,
);
for (const workload of WORKLOADS) {
  const runs = Array.from({ length: RUNS }, () => held(workload));
  const { voters, kind, name } = workload;
  const rate = median(runs.map(({ ballotsPerSecond }) => ballotsPerSecond));
  const [first] = runs;
  process.stdout.write(
    `${name.padEnd(30)} ${String(voters).padStart(7)} ${rate.toFixed(0).padStart(10)} ${String(first?.envelopeBytes).padStart(15)} ${String(leastBytes(kind)).padStart(12)} ${((first?.recordBytes ?? 0) / voters).toFixed(0).padStart(22)}\n`,
  );
}
