/**
 * Owns what a client does: a measurement becomes one input share a server and a public share, with the proof that it is valid.
 * Must never be given the same randomness twice.
 *
 * Source: VDAF draft 20, section 7.2.1. The leader's share is the measurement (and proof) less what the helpers expand from their
 * seeds, so any servers but all see uniform values. Joint randomness is a hash of all shares of the measurement, each with a blind: a
 * client cannot choose the measurement after it.
 */

import { concatBytes } from '../base/bytes.ts';
import { assert } from '../base/errors.ts';
import type { Workspace } from './workspace.ts';
import { NONCE_BYTES, SEED_BYTES } from './xof.ts';

export interface Sharded {
  /** For all servers: their parts of the joint randomness; empty for circuits without. */
  readonly publicShare: Uint8Array;
  /** One a server, for it alone: the first, the leader's, is long; the others are seeds. */
  readonly inputShares: readonly Uint8Array[];
}

export function shard<Measurement>(
  space: Workspace<Measurement, unknown>,
  context: Uint8Array,
  measurement: Measurement,
  nonce: Uint8Array,
  rand: Uint8Array,
): Sharded {
  const { circuit } = space;
  const small = circuit.encode(measurement);
  const encoded = new Uint8Array(circuit.elements * circuit.field.bytes);
  small.forEach((value, k) => {
    encoded[k * circuit.field.bytes] = value;
  });
  return shardEncoded(space, context, encoded, nonce, rand);
}

/** The same for field elements already encoded. Nothing asks here whether they are a valid measurement: the servers will. */
export function shardEncoded(
  space: Workspace<never, unknown>,
  context: Uint8Array,
  encoded: Uint8Array,
  nonce: Uint8Array,
  rand: Uint8Array,
): Sharded {
  assert(nonce.length === NONCE_BYTES, 'a nonce has 16 bytes');
  assert(rand.length === space.sizes.rand, 'sharding gets its randomness');
  const { memory, field, places, counts, circuit, shares } = space;
  space.bind(context);
  const size = circuit.field.bytes;
  const elements = circuit.elements;
  const hasJoint = space.sizes.joint > 0;
  const seeds = Array.from({ length: rand.length / SEED_BYTES }, (_, k) =>
    rand.subarray(k * SEED_BYTES, (k + 1) * SEED_BYTES),
  );
  // Seeds come as the helpers' seeds, each followed by its blind where there is joint randomness, the leader's blind, the prover's.
  const perHelper = hasJoint ? 2 : 1;
  const helpers = Array.from({ length: shares - 1 }, (_, k) => ({
    seed: seeds[k * perHelper]!,
    blind: seeds[k * perHelper + 1]!,
  }));
  const leaderBlind = seeds[(shares - 1) * perHelper]!;
  const proveSeed = seeds[seeds.length - 1]!;

  memory.set(encoded, places.whole);
  memory.set(encoded, places.leader);
  const parts: Uint8Array[] = [];
  helpers.forEach(({ seed, blind }, k) => {
    space.expand(places.measurement, elements, 'measurementShare', seed, [k + 1]);
    field.sub(places.leader, places.leader, places.measurement, elements);
    if (hasJoint) parts.push(space.jointRandPart(k + 1, blind, nonce));
  });
  memory.copyWithin(places.measurement, places.leader, places.leader + elements * size);
  if (hasJoint) {
    parts.unshift(space.jointRandPart(0, leaderBlind, nonce));
    space.jointRands(space.jointRandSeed(concatBytes(...parts)));
  }

  space.expand(places.proveRands, counts.proveRands, 'proveRandomness', proveSeed, [space.proofs]);
  const { proof, proveRand, jointRand } = space.flp.sizes;
  for (let k = 0; k < space.proofs; k++) {
    const proveRands = places.proveRands + k * proveRand * size;
    const jointRands = places.jointRands + k * jointRand * size;
    space.flp.prove(memory, places.proofs + k * proof * size, places.whole, proveRands, jointRands);
  }
  helpers.forEach(({ seed }, k) => {
    space.expand(places.helperProofs, counts.proofs, 'proofShare', seed, [space.proofs, k + 1]);
    field.sub(places.proofs, places.proofs, places.helperProofs, counts.proofs);
  });

  const leaderShare = new Uint8Array(space.sizes.leaderShare);
  leaderShare.set(memory.subarray(places.leader, places.leader + elements * size));
  leaderShare.set(memory.subarray(places.proofs, places.proofs + counts.proofs * size), elements * size);
  if (hasJoint) leaderShare.set(leaderBlind, leaderShare.length - SEED_BYTES);
  return {
    publicShare: concatBytes(...parts),
    inputShares: [
      leaderShare,
      ...helpers.map(({ seed, blind }) => (hasJoint ? concatBytes(seed, blind) : seed.slice())),
    ],
  };
}
