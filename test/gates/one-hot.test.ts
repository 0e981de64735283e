import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MpcError } from '../../src/base/errors.ts';
import { oneHotGate } from '../../src/gates/one-hot.ts';
import { popcount, toBools } from '../../src/ring/bits.ts';
import { bitWords } from '../../src/ring/words.ts';
import { CHI_SQUARE_LIMIT, chiSquareOfBytes, runGate } from '../support/gate-harness.ts';
import { anySeed, LENGTHS, ringInput } from '../support/table-gates.ts';

const run = (keys: readonly bigint[], domain: number, seed: number) =>
  runGate(oneHotGate, { op: 'oneHot', domain }, [ringInput(keys)], seed);

const wanted = (keys: readonly bigint[], domain: number): boolean[] =>
  Array.from({ length: domain }, (_, g) =>
    keys.map((key) => BigInt.asUintN(64, key) % BigInt(domain) === BigInt(g)),
  ).flat();

for (const length of LENGTHS) {
  test(`plane g of ${length} keys is [key = g], for any domain`, () => {
    const cases = fc
      .constantFrom(1, 2, 4, 8, 32, 128)
      .chain((domain) =>
        fc.tuple(
          fc.constant(domain),
          fc.array(fc.bigInt({ min: 0n, max: BigInt(domain - 1) }), { minLength: length, maxLength: length }),
        ),
      );
    fc.assert(
      fc.property(cases, anySeed, ([domain, keys], seed) => {
        const counted = run(keys, domain, seed);
        assert.deepEqual(counted.shape, { kind: 'bits', form: 'share', length: domain * length });
        assert.deepEqual(toBools(counted.output, domain * length), wanted(keys, domain));
        assert.deepEqual(counted.output, counted.expected);
        assert.equal(counted.rounds, 0);
        assert.equal(counted.bytesTape, domain * 4 * bitWords(length));
      }),
      { numRuns: 40 },
    );
  });
}

test('every key of the largest domain is found, over several blocks', () => {
  const keys = Array.from({ length: 5000 }, (_, i) => BigInt((i * 37) % 1024));
  const { output } = run(keys, 1024, 1);
  assert.equal(popcount(output), keys.length);
  assert.deepEqual(toBools(output, 1024 * keys.length), wanted(keys, 1024));
});

test('keys outside the domain count as reduced', () => {
  const keys = [-1n, 8n, 9n, -(2n ** 63n), 2n ** 63n - 1n];
  const { output, expected } = run(keys, 8, 4);
  assert.deepEqual(toBools(output, 40), wanted(keys, 8));
  assert.deepEqual(output, expected);
});

for (const key of [0n, 3n]) {
  test(`the corrections are uniform, though every key is ${key}`, () => {
    const { corrections } = run(Array<bigint>(20_000).fill(key), 8, 12);
    assert(chiSquareOfBytes(corrections) < CHI_SQUARE_LIMIT);
  });
}

test('refuses domains that are no power of two or too large, and anything but one ring wire', () => {
  const wire = { kind: 'ring', form: 'wire', length: 5 } as const;
  const refused = (
    domain: number,
    inputs: readonly (typeof wire | { kind: 'ring' | 'bits'; form: 'wire' | 'share'; length: number })[],
  ) =>
    assert.throws(
      () => oneHotGate.infer({ op: 'oneHot', domain }, inputs),
      (error) => error instanceof MpcError && error.code === 'plan.bad-shape',
    );
  for (const domain of [0, -1, 3, 6, 0.5, 2048, 2 ** 32, Number.NaN]) refused(domain, [wire]);
  refused(8, []);
  refused(8, [wire, wire]);
  refused(8, [{ ...wire, form: 'share' }]);
  refused(8, [{ ...wire, kind: 'bits' }]);
  refused(8, [{ ...wire, length: 0 }]);
});
