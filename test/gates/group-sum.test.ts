import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MpcError } from '../../src/base/errors.ts';
import type { Shape } from '../../src/gates/gate.ts';
import { groupSumGate } from '../../src/gates/group-sum.ts';
import { toBigInts } from '../../src/ring/ring.ts';
import { CHI_SQUARE_LIMIT, chiSquareOfBytes, runGate } from '../support/gate-harness.ts';
import { anyElement, anySeed, EDGE_VALUES, LENGTHS, ringInput } from '../support/table-gates.ts';

const run = (domain: number, key: readonly bigint[], columns: readonly (readonly bigint[])[], seed: number) =>
  runGate(
    groupSumGate,
    { op: 'groupSum', domain },
    [key, ...columns].map((values) => ringInput(values)),
    seed,
  );

/** Counts, then each column's sums, by plain arithmetic. */
function totalsOf(domain: number, key: readonly bigint[], columns: readonly (readonly bigint[])[]): bigint[] {
  const totals = [key.map(() => 1n), ...columns].map((column) => {
    const sums = Array<bigint>(domain).fill(0n);
    column.forEach((value, row) => {
      const group = Number(BigInt.asUintN(64, key[row]!) % BigInt(domain));
      sums[group] = BigInt.asIntN(64, sums[group]! + value);
    });
    return sums;
  });
  return totals.flat();
}

for (const rows of LENGTHS) {
  test(`counts and sums of ${rows} rows are right for any domain, keys and values`, () => {
    const cases = fc.constantFrom(1, 2, 8, 32).chain((domain) =>
      fc.record({
        domain: fc.constant(domain),
        key: fc.array(fc.bigInt({ min: 0n, max: BigInt(domain - 1) }), { minLength: rows, maxLength: rows }),
        columns: fc.array(fc.array(anyElement, { minLength: rows, maxLength: rows }), { maxLength: 3 }),
      }),
    );
    fc.assert(
      fc.property(cases, anySeed, ({ domain, key, columns }, seed) => {
        const counted = run(domain, key, columns, seed);
        assert.deepEqual(counted.shape, {
          kind: 'ring',
          form: 'share',
          length: domain * (1 + columns.length),
        });
        assert.deepEqual(toBigInts(counted.output), totalsOf(domain, key, columns));
        assert.deepEqual(counted.output, counted.expected);
        assert.equal(counted.rounds, 0);
        assert.equal(counted.bytesTape, 8 * domain * rows * (1 + columns.length));
      }),
      { numRuns: 30 },
    );
  });
}

test('rows of several blocks add up, the last block short', () => {
  const key = Array.from({ length: 3000 }, (_, i) => BigInt((i * 7) % 32));
  const columns = [key.map((_, i) => EDGE_VALUES[i % EDGE_VALUES.length]!), key.map((_, i) => BigInt(i))];
  assert.deepEqual(toBigInts(run(32, key, columns, 2).output), totalsOf(32, key, columns));
});

test('the largest domain works', () => {
  const key = Array.from({ length: 200 }, (_, i) => BigInt((i * 511) % 1024));
  assert.deepEqual(toBigInts(run(1024, key, [key], 2).output), totalsOf(1024, key, [key]));
});

test('keys outside the domain count as reduced', () => {
  const key = [-1n, 8n, 9n, -(2n ** 63n), 2n ** 63n - 1n];
  assert.deepEqual(toBigInts(run(8, key, [key], 3).output), totalsOf(8, key, [key]));
});

for (const [key, value] of [
  [0n, 0n],
  [5n, 1n],
  [7n, -(2n ** 63n)],
] as const) {
  test(`the corrections are uniform, though every key is ${key} and every value ${value}`, () => {
    const rows = 2000;
    const { corrections } = run(8, Array<bigint>(rows).fill(key), [Array<bigint>(rows).fill(value)], 6);
    assert(chiSquareOfBytes(corrections) < CHI_SQUARE_LIMIT);
  });
}

test('refuses shares, bits, unequal lengths, no rows and domains that are no power of two', () => {
  const wire: Shape = { kind: 'ring', form: 'wire', length: 5 };
  const refused = (domain: number, inputs: readonly Shape[]) =>
    assert.throws(
      () => groupSumGate.infer({ op: 'groupSum', domain }, inputs),
      (error) => error instanceof MpcError && error.code === 'plan.bad-shape',
    );
  refused(8, []);
  refused(8, [{ ...wire, length: 0 }]);
  refused(8, [wire, { ...wire, form: 'share' }]);
  refused(8, [{ ...wire, kind: 'bits' }, wire]);
  refused(8, [wire, { ...wire, length: 6 }]);
  for (const domain of [0, 3, 12, 2048]) refused(domain, [wire, wire]);
});
