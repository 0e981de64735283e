/**
 * Owns exact square roots, floor and nearest, at every size up to 2^62, in the clear and on two servers.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { floorRoot, squareRoot } from '../../src/plan/compose/square-root.ts';
import { planCost } from '../../src/plan/cost.ts';
import { checkBothWays, rowsOf } from './vectors.ts';

const HIGHEST = (2n ** 31n - 1n) ** 2n + 2n ** 31n - 1n;

/** The integer nearest to the root: (r - 1/2)^2 = r^2 - r + 1/4 is at most x. */
function nearest(x: bigint): bigint {
  const root = floorRoot(x);
  return x - root * root > root ? root + 1n : root;
}

/** Numbers of every size, squares and their neighbours among them. */
const numbers = (hi: bigint) =>
  fc
    .oneof(
      fc.bigInt(0n, hi),
      fc
        .tuple(fc.integer({ min: 1, max: 62 }), fc.bigInt(0n, hi))
        .map(([bits, x]) => BigInt.asUintN(bits, x)),
      fc
        .tuple(fc.bigInt(0n, floorRoot(hi)), fc.constantFrom(-1n, 0n, 1n), fc.boolean())
        .map(([r, near, half]) => r * r + near + (half ? r : 0n)),
    )
    .filter((x) => x >= 0n && x <= hi);

test('the root used by these tests is the floor of the root', () => {
  for (const r of [0n, 1n, 2n, 3n, 10n, 2n ** 16n, 2n ** 31n - 1n, 10n ** 20n]) {
    assert.equal(floorRoot(r * r), r);
    if (r > 0n) assert.equal(floorRoot(r * r - 1n), r - 1n);
    if (r > 0n) assert.equal(floorRoot(r * r + 2n * r), r);
  }
});

for (const rounded of [false, true]) {
  const truth = rounded ? nearest : floorRoot;
  const name = rounded ? 'the nearest integer to the root' : 'the floor of the root';

  test(`${name} is exact for numbers of every size up to 2^62`, async () => {
    const edges = [0n, 1n, 2n, 3n, 4n, HIGHEST, HIGHEST - 1n, 2n ** 61n, (2n ** 31n - 1n) ** 2n - 1n];
    let checked = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(numbers(HIGHEST), { minLength: 1, maxLength: 40 }), async (some) => {
        const all = [...edges, ...some];
        await checkBothWays(
          [all],
          (builder, [x]) => squareRoot(builder, { value: x!, lo: 0n, hi: HIGHEST }, rounded).value,
          all.map(truth),
          all.length,
        );
        checked += all.length;
      }),
      { numRuns: 12 },
    );
    assert.ok(checked >= 120, `only ${checked} roots were compared`);
  });

  test(`${name} is exact and inside its range for every declared range`, async () => {
    let checked = 0;
    const cases = fc
      .tuple(fc.integer({ min: 0, max: 40 }), fc.bigInt(0n, 2n ** 40n))
      .map(([bits, x]) => BigInt.asUintN(bits, x))
      .chain((hi) => fc.tuple(fc.constant(hi), fc.array(fc.bigInt(0n, hi), { minLength: 1, maxLength: 9 })));
    await fc.assert(
      fc.asyncProperty(cases, async ([hi, some]) => {
        const all = [0n, hi, ...some];
        let bound = -1n;
        await checkBothWays(
          [all],
          (builder, [x]) => {
            const root = squareRoot(builder, { value: x!, lo: 0n, hi }, rounded);
            bound = root.hi;
            return root.value;
          },
          all.map(truth),
          all.length,
        );
        assert.equal(bound, truth(hi), 'the claimed bound is the root of the largest');
        checked += all.length;
      }),
      { numRuns: 30 },
    );
    assert.ok(checked >= 90, `only ${checked} roots were compared`);
  });
}

test('every small root is exact', async () => {
  const all = Array.from({ length: 300 }, (_, x) => BigInt(x));
  for (const rounded of [false, true])
    await checkBothWays(
      [all],
      (builder, [x]) => squareRoot(builder, { value: x!, lo: 0n, hi: 299n }, rounded).value,
      all.map(rounded ? nearest : floorRoot),
      all.length,
    );
});

test('a root of what may not fit is refused', () => {
  const { builder, columns } = rowsOf([[1n]]);
  for (const [hi, rounded] of [
    [2n ** 62n, false],
    [HIGHEST + 1n, true],
  ] as const)
    assert.throws(() => squareRoot(builder, { value: columns[0]!, lo: 0n, hi }, rounded), {
      name: 'MpcError',
      code: 'plan.too-wide',
    });
});

test('a root of few elements takes four rounds a digit of six bits', () => {
  const { builder, columns } = rowsOf([[1n]]);
  builder.output('root', squareRoot(builder, { value: columns[0]!, lo: 0n, hi: 2n ** 60n - 1n }).value);
  assert.equal(planCost(builder.build()).rounds, 20);
});
