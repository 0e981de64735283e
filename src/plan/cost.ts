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
  /** Bytes that server A sends, and those that server B sends. */
  readonly bytesOnline: number;
  readonly bytesOnlineB: number;
  readonly bytesTape: number;
}

export interface PlanCost {
  /** Messages each server sends, one after the other. */
  readonly rounds: number;
  /** Bytes that server A sends to server B. */
  readonly bytesOnline: number;
  /** Bytes that server B sends to server A: the same, but for plans that sort. */
  readonly bytesOnlineB: number;
  /** Bytes of corrections in server B's tape. */
  readonly bytesTape: number;
  /** Bytes of corrections in server A's tape: none, unless the plan compares by function keys. */
  readonly bytesTapeA: number;
  /** By operation name, in order of first use; `input` among them. */
  readonly perOperation: Readonly<Record<string, OperationCost>>;
}

/** Throws what `shapesOf` throws. */
export function planCost(plan: Plan): PlanCost {
  const shapes = shapesOf(plan);
  const perOperation: Record<string, OperationCost> = {};
  let bytesOnline = 0;
  let bytesOnlineB = 0;
  let bytesTape = 0;
  let bytesTapeA = 0;
  plan.nodes.forEach((node, id) => {
    const cost = gateCost(node, shapes);
    const sentByB = cost.bytesOnlineB ?? cost.bytesOnline;
    const name = node.operation.op;
    const sum = perOperation[name] ?? {
      nodes: 0,
      elements: 0,
      bytesOnline: 0,
      bytesOnlineB: 0,
      bytesTape: 0,
    };
    perOperation[name] = {
      nodes: sum.nodes + 1,
      elements: sum.elements + shapes[id]!.length,
      bytesOnline: sum.bytesOnline + cost.bytesOnline,
      bytesOnlineB: sum.bytesOnlineB + sentByB,
      bytesTape: sum.bytesTape + cost.bytesTape,
    };
    bytesOnline += cost.bytesOnline;
    bytesOnlineB += sentByB;
    bytesTape += cost.bytesTape;
    bytesTapeA += cost.bytesTapeA ?? 0;
  });
  const { rounds } = scheduleOf(plan, shapes);
  return { rounds, bytesOnline, bytesOnlineB, bytesTape, bytesTapeA, perOperation };
}
