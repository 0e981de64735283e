/**
 * Owns small plans over columns of given numbers, for tests of composites: both the clear interpreter and two servers
 * must give what is expected.
 */
import assert from 'node:assert/strict';
import { evaluateClear } from '../../src/engine/clear.ts';
import { type Bits, PlanBuilder, type Ring } from '../../src/plan/builder.ts';
import { planInputs } from '../../src/plan/check.ts';
import type { NodeId, Plan } from '../../src/plan/plan.ts';
import { fromBigInts } from '../../src/ring/ring.ts';
import type { Words } from '../../src/ring/words.ts';
import { runPlan } from '../engine/two-servers.ts';

interface Rows {
  readonly builder: PlanBuilder;
  /** Each column cut to the rows given. */
  readonly columns: readonly Ring[];
  /** Plain words of the plan's inputs. */
  readonly plain: (plan: Plan) => Map<NodeId, Words>;
}

/** A table of the given columns, of one party, padded with zeros. */
export function rowsOf(values: readonly (readonly bigint[])[]): Rows {
  const length = values[0]!.length;
  const capacity = 64 * Math.ceil(length / 64);
  const builder = new PlanBuilder();
  builder.table('t', [{ party: 'p', capacity }]);
  const columns = values.map((_, k) =>
    builder.slice(builder.input({ table: 't', encoding: 'value', column: `c${k}`, kind: 'ring' }), 0, length),
  );
  const padded = values.map((column) => [...column, ...Array.from({ length: capacity - length }, () => 0n)]);
  const plain = (plan: Plan) =>
    new Map(
      planInputs(plan).map(({ node, input }) => [node, fromBigInts(padded[Number(input.column!.slice(1))]!)]),
    );
  return { builder, columns, plain };
}

/** Runs `compute` on the columns; returns the values, having compared both interpreters and what is expected. */
export async function checkBothWays(
  values: readonly (readonly bigint[])[],
  compute: (builder: PlanBuilder, columns: readonly Ring[]) => Ring | Bits,
  expected: readonly (bigint | boolean)[] | undefined,
  length: number,
): Promise<readonly (bigint | boolean)[]> {
  const { builder, columns, plain } = rowsOf(values);
  builder.output('z', compute(builder, columns));
  const plan = builder.build();
  const [clear] = evaluateClear(plan, plain(plan));
  const [secure] = (await runPlan(plan, plain(plan))).results;
  assert.equal(clear?.values.length, length);
  assert.deepEqual(secure, clear);
  if (expected) assert.deepEqual(clear?.values, expected);
  return clear!.values;
}
