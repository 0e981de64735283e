/**
 * Owns the verification of many ballots at a time: what one server says of all of them to the others is one run of bytes, a ballot's
 * after another's. Must never let a ballot that is refused touch its neighbours, nor count.
 *
 * The verbs and bytes are those of verify.ts. A ballot that a server refuses has 255 in all bytes of its verifier share: that is no
 * element of a field, so whoever combines refuses it too. Rows keep their numbers throughout.
 */
import { assert, type ErrorReport, MpcError } from '../base/errors.ts';
import {
  checkLength,
  otherJointRandomness,
  outShareAt,
  type Report,
  verifierSharesToMessageAt,
  verifyInitAt,
} from './verify.ts';
import type { Workspace } from './workspace.ts';

type Space = Workspace<never, unknown>;

/** Why ballots are refused, by their rows. */
export type Refusals = ReadonlyMap<number, ErrorReport>;

/** What a server keeps of a batch until it is combined: for it alone. */
export interface BatchStates {
  readonly ballots: number;
  /** A row of `sizes.outShare` bytes for each ballot. */
  readonly outShares: Uint8Array;
  /** The joint randomness's seeds, likewise; empty for circuits without. */
  readonly jointRandSeeds: Uint8Array;
  readonly refusals: Refusals;
}

export interface PreparedBatch {
  readonly states: BatchStates;
  /** For whoever combines: a row of `sizes.verifierShare` bytes for each ballot. */
  readonly verifierShares: Uint8Array;
}

export interface CombinedBatch {
  /** For all servers: a row of `sizes.verifierMessage` bytes for each ballot; meaningless where it is refused. */
  readonly messages: Uint8Array;
  readonly refusals: Refusals;
}

const REFUSED = 255;

export function prepareBatch(
  space: Space,
  verifyKey: Uint8Array,
  context: Uint8Array,
  server: number,
  reports: readonly Report[],
): PreparedBatch {
  const { memory, kernels, places, sizes } = space;
  const ballots = reports.length;
  const verifierShares = new Uint8Array(ballots * sizes.verifierShare);
  const outShares = new Uint8Array(ballots * sizes.outShare);
  const jointRandSeeds = new Uint8Array(ballots * sizes.joint);
  const refusals = new Map<number, ErrorReport>();
  space.bind(context);
  for (let from = 0; from < ballots; from += places.rows) {
    const count = Math.min(places.rows, ballots - from);
    for (let k = 0; k < count; k++) {
      const verifierShare = places.manyVerifiers + k * sizes.verifierShare;
      const refusal = refusalOf(() =>
        verifyInitAt(space, verifyKey, server, reports[from + k]!, verifierShare),
      );
      const outShare = places.manyOutShares + k * sizes.outShare;
      if (refusal === undefined) {
        outShareAt(space, outShare);
      } else {
        refusals.set(from + k, refusal);
        memory.fill(REFUSED, verifierShare, verifierShare + sizes.verifierShare);
        memory.fill(0, outShare, outShare + sizes.outShare);
      }
      kernels.move(places.manySeeds + k * sizes.joint, places.jointSeed, sizes.joint);
    }
    copyOut(memory, verifierShares, from, places.manyVerifiers, count, sizes.verifierShare);
    copyOut(memory, outShares, from, places.manyOutShares, count, sizes.outShare);
    copyOut(memory, jointRandSeeds, from, places.manySeeds, count, sizes.joint);
  }
  return { states: { ballots, outShares, jointRandSeeds, refusals }, verifierShares };
}

/**
 * Combines what the servers gave, in their order, of so many ballots: each the verifier shares of all. Throws `ballot.malformed` when a
 * server's are of another number of ballots.
 */
export function combineBatch(
  space: Space,
  context: Uint8Array,
  ballots: number,
  verifierShares: readonly Uint8Array[],
): CombinedBatch {
  const { memory, kernels, places, sizes } = space;
  assert(verifierShares.length === space.shares, 'every server gave verifier shares');
  for (const shares of verifierShares)
    checkLength(shares, ballots * sizes.verifierShare, `run of verifier shares of ${ballots} ballots`);
  const messages = new Uint8Array(ballots * sizes.joint);
  const refusals = new Map<number, ErrorReport>();
  space.bind(context);
  const apart = places.rows * sizes.verifierShare;
  for (let from = 0; from < ballots; from += places.rows) {
    const count = Math.min(places.rows, ballots - from);
    verifierShares.forEach((shares, server) => {
      const some = shares.subarray(from * sizes.verifierShare, (from + count) * sizes.verifierShare);
      memory.set(some, places.manyVerifiers + server * apart);
    });
    for (let k = 0; k < count; k++) {
      const first = places.manyVerifiers + k * sizes.verifierShare;
      const refusal = refusalOf(() => verifierSharesToMessageAt(space, first, apart));
      if (refusal) refusals.set(from + k, refusal);
      kernels.move(places.manySeeds + k * sizes.joint, places.jointSeed, sizes.joint);
    }
    copyOut(memory, messages, from, places.manySeeds, count, sizes.joint);
  }
  return { messages, refusals };
}

/**
 * All refusals there are at last: the output shares of the other rows may be added up. Throws `ballot.malformed` when the messages are
 * those of another number of ballots.
 */
export function finishBatch(
  space: Space,
  states: BatchStates,
  { messages, refusals }: CombinedBatch,
): Refusals {
  const { joint } = space.sizes;
  checkLength(messages, states.ballots * joint, `run of messages for ${states.ballots} ballots`);
  const all = new Map([...refusals, ...states.refusals]);
  for (let row = 0; row < states.ballots; row++) {
    for (let byte = row * joint; byte < (row + 1) * joint; byte++) {
      if (messages[byte] === states.jointRandSeeds[byte] || all.has(row)) continue;
      all.set(row, otherJointRandomness().report());
    }
  }
  return all;
}

function copyOut(
  memory: Uint8Array,
  out: Uint8Array,
  firstRow: number,
  place: number,
  count: number,
  bytes: number,
): void {
  out.set(memory.subarray(place, place + count * bytes), firstRow * bytes);
}

function refusalOf(run: () => void): ErrorReport | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (!(error instanceof MpcError)) throw error;
    return error.report();
  }
}
