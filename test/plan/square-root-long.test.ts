/**
 * Owns square roots by approximation: exact on two servers for every size, exact however each truncation rounds, at the cost by
 * which they are chosen.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PlanBuilder } from '../../src/plan/builder.ts';
import { floorRoot, squareRoot } from '../../src/plan/compose/square-root.ts';
import { longRoot, squareRootLong, workOfRoot } from '../../src/plan/compose/square-root-long.ts';
import { planCost } from '../../src/plan/cost.ts';
import { radicands } from '../exactness/numbers.ts';
import { checkBothWays } from './vectors.ts';

/** The integer nearest to the root. */
function nearest(x: bigint): bigint {
  const root = floorRoot(x);
  return x - root * root > root ? root + 1n : root;
}

for (const rounded of [false, true]) {
  const truth = rounded ? nearest : floorRoot;
  const name = rounded ? 'the nearest integers to roots' : 'the floors of roots';

  test(`${name} are exact for any range up to 50 bits, in the clear and on two servers`, async () => {
    let checked = 0;
    const steps = new Set<number>();
    const ranges = fc
      .tuple(fc.integer({ min: 1, max: 50 }), fc.bigInt(0n, 2n ** 50n), fc.bigInt(0n, 2n ** 50n))
      .map(([bits, a, b]) => [BigInt.asUintN(bits, a), BigInt.asUintN(bits, b)] as const)
      .map(([a, b]) => (a < b ? { lo: a, hi: b } : { lo: b, hi: a }));
    await fc.assert(
      fc.asyncProperty(ranges, fc.boolean(), fc.nat(1e6), async (range, fromZero, seed) => {
        const x = fromZero ? { ...range, lo: 0n } : range;
        const how = longRoot(x.hi, rounded);
        assert.ok(how, 'numbers of up to 50 bits have a long way');
        const numbers = radicands(150, seed, x);
        await checkBothWays(
          [numbers],
          (builder, [column]) => squareRootLong(builder, { value: column!, ...x }, how),
          numbers.map(truth),
          numbers.length,
        );
        checked += numbers.length;
        steps.add(how.steps);
      }),
      { numRuns: 30 },
    );
    assert.ok(checked === 30 * 150, `only ${checked} roots were compared`);
    assert.ok(steps.size > 1, 'short and long numbers take different steps');
  });

  test(`every small one of ${name} is exact`, async () => {
    const numbers = Array.from({ length: 1100 }, (_, x) => BigInt(x));
    const how = longRoot(1099n, rounded);
    assert.ok(how, 'small numbers have a long way');
    await checkBothWays(
      [numbers],
      (builder, [column]) => squareRootLong(builder, { value: column!, lo: 0n, hi: 1099n }, how),
      numbers.map(truth),
      numbers.length,
    );
  });
}

/** What square-root-long.ts approximates, on integers, where truncations come out one higher as `more` says. */
function approximation(x: bigint, top: number, steps: number, rounded: boolean, more: () => bigint): bigint {
  const truncate = (value: bigint, bits: number) => {
    assert.ok(value >= -(2n ** 62n) && value < 2n ** 62n, 'what is truncated is in range');
    return bits === 0 ? value : (value >> BigInt(bits)) + more();
  };
  const one = 1n << 30n;
  let places = 0n;
  while (x << (2n * places) < 1n << BigInt(top - 2)) places++;
  const number = x << (2n * places);
  const a = top > 30 ? truncate(number, top - 30) : number << BigInt(30 - top);
  let y = truncate((273n * one) / 4n - 39n * a, 5);
  let g = truncate(a * y, 30);
  for (let step = 0; step < steps; step++) {
    const p = truncate(one * one - g * y, 31);
    const grown = truncate(g * p, 30);
    y += truncate(y * p, 30);
    g += grown;
  }
  const most = BigInt(top);
  const shift = 30n + most - BigInt(top / 2);
  // `most` may be any number of places that is large enough; the product is wider here than on servers.
  const scaled = g * (1n << (most - places)) - (rounded ? 0n : 1n << (shift - 1n));
  return (scaled >> shift) + more();
}

test('an approximate root is at most one off, however truncations round', () => {
  let state = 1;
  const coin = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return BigInt(state >>> 31);
  };
  let checked = 0;
  const offs = new Set<bigint>();
  for (const rounded of [false, true]) {
    for (const bits of [2, 7, 16, 22, 30, 31, 40, 43, 47, 50]) {
      const hi = (1n << BigInt(bits)) - 1n;
      const { top, steps } = longRoot(hi, rounded)!;
      for (const x of radicands(400, bits, { lo: 1n, hi })) {
        for (const more of [() => 0n, () => 1n, coin, coin]) {
          const off = approximation(x, top, steps, rounded, more) - (rounded ? nearest : floorRoot)(x);
          offs.add(off);
          checked++;
          assert.ok(off >= -1n && off <= 1n, `the root of ${x} is off by ${off}`);
        }
      }
    }
  }
  assert.equal(checked, 2 * 10 * 400 * 4);
  assert.equal(offs.size, 3, 'every correction is needed');
});

test('roots cost what they are chosen by: comparisons, openings and rounds', () => {
  for (const rounded of [false, true]) {
    for (const [lo, hi] of [
      [0n, 2n ** 40n - 1n],
      [1n, 2n ** 40n - 1n],
      [1000n, 2n ** 22n],
      [0n, 2n ** 50n - 1n],
    ] as const) {
      const how = longRoot(hi, rounded);
      assert.ok(how, 'such roots have a long way');
      const length = 640;
      const builder = new PlanBuilder();
      builder.table('t', [{ party: 'p', capacity: length }]);
      const value = builder.input({ table: 't', encoding: 'value', column: 'x', kind: 'ring' });
      builder.output('root', squareRootLong(builder, { value, lo, hi }, how));
      const cost = planCost(builder.build());
      const { comparisons, openings, rounds } = workOfRoot(how, lo);
      const compared = cost.perOperation.lessThanZero!;
      // Comparisons of up to 16 bits take a round less.
      assert.ok(cost.rounds <= rounds && cost.rounds >= rounds - 1, `${cost.rounds} rounds`);
      assert.equal(compared.elements, length * comparisons);
      assert.ok(compared.bytesOnline <= (length * comparisons * 38) / 8);
      assert.equal(cost.bytesOnline, length * (8 * openings + comparisons / 8) + compared.bytesOnline);
    }
  }
});

test('few roots are made digit by digit, many by approximation, and those of wide numbers always by digits', () => {
  const truncations = (length: number, bits: bigint) => {
    const builder = new PlanBuilder();
    builder.table('t', [{ party: 'p', capacity: 64 * Math.ceil(length / 64) }]);
    const value = builder.input({ table: 't', encoding: 'value', column: 'x', kind: 'ring' });
    builder.output('root', squareRoot(builder, { value, lo: 1n, hi: 2n ** bits - 1n }).value);
    return planCost(builder.build()).perOperation.truncate?.nodes ?? 0;
  };
  assert.equal(truncations(64, 40n), 0);
  assert.ok(truncations(64_000, 40n) > 0, 'many are approximated');
  assert.equal(truncations(64_000, 60n), 0);
});
