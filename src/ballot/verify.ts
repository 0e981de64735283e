/**
 * Owns what servers do with one measurement: each makes a verifier share of its input share, all shares together decide, and each
 * learns its share of the output when the measurement is valid. Must never give out a share of an output before that.
 *
 * Source: VDAF draft 20, sections 7.2.2 (the verbs) and 7.2.4 (the encodings). Whoever combines the verifier shares (a leader, or each
 * server alike) learns whether the measurement is valid, and nothing else of it.
 */
import { equalBytes } from '../base/bytes.ts';
import { assert, EXIT, MpcError } from '../base/errors.ts';
import type { Workspace } from './workspace.ts';
import { NONCE_BYTES, SEED_BYTES } from './xof.ts';

type Space = Workspace<never, unknown>;

/** What a server keeps between its verifier share and the message that combines all of them: for it alone. */
export interface VerifyState {
  readonly outShare: Uint8Array;
  /** The seed of the joint randomness as this server saw it; empty for circuits without. */
  readonly jointRandSeed: Uint8Array;
}

/** What is known to one server of one measurement. */
export interface Report {
  readonly nonce: Uint8Array;
  readonly publicShare: Uint8Array;
  readonly inputShare: Uint8Array;
}

/** Throws `ballot.malformed` when a message is not one of the draft's encodings. */
export function verifyInit(
  space: Space,
  verifyKey: Uint8Array,
  context: Uint8Array,
  server: number,
  { nonce, publicShare, inputShare }: Report,
): { readonly state: VerifyState; readonly verifierShare: Uint8Array } {
  assert(verifyKey.length === SEED_BYTES, 'a verification key has 32 bytes');
  assert(server >= 0 && server < space.shares, 'the server has a share');
  checkLength(nonce, NONCE_BYTES, 'nonce');
  checkLength(publicShare, space.sizes.publicShare, 'public share');
  space.bind(context);
  const { memory, places, counts, circuit } = space;
  const size = circuit.field.bytes;
  const blind = openInputShare(space, server, inputShare);

  let part: Uint8Array = new Uint8Array(0);
  let jointRandSeed: Uint8Array = part;
  if (space.sizes.joint > 0) {
    part = space.jointRandPart(server, blind, nonce);
    const parts = publicShare.slice();
    parts.set(part, server * SEED_BYTES);
    jointRandSeed = space.jointRandSeed(parts);
    space.jointRands(jointRandSeed);
  }
  space.expand(places.queryRands, counts.queryRands, 'queryRandomness', verifyKey, [space.proofs, ...nonce]);
  const { proof, verifier, queryRand, jointRand } = space.flp.sizes;
  for (let k = 0; k < space.proofs; k++) {
    const fine = space.flp.query(
      places.verifiers + k * verifier * size,
      places.measurement,
      places.proofs + k * proof * size,
      places.queryRands + k * queryRand * size,
      places.jointRands + k * jointRand * size,
    );
    if (!fine) throw invalid('ballot.unlucky-nonce', 'the test point is a root of unity');
  }
  const verifierShare = new Uint8Array(space.sizes.verifierShare);
  verifierShare.set(memory.subarray(places.verifiers, places.verifiers + counts.verifiers * size));
  verifierShare.set(part, counts.verifiers * size);
  return { state: { outShare: outShareOf(space), jointRandSeed }, verifierShare };
}

/**
 * Combines all servers' verifier shares, in the servers' order. Throws `ballot.malformed`, and `ballot.invalid` when the measurement is
 * not valid or a share of it was changed.
 */
export function verifierSharesToMessage(
  space: Space,
  context: Uint8Array,
  verifierShares: readonly Uint8Array[],
): Uint8Array {
  assert(verifierShares.length === space.shares, 'every server gave a verifier share');
  const { memory, field, places, counts } = space;
  const size = space.circuit.field.bytes;
  const parts = new Uint8Array(space.sizes.publicShare);
  const end = counts.verifiers * size;
  memory.fill(0, places.verifiers, places.verifiers + end);
  verifierShares.forEach((share, server) => {
    checkLength(share, space.sizes.verifierShare, 'verifier share');
    memory.set(share.subarray(0, end), places.received);
    checkCanonical(space, places.received, counts.verifiers, 'verifier share');
    field.add(places.verifiers, places.verifiers, places.received, counts.verifiers);
    if (space.sizes.joint > 0) parts.set(share.subarray(end), server * SEED_BYTES);
  });
  for (let k = 0; k < space.proofs; k++) {
    if (!space.flp.decide(memory, places.verifiers + k * space.flp.sizes.verifier * size))
      throw invalid('ballot.invalid', 'the proof that the ballot is valid does not hold');
  }
  if (space.sizes.joint === 0) return parts;
  space.bind(context);
  return space.jointRandSeed(parts);
}

/** This server's share of the output. Throws `ballot.joint-randomness` when the servers did not use the same joint randomness. */
export function verifyNext(space: Space, state: VerifyState, message: Uint8Array): Uint8Array {
  checkLength(message, space.sizes.verifierMessage, 'verifier message');
  if (!equalBytes(message, state.jointRandSeed))
    throw invalid(
      'ballot.joint-randomness',
      'the joint randomness is not the one that the ballot was made with',
    );
  return state.outShare;
}

/** Brings an input share's measurement and proofs to their places; returns its blind (empty for circuits without joint randomness). */
function openInputShare(space: Space, server: number, inputShare: Uint8Array): Uint8Array {
  const { memory, places, counts, sizes, circuit } = space;
  checkLength(inputShare, server === 0 ? sizes.leaderShare : sizes.helperShare, 'input share');
  const blind = inputShare.subarray(inputShare.length - sizes.joint);
  if (server === 0) {
    const proofsAt = circuit.elements * circuit.field.bytes;
    memory.set(inputShare.subarray(0, proofsAt), places.measurement);
    memory.set(inputShare.subarray(proofsAt, inputShare.length - sizes.joint), places.proofs);
    checkCanonical(space, places.measurement, circuit.elements, 'input share');
    checkCanonical(space, places.proofs, counts.proofs, 'input share');
  } else {
    const seed = inputShare.subarray(0, SEED_BYTES);
    space.expand(places.measurement, circuit.elements, 'measurementShare', seed, [server]);
    space.expand(places.proofs, counts.proofs, 'proofShare', seed, [space.proofs, server]);
  }
  return blind;
}

function outShareOf(space: Space): Uint8Array {
  const { places, circuit, field } = space;
  const size = circuit.field.bytes;
  const bits = circuit.weights?.length;
  if (bits === undefined) return space.read(places.measurement, space.sizes.outShare);
  for (let k = 0; k < circuit.outputs; k++)
    field.dot(places.output + k * size, places.measurement + k * bits * size, 1, places.weights, bits);
  return space.read(places.output, space.sizes.outShare);
}

export function checkLength(bytes: Uint8Array, expected: number, what: string): void {
  if (bytes.length !== expected)
    throw malformed(`the ${what} has ${bytes.length} bytes instead of ${expected}`);
}

export function checkCanonical(space: Space, place: number, count: number, what: string): void {
  if (!space.field.isCanonical(place, count))
    throw malformed(`the ${what} holds a number that is no element of ${space.circuit.field.name}`);
}

function malformed(message: string): MpcError {
  return new MpcError('ballot.malformed', message, {
    hint: 'The sender does not speak the election’s ballot type or its version: refuse the message.',
    exitCode: EXIT.badData,
  });
}

function invalid(code: string, message: string): MpcError {
  return new MpcError(code, message, {
    hint: 'Refuse the ballot: it does not count.',
    exitCode: EXIT.badData,
  });
}
