/**
 * Owns circuits for tests: random ones as files, small useful ones, and what they mean by plain arithmetic on numbers.
 */
import fc from 'fast-check';

/** A circuit's file, gate lines and all. */
export interface CircuitFile {
  readonly text: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Writes a file line by line, in the order of the calls. */
export class FileWriter {
  readonly #inputs: readonly number[];
  readonly #gates: string[] = [];
  wires: number;

  constructor(inputs: readonly number[]) {
    this.#inputs = inputs;
    this.wires = inputs.reduce((sum, width) => sum + width, 0);
  }

  gate(name: string, ...operands: readonly number[]): number {
    this.#gates.push([operands.length, 1, ...operands, this.wires, name].join(' '));
    return this.wires++;
  }

  /** Pairwise ANDs of two lists. */
  mand(left: readonly number[], right: readonly number[]): number[] {
    const made = left.map((_, k) => this.wires + k);
    this.#gates.push([2 * left.length, left.length, ...left, ...right, ...made, 'MAND'].join(' '));
    this.wires += left.length;
    return made;
  }

  /** Copies the result to the last wires and ends the file. */
  finish(results: readonly number[], outputs: readonly number[] = [results.length]): CircuitFile {
    for (const wire of results) this.gate('EQW', wire);
    const header = [
      `${this.#gates.length} ${this.wires}`,
      [this.#inputs.length, ...this.#inputs].join(' '),
      [outputs.length, ...outputs].join(' '),
    ];
    return { text: `${[...header, '', ...this.#gates].join('\n')}\n`, inputs: this.#inputs, outputs };
  }
}

/** x + y modulo 2^width: a carry of one AND a bit. */
export function adder(width: number): CircuitFile {
  const writer = new FileWriter([width, width]);
  const sums: number[] = [];
  let carry = writer.gate('EQ', 0);
  for (let bit = 0; bit < width; bit++) {
    const [x, y] = [bit, width + bit];
    const [xc, yc] = [writer.gate('XOR', x, carry), writer.gate('XOR', y, carry)];
    sums.push(writer.gate('XOR', xc, y));
    carry = writer.gate('XOR', carry, writer.gate('AND', xc, yc));
  }
  return writer.finish(sums);
}

/** [x < y], [x = y] of unsigned numbers. */
export function comparator(width: number): CircuitFile {
  const writer = new FileWriter([width, width]);
  let less = writer.gate('EQ', 0);
  let equal = writer.gate('EQ', 1);
  for (let bit = width - 1; bit >= 0; bit--) {
    const [x, y] = [bit, width + bit];
    const here = writer.gate('AND', writer.gate('INV', x), y);
    less = writer.gate('XOR', less, writer.gate('AND', equal, here));
    equal = writer.gate('AND', equal, writer.gate('NOT', writer.gate('XOR', x, y)));
  }
  return writer.finish([less, equal], [1, 1]);
}

/** What the lines of a file say, one wire after the other, for one instance: written apart from everything in src. */
export function meaningOf({ text, inputs, outputs }: CircuitFile, values: readonly bigint[]): bigint[] {
  const wires = new Map<number, number>();
  values.forEach((value, k) => {
    for (let bit = 0; bit < inputs[k]!; bit++) wires.set(wires.size, Number((value >> BigInt(bit)) & 1n));
  });
  for (const line of text.split('\n').slice(4)) {
    const words = line.split(' ');
    const name = words.pop();
    const [takes, , ...numbers] = words.map(Number);
    const taken = numbers.slice(0, takes);
    const made = numbers.slice(takes);
    const of = (wire: number): number => wires.get(wire)!;
    made.forEach((wire, k) => {
      const [x, y] = [taken[k]!, taken[k + made.length]!];
      if (name === 'XOR') wires.set(wire, of(x) ^ of(y));
      if (name === 'AND' || name === 'MAND') wires.set(wire, of(x) & of(y));
      if (name === 'INV' || name === 'NOT') wires.set(wire, 1 - of(x));
      if (name === 'EQ') wires.set(wire, x);
      if (name === 'EQW') wires.set(wire, of(x));
    });
  }
  let at = wires.size - outputs.reduce((sum, width) => sum + width, 0);
  return outputs.map((width) => {
    let value = 0n;
    for (let bit = 0; bit < width; bit++) value |= BigInt(wires.get(at++)!) << BigInt(bit);
    return value;
  });
}

const LIKELY = ['XOR', 'XOR', 'XOR', 'XOR', 'AND', 'AND', 'AND', 'AND'] as const;

/** Any small circuit, with every kind of gate, constants, copies, outputs that are inputs, and wires that nothing needs. */
export const anyCircuit: fc.Arbitrary<CircuitFile> = fc
  .record({
    inputs: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
    gates: fc.array(
      fc.record({
        name: fc.constantFrom(...LIKELY, 'INV', 'NOT', 'EQ', 'EQW', 'MAND'),
        picks: fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
      }),
      { minLength: 10, maxLength: 80 },
    ),
    outputs: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
    results: fc.array(fc.nat(), { minLength: 15, maxLength: 15 }),
  })
  .map(({ inputs, gates, outputs, results }) => {
    const writer = new FileWriter(inputs);
    for (const { name, picks } of gates) {
      // Late wires are likelier, so that circuits grow deep.
      const picked = picks.map((pick) => writer.wires - 1 - (pick % Math.min(writer.wires, 12)));
      if (name === 'EQ') writer.gate('EQ', picks[0]! % 2);
      else if (name === 'MAND') writer.mand(picked.slice(0, 3), picked.slice(3));
      else writer.gate(name, ...picked.slice(0, name === 'XOR' || name === 'AND' ? 2 : 1));
    }
    const bits = outputs.reduce((sum, width) => sum + width, 0);
    return writer.finish(
      results.slice(0, bits).map((pick) => Math.max(0, writer.wires - 1 - (pick % 40))),
      outputs,
    );
  });
