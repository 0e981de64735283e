/**
 * Owns divisions by an approximate reciprocal: exact on two servers for every size, exact however each truncation rounds, at the
 * cost by which it is chosen.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PlanBuilder } from '../../src/plan/builder.ts';
import { divideFloor, divideRound } from '../../src/plan/compose/divide.ts';
import { divideLong, longDivision, workOfLong } from '../../src/plan/compose/divide-long.ts';
import type { Ranged } from '../../src/plan/compose/ranged.ts';
import { FRACTION, MOST_STEPS, relativeError } from '../../src/plan/compose/reciprocal.ts';
import { type PlanCost, planCost } from '../../src/plan/cost.ts';
import { type Bounds, dividendsAndDivisors } from '../exactness/numbers.ts';
import { checkBothWays } from './vectors.ts';

const ONE = 1n << BigInt(FRACTION);

/** Ranges of dividends and divisors of any number of bits, divisors at least 1. */
const ranges = fc
  .tuple(fc.integer({ min: 1, max: 45 }), fc.integer({ min: 1, max: 32 }), fc.nat(), fc.nat())
  .map(([top, bottom, cutTop, cutBottom]) => {
    const hi = (1n << BigInt(bottom)) - 1n;
    return {
      n: { lo: 0n, hi: (1n << BigInt(top)) - 1n - BigInt(cutTop % 2 ** Math.min(top - 1, 20)) },
      d: { lo: 1n + (BigInt(cutBottom) % hi), hi },
    };
  });

test('quotients of any sizes equal those of integers, in the clear and on two servers', async () => {
  let checked = 0;
  const passes = new Set<number>();
  await fc.assert(
    fc.asyncProperty(ranges, fc.nat(1e6), async ({ n, d }, seed) => {
      const how = longDivision(n.hi / d.lo, d);
      if (!how) return;
      const { dividends, divisors } = dividendsAndDivisors(200, seed, n, d);
      await checkBothWays(
        [dividends, divisors],
        (builder, [top, bottom]) => divideLong(builder, top!, { value: bottom!, ...d }, how),
        dividends.map((dividend, i) => dividend / divisors[i]!),
        dividends.length,
      );
      checked += dividends.length;
      passes.add(how.passes.length);
    }),
    { numRuns: 40 },
  );
  assert.ok(checked > 4000, `only ${checked} quotients were compared`);
  assert.ok(passes.has(1) && passes.has(2), 'one approximation was enough for some, two for others');
});

test('fifty thousand quotients of 31 by 16 bits are exact on two servers', async () => {
  const [n, d] = [
    { lo: 0n, hi: 2n ** 31n - 1n },
    { lo: 1n, hi: 2n ** 16n - 1n },
  ];
  const { dividends, divisors } = dividendsAndDivisors(50_000, 3, n, d);
  const how = longDivision(n.hi, d);
  assert.ok(how, 'such quotients have a long way');
  await checkBothWays(
    [dividends, divisors],
    (builder, [top, bottom]) => divideLong(builder, top!, { value: bottom!, ...d }, how),
    dividends.map((dividend, i) => dividend / divisors[i]!),
    dividends.length,
  );
});

test('the widest quotients of one approximation are exact just below, at and above multiples of the divisor', async () => {
  const [n, d] = [
    { lo: 0n, hi: 2n ** 40n - 1n },
    { lo: 2n ** 16n, hi: 2n ** 17n - 1n },
  ];
  const how = longDivision(n.hi / d.lo, d);
  assert.equal(how?.passes.length, 1, 'a single approximation, as coarse as may be');
  const divisors = Array.from({ length: 30_000 }, (_, i) => d.lo + ((BigInt(i) * 7919n) % 2n ** 16n));
  const dividends = divisors.map((divisor, i) => {
    const most = n.hi / divisor;
    return (most - BigInt(i % 1000)) * divisor + BigInt(i % 3) - 1n;
  });
  await checkBothWays(
    [dividends, divisors],
    (builder, [top, bottom]) => divideLong(builder, top!, { value: bottom!, ...d }, how),
    dividends.map((dividend, i) => dividend / divisors[i]!),
    dividends.length,
  );
});

