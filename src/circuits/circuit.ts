/**
 * Owns what a Boolean circuit is: gates of XOR, AND and NOT over numbered wires, in an order in which every wire is made before
 * it is used. Must never hold an object a gate: circuits have hundreds of thousands of them.
 *
 * Wires 0, 1, ... are the bits of the first input value, then of the second, and so on, each from its least significant bit
 * up; gate g makes wire `inputBits + g`. (In the exchange format a circuit may number its wires otherwise: bristol.ts.)
 */
import { EXIT, MpcError, type Place } from '../base/errors.ts';

/** What a gate does; the numbers are those of packed circuits. */
export const GATE = { zero: 0, one: 1, inv: 2, xor: 3, and: 4 } as const;

export interface Circuit {
  /** Bits of each input value, and of each output value. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Of each gate: what it does (a number of GATE), and the wires it takes; 0 where it takes fewer. */
  readonly kinds: Uint8Array;
  readonly left: Uint32Array;
  readonly right: Uint32Array;
  /** The wire of each bit of the output values, one value after the other. */
  readonly results: Uint32Array;
}

/** How many wires a gate of each kind takes. */
export const OPERANDS: readonly number[] = [0, 0, 1, 2, 2];

export const CIRCUIT_LIMITS = {
  /** Gates: what compiles in about a second, and packs into one descriptor. */
  gates: 1_000_000,
  /** Bits of all input values, and of all output values. */
  bits: 65_536,
  /** Input values, and output values. */
  values: 256,
} as const;

export const bitsOf = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width, 0);

/** A complaint about a circuit: a code below `circuit.`, exit code 65. */
export function circuitFault(code: string, message: string, hint: string, place?: Place): MpcError {
  return new MpcError(`circuit.${code}`, message, {
    exitCode: EXIT.badData,
    hint,
    ...(place === undefined ? {} : { place }),
  });
}

/** Throws `circuit.too-large` unless the values are few enough and narrow enough. */
export function checkWidths(what: 'input' | 'output', widths: readonly number[], place?: Place): void {
  if (widths.length > CIRCUIT_LIMITS.values)
    throw circuitFault(
      'too-large',
      `${widths.length} ${what} values, ${CIRCUIT_LIMITS.values} are allowed`,
      'join some of them',
      place,
    );
  if (bitsOf(widths) > CIRCUIT_LIMITS.bits)
    throw circuitFault(
      'too-large',
      `${bitsOf(widths)} ${what} bits, ${CIRCUIT_LIMITS.bits} are allowed`,
      'split the circuit',
      place,
    );
}
