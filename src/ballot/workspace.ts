/**
 * Owns the memory that one Prio3 variant works in: where its vectors lie, how many elements they have, and the expansions of seeds
 * into them. Must never carry anything over from one measurement to the next: every place is written before it is read.
 *
 * Source: VDAF draft 20, section 7.2.6 (the auxiliary functions).
 */
import { assert } from '../base/errors.ts';
import type { Circuit } from './circuits.ts';
import { encodeVector } from './field.ts';
import { Flp } from './flp.ts';
import { type BallotKernels, type FieldKernels, RESERVED_BYTES } from './kernels/face.ts';
import { Layout } from './layout.ts';
import { Frame, SEED_BYTES, type Usage } from './xof.ts';

export interface Prio3Options {
  /** Number of servers (the draft's aggregators). */
  readonly shares: number;
  /** Number of proofs: more than one where the field alone is too small. */
  readonly proofs?: number;
  /** Makes kernels with a memory of at least that many bytes. */
  readonly kernels: (bytes: number) => BallotKernels;
}

/** Elements of the vectors, over all proofs. */
interface Counts {
  readonly proofs: number;
  readonly proveRands: number;
  readonly queryRands: number;
  readonly jointRands: number;
  readonly verifiers: number;
}

/** Bytes of the messages. */
interface MessageSizes {
  /** The joint randomness's part of one server, blind, or seed: 0 for circuits without. */
  readonly joint: number;
  readonly publicShare: number;
  readonly leaderShare: number;
  readonly helperShare: number;
  readonly verifierShare: number;
  readonly verifierMessage: number;
  readonly outShare: number;
  /** Randomness that sharding takes. */
  readonly rand: number;
}

export class Workspace<Measurement, Result> {
  readonly circuit: Circuit<Measurement, Result>;
  readonly shares: number;
  readonly proofs: number;
  readonly flp: Flp;
  readonly counts: Counts;
  readonly sizes: MessageSizes;
  readonly memory: Uint8Array;
  readonly field: FieldKernels;
  readonly places: ReturnType<typeof placesFor>;
  readonly kernels: BallotKernels;
  readonly #frames: Readonly<Record<Usage, Frame>>;
  #context: Uint8Array | undefined;

