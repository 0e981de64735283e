import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { wordsOfBytes } from '../../src/base/bytes.ts';
import { MpcError } from '../../src/base/errors.ts';
import { andGate } from '../../src/gates/and.ts';
import { toBools } from '../../src/ring/bits.ts';
import { bitWords } from '../../src/ring/words.ts';
import { CHI_SQUARE_LIMIT, chiSquareOfBytes, runGate } from '../support/gate-harness.ts';
import { anySeed, bitsInput, bytesAcrossPlanes, LENGTHS } from '../support/table-gates.ts';

const OPERATION = { op: 'and' } as const;
const DEALT_BITS = new Map([
  [2, 1],
  [3, 4],
  [4, 11],
]);

for (const [fanIn, dealtBits] of DEALT_BITS) {
  for (const length of LENGTHS) {
    test(`the product of ${fanIn} vectors of ${length} bits is right, at ${dealtBits} bits of tape an element`, () => {
      const vector = fc.array(fc.boolean(), { minLength: length, maxLength: length });
      fc.assert(
        fc.property(fc.array(vector, { minLength: fanIn, maxLength: fanIn }), anySeed, (vectors, seed) => {
          const run = runGate(
            andGate,
            OPERATION,
            vectors.map((bits) => bitsInput(bits)),
            seed,
          );
          const wanted = vectors[0]!.map((_, i) => vectors.every((bits) => bits[i]));
          assert.deepEqual(run.shape, { kind: 'bits', form: 'share', length });
          assert.deepEqual(toBools(run.output, length), wanted);
          assert.deepEqual(run.output, run.expected);
          assert.equal(run.rounds, 0);
          assert.equal(run.bytesTape, dealtBits * 4 * bitWords(length));
        }),
        { numRuns: 30 },
      );
    });
  }

  test(`the product of ${fanIn} is right for all inputs, under many masks`, () => {
    const rows = Array.from({ length: 1 << fanIn }, (_, row) => row);
    const vectors = Array.from({ length: fanIn }, (_, input) =>
      rows.map((row) => ((row >>> input) & 1) === 1),
    );
    for (let seed = 0; seed < 100; seed++) {
      const { output } = runGate(
        andGate,
        OPERATION,
        vectors.map((bits) => bitsInput(bits)),
        seed,
      );
      assert.deepEqual(
        toBools(output, rows.length),
        rows.map((row) => row === rows.length - 1),
      );
    }
  });

  for (const bit of [false, true]) {
    test(`the corrections of ${fanIn} vectors that are all ${bit ? 1 : 0} are uniform`, () => {
      const length = 65_536;
      const input = bitsInput(Array<boolean>(length).fill(bit));
      const { corrections } = runGate(andGate, OPERATION, Array(fanIn).fill(input), 3);
      assert(chiSquareOfBytes(corrections) < CHI_SQUARE_LIMIT);
      if (dealtBits < 4) return;
      const across = bytesAcrossPlanes(wordsOfBytes(corrections), dealtBits, bitWords(length));
      assert(chiSquareOfBytes(across) < CHI_SQUARE_LIMIT);
    });
  }
}

test('a wire may be multiplied by itself', () => {
  const input = bitsInput([true, false, true]);
  assert.deepEqual(toBools(runGate(andGate, OPERATION, [input, input], 9).output, 3), [true, false, true]);
});

test('refuses one input, five, shares, ring elements and unequal lengths', () => {
  const wire = { kind: 'bits', form: 'wire', length: 5 } as const;
  const wrong = [
    [],
    [wire],
    [wire, wire, wire, wire, wire],
    [wire, { ...wire, form: 'share' }],
    [wire, { ...wire, kind: 'ring' }],
    [wire, { ...wire, length: 6 }],
    [
      { ...wire, length: 0 },
      { ...wire, length: 0 },
    ],
  ] as const;
  for (const inputs of wrong) {
    assert.throws(
      () => andGate.infer(OPERATION, inputs),
      (error) => error instanceof MpcError && error.code === 'plan.bad-shape',
    );
  }
});
