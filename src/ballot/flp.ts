/**
 * Owns the fully linear proof: that a shared measurement satisfies its circuit, checked by servers that each see a share of it.
 * Must never keep anything of a measurement beyond the call: the memory it works in is scratch.
 *
 * The algebra (VDAF draft 20, section 7.3; BBCGGI19, theorem 4.3). A circuit is linear but for the calls of its gadget G. With p the
 * least power of two above the calls, wire j of all calls is a polynomial W_j of degree below p: W_j(1) is a random seed, W_j(a^k)
 * what call k feeds it, a being a root of unity of order p. The proof is the seeds and the polynomial P = G(W_1, ...), given by
 * its values at roots of unity of order n = 2p. Linear in shares are: the W_j, and the circuit with P(a^k) for call k's output. So
 * each server sends, for one random t that all know and no voter could: the circuit's output, all W_j(t), and P(t). Summed over the
 * servers they must be 0, w_j and G(w): a wrong P passes for at most deg P of the t. The seeds make the w_j tell nothing.
 */
import { assert } from '../base/errors.ts';
import type { Circuit } from './circuits.ts';
import { encodeVector, type Field, inverse, reduce, rootOfUnity } from './field.ts';
import type { BallotKernels, FieldKernels } from './kernels/face.ts';
import type { Layout } from './layout.ts';

export interface FlpSizes {
  readonly arity: number;
  /** Values of a wire's polynomial, p. */
  readonly points: number;
  /** Values of the gadget's polynomial in the proof: its degree plus one. */
  readonly gadgetValues: number;
  /** Outputs of the circuit, which a random combination reduces to one. */
  readonly checks: number;
  readonly proof: number;
  readonly proveRand: number;
  readonly queryRand: number;
  readonly jointRand: number;
  readonly verifier: number;
}

export function sizesOf(circuit: Circuit<never, unknown>): FlpSizes {
  const { gadget, calls } = circuit;
  const arity = gadget.kind === 'products' ? 2 * gadget.pairs : 1;
  const degree = gadget.kind === 'products' ? 2 : gadget.coefficients.length - 1;
  const points = 2 ** Math.ceil(Math.log2(1 + calls));
  const gadgetValues = degree * (points - 1) + 1;
  assert(gadgetValues <= 2 * points, "the gadget's polynomial has its values at twice the points");
  const checks =
    circuit.checks.kind === 'each' ? calls : circuit.checks.kind === 'sum' && circuit.checks.plus ? 2 : 1;
  return {
    arity,
    points,
    gadgetValues,
    checks,
    proof: arity + gadgetValues,
    proveRand: arity,
    queryRand: 1 + (checks > 1 ? checks : 0),
    jointRand: circuit.chunk === undefined ? 0 : calls,
    verifier: arity + 2,
  };
}

interface Constant {
  readonly place: number;
  readonly values: readonly bigint[];
  readonly scaled: boolean;
}

/** Where the proof system's constants and scratch lie. */
interface Places {
  readonly one: number;
  readonly share: number;
  readonly tables: number;
  readonly nodes: number;
  readonly nodeWeights: number;
  readonly gadgetNodes: number;
  readonly gadgetNodeWeights: number;
  readonly coefficients: number;
  readonly plusWeights: number;
  readonly wires: number;
  readonly polynomial: number;
  readonly atNodes: number;
  readonly atGadgetNodes: number;
  readonly outputs: number;
  readonly spare: number;
  readonly scratch: number;
}

export class Flp {
  readonly sizes: FlpSizes;
  readonly #circuit: Circuit<never, unknown>;
  readonly #places: Places;
  readonly #constants: readonly Constant[];
  #field: FieldKernels | undefined;

