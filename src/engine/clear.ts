/**
 * Owns the clear interpreter: the plan's plain meaning on plain rows. It is the oracle of every test, and shows a party
 * what its own rows would do. Must never run where rows of two parties meet outside tests and local dry runs.
 */
import { assert } from '../base/errors.ts';
import type { ClearValue } from '../gates/gate.ts';
import { gateOf, inputShapes, shapesOf } from '../plan/check.ts';
import type { NodeId, Plan } from '../plan/plan.ts';
import { type Words, wordsOf } from '../ring/words.ts';
import { type PlanResult, resultOf } from './result.ts';
import { Values } from './values.ts';

/** The outputs, in the plan's order, of plain input words by node. */
export function evaluateClear(plan: Plan, inputs: ReadonlyMap<NodeId, Words>): PlanResult[] {
  const shapes = shapesOf(plan);
  const values = new Values<ClearValue>(plan);
  for (const [id, node] of plan.nodes.entries()) {
    const { operation } = node;
    if (operation.op === 'input') {
      const words = inputs.get(id);
      assert(words?.length === wordsOf(operation.kind, operation.length), 'every input node has its words');
      values.put(id, words);
    } else {
      values.put(id, gateOf(operation).clear(operation, inputShapes(node, shapes), values.operands(node)));
      values.release(node);
    }
  }
  return plan.outputs.map(({ name, node }) => {
    const { kind, length } = shapes[node]!;
    return resultOf(name, kind, length, values.get(node));
  });
}
