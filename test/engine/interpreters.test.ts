import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { evaluateClear } from '../../src/engine/clear.ts';
import { GATES } from '../../src/gates/registry.ts';
import { comparisonsOf, withFunctionKeys } from '../../src/plan/choose.ts';
import { planCost } from '../../src/plan/cost.ts';
import { modelOf, type Program, programs } from './random-plans.ts';
import { runPlan } from './two-servers.ts';

const bytes = (messages: readonly Uint8Array[]) => messages.reduce((sum, m) => sum + m.length, 0);

test('on random plans, plain arithmetic, the clear interpreter and two servers agree, at exactly the stated cost', async () => {
  const seen = new Set<string>();
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(programs, async (program: Program) => {
      const { plan, plain, expected } = modelOf(program);
      assert.deepEqual(evaluateClear(plan, plain), expected);
      const run = await runPlan(plan, plain);
      assert.deepEqual(run.results, expected);
      const cost = planCost(plan);
      assert.equal(run.rounds, cost.rounds);
      assert.equal(bytes(run.sentByA), cost.bytesOnline);
      assert.equal(bytes(run.sentByB), cost.bytesOnlineB);
      assert.equal(run.corrections.length, cost.bytesTape);
      assert.equal(run.correctionsA.length, cost.bytesTapeA);
      const total = Object.values(cost.perOperation).reduce((sum, { nodes }) => sum + nodes, 0);
      assert.equal(total, plan.nodes.length);
      for (const { operation } of plan.nodes) seen.add(operation.op);
      const keyed = withFunctionKeys(plan, Number.POSITIVE_INFINITY);
      if (comparisonsOf(keyed).byKeys > 0) {
        const again = await runPlan(keyed, plain);
        assert.deepEqual(again.results, expected);
        assert.equal(again.corrections.length, planCost(keyed).bytesTape);
        assert.equal(again.correctionsA.length, planCost(keyed).bytesTapeA);
        for (const { operation } of keyed.nodes) seen.add(operation.op);
      }
      checked++;
    }),
    { numRuns: 150 },
  );
  assert.equal(checked, 150);
  // truncate is not exact, a shuffled order is nobody's, others have shapes, tables or circuits: they have tests of their own.
  const apart = ['truncate', 'shuffle', 'matrixProduct', 'lookup', 'circuit'];
  const all = ['input', ...Object.keys(GATES)].filter((name) => !apart.includes(name));
  assert.deepEqual([...seen].sort(), all.sort());
});

test('a run that is repeated sends the same bytes, and other seeds send others', async () => {
  let messages = 0;
  await fc.assert(
    fc.asyncProperty(programs, async (program: Program) => {
      const { plan, plain } = modelOf(program);
      const [first, again, other] = [
        await runPlan(plan, plain),
        await runPlan(plan, plain),
        await runPlan(plan, plain, 2),
      ];
      assert.deepEqual(again.sentByA, first.sentByA);
      assert.deepEqual(again.sentByB, first.sentByB);
      assert.deepEqual(again.uploads, first.uploads);
      assert.notDeepEqual(other.sentByA, first.sentByA);
      assert.deepEqual(other.results, first.results);
      messages += first.sentByA.length;
    }),
    { numRuns: 10 },
  );
  assert.ok(messages > 10, `compared ${messages} messages`);
});
