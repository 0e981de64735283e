import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PlanBuilder } from '../../src/plan/builder.ts';
import { divideFloor, divideRound, divideTruncate } from '../../src/plan/compose/divide.ts';
import type { Ranged } from '../../src/plan/compose/ranged.ts';
import { planCost } from '../../src/plan/cost.ts';
import { checkBothWays, rowsOf } from './vectors.ts';

const abs = (value: bigint) => (value < 0n ? -value : value);

/** PostgreSQL's numeric rounding: half away from zero. */
function rounded(n: bigint, d: bigint): bigint {
  const quotient = (2n * abs(n) + abs(d)) / (2n * abs(d));
  return n < 0n !== d < 0n ? -quotient : quotient;
}

const range = (limit: bigint) =>
  fc
    .tuple(fc.bigInt(-limit, limit), fc.bigInt(-limit, limit))
    .map(([a, b]) => (a < b ? { lo: a, hi: b } : { lo: b, hi: a }));

interface Bounds {
  readonly lo: bigint;
  readonly hi: bigint;
}

/** Pairs in the bounds, both ends of both among them; divisors are never 0. */
const pairs = (n: Bounds, d: Bounds) => {
  const ends = [n.lo, n.hi].flatMap((top) => [d.lo, d.hi].map((bottom) => [top, bottom] as const));
  return fc
    .array(fc.tuple(fc.bigInt(n.lo, n.hi), fc.bigInt(d.lo, d.hi)), { minLength: 1, maxLength: 40 })
    .map((some) => [...ends, ...some].filter(([, bottom]) => bottom !== 0n));
};

const cases = fc
  .tuple(range(2n ** 30n), range(2n ** 20n))
  .filter(([, d]) => d.lo !== 0n || d.hi !== 0n)
  .chain(([n, d]) => fc.record({ n: fc.constant(n), d: fc.constant(d), rows: pairs(n, d) }));

for (const { name, divide, truth } of [
  { name: 'truncated', divide: divideTruncate, truth: (n: bigint, d: bigint) => n / d },
  { name: 'rounded', divide: divideRound, truth: rounded },
]) {
  test(`a ${name} quotient equals that of integers, for any signs and at the ends of the ranges`, async () => {
    let checked = 0;
    let negative = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ n, d, rows }) => {
        const expected = rows.map(([top, bottom]) => truth(top, bottom));
        let result: Ranged | undefined;
        await checkBothWays(
          [rows.map(([top]) => top), rows.map(([, bottom]) => bottom)],
          (builder, [top, bottom]) => {
            result = divide(builder, { value: top!, ...n }, { value: bottom!, ...d });
            return result.value;
          },
          expected,
          rows.length,
        );
        const inside = expected.every((value) => value >= result!.lo && value <= result!.hi);
        assert.ok(inside, 'quotients lie in the range that is claimed');
        checked += rows.length;
        negative += expected.filter((value) => value < 0n).length;
      }),
      { numRuns: 25 },
    );
    assert.ok(checked >= 25 && negative > 10, `${checked} quotients, ${negative} of them negative`);
  });
}

test('every small quotient is exact', async () => {
  const rows = Array.from({ length: 41 }, (_, n) => n - 20).flatMap((n) =>
    [-7, -3, -2, -1, 1, 2, 3, 4, 8, 20].map((d) => [BigInt(n), BigInt(d)] as const),
  );
  const columns = [rows.map(([n]) => n), rows.map(([, d]) => d)];
  const bounds = { lo: -20n, hi: 20n };
  await checkBothWays(
    columns,
    (builder, [n, d]) => divideTruncate(builder, { value: n!, ...bounds }, { value: d!, ...bounds }).value,
    rows.map(([n, d]) => n / d),
    rows.length,
  );
  await checkBothWays(
    columns,
    (builder, [n, d]) => divideRound(builder, { value: n!, ...bounds }, { value: d!, ...bounds }).value,
    rows.map(([n, d]) => rounded(n, d)),
    rows.length,
  );
});

test('an average may use nearly all 62 bits when its own bound is given', async () => {
  const counts = [1n, 2n, 3n, 1000n, 2n ** 20n, 777_777n];
  const highest = 2n ** 38n;
  const sums = counts.flatMap((count) => [
    count * highest,
    -count * highest,
    count * highest - 1n,
    0n,
    count / 2n,
  ]);
  const divisors = counts.flatMap((count) => [count, count, count, count, count]);
  await checkBothWays(
    [sums, divisors],
    (builder, [n, d]) =>
      divideRound(
        builder,
        { value: n!, lo: -highest * 2n ** 20n, hi: highest * 2n ** 20n },
        { value: d!, lo: 0n, hi: 2n ** 20n },
        { largest: highest },
      ).value,
    sums.map((sum, i) => rounded(sum, divisors[i]!)),
    sums.length,
  );
});

