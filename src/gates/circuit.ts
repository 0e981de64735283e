/**
 * Owns circuit: a Boolean circuit over n instances at once; bit wires to a share. One round fewer than its AND-depth d (the last
 * level's ANDs stay shares, which `open` or another gate takes on); each AND sends 1 bit an instance each way but on the last
 * level, and takes 1 bit of tape.
 *
 * Every wire of the circuit is a wire here, x^ = x + r (mod 2), a vector over all instances. XOR and NOT are local. For an AND
 * of x and y, with a fresh mask r_z from both keystreams, the dealer shares t = r_x r_y + r_z, and
 *   z^ = xy + r_z = x^ y^ + x^ r_y + y^ r_x + t
 * has a share at each server (A adds x^ y^); all ANDs of a level are opened in one message. On the last level r_z = 0 and
 * nothing is opened: what each server holds is its share of xy. (Beaver 1991; function-dependent masks as in Ben-Efraim,
 * Nielsen and Omri, "Turbospeedz", 2019, so that one opening serves however many gates a wire goes into.)
 *
 * Who sees what: the dealer masks alone; a server the x^, each opened under a mask that is its own and uniform to it, since the
 * other's share of it is; and its shares of t, keystream or corrections under it.
 *
 * Layout: input k holds the planes of the circuit's k-th input value one after another, its bit 0 first, each of whole 64-bit
 * groups; the output holds the planes of all output values. Bits past the last instance come out 0, whatever went in. Lanes
 * 2 l and 2 l + 1 are masks and dealt products of level l, in the order of circuit-blocks.ts.
 */
import { bitsOf, type Circuit } from '../circuits/circuit.ts';
import { type CircuitProgram, programOf } from '../circuits/levels.ts';
import { unpackCircuit } from '../circuits/packed.ts';
import { evaluatePlain } from '../circuits/plain.ts';
import { clearPadding } from '../ring/bits.ts';
import { planesOf } from '../ring/bitslice.ts';
import type { Words } from '../ring/words.ts';
import { bitWords } from '../ring/words.ts';
import { CircuitBlocks } from './circuit-blocks.ts';
import { maskOf, requireCount, requireShape, wireOf } from './forms.ts';
import type { DealtLane, Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

type CircuitOperation = OperationOf<'circuit'>;

interface Compiled {
  readonly circuit: Circuit;
  readonly program: CircuitProgram;
}

/** What operations compile to: a pure function of each, asked for by every face of the gate, and forgotten with it. */
const compiled = new WeakMap<CircuitOperation, Compiled>();

function compile(operation: CircuitOperation): Compiled {
  const known = compiled.get(operation);
  if (known !== undefined) return known;
  const circuit = unpackCircuit(operation.circuit);
  const made = { circuit, program: programOf(circuit) };
  compiled.set(operation, made);
  return made;
}

const lanesOf = (level: number): { mask: number; dealt: number } => ({
  mask: 2 * level,
  dealt: 2 * level + 1,
});
const andsOf = ({ levels }: CircuitProgram, level: number): number => levels[level]!.ands.length / 4;
/** Bits of one plane of all instances, padding included. */
const planeBits = (instances: number): number => 32 * bitWords(instances);

export const circuitGate: Gate<CircuitOperation> = {
  op: 'circuit',

  infer(operation, inputs) {
    requireCount(operation.instances, 'circuit', 'instances');
    requireShape(typeof operation.circuit === 'string', 'circuit', 'the circuit is a packed text');
    const { circuit } = compile(operation);
    const plane = planeBits(operation.instances);
    requireShape(inputs.length === circuit.inputs.length, 'circuit', 'takes its input values, all of them');
    inputs.forEach(({ kind, form, length }, k) => {
      requireShape(kind === 'bits' && form === 'wire', 'circuit', 'inputs are bit wires');
      requireShape(
        length === circuit.inputs[k]! * plane,
        'circuit',
        'an input holds the planes of its value over all instances',
      );
    });
    return { kind: 'bits', form: 'share', length: bitsOf(circuit.outputs) * plane };
  },

  cost(operation) {
    const { program } = compile(operation);
    const depth = program.levels.length;
    const counts = program.levels.map((_, level) => andsOf(program, level));
    const bytesOf = (levels: readonly number[]): number =>
      levels.reduce((sum, ands) => sum + ands, 0) * 4 * bitWords(operation.instances);
    return {
      rounds: Math.max(0, depth - 1),
      bytesOnline: bytesOf(counts.slice(0, -1)),
      bytesTape: bytesOf(counts),
    };
  },

  lanes: (operation) => {
    const { program } = compile(operation);
    return program.levels.map((_, level) => dealtLane(operation, program, level));
  },

  deal(operation, _inputs, masks, tape) {
    const { circuit, program } = compile(operation);
    const blocks = new CircuitBlocks(program, bitWords(operation.instances), 1);
    loadInputs(circuit, (first, k) => blocks.load(first, 0, maskOf(masks[k])));
    program.levels.forEach((_, level) => {
      const { lane, length } = dealtLane(operation, program, level);
      const isLast = level === program.levels.length - 1;
      const fresh = isLast ? new Uint32Array(length / 32) : tape.maskBits(lanesOf(level).mask, length);
      tape.dealBits(lane, blocks.deal(level, fresh), length);
      blocks.place(level, 0, fresh);
    });
    return undefined;
  },

  *evaluate(operation, _inputs, values, tape, server) {
    const { circuit, program } = compile(operation);
    const blocks = new CircuitBlocks(program, bitWords(operation.instances), 2);
    loadInputs(circuit, (first, k) => {
      const { masked, mask } = wireOf(values[k]);
      blocks.load(first, 0, masked);
      blocks.load(first, 1, mask);
    });
    for (let level = 0; level < program.levels.length; level++) {
      const { lane, length } = dealtLane(operation, program, level);
      const share = blocks.multiply(level, tape.dealtBits(lane, length), server);
      if (level < program.levels.length - 1) {
        blocks.place(level, 0, yield { kind: 'bits', share });
        blocks.place(level, 1, tape.maskBits(lanesOf(level).mask, length));
      } else {
        // A share stands where masks do, beside a public part of zero.
        blocks.place(level, 0, new Uint32Array(share.length));
        blocks.place(level, 1, share);
      }
    }
    return { form: 'share', share: cleared(blocks.finish(server), operation, circuit) };
  },

  clear(operation, _inputs, values) {
    const { circuit } = compile(operation);
    const words = bitWords(operation.instances);
    const planes = values.flatMap((value, k) => planesOf(value, circuit.inputs[k]!));
    const out = new Uint32Array(bitsOf(circuit.outputs) * words);
    for (const [bit, plane] of evaluatePlain(circuit, planes, 32 * words).entries())
      out.set(plane, bit * words);
    return cleared(out, operation, circuit);
  },
};

function dealtLane({ instances }: CircuitOperation, program: CircuitProgram, level: number): DealtLane {
  return { lane: lanesOf(level).dealt, kind: 'bits', length: andsOf(program, level) * planeBits(instances) };
}

function loadInputs({ inputs }: Circuit, load: (firstBit: number, value: number) => void): void {
  let first = 0;
  inputs.forEach((width, k) => {
    load(first, k);
    first += width;
  });
}

/** Planes without what lies past the last instance. */
function cleared(planes: Words, { instances }: CircuitOperation, { outputs }: Circuit): Words {
  for (const plane of planesOf(planes, bitsOf(outputs))) clearPadding(plane, instances);
  return planes;
}
