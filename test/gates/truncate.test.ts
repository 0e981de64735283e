import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MpcError } from '../../src/base/errors.ts';
import type { Shape } from '../../src/gates/gate.ts';
import { truncateGate } from '../../src/gates/truncate.ts';
import { toBigInts } from '../../src/ring/ring.ts';
import { CHI_SQUARE_LIMIT, chiSquareOfBytes, runGate } from '../support/gate-harness.ts';
import { anySeed, EDGE_VALUES, LENGTHS, ringInput } from '../support/table-gates.ts';

const LOW = -(2n ** 62n);
const HIGH = 2n ** 62n - 1n;
const IN_RANGE = EDGE_VALUES.filter((value) => value >= LOW && value <= HIGH);
const element = fc.oneof(fc.constantFrom(...IN_RANGE), fc.bigInt({ min: LOW, max: HIGH }));

const run = (bits: number, values: readonly bigint[], seed: number) =>
  runGate(truncateGate, { op: 'truncate', bits }, [ringInput(values)], seed);

/** How far above floor(x / 2^bits) the results are. */
function errorsOf(bits: number, values: readonly bigint[], seed: number): readonly bigint[] {
  const { output, expected } = run(bits, values, seed);
  const floors = values.map((value) => value >> BigInt(bits));
  assert.deepEqual(toBigInts(expected), floors);
  return toBigInts(output).map((result, i) => result - floors[i]!);
}

for (const length of LENGTHS) {
  test(`${length} results are the floor or one more, at 16 bytes of tape an element`, () => {
    const values = fc.array(element, { minLength: length, maxLength: length });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 62 }), anySeed, (x, bits, seed) => {
        for (const error of errorsOf(bits, x, seed)) assert(error === 0n || error === 1n);
        const { shape, rounds, bytesTape } = run(bits, x, seed);
        assert.deepEqual(shape, { kind: 'ring', form: 'share', length });
        assert.equal(rounds, 0);
        assert.equal(bytesTape, 16 * length);
      }),
      { numRuns: 40 },
    );
  });
}

test('at the ends of the range and around 0, for every shift, under many masks: never a wrap-around', () => {
  let exact = 0;
  let above = 0;
  for (let bits = 1; bits <= 62; bits++) {
    for (let seed = 0; seed < 8; seed++) {
      for (const error of errorsOf(bits, IN_RANGE, 100 * bits + seed)) {
        assert(error === 0n || error === 1n);
        if (error === 0n) exact++;
        else above++;
      }
    }
  }
  assert(exact > 10_000 && above > 10_000);
});

for (const value of [0n, -1n, LOW]) {
  test(`the corrections are uniform, though every element is ${value}`, () => {
    const { corrections } = run(16, Array<bigint>(5000).fill(value), 8);
    assert(chiSquareOfBytes(corrections) < CHI_SQUARE_LIMIT);
  });
}

test('refuses shifts outside 1..62, and anything but one ring wire', () => {
  const wire: Shape = { kind: 'ring', form: 'wire', length: 5 };
  const refused = (bits: number, inputs: readonly Shape[]) =>
    assert.throws(
      () => truncateGate.infer({ op: 'truncate', bits }, inputs),
      (error) => error instanceof MpcError && error.code === 'plan.bad-shape',
    );
  for (const bits of [0, -1, 63, 1.5]) refused(bits, [wire]);
  refused(8, []);
  refused(8, [wire, wire]);
  refused(8, [{ ...wire, form: 'share' }]);
  refused(8, [{ ...wire, kind: 'bits' }]);
  refused(8, [{ ...wire, length: 0 }]);
});
