/**
 * Owns what every gate must do that compares one ring wire with zero, as tests that each of them runs.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MpcError } from '../../src/base/errors.ts';
import type { Gate } from '../../src/gates/gate.ts';
import type { OperationOf } from '../../src/gates/operations.ts';
import { toBools } from '../../src/ring/bits.ts';
import { bitWords } from '../../src/ring/words.ts';
import { bytesOfAll, CHI_SQUARE_LIMIT, chiSquareOfBytes, runGate } from './gate-harness.ts';
import { anyElement, anySeed, bytesAcrossPlanes, EDGE_VALUES, LENGTHS, ringInput } from './table-gates.ts';

export interface Comparison<Operation extends { readonly op: string }> {
  readonly gate: Gate<Operation>;
  readonly operation: Operation;
  readonly meaning: (value: bigint) => boolean;
  /** Bits of each element that are opened in each round. */
  readonly planes: readonly number[];
  /** Bits of tape for each element. */
  readonly tapeBits: number;
}

export function comparisonTests<Operation extends OperationOf<'equalsZero' | 'lessThanZero'>>({
  gate,
  operation,
  meaning,
  planes,
  tapeBits,
}: Comparison<Operation>): void {
  const bits = planes.reduce((sum, each) => sum + each, 0);
  const run = (values: readonly bigint[], seed: number) =>
    runGate(gate, operation, [ringInput(values)], seed);

  test('is right at every edge, under 40 different masks', () => {
    const signs = new Set<boolean>();
    for (let seed = 0; seed < 40; seed++) {
      const { output, expected } = run(EDGE_VALUES, seed);
      const wanted = EDGE_VALUES.map(meaning);
      assert.deepEqual(toBools(expected, EDGE_VALUES.length), wanted);
      assert.deepEqual(toBools(output, EDGE_VALUES.length), wanted);
      for (const sign of wanted) signs.add(sign);
    }
    assert.equal(signs.size, 2);
  });

  for (const length of LENGTHS) {
    test(`is right for any ${length} elements, at the declared cost`, () => {
      fc.assert(
        fc.property(
          fc.array(anyElement, { minLength: length, maxLength: length }),
          anySeed,
          (values, seed) => {
            const counted = run(values, seed);
            assert.deepEqual(counted.shape, { kind: 'bits', form: 'share', length });
            assert.deepEqual(toBools(counted.output, length), values.map(meaning));
            assert.equal(counted.rounds, planes.length);
            assert.equal(counted.bytesOnline, bits * 4 * bitWords(length));
            assert.equal(counted.bytesTape, tapeBits * 4 * bitWords(length));
          },
        ),
        { numRuns: 25 },
      );
    });
  }

  test('is right across the borders of blocks, the last of them short', () => {
    const values = Array.from(
      { length: 3 * 4096 + 77 },
      (_, i) => EDGE_VALUES[(i * 31) % EDGE_VALUES.length]!,
    );
    const { output } = run(values, 5);
    assert.deepEqual(toBools(output, values.length), values.map(meaning));
  });

  for (const value of [0n, -1n, 2n ** 62n]) {
    test(`what servers send and learn is uniform, though every element is ${value}`, () => {
      const length = 16_384;
      const values = Array<bigint>(length).fill(value);
      const { opened, sent, corrections } = run(values, 77);
      assert.deepEqual(
        opened.map((words) => words.length),
        planes.map((each) => each * bitWords(length)),
      );
      assert(chiSquareOfBytes(corrections) < CHI_SQUARE_LIMIT);
      for (const vectors of [opened, sent.a, sent.b]) {
        assert(chiSquareOfBytes(bytesOfAll(vectors)) < CHI_SQUARE_LIMIT);
        const together = planes.map((each, round) =>
          bytesAcrossPlanes(vectors[round]!.subarray(0, each * bitWords(4096)), each, bitWords(4096)),
        );
        assert.equal(together[0]!.length, Math.ceil(planes[0]! / 8) * 4096);
        for (const bytes of together) assert(chiSquareOfBytes(bytes) < CHI_SQUARE_LIMIT);
      }
    });
  }

  test('refuses anything but one ring wire', () => {
    const wire = { kind: 'ring', form: 'wire', length: 5 } as const;
    const wrong = [
      [],
      [wire, wire],
      [{ ...wire, form: 'share' }],
      [{ ...wire, kind: 'bits' }],
      [{ ...wire, length: 0 }],
    ] as const;
    for (const inputs of wrong) {
      assert.throws(
        () => gate.infer(operation, inputs),
        (error) => error instanceof MpcError && error.code === 'plan.bad-shape',
      );
    }
  });
}
