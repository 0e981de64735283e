import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MpcError } from '../../src/base/errors.ts';
import type { Shape } from '../../src/gates/gate.ts';
import { matrixProductGate } from '../../src/gates/matrix-product.ts';
import { fromBigInts, toBigInts } from '../../src/ring/ring.ts';
import { CHI_SQUARE_LIMIT, chiSquareOfBytes, ringInput, runGate } from '../support/gate-harness.ts';
import { anyElement, anySeed } from '../support/table-gates.ts';

const size = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(7, 8, 9, 16, 33));

/** The product by its definition. */
function productOf(x: readonly bigint[], y: readonly bigint[], rows: number, inner: number, columns: number) {
  return Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0n;
    for (let k = 0; k < inner; k++) sum += x[row * inner + k]! * y[k * columns + column]!;
    return BigInt.asIntN(64, sum);
  });
}

test('products of matrices of any sizes are exact modulo 2^64, at 8 bytes of tape for each element of the result', () => {
  const cases = fc.tuple(size, size, size, anySeed).chain(([rows, inner, columns, seed]) =>
    fc.record({
      shape: fc.constant({ rows, inner, columns }),
      seed: fc.constant(seed),
      x: fc.array(anyElement, { minLength: rows * inner, maxLength: rows * inner }),
      y: fc.array(anyElement, { minLength: inner * columns, maxLength: inner * columns }),
    }),
  );
  let checked = 0;
  fc.assert(
    fc.property(cases, ({ shape, x, y, seed }) => {
      const { rows, inner, columns } = shape;
      const operation = { op: 'matrixProduct', ...shape } as const;
      const run = runGate(matrixProductGate, operation, [ringInput(x), ringInput(y)], seed);
      const truth = productOf(x, y, rows, inner, columns);
      assert.deepEqual(toBigInts(run.output), truth);
      assert.deepEqual(toBigInts(run.expected), truth);
      assert.deepEqual([run.rounds, run.bytesOnline, run.bytesTape], [0, 0, 8 * rows * columns]);
      checked += truth.length;
    }),
    { numRuns: 60 },
  );
  assert.ok(checked > 500, `only ${checked} elements were compared`);
});

test('tiles meet where they should: sizes around their borders, as one row and column say', () => {
  // With X = u 1 and Y = 1 v, every element is inner u_i v_j: wrong places show, and truth is cheap.
  let checked = 0;
  for (const [rows, inner, columns] of [
    [31, 255, 63],
    [33, 257, 65],
    [64, 513, 4],
    [1, 300, 130],
    [70, 1, 70],
  ] as const) {
    const u = Array.from({ length: rows }, (_, i) => BigInt(i * i + 1));
    const v = Array.from({ length: columns }, (_, j) => 3n ** BigInt(j % 40));
    const x = u.flatMap((value) => Array<bigint>(inner).fill(value));
    const y = Array.from({ length: inner }, () => v).flat();
    const operation = { op: 'matrixProduct', rows, inner, columns } as const;
    const { output } = runGate(matrixProductGate, operation, [ringInput(x), ringInput(y)], rows);
    const truth = u.flatMap((left) => v.map((right) => left * right * BigInt(inner)));
    assert.deepEqual(output, fromBigInts(truth));
    checked += truth.length;
  }
  assert.ok(checked > 9000, `only ${checked} elements were compared`);
});

test('the corrections are uniform, though both matrices are all zeros', () => {
  const zeros = ringInput(Array<bigint>(64 * 64).fill(0n));
  const operation = { op: 'matrixProduct', rows: 64, inner: 64, columns: 64 } as const;
  const { corrections } = runGate(matrixProductGate, operation, [zeros, zeros], 5);
  const chiSquare = chiSquareOfBytes(corrections);
  assert.ok(chiSquare < CHI_SQUARE_LIMIT, `chi-square ${chiSquare}`);
});

test('refuses sizes that do not fit the inputs, more work than a gate may be, and anything but ring wires', () => {
  const wire = (length: number): Shape => ({ kind: 'ring', form: 'wire', length });
  const refused = (sizes: readonly [number, number, number], inputs: readonly Shape[]) => {
    const [rows, inner, columns] = sizes;
    assert.throws(
      () => matrixProductGate.infer({ op: 'matrixProduct', rows, inner, columns }, inputs),
      (error) => error instanceof MpcError && error.code === 'plan.bad-shape',
    );
  };
  refused([2, 3, 4], [wire(6)]);
  refused([2, 3, 4], [wire(6), wire(12), wire(12)]);
  refused([2, 3, 4], [wire(7), wire(12)]);
  refused([2, 3, 4], [wire(6), wire(13)]);
  refused([0, 3, 4], [wire(0), wire(12)]);
  refused([-2, -3, -4], [wire(6), wire(12)]);
  refused([1.5, 4, 2], [wire(6), wire(8)]);
  refused([2, 3, 4], [wire(6), { ...wire(12), kind: 'bits' }]);
  refused([2, 3, 4], [{ ...wire(6), form: 'share' }, wire(12)]);
  const side = 2048;
  refused([side, side, side], [wire(side * side), wire(side * side)]);
});