test('a divisor of 0 gives something bounded, and does not disturb its neighbours', async () => {
  let bound = 0n;
  const values = await checkBothWays(
    [
      [100n, 100n, 0n, 99n],
      [7n, 0n, 0n, 99n],
    ],
    (builder, [n, d]) => {
      const result = divideFloor(builder, { value: n!, lo: 0n, hi: 100n }, { value: d!, lo: 0n, hi: 99n });
      bound = result.hi;
      return result.value;
    },
    undefined,
    4,
  );
  assert.deepEqual([values[0], values[3]], [14n, 1n]);
  for (const value of [values[1]!, values[2]!]) {
    assert.ok(typeof value === 'bigint' && value >= 0n && value <= bound, 'it is bounded');
  }
  // Two digits of four bits: at most 100 / 16 = 6, then at most 15.
  assert.equal(bound, 6n * 16n + 15n);
});

test('operands that could wrap are refused, with the reason', () => {
  const { builder, columns } = rowsOf([[1n], [1n]]);
  const [n, d] = columns;
  const wide = { value: n!, lo: 0n, hi: 2n ** 62n };
  const narrow = { value: d!, lo: 1n, hi: 2n };
  for (const divide of [divideTruncate, divideRound]) {
    assert.throws(() => divide(builder, wide, narrow), { name: 'MpcError', code: 'plan.too-wide' });
  }
});

test('wide dividends by wide divisors are exact, though their digits’ multiples would wrap', async () => {
  const wide = { lo: -(2n ** 58n), hi: 2n ** 58n };
  const edges = [2n ** 58n, -(2n ** 58n), 2n ** 58n - 1n, 2n ** 29n, 2n ** 29n + 1n, 2n, 1n, -1n, 3n];
  const someEdge = fc.constantFrom(...edges);
  const small = fc.bigInt(-(2n ** 30n), 2n ** 30n);
  const anyValue = fc.oneof(someEdge, small, fc.bigInt(wide.lo, wide.hi));
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          fc.oneof(anyValue, fc.constant(0n)),
          anyValue.filter((d) => d !== 0n),
        ),
        {
          minLength: 1,
          maxLength: 20,
        },
      ),
      async (some) => {
        const rows = [...edges.flatMap((n) => edges.map((d) => [n, d] as const)), ...some];
        for (const [divide, truth] of [
          [divideTruncate, (n: bigint, d: bigint) => n / d],
          [divideRound, rounded],
        ] as const) {
          await checkBothWays(
            [rows.map(([n]) => n), rows.map(([, d]) => d)],
            (builder, [n, d]) => divide(builder, { value: n!, ...wide }, { value: d!, ...wide }).value,
            rows.map(([n, d]) => truth(n, d)),
            rows.length,
          );
          checked += rows.length;
        }
      },
    ),
    { numRuns: 5 },
  );
  assert.ok(checked > 800, `checked ${checked} quotients`);
});

test('few elements take wide digits, so few rounds; many take narrow ones, so few comparisons', () => {
  const costOf = (length: number) => {
    const builder = new PlanBuilder();
    builder.table('t', [{ party: 'p', capacity: 64 * Math.ceil(length / 64) }]);
    const column = (name: string) =>
      builder.slice(builder.input({ table: 't', encoding: 'value', column: name, kind: 'ring' }), 0, length);
    const quotient = divideFloor(
      builder,
      { value: column('n'), lo: 0n, hi: 2n ** 24n - 1n },
      { value: column('d'), lo: 1n, hi: 1000n },
      // A promise, so that many are not made by a reciprocal.
      { largest: 2n ** 24n - 2n },
    );
    builder.output('q', quotient.value);
    return planCost(builder.build());
  };
  const [one, many] = [costOf(1), costOf(4096)];
  assert.equal(one.rounds, 16);
  assert.equal(many.rounds, 48);
  // Twelve digits, each with three comparisons, of as many bits as its multiples have, three opened bits and one opened remainder.
  const compared = many.perOperation.lessThanZero!.bytesOnline;
  assert.equal(many.bytesOnline, compared + 4096 * 12 * (3 / 8 + 8));
  assert.ok(compared < (4096 * 12 * 3 * 28) / 8, `${compared} bytes for comparisons`);
});
