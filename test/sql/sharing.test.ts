/**
 * Owns the promise that a query pays for nothing twice: one pass for all sums of a key, one gate for a comparison asked for again and
 * again, one AND for conditions inside one another.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shapesOf } from '../../src/plan/check.ts';
import { planCost } from '../../src/plan/cost.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { compileQuery } from '../../src/sql/compile.ts';

const TABLE = `CREATE TABLE t (kind TEXT NOT NULL CHECK (kind IN ('a', 'b')), pay INTEGER NOT NULL CHECK (pay BETWEEN 0 AND 1000),
  age INTEGER CHECK (age BETWEEN 16 AND 90), f BOOLEAN NOT NULL, g BOOLEAN NOT NULL);`;
const ROWS = 640;

const planOf = async (select: string): Promise<Plan> =>
  (
    await compileQuery(`${TABLE}SELECT ${select}`, {
      inputs: [{ party: 'p', table: 't', maxRows: ROWS }],
      minGroupSize: 1,
    })
  ).plan;

/** How often an operation works on the rows, not on the groups. */
function onRows(plan: Plan, op: string): number {
  const shapes = shapesOf(plan);
  const first = (inputs: readonly number[]) => shapes[inputs[0] ?? 0]!.length;
  return plan.nodes.filter(({ operation, inputs }) => operation.op === op && first(inputs) >= ROWS).length;
}

test('all counts, sums, averages and statistics of a key share one groupSum', async () => {
  const plan = await planOf(
    'kind, COUNT(*), SUM(pay), AVG(age), STDDEV(pay), VAR_POP(pay), CORR(pay, age), REGR_SLOPE(pay, age), COUNT(age), SUM(pay) FILTER (WHERE f) FROM t GROUP BY kind HAVING AVG(pay) > 3',
  );
  const sums = plan.nodes.filter(({ operation }) => operation.op === 'groupSum');
  assert.equal(sums.length, 1);
  const values = sums[0]!.inputs.slice(1);
  assert.equal(new Set(values).size, values.length, 'no column is summed twice');
  // pay, age and both known: sums of pay, age, the filtered pay and of the pairs' pay; squares of pay, and of pairs three products.
  const inputs = plan.nodes.filter(({ operation }) => operation.op === 'input');
  assert.equal(inputs.length, 7, 'value of kind, pay and age, known of age twice, presence, f');
});

test('the standard deviation costs no row more than the variance', async () => {
  for (const group of ['', ' GROUP BY kind']) {
    const one = await planOf(`VAR_POP(pay) FROM t${group}`);
    const all = await planOf(
      `VAR_POP(pay), STDDEV(pay), VARIANCE(pay), AVG(pay), SUM(pay), COUNT(*) FROM t${group}`,
    );
    for (const op of ['multiply', 'dot', 'groupSum', 'select', 'bitToRing', 'open'])
      assert.equal(onRows(all, op), onRows(one, op), `${op}${group}`);
    assert.ok(onRows(one, group ? 'multiply' : 'dot') > 0, 'squares are made for each row');
  }
});

test('a comparison asked for again is one gate, also the other way round', async () => {
  const plan = await planOf(
    'SUM(CASE WHEN pay > 500 THEN 1 ELSE 0 END), COUNT(*) FILTER (WHERE pay <= 500), SUM(CASE WHEN 500 < pay THEN age END), COUNT(*) FILTER (WHERE NOT 500 >= pay) FROM t',
  );
  assert.equal(onRows(plan, 'lessThanZero'), 1);
});

test('conditions inside one another are one AND', async () => {
  const flat = await planOf('COUNT(*) FROM t WHERE f AND g AND pay > 5');
  const nested = await planOf('COUNT(*) FROM t WHERE f AND (g AND (pay > 5))');
  assert.deepEqual(nested, flat);
  assert.equal(onRows(flat, 'and'), 1, 'with the presence of the row, four in all');
  const either = await planOf('COUNT(*) FROM t WHERE f OR (g OR pay > 5)');
  assert.equal(onRows(either, 'and'), 2);
  const between = await planOf('COUNT(*) FROM t WHERE pay BETWEEN 3 AND 7 AND age < 30 AND f AND g');
  // One round compares numbers of up to 16 bits, one opens their bits, one the AND of all, one the count.
  assert.equal(planCost(between).rounds, 4);
});

test('rows are chosen once, however many filters count among them', async () => {
  const plan = await planOf(
    'COUNT(*) FILTER (WHERE f), COUNT(*) FILTER (WHERE g), SUM(pay) FILTER (WHERE f), SUM(pay) FILTER (WHERE g) FROM t WHERE pay > 5 AND age < 30',
  );
  assert.equal(onRows(plan, 'lessThanZero'), 2);
  assert.equal(onRows(plan, 'and'), 3, 'one for WHERE, one for each filter');
});
