/**
 * Owns products of matrices in whole plans: what two servers compute is what the definition says, at the stated cost.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { PlanBuilder } from '../../src/plan/builder.ts';
import { shapesOf, validatePlan } from '../../src/plan/check.ts';
import { matrixProduct } from '../../src/plan/compose/matrix.ts';
import { planCost } from '../../src/plan/cost.ts';
import { STRIP_SIZES } from '../../src/plan/strips.ts';
import { checkBothWays, rowsOf } from './vectors.ts';

const ROWS = 12;
const INNER = 17;
const COLUMNS = 5;

test('a product of matrices, one of them computed before, is exact in the clear and on two servers', async () => {
  const x = Array.from({ length: ROWS * INNER }, (_, i) => BigInt(i * i) - 700n);
  const y = Array.from({ length: ROWS * INNER }, (_, i) => (i < INNER * COLUMNS ? 40n - BigInt(i) : 0n));
  const truth = Array.from({ length: ROWS * COLUMNS }, (_, at) => {
    const [row, column] = [Math.floor(at / COLUMNS), at % COLUMNS];
    let sum = 0n;
    for (let k = 0; k < INNER; k++) sum += x[row * INNER + k]! ** 2n * y[k * COLUMNS + column]!;
    return sum;
  });
  await checkBothWays(
    [x, y],
    (builder, [left, right]) =>
      matrixProduct(builder, builder.multiply(left!, left!), builder.slice(right!, 0, INNER * COLUMNS), {
        rows: ROWS,
        inner: INNER,
        columns: COLUMNS,
      }),
    truth,
    truth.length,
  );
});

test('a product takes one round, and 8 bytes online and of tape for each element of the result', () => {
  const { builder, columns } = rowsOf([Array<bigint>(64 * 64).fill(1n), Array<bigint>(64 * 64).fill(2n)]);
  const shape = { rows: 64, inner: 64, columns: 64 };
  builder.output('z', matrixProduct(builder, columns[0]!, columns[1]!, shape));
  const { rounds, bytesOnline, bytesTape } = planCost(builder.build());
  assert.deepEqual([rounds, bytesOnline, bytesTape], [1, 8 * 64 * 64, 8 * 64 * 64]);
});

test('a product of more work than one gate may be becomes several, by rows', () => {
  const builder = new PlanBuilder();
  const side = 2048;
  builder.table('t', [{ party: 'p', capacity: side * side }]);
  const [x, y] = ['x', 'y'].map((column) =>
    builder.input({ table: 't', encoding: 'value', column, kind: 'ring' }),
  );
  builder.output('z', matrixProduct(builder, x!, y!, { rows: side, inner: side, columns: side }));
  const plan = builder.build();
  validatePlan(plan);
  const products = plan.nodes.filter(({ operation }) => operation.op === 'matrixProduct');
  assert.equal(products.length, 4);
  assert.equal(shapesOf(plan)[plan.outputs[0]!.node]!.length, side * side);
  // Its openings go band after band.
  assert.equal(planCost(plan).rounds, (side * side) / STRIP_SIZES.bandRows);
});
