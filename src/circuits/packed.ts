/**
 * Owns a circuit as one short text, for descriptors and plans: base64 of deflated bytes. Must never be trusted: whoever
 * unpacks a text checks all of it, and never inflates more than a bound.
 *
 * The bytes are numbers of 7 bits a byte, least significant first, the high bit set where more follow: the count of input
 * values and the bits of each; the same for outputs; the count of gates; their kinds; for each wire that a gate takes, how
 * far before the gate's own it is (column by column: all first operands, then all second ones); how far before the end the
 * wire of each output bit is.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { hex, sha256, utf8 } from '../base/bytes.ts';
import type { MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { bitsOf, CIRCUIT_LIMITS, type Circuit, checkWidths, circuitFault, OPERANDS } from './circuit.ts';

/** Throws `circuit.too-large` when the text would not fit a descriptor. */
export function packCircuit(circuit: Circuit): string {
  const text = deflateRawSync(bytesOf(circuit), { level: 9 }).toString('base64');
  if (text.length > LIMITS.programCharacters)
    throw circuitFault(
      'too-large',
      `the circuit packs into ${text.length} characters, ${LIMITS.programCharacters} are allowed`,
      'a descriptor holds the circuit and is one message: split the circuit into smaller ones',
    );
  return text;
}

/** Throws `circuit.malformed` or `circuit.too-large`. */
export function unpackCircuit(text: string): Circuit {
  if (text.length > LIMITS.programCharacters) throw malformed('is too long');
  const read = new Numbers(inflated(text));
  const widths = (what: 'input' | 'output'): number[] => {
    const count = read.next();
    if (count < 1 || count > CIRCUIT_LIMITS.values) throw malformed(`has ${count} ${what} values`);
    const list = Array.from({ length: count }, () => read.next());
    if (list.includes(0)) throw malformed(`has an ${what} value of no bits`);
    checkWidths(what, list);
    return list;
  };
  const inputs = widths('input');
  const outputs = widths('output');
  const gates = read.next();
  if (gates > CIRCUIT_LIMITS.gates)
    throw malformed(`has ${gates} gates, ${CIRCUIT_LIMITS.gates} are allowed`);
  const kinds = new Uint8Array(gates);
  for (let gate = 0; gate < gates; gate++) {
    const kind = read.next();
    if (OPERANDS[kind] === undefined) throw malformed('has a gate of no kind');
    kinds[gate] = kind;
  }
  const first = bitsOf(inputs);
  const column = (operand: number): Uint32Array => {
    const wires = new Uint32Array(gates);
    for (let gate = 0; gate < gates; gate++) {
      if (OPERANDS[kinds[gate]!]! > operand) wires[gate] = read.back(first + gate);
    }
    return wires;
  };
  const left = column(0);
  const right = column(1);
  const results = new Uint32Array(bitsOf(outputs));
  for (let bit = 0; bit < results.length; bit++) results[bit] = read.back(first + gates);
  read.end();
  return { inputs, outputs, kinds, left, right, results };
}

/** What people compare: the SHA-256 of a circuit's bytes, whatever made or packed them. */
export function circuitDigest(circuit: Circuit): string {
  return hex.encode(sha256(utf8.encode('mpc/1 circuit\n'), bytesOf(circuit)));
}

function bytesOf({ inputs, outputs, kinds, left, right, results }: Circuit): Uint8Array {
  const bytes: number[] = [];
  const put = (value: number): void => {
    let rest = value;
    for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
    bytes.push(rest);
  };
  for (const widths of [inputs, outputs]) [widths.length, ...widths].forEach(put);
  put(kinds.length);
  kinds.forEach(put);
  const first = bitsOf(inputs);
  [left, right].forEach((wires, operand) => {
    for (let gate = 0; gate < kinds.length; gate++) {
      if (OPERANDS[kinds[gate]!]! > operand) put(first + gate - wires[gate]!);
    }
  });
  for (const wire of results) put(first + kinds.length - wire);
  return Uint8Array.from(bytes);
}

function inflated(text: string): Uint8Array {
  const packed = Buffer.from(text, 'base64');
  if (packed.toString('base64') !== text) throw malformed('is not base64');
  try {
    return inflateRawSync(packed, { maxOutputLength: LIMITS.programBytes });
  } catch {
    throw malformed('does not inflate, or to too much');
  }
}

class Numbers {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw malformed('ends too early');
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw malformed('holds a number that is too large');
  }

  /** A wire before `end`. */
  back(end: number): number {
    const distance = this.next();
    if (distance < 1 || distance > end) throw malformed('uses a wire before it is made');
    return end - distance;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw malformed('goes on after its end');
  }
}

const malformed = (what: string): MpcError =>
  circuitFault(
    'malformed',
    `the packed circuit ${what}`,
    'all parties must run the same version of mpc: make the descriptor anew',
  );
