/**
 * Sample sort: any rows, any keys, stable; at exactly the stated cost; and what the servers see is uniform, whatever the keys.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { bytesOfWords, concatBytes } from '../../src/base/bytes.ts';
import type { Shape } from '../../src/gates/gate.ts';
import { rowBits, sampleSortGate } from '../../src/gates/sample-sort.ts';
import { batchesOf } from '../../src/gates/sample-sort-stages.ts';
import { getBit } from '../../src/ring/bits.ts';
import { toBigInts } from '../../src/ring/ring.ts';
import type { Words } from '../../src/ring/words.ts';
import { CHI_SQUARE_LIMIT, chiSquareOfBytes, ringInput, runGate } from '../support/gate-harness.ts';
import { anyElement, anySeed } from '../support/table-gates.ts';

const run = (
  keys: readonly bigint[],
  columns: readonly (readonly bigint[])[],
  seed: number,
  tamper?: (round: number, words: Words) => Words,
) =>
  runGate(
    sampleSortGate,
    { op: 'sampleSort' },
    [keys, ...columns].map((column) => ringInput(column)),
    seed,
    tamper,
  );

/** The rows' numbers in the order that plain sorting gives. */
const orderOf = (keys: readonly bigint[]): bigint[] =>
  keys
    .map((_, row) => row)
    .sort((i, j) => (keys[i]! < keys[j]! ? -1 : keys[i]! > keys[j]! ? 1 : i - j))
    .map(BigInt);

const numbered = (rows: number): bigint[] => Array.from({ length: rows }, (_, row) => BigInt(row));

for (const length of [1, 2, 3, 4, 5, 63, 64, 65, 127, 128, 129]) {
  test(`${length} rows come into the order of their keys, rows of equal keys in their own`, () => {
    const most = 2n ** BigInt(63 - rowBits(length)) - 1n;
    const anyKey = fc.oneof(fc.bigInt(0n, most), fc.bigInt(0n, 3n), fc.constantFrom(0n, most, most - 1n));
    const keys = fc.array(anyKey, { minLength: length, maxLength: length });
    fc.assert(
      fc.property(keys, anySeed, (key, seed) => {
        const { output, expected, shape } = run(key, [numbered(length), key], seed);
        const order = orderOf(key);
        assert.deepEqual(toBigInts(expected), [...order, ...order.map((row) => key[Number(row)]!)]);
        assert.deepEqual(output, expected);
        assert.deepEqual(shape, { kind: 'ring', form: 'share', length: 2 * length });
      }),
      { numRuns: length > 60 ? 6 : 15 },
    );
  });
}

for (const length of [511, 512, 513, 1000, 10_000]) {
  test(`${length} rows with many equal keys, in stages`, () => {
    const keys = Array.from({ length }, (_, row) => BigInt(((row * 7919) ^ (row >> 3)) % (length >> 3)));
    const { output } = run(keys, [numbered(length)], length);
    assert.deepEqual(toBigInts(output), orderOf(keys));
  });
}