  /** Takes its places in a memory that `start` is given later. */
  constructor(circuit: Circuit<never, unknown>, shares: number, layout: Layout) {
    this.#circuit = circuit;
    this.sizes = sizesOf(circuit);
    const { field } = circuit;
    const { points, gadgetValues, arity } = this.sizes;
    const constants: Constant[] = [];
    const constant = (values: readonly bigint[], scaled: boolean): number => {
      const place = layout.take(values.length);
      constants.push({ place, values, scaled });
      return place;
    };
    const plain = (values: readonly bigint[]): number => constant(values, false);
    const scaled = (values: readonly bigint[]): number => constant(values, true);
    const nodes = rootsOf(field, points);
    const gadgetNodes = rootsOf(field, 2 * points).slice(0, gadgetValues);
    const plus = circuit.checks.kind === 'sum' ? circuit.checks.plus?.weights : undefined;
    this.#places = {
      one: plain([1n]),
      share: plain([inverse(field, BigInt(shares))]),
      tables: scaled(doublingTables(field, points)),
      nodes: scaled(nodes),
      nodeWeights: scaled(barycentricWeights(field, nodes)),
      gadgetNodes: scaled(gadgetNodes),
      gadgetNodeWeights: scaled(barycentricWeights(field, gadgetNodes)),
      coefficients: plain(circuit.gadget.kind === 'polynomial' ? circuit.gadget.coefficients : []),
      plusWeights: scaled(plus ?? []),
      wires: layout.take(arity * points),
      polynomial: layout.take(2 * points),
      atNodes: layout.take(points),
      atGadgetNodes: layout.take(gadgetValues),
      outputs: layout.take(2),
      spare: layout.take(2),
      scratch: layout.take(2 * circuit.calls),
    };
    this.#constants = constants;
  }

  start(kernels: BallotKernels): void {
    const { field } = this.#circuit;
    this.#field = field.bytes === 8 ? kernels.field64 : kernels.field128;
    for (const { place, values, scaled } of this.#constants) {
      kernels.memory.set(encodeVector(field, values), place);
      if (scaled) this.#field.scale(place, place, values.length);
    }
  }

  /** Writes the proof of a whole measurement: the wires' seeds, then the gadget polynomial's values. */
  prove(
    { memory, move }: BallotKernels,
    proof: number,
    elements: number,
    proveRand: number,
    jointRand: number,
  ): void {
    const { gadget, calls, chunk, elements: count } = this.#circuit;
    const { arity, points, gadgetValues } = this.sizes;
    const { one, tables, wires, polynomial, coefficients } = this.#places;
    const field = this.#kernels();
    const size = this.#circuit.field.bytes;
    if (chunk !== undefined) {
      field.chunkWires(wires, proveRand, elements, count, jointRand, chunk, calls, points, one);
    } else {
      for (let j = 0; j < arity; j++) {
        const row = wires + j * points * size;
        memory.fill(0, row, row + points * size);
        move(row, proveRand + j * size, size);
        move(row + size, elements, calls * size);
      }
    }
    if (gadget.kind === 'products') field.productPolynomial(polynomial, wires, gadget.pairs, points, tables);
    else
      field.composePolynomial(
        polynomial,
        wires,
        points,
        tables,
        coefficients,
        gadget.coefficients.length - 1,
      );
    move(proof, proveRand, arity * size);
    move(proof + arity * size, polynomial, gadgetValues * size);
  }

  /**
   * Writes this server's share of the verifier; uses `queryRand` up. False, and no verifier, in the rare case (probability p / modulus)
   * that the test point is one of the wires' own: there it would show a wire's value.
   */
  query(verifier: number, elements: number, proof: number, queryRand: number, jointRand: number): boolean {
    const { calls, chunk, elements: count } = this.#circuit;
    const { arity, points, gadgetValues, checks } = this.sizes;
    const { share, nodes, nodeWeights, gadgetNodes, gadgetNodeWeights, atNodes, atGadgetNodes, scratch } =
      this.#places;
    const field = this.#kernels();
    const size = this.#circuit.field.bytes;
    const gadgetPolynomial = proof + arity * size;
    const point = checks > 1 ? queryRand + checks * size : queryRand;
    if (!field.lagrange(atNodes, point, nodes, nodeWeights, points)) return false;
    field.lagrange(atGadgetNodes, point, gadgetNodes, gadgetNodeWeights, gadgetValues);

    this.#circuitOutput(verifier, elements, gadgetPolynomial, queryRand);
    const wires = verifier + size;
    if (chunk !== undefined) {
      field.chunkChecks(wires, proof, elements, count, jointRand, chunk, calls, atNodes, share, scratch);
    } else {
      for (let j = 0; j < arity; j++) this.#wireAt(wires + j * size, proof + j * size, elements);
    }
    field.dot(wires + arity * size, gadgetPolynomial, 1, atGadgetNodes, gadgetValues);
    return true;
  }

  /** Whether the sum of all servers' verifiers is that of a valid measurement. */
  decide(memory: Uint8Array, verifier: number): boolean {
    const { gadget } = this.#circuit;
    const { spare, coefficients } = this.#places;
    const field = this.#kernels();
    const size = this.#circuit.field.bytes;
    const wires = verifier + size;
    const claimed = wires + this.sizes.arity * size;
    if (gadget.kind === 'products') field.productSum(spare, wires, gadget.pairs);
    else field.evaluate(spare, wires, coefficients, gadget.coefficients.length - 1);
    for (let k = 0; k < size; k++) {
      if (memory[verifier + k] !== 0 || memory[spare + k] !== memory[claimed + k]) return false;
    }
    return true;
  }

  /** W(t) of a wire that takes element k in call k. */
  #wireAt(out: number, seed: number, elements: number): void {
    const { atNodes, spare } = this.#places;
    const field = this.#kernels();
    field.dot(spare, seed, 1, atNodes, 1);
    field.dot(out, elements, 1, atNodes + this.#circuit.field.bytes, this.#circuit.calls);
    field.add(out, out, spare, 1);
  }

  /** The circuit's outputs with the proof's values for the gadget's, reduced to one by the random coefficients. */
  #circuitOutput(out: number, elements: number, gadgetPolynomial: number, queryRand: number): void {
    const { checks, calls, outputs: first, elements: count } = this.#circuit;
    const { share, outputs, spare, plusWeights } = this.#places;
    const field = this.#kernels();
    const size = this.#circuit.field.bytes;
    // The value of call k, from 1 on, stands at the root a^k = (root of order 2p)^(2k).
    const called = gadgetPolynomial + 2 * size;
    if (checks.kind === 'squareOf') {
      field.sub(out, called, elements, 1);
    } else if (checks.kind === 'each') {
      if (calls > 1) {
        field.scale(queryRand, queryRand, calls);
        field.dot(out, called, 2, queryRand, calls);
      } else {
        field.sum(out, called, 1, 1);
      }
    } else if (checks.plus === undefined) {
      field.sum(out, called, 2, calls);
    } else {
      field.sum(outputs, called, 2, calls);
      const linear = outputs + size;
      field.sum(linear, elements, 1, first);
      if (checks.plus.one) field.sub(linear, linear, share, 1);
      if (count > first) {
        field.dot(spare, elements + first * size, 1, plusWeights, count - first);
        field.sub(linear, linear, spare, 1);
      }
      field.scale(queryRand, queryRand, 2);
      field.dot(out, outputs, 1, queryRand, 2);
    }
  }

  #kernels(): FieldKernels {
    assert(this.#field, 'the proof system has been given its memory');
    return this.#field;
  }
}

