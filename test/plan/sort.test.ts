/**
 * Rows in order of one or more keys, in the clear and on two servers.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { evaluateClear } from '../../src/engine/clear.ts';
import { sortRows } from '../../src/plan/compose/sort.ts';
import { planCost } from '../../src/plan/cost.ts';
import { runPlan } from '../engine/two-servers.ts';
import { checkBothWays, rowsOf } from './vectors.ts';

interface KeyRange {
  readonly lo: bigint;
  readonly hi: bigint;
}

const RANGES: readonly KeyRange[] = [
  { lo: 0n, hi: 0n },
  { lo: -1n, hi: 0n },
  { lo: -3n, hi: 12n },
  { lo: 100n, hi: 355n },
  { lo: -(10n ** 6n), hi: 10n ** 6n },
  { lo: -(2n ** 61n), hi: 2n ** 61n - 1n },
];

const inRange = ({ lo, hi }: KeyRange) =>
  fc.oneof(fc.bigInt(lo, hi), fc.constantFrom(lo, hi), fc.bigInt(lo, lo + 2n < hi ? lo + 2n : hi));

const cases = fc
  .record({
    ranges: fc.array(fc.constantFrom(...RANGES), { minLength: 1, maxLength: 3 }),
    rows: fc.integer({ min: 1, max: 70 }),
  })
  .chain(({ ranges, rows }) =>
    fc.record({
      ranges: fc.constant(ranges),
      keys: fc.tuple(
        ...ranges.map((range) => fc.array(inRange(range), { minLength: rows, maxLength: rows })),
      ),
    }),
  );

test('rows are sorted by all keys, most significant first, and stay in their order where keys are equal', async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(cases, async ({ ranges, keys }) => {
      const rows = keys[0]!.length;
      const numbers = Array.from({ length: rows }, (_, row) => BigInt(row));
      const order = [...numbers.keys()].sort((i, j) => {
        const differing = keys.find((key) => key[i] !== key[j]);
        return differing ? (differing[i]! < differing[j]! ? -1 : 1) : i - j;
      });
      seen.add(keys.length);
      await checkBothWays(
        [numbers, ...keys],
        (builder, [payload, ...columns]) => {
          const ranged = columns.map((value, k) => ({ value, ...ranges[k]! }));
          const [first, second] = sortRows(builder, ranged, [payload!, columns[0]!]);
          return builder.concat(first!, second!);
        },
        [...order.map(BigInt), ...order.map((row) => keys[0]![row]!)],
        2 * rows,
      );
    }),
    { numRuns: 40 },
  );
  assert.equal(seen.size, 3);
});

test('the first rows of a sort are those of the whole sort, whatever the keys are and however they are made up', async () => {
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(cases, fc.nat(), async ({ ranges, keys }, drawn) => {
      const rows = keys[0]!.length;
      const first = 1 + (drawn % rows);
      const numbers = Array.from({ length: rows }, (_, row) => BigInt(row));
      const order = [...numbers.keys()].sort((i, j) => {
        const differing = keys.find((key) => key[i] !== key[j]);
        return differing ? (differing[i]! < differing[j]! ? -1 : 1) : i - j;
      });
      await checkBothWays(
        [numbers, ...keys],
        (builder, [payload, ...columns]) => {
          const ranged = columns.map((value, k) => ({ value, ...ranges[k]! }));
          return sortRows(builder, ranged, [payload!], first)[0]!;
        },
        order.slice(0, first).map(BigInt),
        first,
      );
      checked++;
    }),
    { numRuns: 25 },
  );
  assert.equal(checked, 25);
});

test('keys that are short enough together are sorted by at once, by the gate that their bits ask for', () => {
  const sortsOf = (rows: number, ...ranges: readonly KeyRange[]) => {
    const values = Array<bigint>(rows).fill(0n);
    const { builder, columns } = rowsOf([values, ...ranges.map(() => values)]);
    const keys = ranges.map((range, k) => ({ value: columns[k + 1]!, ...range }));
    builder.output('z', sortRows(builder, keys, [columns[0]!])[0]!);
    return builder.build().nodes.flatMap(({ operation }) => {
      if (operation.op === 'sort') return [`${operation.bits} bits`];
      return operation.op === 'sampleSort' ? ['compared'] : [];
    });
  };
  const [nothing, bit, nibble, byte, million, wide] = RANGES;
  assert.deepEqual(sortsOf(2, nothing!), [], 'a key without choice costs nothing');
  assert.deepEqual(sortsOf(1, million!), [], 'nor does one row');
  assert.deepEqual(sortsOf(2, bit!), ['1 bits']);
  assert.deepEqual(sortsOf(2, byte!), ['8 bits']);
  assert.deepEqual(sortsOf(2, nibble!, million!), ['compared']);
  assert.deepEqual(sortsOf(2, million!, million!), ['compared']);
  assert.deepEqual(sortsOf(2, wide!), ['compared'], '62 bits and one for the row');
  assert.deepEqual(sortsOf(3, wide!), ['62 bits'], 'two for the row are too many');
  assert.deepEqual(sortsOf(3, bit!, wide!), ['62 bits', '1 bits'], 'the last key first');
  assert.deepEqual(sortsOf(3, wide!, bit!), ['1 bits', '62 bits']);
});

test('a thousand rows of 20-bit keys, on two servers, at exactly the stated cost', async () => {
  const rows = 1000;
  const keys = Array.from({ length: rows }, (_, i) => BigInt((i * 7919 * 104729) % 2 ** 20));
  const { builder, columns, plain } = rowsOf([keys]);
  const key = { value: columns[0]!, lo: 0n, hi: 2n ** 20n - 1n };
  builder.output('z', sortRows(builder, [key], [columns[0]!])[0]!);
  const plan = builder.build();
  const cost = planCost(plan);
  const run = await runPlan(plan, plain(plan));
  assert.deepEqual(run.results, evaluateClear(plan, plain(plan)));
  assert.deepEqual(
    run.results[0]!.values,
    [...keys].sort((a, b) => (a < b ? -1 : 1)),
  );
  const bytes = (messages: readonly Uint8Array[]) => messages.reduce((sum, m) => sum + m.length, 0);
  assert.deepEqual(
    [run.rounds, bytes(run.sentByA), bytes(run.sentByB), run.corrections.length],
    [cost.rounds, cost.bytesOnline, cost.bytesOnlineB, cost.bytesTape],
  );
  assert.equal(cost.rounds, 20 + 1);
});
