/**
 * Owns the plain meaning of a circuit, gate by gate as it is written: what everything faster is compared with.
 */
import { assert } from '../base/errors.ts';
import { andXor, not, xor } from '../ring/bits.ts';
import type { BitVector } from '../ring/words.ts';
import { newBits } from '../ring/words.ts';
import { bitsOf, type Circuit, GATE } from './circuit.ts';

/** The output wires as vectors over `length` instances, given the input wires. */
export function evaluatePlain(circuit: Circuit, inputs: readonly BitVector[], length: number): BitVector[] {
  assert(inputs.length === bitsOf(circuit.inputs), 'a vector for each input bit');
  const wires = [...inputs];
  circuit.kinds.forEach((kind, gate) => {
    const out = newBits(length);
    const [x, y] = [wires[circuit.left[gate]!]!, wires[circuit.right[gate]!]!];
    if (kind === GATE.one) not(out, out, length);
    else if (kind === GATE.inv) not(out, x, length);
    else if (kind === GATE.xor) xor(out, x, y);
    else if (kind === GATE.and) andXor(out, x, y);
    wires.push(out);
  });
  return Array.from(circuit.results, (wire) => wires[wire]!);
}
