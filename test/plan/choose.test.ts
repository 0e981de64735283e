/**
 * Which comparisons become function keys: few elements far apart do, many or near ones do not, and the answers stay.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { evaluateClear } from '../../src/engine/clear.ts';
import { PlanBuilder } from '../../src/plan/builder.ts';
import { planDigest, planInputs, shapesOf, validatePlan } from '../../src/plan/check.ts';
import { chooseComparisons, comparisonsOf, withFunctionKeys } from '../../src/plan/choose.ts';
import { minimum } from '../../src/plan/compose/extreme.ts';
import { planCost } from '../../src/plan/cost.ts';
import { estimatePlan } from '../../src/plan/estimate.ts';
import { magnitudeBits, signedBits } from '../../src/plan/intervals.ts';
import type { NodeId, Plan } from '../../src/plan/plan.ts';
import { fromBigInts } from '../../src/ring/ring.ts';
import type { Words } from '../../src/ring/words.ts';
import { runPlan } from '../engine/two-servers.ts';

const FAR = { roundTripMs: 40 };
const NEAR = { roundTripMs: 0 };
/** Differences of 21 bits: two rounds by digits. */
const RANGE = { lo: 0n, hi: 1_000_000n };

/** The least of `rows` values: comparisons of half as many elements at each level. */
function leastOf(rows: number): { readonly plan: Plan; readonly plain: Map<NodeId, Words> } {
  const builder = new PlanBuilder();
  builder.table('t', [{ party: 'p', capacity: rows }]);
  const x = builder.input({ table: 't', encoding: 'value', column: 'x', kind: 'ring' });
  builder.output('least', minimum(builder, { value: x, ...RANGE }));
  const plan = builder.build();
  const values = Array.from({ length: rows }, (_, i) => BigInt((i * 7919 * 101 + 13) % 1_000_001));
  return { plan, plain: new Map(planInputs(plan).map(({ node }) => [node, fromBigInts(values)])) };
}

test('servers in one place compare by digits, and the plan is what the builder wrote', () => {
  const { plan } = leastOf(64);
  assert.equal(planDigest(chooseComparisons(plan, NEAR)), planDigest(plan));
});

test('servers far apart compare few elements by function keys: a third of the rounds less, the same answer', async () => {
  const { plan, plain } = leastOf(64);
  const far = chooseComparisons(plan, FAR);
  assert.deepEqual(comparisonsOf(plan), { byDigits: 6, byKeys: 0 });
  assert.deepEqual(comparisonsOf(far), { byDigits: 0, byKeys: 6 });
  validatePlan(far);
  assert.equal(planCost(plan).rounds - planCost(far).rounds, 2 * 6);
  const [near, keyed] = [await runPlan(plan, plain), await runPlan(far, plain)];
  assert.deepEqual(keyed.results, near.results);
  assert.deepEqual(evaluateClear(far, plain), near.results);
  assert.equal(keyed.rounds, planCost(far).rounds);
});

test('many elements stay with digits, and a tournament takes keys for its last levels', () => {
  const { plan } = leastOf(2 ** 16);
  const far = chooseComparisons(plan, FAR);
  const shapes = shapesOf(far);
  const lengthsOf = (op: string) =>
    far.nodes.flatMap(({ operation }, id) => (operation.op === op ? [shapes[id]!.length] : []));
  const [digits, keys] = [lengthsOf('lessThanZero'), lengthsOf('dcfLessThanZero')];
  assert.equal(digits.length + keys.length, 16);
  assert.ok(digits.length > 0 && keys.length > 0, `${digits.length} by digits, ${keys.length} by keys`);
  assert.ok(Math.min(...digits) > Math.max(...keys), 'the shorter ones take keys');
});

test('the choice is never estimated to be slower than either way alone', () => {
  const totalMs = (plan: Plan, roundTripMs: number): number => {
    const { dealMs, computeMs } = estimatePlan(plan, { roundTripMs });
    return dealMs + computeMs;
  };
  for (const rows of [64, 1024, 2 ** 14]) {
    const { plan } = leastOf(rows);
    for (const roundTripMs of [1, 5, 40, 300]) {
      const chosen = totalMs(chooseComparisons(plan, { roundTripMs }), roundTripMs);
      assert.ok(chosen <= totalMs(plan, roundTripMs), `${rows} rows, ${roundTripMs} ms: digits`);
      const allKeys = withFunctionKeys(plan, Number.POSITIVE_INFINITY);
      assert.ok(chosen <= totalMs(allKeys, roundTripMs), `${rows} rows, ${roundTripMs} ms: keys`);
    }
  }
});

test('equal plans and networks give equal choices, byte for byte', () => {
  const digests = [1, 2, 3].map(() => planDigest(chooseComparisons(leastOf(1024).plan, FAR)));
  assert.equal(new Set(digests).size, 1);
});

test('an estimate is rounds by half round trips, and grows with them', () => {
  const { plan } = leastOf(64);
  const { rounds } = planCost(plan);
  const [near, far] = [estimatePlan(plan, NEAR), estimatePlan(plan, { roundTripMs: 1000 })];
  assert.equal(far.dealMs, near.dealMs);
  assert.ok(far.computeMs - near.computeMs >= (rounds * 1000) / 2, 'each round takes half a round trip');
});

test('the bits of an interval are the fewest that hold it', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }),
      fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }),
      (a, b) => {
        const interval = a < b ? { lo: a, hi: b } : { lo: b, hi: a };
        const [signed, magnitude] = [signedBits(interval), magnitudeBits(interval)].map(({ bits }) =>
          BigInt(bits ?? 0),
        );
        const holds = (bits: bigint) =>
          interval.lo >= -(2n ** (bits - 1n)) && interval.hi < 2n ** (bits - 1n);
        assert.ok(holds(signed!), `${signed} bits hold it`);
        assert.ok(signed === 2n || !holds(signed! - 1n), `${signed} are the fewest`);
        const within = (bits: bigint) => interval.lo > -(2n ** bits) && interval.hi < 2n ** bits;
        assert.ok(within(magnitude!), `${magnitude} bits hold it`);
        assert.ok(magnitude === 1n || !within(magnitude! - 1n), `${magnitude} are the fewest`);
      },
    ),
  );
  assert.deepEqual(
    [
      [-128n, 127n],
      [-129n, 0n],
      [0n, 0n],
    ].map(([lo, hi]) => signedBits({ lo: lo!, hi: hi! }).bits),
    [8, 9, 2],
  );
});
