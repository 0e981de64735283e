/**
 * Owns when each gate runs: both servers walk the same steps in lock-step, and all openings pending at the end of a step
 * leave as one message. A gate starts in the step in which its last input is ready, so the number of rounds is the
 * length of the plan's longest chain of openings.
 * Must never depend on data or on speed: two servers that disagree on the schedule would add unrelated words.
 */

import { gateCost } from './check.ts';
import type { NodeId, Plan, Shapes } from './plan.ts';

export interface Schedule {
  /** Exchanges of messages. Round t happens between step t and step t + 1. */
  readonly rounds: number;
  /** rounds + 1 lists: the nodes that start or go on in each step, in node order, which is the order of their openings. */
  readonly steps: readonly (readonly NodeId[])[];
}

/** The lock-step schedule. `shapes` are those of `shapesOf(plan)`. */
export function scheduleOf(plan: Plan, shapes: Shapes): Schedule {
  const steps: NodeId[][] = [[]];
  const ready: number[] = [];
  plan.nodes.forEach((node, id) => {
    const start = node.inputs.reduce((latest, input) => Math.max(latest, ready[input]!), 0);
    const end = start + gateCost(node, shapes).rounds;
    ready.push(end);
    for (let step = start; step <= end; step++) {
      while (steps.length <= step) steps.push([]);
      steps[step]!.push(id);
    }
  });
  return { rounds: steps.length - 1, steps };
}
