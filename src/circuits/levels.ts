/**
 * Owns how a circuit is run: its ANDs in levels, all ANDs of a level at once, the XORs between them, and a register for each
 * wire while it is needed. Must never depend on data: dealer and servers run the same program in the same order.
 *
 * NOTs take no step: every wire is a node or its negation, XORs hand negations on, ANDs and outputs are told which of their
 * operands are negated. Constants are folded, and what no output needs is left out. A wire's level is the number of ANDs on
 * the longest way to it; a register is free again after the last step that reads it.
 */
import { assert } from '../base/errors.ts';
import { bitsOf, type Circuit, circuitFault, GATE } from './circuit.ts';

export interface Level {
  /** (out, left, right) of each XOR, in order. `out` may be one of the others. */
  readonly xors: Uint16Array;
  /** (out, left, right, negations) of each AND: bit 0 negates left, bit 1 right. All are read before one is written. */
  readonly ands: Uint16Array;
}

export interface CircuitProgram {
  /** Register 0 is always zero. */
  readonly registers: number;
  /** The register of each input bit; 0 where nothing needs it. */
  readonly inputs: Uint16Array;
  /** The register of each output bit, and whether it is negated (1). */
  readonly outputs: Uint16Array;
  readonly negated: Uint8Array;
  /** The circuit's AND-depth of them, each with one AND or more. */
  readonly levels: readonly Level[];
  /** The XORs after the last level. */
  readonly last: Uint16Array;
}

const MOST_REGISTERS = 65_536;

/** Bytes that a server keeps while the program runs over so many instances: two bits for each register. */
export const stateBytes = ({ registers }: CircuitProgram, instances: number): number =>
  (2 * registers * instances) / 8;

/** A wire as a number: twice its node, and 1 if negated. Node 0 is the constant 0. */
type Literal = number;

const nodeOf = (literal: Literal): number => literal >>> 1;

/** The nodes that are left of a circuit's wires: inputs, XORs of nodes, ANDs of literals. */
interface Nodes {
  readonly kinds: readonly number[];
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly results: readonly Literal[];
}

/** Throws `circuit.too-wide` when more wires are in use at once than there are registers. */
export function programOf(circuit: Circuit): CircuitProgram {
  const nodes = simplified(circuit);
  const byLevel = levelled(nodes, bitsOf(circuit.inputs));
  const registers = new Registers(nodes, byLevel);
  const inputs = Uint16Array.from({ length: bitsOf(circuit.inputs) }, (_, bit) =>
    registers.needs(bit + 1) ? registers.take(bit + 1) : 0,
  );
  const xorsOf = (step: Step): Uint16Array => {
    const out: number[] = [];
    for (const node of step.xors) {
      const operands = [nodes.left[node]!, nodes.right[node]!];
      const read = operands.map((operand) => registers.of(operand));
      registers.passed(operands);
      out.push(registers.take(node), ...read);
    }
    return Uint16Array.from(out);
  };
  const andsOf = (step: Step): Uint16Array => {
    const literals = step.ands.flatMap((node) => [nodes.left[node]!, nodes.right[node]!]);
    const read = literals.map((literal) => registers.of(nodeOf(literal)));
    registers.passed(literals.map(nodeOf));
    return Uint16Array.from(
      step.ands.flatMap((node, k) => [
        registers.take(node),
        read[2 * k]!,
        read[2 * k + 1]!,
        (literals[2 * k]! & 1) | ((literals[2 * k + 1]! & 1) << 1),
      ]),
    );
  };
  const levels = byLevel.map((step) => ({ xors: xorsOf(step), ands: andsOf(step) }));
  const last = levels.pop();
  assert(last?.ands.length === 0, 'nothing comes after the last XORs');
  return {
    registers: registers.count,
    inputs,
    outputs: Uint16Array.from(nodes.results, (literal) => registers.of(nodeOf(literal))),
    negated: Uint8Array.from(nodes.results, (literal) => literal & 1),
    levels,
    last: last.xors,
  };
}

