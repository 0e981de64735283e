/**
 * Owns the rows that two tables have together, by sorting and by pairs, against loops over plain rows; in the clear and on two servers.
 * Nothing that is sent may depend on the rows.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { evaluateClear } from '../../src/engine/clear.ts';
import type { PlanBuilder, Ring } from '../../src/plan/builder.ts';
import { type Looked, lookUp, lookUpAndKeep, matchingPairs } from '../../src/plan/compose/join.ts';
import { runPlan } from '../engine/two-servers.ts';
import { rowsOf } from './vectors.ts';

interface PlainRow {
  /** undefined where the row may not match. */
  readonly key: readonly bigint[] | undefined;
  readonly value: bigint;
}

const KEY_WIDTHS: readonly (readonly bigint[])[] = [
  [7n],
  [150n],
  [2n ** 59n],
  [50n, 5n],
  [2n ** 40n, 4n, 3n],
];

const cases = fc
  .record({
    spans: fc.constantFrom(...KEY_WIDTHS),
    isOrdered: fc.boolean(),
    sizes: fc.constantFrom([1, 1], [3, 30], [40, 60], [300, 900], [500, 1500]),
    seed: fc.nat(),
  })
  .map(({ spans, isOrdered, sizes, seed }) => {
    const random = fc.sample(fc.nat(2 ** 30), { numRuns: 400, seed });
    let at = 0;
    const below = (limit: bigint) => BigInt(random[at++ % random.length]!) % limit;
    const least = (a: bigint, b: bigint) => (a < b ? a : b);
    // Small keys, which many rows have, and the largest ones.
    const keyOf = () =>
      spans.map((span) => (below(4n) > 0n ? below(least(span, 120n)) : span - 1n - below(least(span, 3n))));
    const row = (): PlainRow => ({ key: below(6n) === 0n ? undefined : keyOf(), value: below(1000n) - 500n });
    const drawn = Array.from({ length: sizes[0]! }, row);
    const unique = drawn.filter(
      ({ key }, i) => !key || !drawn.slice(0, i).some((other) => String(other.key) === String(key)),
    );
    const other = Array.from({ length: sizes[1]! }, row);
    if (isOrdered)
      unique.sort((a, b) => {
        if (!a.key || !b.key) return Number(!a.key) - Number(!b.key);
        const differing = a.key.findIndex((part, k) => part !== b.key![k]);
        return a.key[differing]! < b.key[differing]! ? -1 : 1;
      });
    return { spans, isOrdered, unique, other };
  });

type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never;

/** Columns of both sides as one plan's: keys, usable, value; one after the other in one column each. */
function planOf({ spans, unique, other }: Pick<Case, 'spans' | 'unique' | 'other'>) {
  const all = [...unique, ...other];
  const { builder, columns, plain } = rowsOf([
    ...spans.map((_, k) => all.map(({ key }) => key?.[k] ?? 0n)),
    all.map(({ key }) => (key ? 1n : 0n)),
    all.map(({ value }) => value),
  ]);
  const side = (start: number, length: number) => {
    const parts = columns.map((column) => builder.slice(column, start, length));
    return { keys: parts.slice(0, spans.length), usable: parts[spans.length]!, columns: [parts.at(-1)!] };
  };
  return { builder, plain, left: side(0, unique.length), right: side(unique.length, other.length) };
}

/** [value of other, value of unique where it is found] for each row, in any order. */
const expectedOf = ({ unique, other }: Case): string[] =>
  other
    .map(({ key, value }) => {
      const found = key && unique.find((row) => String(row.key) === String(key));
      return String([value, found ? found.value : null]);
    })
    .sort();

async function computed(
  builder: PlanBuilder,
  plain: ReturnType<typeof planOf>['plain'],
  outputs: Record<string, Ring>,
) {
  for (const [name, ring] of Object.entries(outputs)) builder.output(name, ring);
  const plan = builder.build();
  const clear = evaluateClear(plan, plain(plan));
  const run = await runPlan(plan, plain(plan));
  assert.deepEqual(run.results, clear);
  const values = Object.fromEntries(clear.map(({ name, values }) => [name, values]));
  return { plan, run, values };
}