/** floor(x / 2^bits) or one more, as a truncation may come out. */
type Truncation = (x: bigint, bits: number) => bigint;

/** Truncations that always round down, always up, or either way. */
function truncations(seed: number): readonly Truncation[] {
  let state = seed;
  const coin = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return BigInt(state >>> 31);
  };
  const by =
    (more: () => bigint): Truncation =>
    (x, bits) => {
      assert.ok(x >= -(2n ** 62n) && x < 2n ** 62n, 'what is truncated is in range');
      return bits === 0 ? x : (x >> BigInt(bits)) + more();
    };
  return [by(() => 0n), by(() => 1n), by(coin), by(coin)];
}

/** What reciprocal.ts computes, on integers. */
function reciprocalOf(d: bigint, top: number, steps: number, truncate: Truncation): bigint {
  const a = top > FRACTION ? truncate(d, top - FRACTION) : d << BigInt(FRACTION - top);
  let w = 3144134277n - 2n * a;
  let e = ONE - truncate(a * w, FRACTION);
  for (let step = 1; step <= steps; step++) {
    const more = truncate(w * e, FRACTION);
    if (step < steps) e = truncate(e * e, FRACTION);
    w += more;
  }
  return w;
}

test('a reciprocal is within its stated error for every divisor, however truncations round', () => {
  let checked = 0;
  for (let steps = 1; steps <= MOST_STEPS; steps++) {
    for (const top of [1, 2, 9, 29, 30, 31, 33, 40]) {
      const half = 1n << BigInt(top - 1);
      for (let i = 0n; i <= 400n; i++) {
        const d = half + ((half - 1n) * i) / 400n;
        for (const truncate of truncations(checked + 1)) {
          const w = reciprocalOf(d, top, steps, truncate);
          // |w d / 2^top - 2^F| in units of 2^-F, all over 2^top.
          const off = w * d - (ONE << BigInt(top));
          const bound = relativeError(steps) << BigInt(top);
          assert.ok(off <= bound && -off <= bound, `${steps} steps for ${d} below 2^${top}`);
          checked++;
        }
      }
    }
  }
  assert.ok(checked > 30_000, `only ${checked} reciprocals were checked`);
});

test('a quotient is exact however truncations round', () => {
  let checked = 0;
  const corrections = new Set<bigint>();
  const check = (n: Bounds, d: Bounds, seed: number) => {
    const how = longDivision(n.hi / d.lo, d);
    if (!how) return;
    const { dividends, divisors } = dividendsAndDivisors(120, seed, n, d);
    for (const truncate of truncations(seed)) {
      dividends.forEach((dividend, i) => {
        const divisor = divisors[i]!;
        const scale = 1n << BigInt(how.top - divisor.toString(2).length);
        const inverse =
          how.steps === 0
            ? (ONE << BigInt(how.top)) / divisor
            : reciprocalOf(divisor * scale, how.top, how.steps, truncate);
        let left = dividend * scale;
        let quotient = 0n;
        how.passes.forEach(({ most, cut }, pass) => {
          assert.ok(left <= most && left >= -most, 'what is left is as small as stated');
          const shift = how.top + FRACTION - cut;
          const bias = pass === how.passes.length - 1 ? 1n << BigInt(shift - 1) : 0n;
          const part = truncate(truncate(left, cut) * inverse - bias, shift);
          quotient += part;
          left -= part * divisor * scale;
        });
        const correction = dividend / divisor - quotient;
        corrections.add(correction);
        checked++;
        assert.ok(correction >= -1n && correction <= 1n, `${dividend} / ${divisor} is off by ${correction}`);
      });
    }
  };
  fc.assert(
    fc.property(ranges, fc.nat(1e6), ({ n, d }, seed) => check(n, d, seed)),
    { numRuns: 150 },
  );
  for (const divisor of [1n, 2n, 3n, 10n, 100n, 2n ** 16n, 999_983n])
    check({ lo: 0n, hi: 2n ** 40n }, { lo: divisor, hi: divisor }, Number(divisor % 97n));
  assert.ok(checked > 30_000, `only ${checked} quotients were checked`);
  assert.deepEqual([...corrections].sort(), [-1n, 0n, 1n].sort(), 'every correction is needed');
});

