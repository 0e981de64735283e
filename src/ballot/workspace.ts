/**
 * Owns the memory that one Prio3 variant works in: where its vectors lie, how many elements they have, and the expansions of seeds
 * into them. Must never carry anything over from one measurement to the next: every place is written before it is read.
 *
 * Source: VDAF draft 20, section 7.2.3 (the auxiliary functions).
 */
import { assert } from '../base/errors.ts';
import type { Circuit } from './circuits.ts';
import { encodeVector } from './field.ts';
import { Flp } from './flp.ts';
import { type BallotKernels, type FieldKernels, RESERVED_BYTES } from './kernels/face.ts';
import { Layout } from './layout.ts';
import { FRAME_BYTES, Frames, SEED_BYTES, type Usage } from './xof.ts';

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
  readonly #kernels: BallotKernels;
  #context: Uint8Array | undefined;
  #frames: Frames | undefined;

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
    this.places = placesFor(layout, circuit, shares, this.counts);
    this.#kernels = kernels(layout.bytes);
    this.memory = this.#kernels.memory;
    this.field = circuit.field.bytes === 8 ? this.#kernels.field64 : this.#kernels.field128;
    this.flp.start(this.#kernels);
    const weights = circuit.weights ?? [];
    this.memory.set(encodeVector(circuit.field, weights), this.places.weights);
    this.field.scale(this.places.weights, this.places.weights, weights.length);
  }

  /** Names the context that what follows is bound to. */
  bind(context: Uint8Array): void {
    if (this.#context !== undefined && Buffer.compare(this.#context, context) === 0) return;
    this.#context = context.slice();
    this.#frames = new Frames(this.circuit.id, context);
  }

  /** Expands a seed into `count` elements at `out`. */
  expand(
    out: number,
    count: number,
    usage: Usage,
    seed: Uint8Array,
    binder: readonly number[] | Uint8Array,
  ): void {
    const { note } = this.places;
    const start = this.#framesInUse().write(this.memory, note, usage, seed, binder);
    this.field.expand(out, count, start, note - start);
  }

  /** Derives a seed from one and a binder: its head and `bodyBytes` bytes that lie at `body`, with room for a frame before. */
  derive(
    usage: Usage,
    seed: Uint8Array,
    binderHead: readonly number[] | Uint8Array,
    body: number,
    bodyBytes: number,
  ): Uint8Array {
    const { seedOut } = this.places;
    const start = this.#framesInUse().write(this.memory, body, usage, seed, binderHead);
    this.#kernels.turboShake(seedOut, SEED_BYTES, start, body + bodyBytes - start);
    return this.read(seedOut, SEED_BYTES);
  }

  /** The joint randomness's part that a server's share of the measurement, at `places.measurement`, gives. */
  jointRandPart(server: number, blind: Uint8Array, nonce: Uint8Array): Uint8Array {
    const binderHead = [server, ...nonce];
    const bytes = this.circuit.elements * this.circuit.field.bytes;
    return this.derive('jointRandPart', blind, binderHead, this.places.measurement, bytes);
  }

  /** The seed of the joint randomness: `parts` are all servers', one after another. */
  jointRandSeed(parts: Uint8Array): Uint8Array {
    this.memory.set(parts, this.places.note);
    return this.derive('jointRandSeed', NO_SEED, [], this.places.note, parts.length);
  }

  jointRands(seed: Uint8Array): void {
    this.expand(this.places.jointRands, this.counts.jointRands, 'jointRandomness', seed, [this.proofs]);
  }

  /** A copy. */
  read(place: number, bytes: number): Uint8Array {
    return this.memory.slice(place, place + bytes);
  }

  #framesInUse(): Frames {
    assert(this.#frames, 'a context is bound');
    return this.#frames;
  }
}

const NO_SEED = new Uint8Array(SEED_BYTES);

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

function placesFor(layout: Layout, circuit: Circuit<never, unknown>, shares: number, counts: Counts) {
  /** A place with room for a frame before it. */
  const framed = (bytes: number): number => {
    layout.takeBytes(FRAME_BYTES);
    return layout.takeBytes(bytes);
  };
  return {
    /** A share of the measurement, framed: its hash is part of the joint randomness. */
    measurement: framed(circuit.elements * circuit.field.bytes),
    /** The bodies of short messages, framed: none, or the joint randomness's parts. */
    note: framed(shares * SEED_BYTES),
    seedOut: layout.takeBytes(SEED_BYTES),
    weights: layout.take(circuit.weights?.length ?? 0),
    /** The whole measurement, then what of it is the leader's. */
    whole: layout.take(circuit.elements),
    leader: layout.take(circuit.elements),
    proofs: layout.take(counts.proofs),
    helperProofs: layout.take(counts.proofs),
    proveRands: layout.take(counts.proveRands),
    queryRands: layout.take(counts.queryRands),
    jointRands: layout.take(counts.jointRands),
    verifiers: layout.take(counts.verifiers),
    received: layout.take(counts.verifiers),
    output: layout.take(circuit.outputs),
    addend: layout.take(circuit.outputs),
  };
}
