/**
 * Owns what a plan costs, before anything runs: rounds, bytes between the servers, bytes of tape. Exact, not estimated;
 * tests compare every figure with a counted run.
 */
import { gateCost, shapesOf } from './check.ts';
import type { Plan } from './plan.ts';
import { scheduleOf } from './schedule.ts';
import { STRIP_SIZES, type StripSizes, stripsOf } from './strips.ts';

export interface OperationCost {
  /** Nodes of the plan. */
  readonly nodes: number;
  /** Elements of all those nodes' values. */
  readonly elements: number;
  /** Bytes that server A sends, and those that server B sends. */
  readonly bytesOnline: number;
  readonly bytesOnlineB: number;
  readonly bytesTape: number;
}

export interface PlanCost {
  /** Exchanges that wait for one another; in each, a server sends one message or, where vectors are long, many. */
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

const NOTHING: OperationCost = { nodes: 0, elements: 0, bytesOnline: 0, bytesOnlineB: 0, bytesTape: 0 };

/** The cost of running the plan in strips of these sizes. Throws what `shapesOf` throws. */
export function planCost(plan: Plan, sizes: StripSizes = STRIP_SIZES): PlanCost {
  const perOperation = new Map<string, OperationCost>();
  const count = (name: string, more: Partial<OperationCost>): void => {
    const sum = perOperation.get(name) ?? NOTHING;
    const { nodes, elements, bytesOnline, bytesOnlineB, bytesTape } = { ...NOTHING, ...more };
    perOperation.set(name, {
      nodes: sum.nodes + nodes,
      elements: sum.elements + elements,
      bytesOnline: sum.bytesOnline + bytesOnline,
      bytesOnlineB: sum.bytesOnlineB + bytesOnlineB,
      bytesTape: sum.bytesTape + bytesTape,
    });
  };
  const shapes = shapesOf(plan);
  for (const [id, { operation }] of plan.nodes.entries())
    count(operation.op, { nodes: 1, elements: shapes[id]!.length });
  const strips = stripsOf(plan, sizes);
  let bytesOnline = 0;
  let bytesOnlineB = 0;
  let bytesTape = 0;
  let bytesTapeA = 0;
  for (const node of strips.nodes) {
    const cost = gateCost(node, strips.shapes);
    const sentByB = cost.bytesOnlineB ?? cost.bytesOnline;
    if (cost.bytesOnline + sentByB + cost.bytesTape === 0) continue;
    count(node.operation.op, {
      bytesOnline: cost.bytesOnline,
      bytesOnlineB: sentByB,
      bytesTape: cost.bytesTape,
    });
    bytesOnline += cost.bytesOnline;
    bytesOnlineB += sentByB;
    bytesTape += cost.bytesTape;
    bytesTapeA += cost.bytesTapeA ?? 0;
  }
  const { rounds } = scheduleOf(strips);
  return {
    rounds,
    bytesOnline,
    bytesOnlineB,
    bytesTape,
    bytesTapeA,
    perOperation: Object.fromEntries(perOperation),
  };
}