/** All roots of unity of that order, powers of one. */
function rootsOf(field: Field, order: number): bigint[] {
  const root = rootOfUnity(field, order);
  const roots = [1n];
  while (roots.length < order) roots.push(reduce(field, roots[roots.length - 1]! * root));
  return roots;
}

/** 1 / product of (node_i - node_j) over all j but i. */
function barycentricWeights(field: Field, nodes: readonly bigint[]): bigint[] {
  return nodes.map((node, i) =>
    inverse(
      field,
      nodes.reduce((sofar, other, j) => (j === i ? sofar : reduce(field, sofar * (node - other))), 1n),
    ),
  );
}

/**
 * For the doubling of p values: p / 2 powers of 1 / a, p / 2 powers of a, and the p factors b^i / p in bit-reversed order, where a is a
 * root of unity of order p and b, of order 2p, its square root.
 */
export function doublingTables(field: Field, points: number): bigint[] {
  const roots = rootsOf(field, points).slice(0, points / 2);
  const bits = Math.log2(points);
  const scale = inverse(field, BigInt(points));
  const twists = rootsOf(field, 2 * points).map((root) => reduce(field, root * scale));
  const reversed = Array.from({ length: points }, (_, i) => {
    let mirrored = 0;
    for (let bit = 0; bit < bits; bit++) mirrored |= ((i >> bit) & 1) << (bits - 1 - bit);
    return twists[mirrored]!;
  });
  return [...roots.map((root) => inverse(field, root)), ...roots, ...reversed];
}