const vectorsOf = (builder: PlanBuilder, { matched, other, unique }: Looked): Record<string, Ring> => ({
  matched: builder.toRing(matched),
  other: other[0]!,
  unique: unique[0]!,
});

test('each row finds the row with its key, whichever way that is computed', async () => {
  const ways = { sorting: 0, pairs: 0, found: 0 };
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      const { builder, plain, left, right } = planOf(one);
      const looked = lookUp(builder, one.spans, { ...left, isOrdered: one.isOrdered }, right);
      const { plan, values } = await computed(builder, plain, vectorsOf(builder, looked));
      const sorted = plan.nodes.some(({ operation: { op } }) => op === 'sort' || op === 'sampleSort');
      ways[sorted ? 'sorting' : 'pairs'] += 1;
      const rows = values.matched!.map((matched, row) =>
        String([values.other![row], matched ? values.unique![row] : null]),
      );
      // By sorting, rows of the unique side lie between: they match nothing and hold 0 of the other.
      const between = sorted ? one.unique.map(() => String([0n, null])) : [];
      assert.deepEqual(rows.sort(), [...expectedOf(one), ...between].sort());
      ways.found += values.matched!.filter(Boolean).length;
    }),
    { numRuns: 100 },
  );
  assert.ok(ways.sorting > 5 && ways.pairs > 10 && ways.found > 100, JSON.stringify(ways));
});

test('rows that nothing has found are kept once', async () => {
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      const { builder, plain, left, right } = planOf(one);
      const present = builder.constant(1n, one.unique.length);
      const looked = lookUpAndKeep(builder, one.spans, { ...left, isOrdered: one.isOrdered, present }, right);
      const { values } = await computed(builder, plain, {
        ...vectorsOf(builder, looked),
        left: builder.toRing(looked.left),
      });
      const alone = values.unique!.filter((_, row) => values.left![row]).map(String);
      const keys = new Set(one.other.map(({ key }) => key && String(key)));
      const expected = one.unique.filter(({ key }) => !key || !keys.has(String(key)));
      assert.deepEqual(alone.sort(), expected.map(({ value }) => String(value)).sort());
      assert.equal(values.matched!.filter((bit, row) => bit && values.left![row]).length, 0);
      kept += alone.length;
    }),
    { numRuns: 30 },
  );
  assert.ok(kept > 50, `${kept} rows were kept`);
});

test('pairs agree where all of their keys do', async () => {
  let agreeing = 0;
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      const { builder, plain, left, right } = planOf(one);
      const bits = matchingPairs(builder, one.spans, left, right);
      const { values } = await computed(builder, plain, { bits: builder.toRing(bits) });
      const expected = one.unique.flatMap((a) =>
        one.other.map((b) => (a.key && String(a.key) === String(b.key) ? 1n : 0n)),
      );
      assert.deepEqual(values.bits, expected);
      agreeing += expected.filter((bit) => bit === 1n).length;
    }),
    { numRuns: 20 },
  );
  assert.ok(agreeing > 50, `${agreeing} pairs agreed`);
});

test('what the servers send has the same sizes whether all rows match or none', async () => {
  for (const spans of [[7n], [2n ** 59n]]) {
    const unique = Array.from({ length: 7 }, (_, key): PlainRow => ({ key: [BigInt(key)], value: 1n }));
    const rowsWith = (key: readonly bigint[] | undefined) =>
      Array.from({ length: 50 }, (): PlainRow => ({ key, value: 2n }));
    const sizes = [];
    for (const key of [[3n], undefined]) {
      const { builder, plain, left, right } = planOf({ spans, unique, other: rowsWith(key) });
      const looked = lookUp(builder, spans, { ...left, isOrdered: true }, right);
      const { run, values } = await computed(builder, plain, { matched: builder.toRing(looked.matched) });
      assert.equal(values.matched!.filter(Boolean).length, key ? 50 : 0);
      sizes.push([run.sentByA, run.sentByB].map((messages) => messages.map(({ length }) => length)));
    }
    assert.deepEqual(sizes[0], sizes[1]);
    assert.ok(sizes[0]!.flat().length > 4, 'messages were compared');
  }
});
