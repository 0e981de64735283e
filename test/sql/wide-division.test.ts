/**
 * Owns exact division over the whole range that two wide sums may have, against BigInt arithmetic.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evaluateClear } from '../../src/engine/clear.ts';
import { PlanBuilder } from '../../src/plan/builder.ts';
import { planInputs } from '../../src/plan/check.ts';
import { fromBigInts } from '../../src/ring/ring.ts';
import { divideWide } from '../../src/sql/wide-division.ts';
import { runClear } from './support.ts';

const LENGTH = 64;
const LIMIT = { n: 2n ** 60n, d: 2n ** 60n } as const;

const magnitude = (x: bigint) => (x < 0n ? -x : x);

function expected(n: bigint, d: bigint, rounded: boolean): bigint {
  const [a, b] = [magnitude(n), magnitude(d)];
  const quotient = rounded ? (2n * a + b) / (2n * b) : a / b;
  return n < 0n !== d < 0n ? -quotient : quotient;
}

/** Numbers of every size, ends and powers of two among them. */
const numbers = (limit: bigint) =>
  fc.oneof(
    fc.constantFrom(0n, 1n, 2n, 3n, limit, limit - 1n, limit / 2n, limit / 2n + 1n),
    fc
      .tuple(fc.integer({ min: 1, max: 60 }), fc.bigInt({ min: 0n, max: limit }))
      .map(([bits, x]) => BigInt.asUintN(bits, x)),
  );
const signed = (limit: bigint) =>
  fc.tuple(numbers(limit), fc.boolean()).map(([x, negative]) => (negative ? -x : x));

test('wide operands divide as integers and as decimals do', () => {
  let checked = 0;
  for (const rounded of [false, true]) {
    fc.assert(
      fc.property(
        fc.array(signed(LIMIT.n), { minLength: LENGTH, maxLength: LENGTH }),
        fc.array(signed(LIMIT.d), { minLength: LENGTH, maxLength: LENGTH }),
        (ns, ds) => {
          const builder = new PlanBuilder();
          builder.table('t', [{ party: 'p', capacity: LENGTH }]);
          const input = (column: string) =>
            builder.input({ table: 't', encoding: 'value', column, kind: 'ring' });
          const n = { value: input('n'), lo: -LIMIT.n, hi: LIMIT.n };
          const d = { value: input('d'), lo: -LIMIT.d, hi: LIMIT.d };
          builder.output('q', divideWide(builder, n, d, rounded));
          const plan = builder.build();
          const words = new Map(
            planInputs(plan).map(({ node, input: { column } }) => [
              node,
              fromBigInts(column === 'n' ? ns : ds),
            ]),
          );
          const { values } = evaluateClear(plan, words)[0]!;
          ns.forEach((top, at) => {
            if (ds[at] === 0n) return;
            assert.equal(values[at], expected(top, ds[at]!, rounded), `${top} / ${ds[at]}`);
            checked += 1;
          });
        },
      ),
      { numRuns: 25 },
    );
  }
  assert.ok(checked > 2000);
});

test('shares of a total and ratios of sums are computed, not refused', async () => {
  const sql = `CREATE TABLE t (kind TEXT NOT NULL CHECK (kind IN ('a', 'b')), pay DECIMAL(9, 2) NOT NULL CHECK (pay BETWEEN 0 AND 100000),
    cost DECIMAL(9, 2) NOT NULL CHECK (cost BETWEEN -100000 AND 100000));
    SELECT SUM(pay) FILTER (WHERE kind = 'a') * 100 / SUM(pay) AS share, SUM(cost) / SUM(pay) AS ratio, ROUND(SUM(pay) / SUM(cost), 1) AS inverse FROM t`;
  const rows = Array.from(
    { length: 900 },
    (_, at) => [BigInt(at % 2), 9_000_000n + BigInt(at * 7), BigInt(at - 1800)] as const,
  );
  const { table } = await runClear(sql, { acme: rows });
  const sum = (column: 1 | 2, kind?: bigint) =>
    rows.reduce((total, row) => total + (kind === undefined || row[0] === kind ? row[column] : 0n), 0n);
  const units = [
    expected(sum(1, 0n) * 100n * 10n ** 6n, sum(1), true),
    expected(sum(2) * 10n ** 6n, sum(1), true),
    expected(sum(1) * 10n, sum(2), true),
  ];
  assert.deepEqual(table.rows, [[Number(units[0]) / 1e6, Number(units[1]) / 1e6, Number(units[2]) / 10]]);
});
