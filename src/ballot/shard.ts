/**
 * Owns what a client does: a measurement becomes one input share a server and a public share, with the proof that it is valid.
 * Must never be given the same randomness twice.
 *
 * Source: VDAF draft 20, section 7.2.1. The leader's share is the measurement (and proof) less what the helpers expand from their
 * seeds, so any servers but all see uniform values. Joint randomness is a hash of all shares of the measurement, each with a blind: a
 * client cannot choose the measurement after it.
 */

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
  space.bind(context);
  const { memory, kernels, field, places, counts, circuit, shares } = space;
  const size = circuit.field.bytes;
  const { elements } = circuit;
  const hasJoint = space.sizes.joint > 0;
  // Randomness is the helpers' seeds, each followed by its blind where there is joint randomness; the leader's blind; the prover's seed.
  const perHelper = SEED_BYTES + space.sizes.joint;
  const leaderBlind = places.seeds + (shares - 1) * perHelper;

  memory.set(rand, places.seeds);
  memory.set(encoded, places.whole);
  memory.set(encoded, places.leader);
  for (let server = 1; server < shares; server++) {
    const seed = places.seeds + (server - 1) * perHelper;
    space.measurementShare(server, seed);
    field.sub(places.leader, places.leader, places.measurement, elements);
    if (hasJoint) space.jointRandPart(server, seed + SEED_BYTES, nonce);
  }
  if (hasJoint) {
    kernels.move(places.measurement, places.leader, elements * size);
    space.jointRandPart(0, leaderBlind, nonce);
    space.jointRandSeed();
    space.jointRands();
  }

  space.proveRands(places.seeds + rand.length - SEED_BYTES);
  const leaderProofs = places.leader + elements * size;
  const { proof, proveRand, jointRand } = space.flp.sizes;
  for (let k = 0; k < space.proofs; k++) {
    const proveRands = places.proveRands + k * proveRand * size;
    const jointRands = places.jointRands + k * jointRand * size;
    space.flp.prove(kernels, leaderProofs + k * proof * size, places.whole, proveRands, jointRands);
  }
  for (let server = 1; server < shares; server++) {
    space.proofShare(server, places.seeds + (server - 1) * perHelper);
    field.sub(leaderProofs, leaderProofs, places.proofs, counts.proofs);
  }
  kernels.move(leaderProofs + counts.proofs * size, leaderBlind, space.sizes.joint);

  const inputShares = [space.read(places.leader, space.sizes.leaderShare)];
  for (let server = 1; server < shares; server++)
    inputShares.push(rand.slice((server - 1) * perHelper, server * perHelper));
  return { publicShare: space.read(places.parts, space.sizes.publicShare), inputShares };
}
