/**
 * Owns enumerations for elections that are small enough to hold all of them: orders, choices, ways to share ballots among voters; and
 * ballots with what three real servers found of them, so that every list of them can be counted.
 */
import assert from 'node:assert/strict';
import { BallotType, type Choice } from '../../src/ballot/election-type.ts';
import { Counting } from '../../src/election/counting.ts';
import { ELECTION_SERVERS, type ElectionType } from '../../src/election/descriptor.ts';
import type { Envelope } from '../../src/election/envelope.ts';
import { GrowingTally, type TallyHalves } from '../../src/election/fragment.ts';
import { combineFragments, resultLines } from '../../src/election/result.ts';
import { draws } from '../support/ballots.ts';
import { ElectionWorld, type TestServer } from './world.ts';

/** All orders of 0 to `length` - 1. */
export function orders(length: number): number[][] {
  if (length === 0) return [[]];
  return orders(length - 1).flatMap((order) =>
    Array.from({ length }, (_, at) => [...order.slice(0, at), length - 1, ...order.slice(at)]),
  );
}

/** All lists of that length over the choices. */
export function combinations(choices: readonly Choice[], length: number): Choice[][] {
  if (length === 0) return [[]];
  return combinations(choices, length - 1).flatMap((rest) => choices.map((choice) => [...rest, choice]));
}

/** All ways to cast so many ballots by voters who cast several each, most first: 3 is [3], [2, 1] and [1, 1, 1]. */
export function partitions(ballots: number, most = ballots): number[][] {
  if (ballots === 0) return [[]];
  return Array.from({ length: Math.min(most, ballots) }, (_, at) => at + 1).flatMap((first) =>
    partitions(ballots - first, first).map((rest) => [first, ...rest]),
  );
}

/** One ballot as it stands in a list: which it is, whose, and the how manieth of that voter's. */
interface Slot {
  readonly voter: number;
  readonly counter: number;
}

interface Found {
  readonly envelope: Envelope;
  /** At servers a, b, c. */
  readonly outShares: readonly Uint8Array[];
}

/** Ballots of each slot with each choice, all cast, sealed, opened and verified by three servers. */
export class CastBallots {
  readonly world: ElectionWorld;
  readonly servers: readonly TestServer[];
  readonly choices: readonly Choice[];
  readonly slots: readonly Slot[];
  readonly #found: readonly (readonly Found[])[];
  readonly #results = new Map<string, string>();

  /** `perVoter`: how many ballots each voter casts. */
  constructor(
    type: ElectionType,
    labels: readonly string[],
    choices: readonly Choice[],
    perVoter: readonly number[],
    seed: number,
  ) {
    const { bytes } = draws(seed);
    const kind = type.kind === 'yesNo' ? type : { ...type, options: labels.length };
    this.world = new ElectionWorld(bytes, type, labels, perVoter.length, new BallotType(kind));
    this.servers = this.world.opened();
    this.choices = choices;
    this.slots = perVoter.flatMap((ballots, voter) =>
      Array.from({ length: ballots }, (_, at) => ({ voter, counter: at + 1 })),
    );
    const caster = this.world.caster();
    const cast = this.slots.map(({ voter, counter }) =>
      choices.map((choice) =>
        this.servers[0]!.take(caster.cast(voter, this.world.voter(voter).identity, counter, choice, bytes)),
      ),
    );
    const all = cast.flat();
    const outShares = outSharesOf(this.servers, all);
    this.#found = cast.map((some, slot) =>
      some.map((envelope, choice) => ({
        envelope,
        outShares: outShares.map((shares) => shares[slot * choices.length + choice]!),
      })),
    );
  }

  envelope(slot: number, choice: number): Envelope {
    return this.#found[slot]![choice]!.envelope;
  }

  /**
   * Counts that list of slots with every assignment of choices, as each of the three servers does, and compares each result with what
   * was cast: of each voter the ballot with the highest counter. Returns how many elections that were.
   */
  countAll(list: readonly number[]): number {
    const counting = new Counting();
    // Which ballots a later one replaces does not depend on choices: they are not known to whoever counts.
    const changes = list.map((slot, position) => counting.take(position, this.envelope(slot, 0)));
    const type = this.world.type;
    const chosen = new Array<number>(list.length).fill(0);
    const shareAt = (position: number, server: number): Uint8Array =>
      this.#found[list[position]!]![chosen[list[position]!]!]!.outShares[server]!;
    let elections = 0;
    const from = (position: number, tallies: readonly TallyHalves[]): void => {
      if (position === list.length) {
        elections++;
        this.#compare(chosen, tallies, counting.size);
        return;
      }
      const { added, removed } = changes[position]!;
      for (let choice = 0; choice < this.choices.length; choice++) {
        chosen[list[position]!] = choice;
        from(
          position + 1,
          tallies.map((halves, server) => {
            const tally = new GrowingTally(type, halves);
            if (added !== undefined) tally.add([shareAt(added, server)]);
            if (removed !== undefined) tally.remove([shareAt(removed, server)]);
            return tally.halves;
          }),
        );
      }
    };
    from(
      0,
      ELECTION_SERVERS.map(() => new GrowingTally(type).halves),
    );
    return elections;
  }

  /** Equal tallies are combined once. */
  #compare(chosen: readonly number[], tallies: readonly TallyHalves[], counted: number): void {
    const key = tallies.map(({ added, removed }) => text(added) + text(removed)).join('');
    let result = this.#results.get(key);
    if (result === undefined) {
      const { descriptor, type } = this.world;
      const fragments = tallies.map((halves) => new GrowingTally(type, halves).fragment());
      const sums = combineFragments(descriptor, fragments, counted, type);
      assert.ok(sums !== undefined, 'the fragments make a possible result');
      result = resultLines(descriptor, sums, counted)
        .map(({ sum }) => sum)
        .join();
      if (this.#results.size < 100_000) this.#results.set(key, result);
    }
    const last = this.slots.flatMap(({ voter }, slot) =>
      this.slots[slot + 1]?.voter === voter ? [] : [slot],
    );
    const plain = plainly(
      last.map((slot) => this.choices[chosen[slot]!]!),
      this.world.descriptor.labels.length,
    );
    if (result !== plain)
      assert.fail(`choices ${chosen.join()} gave ${result} where a plain count gives ${plain}`);
  }
}

const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

/** Counted in the open, written anew for these tests. */
function plainly(choices: readonly Choice[], options: number): string {
  const sums = new Array<number>(options).fill(0);
  for (const choice of choices) {
    if (typeof choice === 'boolean') sums[choice ? 1 : 0]!++;
    else if (typeof choice === 'number') sums[choice]!++;
    else for (const [at, mark] of choice.entries()) sums[at]! += Number(mark);
  }
  return sums.join();
}

/** What each of three servers adds for each of these ballots, all in one batch; all are valid. */
export function outSharesOf(servers: readonly TestServer[], envelopes: readonly Envelope[]): Uint8Array[][] {
  const prepared = servers.map(({ verifier }) => verifier.prepare(envelopes));
  const words = prepared.map(({ word }) => word);
  return servers.map(({ verifier }, server) => {
    const { valid, rejected } = verifier.finish(0, envelopes, prepared[server]!, words);
    assert.deepEqual(rejected, []);
    return valid.map(({ outShare }) => outShare);
  });
}