const costOf = (
  length: number,
  write: (builder: PlanBuilder, n: Ranged['value'], d: Ranged['value']) => Ranged['value'],
): PlanCost => {
  const builder = new PlanBuilder();
  builder.table('t', [{ party: 'p', capacity: 64 * Math.ceil(length / 64) }]);
  const [n, d] = ['n', 'd'].map((column) =>
    builder.slice(builder.input({ table: 't', encoding: 'value', column, kind: 'ring' }), 0, length),
  );
  builder.output('q', write(builder, n!, d!));
  return planCost(builder.build());
};

test('quotients cost what they are chosen by: comparisons, openings and rounds', () => {
  for (const [nHi, lo, hi] of [
    [2n ** 31n - 1n, 1n, 2n ** 16n - 1n],
    [2n ** 20n - 1n, 1n, 2n ** 20n - 1n],
    [2n ** 31n - 1n, 100n, 2n ** 30n - 1n],
    [2n ** 28n - 1n, 1n, 2n ** 31n - 1n],
    [2n ** 40n - 1n, 10n, 10n],
    [2n ** 12n - 1n, 1n, 2n ** 8n - 1n],
  ] as const) {
    const how = longDivision(nHi / lo, { lo, hi });
    assert.ok(how, 'such quotients have a long way');
    const length = 640;
    const cost = costOf(length, (builder, n, d) => divideLong(builder, n, { value: d, lo, hi }, how));
    const { comparisons, openings, rounds } = workOfLong(how, lo);
    const compared = cost.perOperation.lessThanZero!;
    assert.equal(compared.elements, length * comparisons);
    assert.ok(compared.bytesOnline <= (length * comparisons * 38) / 8);
    assert.equal(cost.bytesOnline, 8 * length * openings + (length * comparisons) / 8 + compared.bytesOnline);
    // Comparisons of up to 16 bits take a round less.
    assert.ok(cost.rounds <= rounds && (hi < 2n ** 16n || cost.rounds === rounds), `${cost.rounds} rounds`);
  }
});

test('few quotients are made digit by digit, many by a reciprocal, in fewer rounds and bytes', () => {
  const [n, d] = [
    { lo: 0n, hi: 2n ** 31n - 1n },
    { lo: 1n, hi: 2n ** 16n - 1n },
  ];
  const cost = (length: number) =>
    costOf(
      length,
      (builder, top, bottom) => divideFloor(builder, { value: top, ...n }, { value: bottom, ...d }).value,
    );
  const [few, many] = [cost(2), cost(10_000)];
  assert.equal(few.perOperation.truncate, undefined);
  assert.ok(many.perOperation.truncate, 'the reciprocal is an approximation');
  assert.equal(many.rounds, 26);
});

test('where the divisor is 0 a long quotient stays in its range', async () => {
  const length = 4096;
  const dividends = Array.from({ length }, (_, i) => BigInt(i * i));
  const divisors = Array.from({ length }, (_, i) => BigInt(i % 3 === 0 ? 0 : i));
  for (const divide of [divideFloor, divideRound]) {
    let range: Ranged | undefined;
    const values = await checkBothWays(
      [dividends, divisors],
      (builder, [n, d]) => {
        range = divide(builder, { value: n!, lo: 0n, hi: 2n ** 24n - 1n }, { value: d!, lo: 0n, hi: 4095n });
        return range.value;
      },
      undefined,
      length,
    );
    let checked = 0;
    values.forEach((value, i) => {
      const [n, by] = [dividends[i]!, divisors[i]!];
      if (by === 0n) assert.ok((value as bigint) >= range!.lo && (value as bigint) <= range!.hi, 'in range');
      else assert.equal(value, divide === divideFloor ? n / by : (2n * n + by) / (2n * by));
      checked++;
    });
    assert.equal(checked, length);
  }
});

test('a promised bound that ranges do not prove is not relied on: such quotients are made digit by digit', () => {
  const cost = costOf(
    10_000,
    (builder, n, d) =>
      divideFloor(
        builder,
        { value: n, lo: 0n, hi: 2n ** 31n - 1n },
        { value: d, lo: 0n, hi: 2n ** 16n - 1n },
        { largest: 1000n },
      ).value,
  );
  assert.equal(cost.perOperation.truncate, undefined);
});