function simplified(circuit: Circuit): Nodes {
  const inputBits = bitsOf(circuit.inputs);
  const kinds: number[] = [GATE.zero, ...Array.from({ length: inputBits }, () => GATE.one)];
  const [left, right] = [kinds.map(() => 0), kinds.map(() => 0)];
  const wires: Literal[] = Array.from({ length: inputBits }, (_, bit) => 2 * (bit + 1));
  const made = (kind: number, x: number, y: number): Literal => {
    left.push(x);
    right.push(y);
    return 2 * (kinds.push(kind) - 1);
  };
  const xored = (x: Literal, y: Literal): Literal => {
    const negation = (x ^ y) & 1;
    const [a, b] = [nodeOf(x), nodeOf(y)];
    if (a === b) return negation;
    if (a === 0 || b === 0) return (2 * (a + b)) | negation;
    return made(GATE.xor, a, b) | negation;
  };
  const anded = (x: Literal, y: Literal): Literal => {
    if (x === 0 || y === 0 || x === (y ^ 1)) return 0;
    if (x === 1 || x === y) return y;
    return y === 1 ? x : made(GATE.and, x, y);
  };
  circuit.kinds.forEach((kind, gate) => {
    const [x, y] = [wires[circuit.left[gate]!]!, wires[circuit.right[gate]!]!];
    if (kind === GATE.xor) wires.push(xored(x, y));
    else if (kind === GATE.and) wires.push(anded(x, y));
    else if (kind === GATE.inv) wires.push(x ^ 1);
    else wires.push(kind === GATE.one ? 1 : 0);
  });
  return { kinds, left, right, results: Array.from(circuit.results, (wire) => wires[wire]!) };
}

/** The XORs whose operands are there after so many levels of ANDs, then the ANDs of the next level. */
interface Step {
  readonly xors: number[];
  readonly ands: number[];
}

/** The steps of the nodes that are needed; the last has no AND. */
function levelled({ kinds, left, right, results }: Nodes, inputBits: number): Step[] {
  const needed = new Uint8Array(kinds.length);
  for (const literal of results) needed[nodeOf(literal)] = 1;
  for (let node = kinds.length - 1; node > inputBits; node--) {
    if (!needed[node]) continue;
    const shift = kinds[node] === GATE.and ? 1 : 0;
    needed[left[node]! >>> shift] = 1;
    needed[right[node]! >>> shift] = 1;
  }
  const levels = new Uint32Array(kinds.length);
  const steps: Step[] = [{ xors: [], ands: [] }];
  for (let node = inputBits + 1; node < kinds.length; node++) {
    if (!needed[node]) continue;
    const isAnd = kinds[node] === GATE.and;
    const shift = isAnd ? 1 : 0;
    const level = Math.max(levels[left[node]! >>> shift]!, levels[right[node]! >>> shift]!);
    levels[node] = isAnd ? level + 1 : level;
    while (steps.length <= levels[node]!) steps.push({ xors: [], ands: [] });
    const step = steps[level]!;
    (isAnd ? step.ands : step.xors).push(node);
  }
  return steps;
}

/** Gives each node a register while it is needed: counts what is still to read each of them. */
class Registers {
  readonly #reads: Uint32Array;
  readonly #places: Int32Array;
  readonly #free: number[] = [];
  count = 1;

  constructor({ kinds, left, right, results }: Nodes, steps: readonly Step[]) {
    this.#reads = new Uint32Array(kinds.length);
    this.#places = new Int32Array(kinds.length).fill(-1);
    this.#places[0] = 0;
    const read = (node: number): void => {
      this.#reads[node] = this.#reads[node]! + 1;
    };
    for (const { xors, ands } of steps) {
      for (const node of xors) [left[node]!, right[node]!].forEach(read);
      for (const node of ands) [left[node]!, right[node]!].map(nodeOf).forEach(read);
    }
    // Results are read at the end, after everything else.
    for (const literal of results) read(nodeOf(literal));
  }

  needs(node: number): boolean {
    return this.#reads[node]! > 0;
  }

  of(node: number): number {
    const place = this.#places[node]!;
    assert(place >= 0, 'a wire has a register until its last reader');
    return place;
  }

  take(node: number): number {
    const place = this.#free.pop() ?? this.count++;
    if (place >= MOST_REGISTERS)
      throw circuitFault(
        'too-wide',
        `more than ${MOST_REGISTERS} wires of this circuit are in use at once`,
        'split the circuit',
      );
    this.#places[node] = place;
    return place;
  }

  /** These reads are done. */
  passed(nodes: readonly number[]): void {
    for (const node of nodes) {
      const left = this.#reads[node]! - 1;
      this.#reads[node] = left;
      if (left > 0 || node === 0) continue;
      this.#free.push(this.of(node));
      this.#places[node] = -1;
    }
  }
}
