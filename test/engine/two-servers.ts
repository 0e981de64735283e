/**
 * Owns a whole deployment in memory for tests: every party masks its rows, the dealer deals, two servers run in lock-step,
 * the output party combines. What went over the wire is counted and kept.
 */
import { concatBytes } from '../../src/base/bytes.ts';
import { combineOutputs, outputBytes, outputsOfBytes } from '../../src/engine/combine.ts';
import { dealPlan } from '../../src/engine/dealer.ts';
import { assembleInputs, inputParties, maskRows, uploadParts } from '../../src/engine/mask.ts';
import type { Link } from '../../src/engine/openings.ts';
import type { PlanResult } from '../../src/engine/result.ts';
import { evaluatePlan } from '../../src/engine/server.ts';
import { planTapeLayout, slicesOf } from '../../src/engine/tape.ts';
import { planInputs, validatePlan } from '../../src/plan/check.ts';
import type { NodeId, Plan } from '../../src/plan/plan.ts';
import { STRIP_SIZES, type StripSizes, stripsOf } from '../../src/plan/strips.ts';
import { type Words, wordsOf } from '../../src/ring/words.ts';
import { inputSeed, Seed } from '../../src/tape/seed.ts';
import { memoryReader, tapeOfServerA, tapeOfServerB } from '../../src/tape/server-tape.ts';

export interface Run {
  readonly results: PlanResult[];
  /** Exchanges that waited for one another. */
  readonly rounds: number;
  /** Messages of each server, in order: one a round where vectors are short. */
  readonly sentByA: Uint8Array[];
  readonly sentByB: Uint8Array[];
  readonly corrections: Uint8Array;
  /** Server A's. */
  readonly correctionsA: Uint8Array;
  readonly uploads: ReadonlyMap<string, Uint8Array>;
}

/** Rows that the servers hold as shares. */
export interface Held {
  /** Parties that did not come. */
  readonly absent?: readonly string[];
  /** Each server's shares of the rows of results, by slice, laid out as an upload. */
  readonly results?: ReadonlyMap<string, readonly [Uint8Array, Uint8Array]>;
}

/** Plain words of whole input nodes in, everything that happened out. The same `salt` gives the same seeds. */
export async function runPlan(
  plan: Plan,
  plain: ReadonlyMap<NodeId, Words>,
  salt = 1,
  sizes: StripSizes = STRIP_SIZES,
  { absent = [], results: held = new Map() }: Held = {},
): Promise<Run> {
  validatePlan(plan);
  const seedA = new Seed(new Uint8Array(32).fill(salt));
  const seedB = new Seed(new Uint8Array(32).fill(salt + 100));
  const pieces: Uint8Array[] = [];
  const piecesA: Uint8Array[] = [];
  await dealPlan({
    plan,
    seedA,
    seedB,
    sizes,
    corrections: (bytes, holders) => {
      pieces.push(bytes);
      if (holders === 'both') piecesA.push(bytes);
    },
  });
  const corrections = concatBytes(...pieces);
  const correctionsA = concatBytes(...piecesA);

  const uploads = new Map<string, Uint8Array>();
  const parties = inputParties(plan).filter((party) => !absent.includes(party));
  for (const party of parties) {
    const rows = new Map(
      uploadParts(plan, party).map(({ node }) => [node, sliceOf(plan, plain, node, party)]),
    );
    const [subSeedA, subSeedB] = [inputSeed(seedA, party), inputSeed(seedB, party)];
    uploads.set(party, maskRows({ plan, party, rows, subSeedA, subSeedB }));
  }

  const present = new Set(parties);
  const stored = (server: 0 | 1) =>
    new Map([...uploads, ...[...held].map(([slice, shares]) => [slice, shares[server]] as const)]);
  const [linkA, linkB, sentByA, sentByB, rounds] = wire();
  const tapeB = tapeOfServerB(seedB, planTapeLayout(stripsOf(plan, sizes)), memoryReader(corrections));
  const [a, b] = await Promise.all([
    evaluatePlan({
      plan,
      server: 'a',
      tape: tapeOfServerA(seedA, {
        layout: planTapeLayout(stripsOf(plan, sizes), 'a'),
        read: memoryReader(correctionsA),
      }),
      inputs: assembleInputs(plan, stored(0)),
      present,
      link: linkA,
      sizes,
    }),
    evaluatePlan({
      plan,
      server: 'b',
      tape: tapeB,
      inputs: assembleInputs(plan, stored(1)),
      present,
      link: linkB,
      sizes,
    }),
  ]);
  const carried = [a, b].map((outputs) => outputsOfBytes(plan, outputBytes(outputs)));
  const results = combineOutputs(carried[0]!, carried[1]!);
  return { results, rounds: rounds(), sentByA, sentByB, corrections, correctionsA, uploads };
}

/**
 * Two ends of a wire, on which messages cross; what each end has sent; and how many rounds that took so far: a message is of
 * the round after the last one its sender had taken a message of.
 */
export function wire(): [Link, Link, Uint8Array[], Uint8Array[], () => number] {
  const sent: [Uint8Array[], Uint8Array[]] = [[], []];
  const rounds: [number[], number[]] = [[], []];
  const wake: [() => void, () => void] = [() => {}, () => {}];
  const end = (me: 0 | 1): Link => {
    const peer = me === 0 ? 1 : 0;
    let taken = 0;
    let round = 0;
    return {
      send(message) {
        sent[me].push(message.slice());
        rounds[me].push(round + 1);
        wake[peer]();
      },
      async receive() {
        while (sent[peer].length === taken) {
          await new Promise<void>((resolve) => {
            wake[me] = resolve;
          });
        }
        round = Math.max(round, rounds[peer][taken]!);
        return sent[peer][taken++]!.slice();
      },
    };
  };
  return [end(0), end(1), sent[0], sent[1], () => Math.max(0, ...rounds.flat())];
}

function sliceOf(plan: Plan, plain: ReadonlyMap<NodeId, Words>, node: NodeId, party: string): Words {
  const { input } = planInputs(plan).find((entry) => entry.node === node)!;
  let at = 0;
  for (const slice of slicesOf(plan, input.table)) {
    const words = wordsOf(input.kind, slice.capacity);
    if (slice.party === party) return plain.get(node)!.slice(at, at + words);
    at += words;
  }
  throw new Error('the party has a slice');
}