  constructor(circuit: Circuit<Measurement, Result>, { shares, proofs = 1, kernels }: Prio3Options) {
    assert(shares >= 2 && shares < 256, 'there are 2 to 255 shares');
    assert(proofs >= 1 && proofs < 256, 'there are 1 to 255 proofs');
    this.circuit = circuit;
    this.shares = shares;
    this.proofs = proofs;
    const layout = new Layout(circuit.field.bytes, RESERVED_BYTES);
    this.flp = new Flp(circuit, shares, layout);
    const { sizes } = this.flp;
    this.counts = {
      proofs: proofs * sizes.proof,
      proveRands: proofs * sizes.proveRand,
      queryRands: proofs * sizes.queryRand,
      jointRands: proofs * sizes.jointRand,
      verifiers: proofs * sizes.verifier,
    };
    this.sizes = messageSizes(circuit, shares, this.counts);
    this.#frames = framesFor(layout, circuit, this.sizes);
    this.places = placesFor(layout, circuit, shares, this.counts, this.sizes, this.#frames);
    this.kernels = kernels(layout.bytes);
    this.memory = this.kernels.memory;
    this.field = circuit.field.bytes === 8 ? this.kernels.field64 : this.kernels.field128;
    this.flp.start(this.kernels);
    const weights = circuit.weights ?? [];
    this.memory.set(encodeVector(circuit.field, weights), this.places.weights);
    this.field.scale(this.places.weights, this.places.weights, weights.length);
  }

  /** Names the context that what follows is bound to. */
  bind(context: Uint8Array): void {
    if (this.#context !== undefined && sameBytes(this.#context, context)) return;
    this.#context = context.slice();
    for (const frame of Object.values(this.#frames)) frame.bind(this.memory, this.circuit.id, context);
  }

  /** A helper's share of the measurement, at `places.measurement`, from the seed at that place. */
  measurementShare(server: number, seed: number): void {
    this.memory[this.#frames.measurementShare.binder] = server;
    this.#expand(this.#frames.measurementShare, seed, this.places.measurement, this.circuit.elements);
  }

  /** A helper's share of the proofs, at `places.proofs`. */
  proofShare(server: number, seed: number): void {
    const { binder } = this.#frames.proofShare;
    this.memory[binder] = this.proofs;
    this.memory[binder + 1] = server;
    this.#expand(this.#frames.proofShare, seed, this.places.proofs, this.counts.proofs);
  }

  proveRands(seed: number): void {
    this.memory[this.#frames.proveRandomness.binder] = this.proofs;
    this.#expand(this.#frames.proveRandomness, seed, this.places.proveRands, this.counts.proveRands);
  }

  /** From the verification key. */
  queryRands(verifyKey: Uint8Array, nonce: Uint8Array): void {
    const frame = this.#frames.queryRandomness;
    this.memory.set(verifyKey, frame.seed);
    this.memory[frame.binder] = this.proofs;
    this.memory.set(nonce, frame.binder + 1);
    this.field.expand(this.places.queryRands, this.counts.queryRands, frame.start, frame.bytes);
  }

  /** Puts the part that a server's share of the measurement, at `places.measurement`, gives into its place among `places.parts`. */
  jointRandPart(server: number, blind: number, nonce: Uint8Array): void {
    const { seed, binder } = this.#frames.jointRandPart;
    this.kernels.move(seed, blind, SEED_BYTES);
    this.memory[binder] = server;
    this.memory.set(nonce, binder + 1);
    this.#derive(this.#frames.jointRandPart, this.places.parts + server * SEED_BYTES);
  }

  /** From all `places.parts`: the seed of the joint randomness, at `places.jointSeed`. Its own seed stays all zeros. */
  jointRandSeed(): void {
    this.#derive(this.#frames.jointRandSeed, this.places.jointSeed);
  }

  /** From the seed at `places.jointSeed`. */
  jointRands(): void {
    const frame = this.#frames.jointRandomness;
    this.memory[frame.binder] = this.proofs;
    this.field.expand(this.places.jointRands, this.counts.jointRands, frame.start, frame.bytes);
  }

  /** A copy. */
  read(place: number, bytes: number): Uint8Array {
    if (bytes === 0) return NOTHING;
    return this.memory.slice(place, place + bytes);
  }

  #expand(frame: Frame, seed: number, out: number, count: number): void {
    this.kernels.move(frame.seed, seed, SEED_BYTES);
    this.field.expand(out, count, frame.start, frame.bytes);
  }

  #derive(frame: Frame, out: number): void {
    this.kernels.turboShake(out, SEED_BYTES, frame.start, frame.bytes);
  }
}

/** Ballots that are worked on before their results are copied out: they should stay in the cache. */
const MAX_ROWS = 256;
const ROWS_BYTES = 128 * 1024;
/** Output shares that are added up together. */
const TALLY_BYTES = 64 * 1024;

const NOTHING = new Uint8Array(0);

/** Equality of what is no secret. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return false;
  return true;
}

function messageSizes(circuit: Circuit<never, unknown>, shares: number, counts: Counts): MessageSizes {
  const joint = counts.jointRands > 0 ? SEED_BYTES : 0;
  const size = circuit.field.bytes;
  return {
    joint,
    publicShare: shares * joint,
    leaderShare: (circuit.elements + counts.proofs) * size + joint,
    helperShare: SEED_BYTES + joint,
    verifierShare: counts.verifiers * size + joint,
    verifierMessage: joint,
    outShare: circuit.outputs * size,
    rand: shares * (SEED_BYTES + joint),
  };
}

function framesFor(
  layout: Layout,
  circuit: Circuit<never, unknown>,
  sizes: MessageSizes,
): Record<Usage, Frame> {
  const measurementBytes = circuit.elements * circuit.field.bytes;
  return {
    measurementShare: new Frame(layout, 'measurementShare', 0),
    proofShare: new Frame(layout, 'proofShare', 0),
    jointRandomness: new Frame(layout, 'jointRandomness', 0),
    proveRandomness: new Frame(layout, 'proveRandomness', 0),
    queryRandomness: new Frame(layout, 'queryRandomness', 0),
    jointRandSeed: new Frame(layout, 'jointRandSeed', sizes.publicShare),
    jointRandPart: new Frame(layout, 'jointRandPart', measurementBytes, sizes.leaderShare - measurementBytes),
  };
}

function placesFor(
  layout: Layout,
  circuit: Circuit<never, unknown>,
  shares: number,
  counts: Counts,
  sizes: MessageSizes,
  frames: Readonly<Record<Usage, Frame>>,
) {
  const { body } = frames.jointRandPart;
  const rowBytes = shares * sizes.verifierShare + sizes.outShare + sizes.joint;
  const rows = Math.max(1, Math.min(MAX_ROWS, Math.floor(ROWS_BYTES / rowBytes)));
  const tallyRows = Math.max(1, Math.floor(TALLY_BYTES / sizes.outShare));
  const proofs = body + circuit.elements * circuit.field.bytes;
  return {
    /** A server's share as in the leader's input share: of the measurement (its hash is part of the joint randomness), of the proofs, blind. */
    measurement: body,
    proofs,
    blind: proofs + counts.proofs * circuit.field.bytes,
    /** All servers' parts of the joint randomness. */
    parts: frames.jointRandSeed.body,
    /** The joint randomness's seed. */
    jointSeed: frames.jointRandomness.seed,
    weights: layout.take(circuit.weights?.length ?? 0),
    /** Seeds as they come: a helper's input share, or all randomness of sharding. */
    seeds: layout.takeBytes(sizes.rand),
    /** The whole measurement, and what of it and of the proofs is the leader's, in the same order as above. */
    whole: layout.take(circuit.elements),
    leader: layout.takeBytes(sizes.leaderShare),
    proveRands: layout.take(counts.proveRands),
    queryRands: layout.take(counts.queryRands),
    jointRands: layout.take(counts.jointRands),
    /** A verifier share: the verifiers, then the part of the joint randomness. */
    verifiers: layout.takeBytes(sizes.verifierShare),
    received: layout.takeBytes(shares * sizes.verifierShare),
    output: layout.take(circuit.outputs),
    addend: layout.take(circuit.outputs),
    /** Room for as many ballots at a time, one after another: their verifier shares (of all servers), output shares and seeds. */
    rows,
    manyVerifiers: layout.takeBytes(rows * shares * sizes.verifierShare),
    manyOutShares: layout.takeBytes(rows * sizes.outShare),
    manySeeds: layout.takeBytes(rows * sizes.joint),
    /** Room for as many output shares to add up. */
    tallyRows,
    tallied: layout.takeBytes(tallyRows * sizes.outShare),
  };
}
