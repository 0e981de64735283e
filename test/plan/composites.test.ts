import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { evaluateClear } from '../../src/engine/clear.ts';
import { absolute } from '../../src/plan/compose/absolute.ts';
import { maximum, minimum } from '../../src/plan/compose/extreme.ts';
import { runPlan } from '../engine/two-servers.ts';
import { checkBothWays, rowsOf } from './vectors.ts';

const limit = 2n ** 61n - 1n;
const bounds = { lo: -limit, hi: limit };
const value = fc.oneof(fc.bigInt(-limit, limit), fc.bigInt(-3n, 3n), fc.constantFrom(limit, -limit));

for (const { name, extreme, better } of [
  { name: 'minimum', extreme: minimum, better: (a: bigint, b: bigint) => a < b },
  { name: 'maximum', extreme: maximum, better: (a: bigint, b: bigint) => a > b },
]) {
  test(`the ${name} of each group is found, whatever the groups' length`, async () => {
    const lengths = new Set<number>();
    const rows = fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 19 }))
      .chain(([groups, length]) =>
        fc.array(fc.array(value, { minLength: length, maxLength: length }), {
          minLength: groups,
          maxLength: groups,
        }),
      );
    await fc.assert(
      fc.asyncProperty(rows, async (groups) => {
        lengths.add(groups[0]!.length);
        const expected = groups.map((group) => group.reduce((best, v) => (better(v, best) ? v : best)));
        await checkBothWays(
          [groups.flat()],
          (builder, [x]) => extreme(builder, { value: x!, ...bounds }, groups.length),
          expected,
          groups.length,
        );
      }),
      { numRuns: 40 },
    );
    assert.ok(lengths.size > 5, `saw ${lengths.size} lengths`);
  });
}

test('extremes of values whose difference could wrap are refused', () => {
  const { builder, columns } = rowsOf([[1n, 2n]]);
  const wide = { value: columns[0]!, lo: -(2n ** 61n), hi: 2n ** 61n };
  assert.throws(() => minimum(builder, wide), { code: 'plan.too-wide' });
});

test('magnitude and sign of any value', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 70 }), async (x) => {
      const magnitudes = x.map((v) => (v < 0n ? -v : v));
      const of = (values: bigint[], lo: bigint, hi: bigint) =>
        checkBothWays(
          [values],
          (builder, [column]) => absolute(builder, { value: column!, lo, hi }).magnitude.value,
          magnitudes,
          x.length,
        );
      await of(x, -limit, limit);
      await of(magnitudes, 0n, limit);
      await of(
        magnitudes.map((v) => -v),
        -limit,
        0n,
      );
      await checkBothWays(
        [x],
        (builder, [column]) => absolute(builder, { value: column!, ...bounds }).negative,
        x.map((v) => v < 0n),
        x.length,
      );
    }),
    { numRuns: 20 },
  );
});

test('truncation is at most one unit above the exact floor', async () => {
  const wide = 2n ** 62n;
  const edges = [0n, 1n, -1n, wide - 1n, -wide, wide / 2n, -wide / 2n];
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.bigInt(-wide, wide - 1n), { minLength: 1, maxLength: 50 }),
      fc.integer({ min: 1, max: 62 }),
      async (some, bits) => {
        const x = [...edges, ...some];
        const { builder, columns, plain } = rowsOf([x]);
        builder.output('z', builder.truncate(columns[0]!, bits));
        const plan = builder.build();
        const floors = x.map((v) => v >> BigInt(bits));
        assert.deepEqual(evaluateClear(plan, plain(plan))[0]?.values, floors);
        const { results } = await runPlan(plan, plain(plan));
        for (const [i, v] of (results[0]!.values as bigint[]).entries()) {
          // the output is a ring vector
          assert.ok(v === floors[i] || v === floors[i]! + 1n, 'at most one unit above');
          checked++;
        }
      },
    ),
    { numRuns: 20 },
  );
  assert.ok(checked >= 160, `checked ${checked} values`);
});
