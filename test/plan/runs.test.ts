/**
 * Runs of equal rows, rows brought to the front, and rows read at secret places: in the clear and on two servers.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { rowsAt } from '../../src/plan/compose/rows-at.ts';
import { compacted, differences, following, lastOfRuns, preceding } from '../../src/plan/compose/runs.ts';
import { planCost } from '../../src/plan/cost.ts';
import { checkBothWays, rowsOf } from './vectors.ts';

const value = fc.oneof(fc.bigInt(0n, 3n), fc.constantFrom(2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n)));
const column = (length: number) => fc.array(value, { minLength: length, maxLength: length });
/** How far the outermost of them are apart. */
const widestOf = (values: readonly bigint[]): bigint =>
  values.reduce((most, a) => values.reduce((inner, b) => (a - b > inner ? a - b : inner), most), 0n);
const lengths = fc.oneof(fc.constantFrom(1, 2, 64), fc.integer({ min: 1, max: 40 }));

test('the last row of a run is the one that differs from the next in any column', async () => {
  const cases = lengths.chain((n) => fc.tuple(column(n), column(n)));
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(cases, fc.bigInt(0n, 3n), async ([x, y], after) => {
      const expected = x.map((_, i) => x[i] !== (x[i + 1] ?? after) || y[i] !== (y[i + 1] ?? 0n));
      await checkBothWays(
        [x, y],
        (builder, [a, b]) =>
          lastOfRuns(builder, [
            { value: a!, after, widest: widestOf([...x, after]) },
            { value: b!, after: 0n, widest: widestOf([...y, 0n]) },
          ]),
        expected,
        x.length,
      );
      runs += expected.filter(Boolean).length;
    }),
    { numRuns: 30 },
  );
  assert.ok(runs > 100, `only ${runs} runs were seen`);
});

test('neighbours, and differences of running sums, which are the values again', async () => {
  await fc.assert(
    fc.asyncProperty(lengths.chain(column), async (x) => {
      const n = x.length;
      await checkBothWays(
        [x],
        (builder, [a]) => {
          const end = builder.constant(7n, 1);
          const sums = differences(builder, builder.runningSum(a!));
          return builder.concat(following(builder, a!, end), preceding(builder, a!, end), sums);
        },
        [...x.slice(1), 7n, 7n, ...x.slice(0, n - 1), ...x],
        3 * n,
      );
    }),
    { numRuns: 20 },
  );
});

test('chosen rows come to the front in their order', async () => {
  const cases = lengths.chain((n) => fc.array(fc.boolean(), { minLength: n, maxLength: n }));
  await fc.assert(
    fc.asyncProperty(cases, fc.nat(), async (chosen, some) => {
      const n = chosen.length;
      const count = 1 + (some % n);
      const numbers = chosen.map((_, i) => BigInt(i));
      const order = [...numbers.filter((_, i) => chosen[i]), ...numbers.filter((_, i) => !chosen[i])];
      await checkBothWays(
        [chosen.map((is) => (is ? 1n : 0n)), numbers],
        (builder, [flags, x]) => compacted(builder, flags!, [x!], count)[0]!,
        order.slice(0, count),
        count,
      );
    }),
    { numRuns: 30 },
  );
});

test('rows are read at ascending places, and anything from the end on', async () => {
  const cases = fc.record({
    rows: fc.integer({ min: 1, max: 70 }),
    places: fc.uniqueArray(fc.nat(69), { minLength: 1, maxLength: 30, size: 'max' }),
  });
  let read = 0;
  await fc.assert(
    fc.asyncProperty(cases, async ({ rows, places }) => {
      const [x, y] = [13n, 2n ** 56n].map((unit) =>
        Array.from({ length: rows }, (_, i) => unit * BigInt(i) - 5n),
      );
      const inside = places.filter((place) => place < rows).sort((a, b) => a - b);
      const asked = [...inside, ...places.slice(inside.length).map(() => rows)].map(BigInt);
      const padding = Array.from({ length: Math.max(rows, asked.length) - asked.length }, () => BigInt(rows));
      const wide = (list: readonly bigint[]) => [
        ...list,
        ...Array(asked.length + padding.length - list.length).fill(0n),
      ];
      const values = await checkBothWays(
        [wide(x!), wide(y!), [...asked, ...padding]],
        (builder, [a, b, at]) =>
          builder.concat(
            ...rowsAt(
              builder,
              [builder.slice(a!, 0, rows), builder.slice(b!, 0, rows)],
              builder.slice(at!, 0, asked.length),
            ),
          ),
        undefined,
        2 * asked.length,
      );
      inside.forEach((place, i) => {
        assert.deepEqual([values[i], values[asked.length + i]], [x![place], y![place]]);
        read += 1;
      });
    }),
    { numRuns: 30 },
  );
  assert.ok(read > 100, `only ${read} rows were read`);
});

test('reading m of n rows costs two sorts of n + m rows, and no more rounds for more places', () => {
  const roundsOf = (rows: number, asked: number) => {
    const { builder, columns } = rowsOf([Array.from({ length: rows }, () => 0n)]);
    builder.output('z', rowsAt(builder, [columns[0]!], builder.slice(columns[0]!, 0, asked))[0]!);
    return planCost(builder.build());
  };
  // 7 and 8 bits are two passes, the flags another one with its opening.
  assert.deepEqual([roundsOf(60, 1).rounds, roundsOf(60, 50).rounds], [7 + 1 + 4 + 1, 7 + 1 + 4 + 1]);
  assert.ok(
    roundsOf(1000, 500).bytesOnline < 2 * roundsOf(1000, 1).bytesOnline,
    'bytes grow with n + m, not with n m',
  );
});
