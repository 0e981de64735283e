/**
 * Owns what a measurement may be: each kind's encoding as field elements, and the circuit that is 0 for valid encodings only.
 * Must never hold a measurement or touch memory: a circuit is a description that flp.ts proves and queries.
 *
 * Source: VDAF draft 20, section 7.4 (the circuits) and appendix A (gadgets). Each of the draft's circuits has one gadget, called on wires:
 * - `each`: call k takes element k on all of its wires (Count on both factors of a product, Sum on the variable of x^2 - x);
 * - `chunks`: call k takes a chunk of elements m_j, as the products r_k^(j+1) m_j (m_j - 1) with r_k from the joint randomness: their
 *   sum is 0 for a vector of bits, and but for a fraction (elements / modulus) of the r_k for no other.
 * On shares the constant 1 is 1 / shares, so that all servers' constants add up to it.
 */
import { assert } from '../base/errors.ts';
import { FIELD64, FIELD128, type Field } from './field.ts';

export type Gadget =
  | { readonly kind: 'products'; readonly pairs: number }
  /** Coefficients low to high. */
  | { readonly kind: 'polynomial'; readonly coefficients: readonly bigint[] };

export interface Circuit<Measurement, Result> {
  /** The draft's algorithm identifier of the Prio3 variant (section 10, IANA). */
  readonly id: number;
  readonly field: Field;
  /** Elements of an encoded measurement. */
  readonly elements: number;
  /** Elements of what is added up. */
  readonly outputs: number;
  readonly gadget: Gadget;
  readonly calls: number;
  /** Elements of a chunk: `chunks` wiring with as many elements of joint randomness as calls; without, `each`. */
  readonly chunk?: number;
  /** What besides the gadget's outputs must be 0. */
  readonly checks: Checks;
  /** An output is the sum of its elements with these weights; without, an output is an element (the first `outputs` of them). */
  readonly weights?: readonly bigint[];
  /** Throws an assertion for a measurement that is none: what people choose is checked before. */
  encode(measurement: Measurement): Uint8Array;
  decode(output: readonly bigint[]): Result;
}

/**
 * `squareOf`: output of the one call - the element. `each`: all outputs. `sum`: the outputs' sum; and with `plus`, the sum of the first
 * `outputs` elements less `one` and less the rest of the elements with `weights`.
 */
export type Checks =
  | { readonly kind: 'squareOf' }
  | { readonly kind: 'each' }
  | { readonly kind: 'sum'; readonly plus?: { readonly one: boolean; readonly weights: readonly bigint[] } };

const MUL: Gadget = { kind: 'products', pairs: 1 };
/** Bits of a positive whole number. */
export const bitLength = (value: number): number => value.toString(2).length;
const numbers = (output: readonly bigint[]): number[] => output.map(Number);

/** Yes or no: the result is the number of ones. */
export function count(): Circuit<boolean, number> {
  return {
    id: 1,
    field: FIELD64,
    elements: 1,
    outputs: 1,
    gadget: MUL,
    calls: 1,
    checks: { kind: 'squareOf' },
    encode: (measurement) => Uint8Array.of(measurement ? 1 : 0),
    decode: ([total]) => Number(total),
  };
}

/** A number from 0 to max: the result is their sum. */
export function sum(max: number): Circuit<number, number> {
  const weights = rangeWeights(max);
  return {
    id: 2,
    field: FIELD64,
    elements: weights.length,
    outputs: 1,
    gadget: { kind: 'polynomial', coefficients: [0n, -1n, 1n] },
    calls: weights.length,
    checks: { kind: 'each' },
    weights,
    encode: (measurement) => encodeInRange([measurement], max),
    decode: ([total]) => Number(total),
  };
}

/** `length` numbers from 0 to max each: the results are the sums of each. */
export function sumVec(
  length: number,
  max: number,
  chunk: number,
  over: { readonly id: number; readonly field: Field } = { id: 3, field: FIELD128 },
): Circuit<readonly number[], number[]> {
  assert(length > 0, 'the vector has an element');
  const weights = rangeWeights(max);
  return {
    ...over,
    ...chunks(length * weights.length, chunk),
    outputs: length,
    checks: { kind: 'sum' },
    weights,
    encode: (measurement) => {
      assert(measurement.length === length, 'the vector is as long as the circuit takes');
      return encodeInRange(measurement, max);
    },
    decode: numbers,
  };
}

/** One of `length` choices: the results are how often each was chosen. */
export function histogram(length: number, chunk: number): Circuit<number, number[]> {
  return {
    id: 4,
    field: FIELD128,
    ...chunks(length, chunk),
    outputs: length,
    checks: { kind: 'sum', plus: { one: true, weights: [] } },
    encode: (measurement) => {
      assert(
        Number.isInteger(measurement) && measurement >= 0 && measurement < length,
        'the choice is one of those',
      );
      const encoded = new Uint8Array(length);
      encoded[measurement] = 1;
      return encoded;
    },
    decode: numbers,
  };
}

/** At most `maxWeight` of `length` marks: the results are how often each was marked. */
export function multihotCountVec(
  length: number,
  maxWeight: number,
  chunk: number,
): Circuit<readonly boolean[], number[]> {
  assert(maxWeight > 0 && maxWeight <= length, 'the most marks are 1 to all');
  const weights = rangeWeights(maxWeight);
  return {
    id: 5,
    field: FIELD128,
    ...chunks(length + weights.length, chunk),
    outputs: length,
    checks: { kind: 'sum', plus: { one: false, weights } },
    encode: (measurement) => {
      assert(measurement.length === length, 'the vector is as long as the circuit takes');
      const encoded = new Uint8Array(length + weights.length);
      encoded.set(measurement.map(Number));
      encoded.set(encodeInRange([measurement.filter(Boolean).length], maxWeight), length);
      return encoded;
    },
    decode: numbers,
  };
}

function chunks(
  elements: number,
  chunk: number,
): { elements: number; gadget: Gadget; calls: number; chunk: number } {
  assert(elements > 0 && chunk > 0, 'there are elements and chunks of them');
  return { elements, gadget: { kind: 'products', pairs: chunk }, calls: Math.ceil(elements / chunk), chunk };
}

/**
 * Weights under which bits make exactly the numbers 0 to max: powers of two, the last cut so that all ones make max (section 7.4.2).
 */
function rangeWeights(max: number): bigint[] {
  assert(Number.isSafeInteger(max) && max > 0, 'the most is a positive number');
  const rest = bitLength(max) - 1;
  const powers = Array.from({ length: rest }, (_, bit) => 2n ** BigInt(bit));
  return [...powers, BigInt(max) - (2n ** BigInt(rest) - 1n)];
}

function encodeInRange(values: readonly number[], max: number): Uint8Array {
  const rest = bitLength(max) - 1;
  const allOnes = 2 ** rest - 1;
  const encoded = new Uint8Array(values.length * (rest + 1));
  values.forEach((value, k) => {
    assert(Number.isInteger(value) && value >= 0 && value <= max, 'the number is in its range');
    const last = value > allOnes ? 1 : 0;
    const low = value - last * (max - allOnes);
    for (let bit = 0; bit < rest; bit++) encoded[k * (rest + 1) + bit] = Math.floor(low / 2 ** bit) % 2;
    encoded[k * (rest + 1) + rest] = last;
  });
  return encoded;
}
