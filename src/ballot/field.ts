/**
 * Owns the two fields of the ballots' proofs as numbers: moduli, roots of unity, and elements to and from bytes.
 * Must never be used on a hot path: it computes with BigInts, for set-up, results and tests.
 *
 * Source: VDAF draft 20, section 6.1 (fields). Elements are encoded little endian, in canonical form (below the modulus).
 */
import { assert } from '../base/errors.ts';

export interface Field {
  readonly name: 'Field64' | 'Field128';
  /** Bytes of an encoded element. */
  readonly bytes: 8 | 16;
  readonly modulus: bigint;
  /** Generates the multiplicative subgroup of order 2^rootBits. */
  readonly generator: bigint;
  readonly rootBits: number;
}

const P64 = 2n ** 32n * 4294967295n + 1n;
const P128 = 2n ** 66n * 4611686018427387897n + 1n;

/** p = 2^64 - 2^32 + 1. */
export const FIELD64: Field = {
  name: 'Field64',
  bytes: 8,
  modulus: P64,
  generator: power(7n, 4294967295n, P64),
  rootBits: 32,
};

/** p = 2^128 - 28 2^64 + 1. */
export const FIELD128: Field = {
  name: 'Field128',
  bytes: 16,
  modulus: P128,
  generator: power(7n, 4611686018427387897n, P128),
  rootBits: 66,
};

/** A root of unity of order `size`, a power of two. */
export function rootOfUnity(field: Field, size: number): bigint {
  const bits = Math.log2(size);
  assert(Number.isInteger(bits) && bits <= field.rootBits, 'the field has roots of unity of that order');
  return power(field.generator, 2n ** BigInt(field.rootBits - bits), field.modulus);
}

/** The value's class in 0 to p - 1. */
export function reduce(field: Field, value: bigint): bigint {
  const rest = value % field.modulus;
  return rest < 0n ? rest + field.modulus : rest;
}

export function inverse(field: Field, value: bigint): bigint {
  return power(reduce(field, value), field.modulus - 2n, field.modulus);
}

/** Encodes elements one after another. */
export function encodeVector(field: Field, values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(values.length * field.bytes);
  const view = new DataView(bytes.buffer);
  values.forEach((value, k) => {
    writeElement(view, field, k * field.bytes, reduce(field, value));
  });
  return bytes;
}

/** Decodes elements known to be canonical. */
export function decodeVector(field: Field, bytes: Uint8Array): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / field.bytes }, (_, k) =>
    readElement(view, field, k * field.bytes),
  );
}

export function readElement(view: DataView, field: Field, at: number): bigint {
  const low = view.getBigUint64(at, true);
  return field.bytes === 8 ? low : low | (view.getBigUint64(at + 8, true) << 64n);
}

export function writeElement(view: DataView, field: Field, at: number, value: bigint): void {
  view.setBigUint64(at, BigInt.asUintN(64, value), true);
  if (field.bytes === 16) view.setBigUint64(at + 8, value >> 64n, true);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
