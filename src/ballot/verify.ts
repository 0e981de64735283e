/**
 * Owns what servers do with one measurement: each makes a verifier share of its input share, all shares together decide, and each
 * learns its share of the output when the measurement is valid. Must never give out a share of an output before that.
 *
 * Source: VDAF draft 20, sections 7.2.2 (the verbs) and 7.2.7 (the encodings). Whoever combines the verifier shares (a leader, or each
 * server alike) learns whether the measurement is valid, and nothing else of it.
 */
import { assert, EXIT, MpcError } from '../base/errors.ts';
import { sameBytes, type Workspace } from './workspace.ts';
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
  report: Report,
): { readonly state: VerifyState; readonly verifierShare: Uint8Array } {
  const { places, sizes } = space;
  space.bind(context);
  verifyInitAt(space, verifyKey, server, report, places.verifiers);
  outShareAt(space, places.output);
  return {
    state: {
      outShare: space.read(places.output, sizes.outShare),
      jointRandSeed: space.read(places.jointSeed, sizes.joint),
    },
    verifierShare: space.read(places.verifiers, sizes.verifierShare),
  };
}

/** The same in the context bound; puts the verifier share at a place, and leaves `places.measurement` and `places.jointSeed`. */
export function verifyInitAt(
  space: Space,
  verifyKey: Uint8Array,
  server: number,
  { nonce, publicShare, inputShare }: Report,
  verifierShare: number,
): void {
  assert(verifyKey.length === SEED_BYTES, 'a verification key has 32 bytes');
  assert(server >= 0 && server < space.shares, 'the server has a share');
  checkLength(nonce, NONCE_BYTES, 'nonce');
  checkLength(publicShare, space.sizes.publicShare, 'public share');
  const { memory, kernels, places, counts, circuit, sizes } = space;
  const size = circuit.field.bytes;
  openInputShare(space, server, inputShare);
  if (sizes.joint > 0) {
    // The public share has every server's part: each replaces its own by what it makes of its share.
    memory.set(publicShare, places.parts);
    space.jointRandPart(server, places.blind, nonce);
    space.jointRandSeed();
    space.jointRands();
    const part = places.parts + server * SEED_BYTES;
    kernels.move(verifierShare + counts.verifiers * size, part, SEED_BYTES);
  }
  space.queryRands(verifyKey, nonce);
  const { proof, verifier, queryRand, jointRand } = space.flp.sizes;
  for (let k = 0; k < space.proofs; k++) {
    const fine = space.flp.query(
      verifierShare + k * verifier * size,
      places.measurement,
      places.proofs + k * proof * size,
      places.queryRands + k * queryRand * size,
      places.jointRands + k * jointRand * size,
    );
    if (!fine) throw invalid('ballot.unlucky-nonce', 'the test point is a root of unity');
  }
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
  const { memory, places, sizes } = space;
  space.bind(context);
  verifierShares.forEach((share, server) => {
    checkLength(share, sizes.verifierShare, 'verifier share');
    memory.set(share, places.received + server * sizes.verifierShare);
  });
  verifierSharesToMessageAt(space, places.received, sizes.verifierShare);
  return space.read(places.jointSeed, sizes.joint);
}

/**
 * The same in the context bound, of verifier shares that lie `apart` bytes from each other, the first server's first; leaves the message
 * at `places.jointSeed`.
 */
export function verifierSharesToMessageAt(space: Space, first: number, apart: number): void {
  const { memory, kernels, field, places, counts, sizes } = space;
  const size = space.circuit.field.bytes;
  for (let server = 0; server < space.shares; server++) {
    const share = first + server * apart;
    checkCanonical(space, share, counts.verifiers, 'verifier share');
    if (server === 0) kernels.move(places.verifiers, share, counts.verifiers * size);
    else field.add(places.verifiers, places.verifiers, share, counts.verifiers);
    kernels.move(places.parts + server * SEED_BYTES, share + counts.verifiers * size, sizes.joint);
  }
  for (let k = 0; k < space.proofs; k++) {
    if (!space.flp.decide(memory, places.verifiers + k * space.flp.sizes.verifier * size))
      throw invalid('ballot.invalid', 'the proof that the ballot is valid does not hold');
  }
  if (sizes.joint > 0) space.jointRandSeed();
}

/** This server's share of the output. Throws `ballot.joint-randomness` when the servers did not use the same joint randomness. */
export function verifyNext(space: Space, state: VerifyState, message: Uint8Array): Uint8Array {
  checkLength(message, space.sizes.verifierMessage, 'verifier message');
  if (!sameBytes(message, state.jointRandSeed)) throw otherJointRandomness();
  return state.outShare;
}

/** Brings an input share's measurement, proofs and blind to their places. */
function openInputShare(space: Space, server: number, inputShare: Uint8Array): void {
  const { memory, kernels, places, counts, sizes, circuit } = space;
  checkLength(inputShare, server === 0 ? sizes.leaderShare : sizes.helperShare, 'input share');
  if (server === 0) {
    memory.set(inputShare, places.measurement);
    checkCanonical(space, places.measurement, circuit.elements + counts.proofs, 'input share');
  } else {
    memory.set(inputShare, places.seeds);
    space.measurementShare(server, places.seeds);
    space.proofShare(server, places.seeds);
    kernels.move(places.blind, places.seeds + SEED_BYTES, sizes.joint);
  }
}

/** Puts the output share of the share of the measurement that is at its place. */
export function outShareAt(space: Space, out: number): void {
  const { places, circuit, field, kernels, sizes } = space;
  const size = circuit.field.bytes;
  const bits = circuit.weights?.length;
  if (bits === undefined) {
    kernels.move(out, places.measurement, sizes.outShare);
    return;
  }
  for (let k = 0; k < circuit.outputs; k++)
    field.dot(out + k * size, places.measurement + k * bits * size, 1, places.weights, bits);
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

export function otherJointRandomness(): MpcError {
  return invalid(
    'ballot.joint-randomness',
    'the joint randomness is not the one that the ballot was made with',
  );
}
