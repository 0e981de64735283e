/**
 * Values and checks that the tests of the bit-sliced and table gates share.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Form } from '../../src/gates/gate.ts';
import { fromBools } from '../../src/ring/bits.ts';
import { fromBigInts } from '../../src/ring/ring.ts';
import type { Words } from '../../src/ring/words.ts';
import type { HarnessInput } from './gate-harness.ts';

/** Around every border of a machine word, a 64-bit group and a block's part. */
export const LENGTHS = [1, 31, 32, 63, 64, 65, 200] as const;

/** 0, small numbers, the ends of the ring and of the half range, and both sides of every 4-bit digit's border. */
export const EDGE_VALUES: readonly bigint[] = [
  ...[0n, 2n, 3n, -2n, 7n, 8n, 9n, -8n, -9n],
  ...[2n ** 63n - 1n, 2n ** 63n - 2n, -(2n ** 63n), -(2n ** 63n) + 1n],
  ...[-1n, 0n, 1n].flatMap((step) => [2n ** 62n + step, -(2n ** 62n) + step]),
  ...Array.from({ length: 16 }, (_, digit) => 16n ** BigInt(digit)).flatMap((border) =>
    [-1n, 0n, 1n].flatMap((step) => [border + step, -border + step]),
  ),
];

export function ringInput(values: readonly bigint[], form: Form = 'wire'): HarnessInput {
  return { kind: 'ring', form, length: values.length, value: fromBigInts(values) };
}

export function bitsInput(values: readonly boolean[], form: Form = 'wire'): HarnessInput {
  return { kind: 'bits', form, length: values.length, value: fromBools(values) };
}

/** A signed 64-bit integer: an edge, or anything. */
export const anyElement: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(...EDGE_VALUES),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

/** Any number a tape of the harness can be made from. */
export const anySeed: fc.Arbitrary<number> = fc.nat({ max: 0xffff });

/**
 * For each element, the bits of its planes as bytes, eight neighbouring planes a byte: uniform only if the planes are
 * uniform together. `stride` is the planes' words; the last byte takes the last eight planes, and fewer than eight planes
 * make bytes of two elements' low four bits each.
 */
export function bytesAcrossPlanes(vector: Words, planes: number, stride: number): Uint8Array {
  assert.equal(vector.length, planes * stride);
  const bitAt = (plane: number, element: number): number =>
    (vector[plane * stride + (element >>> 5)]! >>> (element & 31)) & 1;
  const gather = (first: number, count: number, element: number): number => {
    let byte = 0;
    for (let p = 0; p < count; p++) byte |= bitAt(first + p, element) << p;
    return byte;
  };
  const elements = 32 * stride;
  if (planes < 8) {
    return Uint8Array.from(
      { length: elements / 2 },
      (_, i) => gather(0, 4, 2 * i) | (gather(0, 4, 2 * i + 1) << 4),
    );
  }
  const groups = Math.ceil(planes / 8);
  return Uint8Array.from({ length: elements * groups }, (_, i) =>
    gather(Math.min(8 * (i % groups), planes - 8), 8, Math.floor(i / groups)),
  );
}
