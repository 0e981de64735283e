/**
 * Owns what a plan costs, before anything runs: rounds, bytes between the servers, bytes of tape. Exact, not estimated;
 * tests compare every figure with a counted run.
 */
import { gateCost, shapesOf } from './check.ts';
import type { Plan } from './plan.ts';
import { scheduleOf } from './schedule.ts';

export interface OperationCost {
  readonly nodes: number;
  /** Elements of all those nodes' values. */
  readonly elements: number;
  readonly bytesOnline: number;
  readonly bytesTape: number;
}

export interface PlanCost {
  /** Messages each server sends, one after the other. */
  readonly rounds: number;
  /** Bytes of openings that ONE server sends to the other. */
  readonly bytesOnline: number;
  /** Bytes of corrections in server B's tape (server A's is a seed). */
  readonly bytesTape: number;
  /** By operation name, in order of first use; `input` among them. */
  readonly perOperation: Readonly<Record<string, OperationCost>>;
}

/** Throws what `shapesOf` throws. */
export function planCost(plan: Plan): PlanCost {
  const shapes = shapesOf(plan);
  const perOperation: Record<string, OperationCost> = {};
  let bytesOnline = 0;
  let bytesTape = 0;
  plan.nodes.forEach((node, id) => {
    const cost = gateCost(node, shapes);
    const name = node.operation.op;
    const sum = perOperation[name] ?? { nodes: 0, elements: 0, bytesOnline: 0, bytesTape: 0 };
    perOperation[name] = {
      nodes: sum.nodes + 1,
      elements: sum.elements + shapes[id]!.length,
      bytesOnline: sum.bytesOnline + cost.bytesOnline,
      bytesTape: sum.bytesTape + cost.bytesTape,
    };
    bytesOnline += cost.bytesOnline;
    bytesTape += cost.bytesTape;
  });
  return { rounds: scheduleOf(plan, shapes).rounds, bytesOnline, bytesTape, perOperation };
}
