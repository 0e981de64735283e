/**
 * Owns the link between a plan and its tape: which gate deals which lanes, and where a server finds them.
 * Must never differ between dealer and server: both compute the layout from the plan alone.
 */
import { assert } from '../base/errors.ts';
import type { ServerName } from '../gates/gate.ts';
import { gateOf, inputShapes } from '../plan/check.ts';
import type { NodeId, PlanTable, Slice } from '../plan/plan.ts';
import type { StripPlan } from '../plan/strips.ts';
import { type TapeLayout, tapeLayout } from '../tape/layout.ts';

/**
 * Places of all corrections in a server's tape; `totalBytes` equals `bytesTape` of the plan's cost for server B,
 * `bytesTapeA` for server A.
 */
export function planTapeLayout(plan: StripPlan, server: ServerName = 'b'): TapeLayout {
  const lanes = plan.nodes.map((node) => {
    const { operation } = node;
    return operation.op === 'input' ? [] : gateOf(operation).lanes(operation, inputShapes(node, plan.shapes));
  });
  return tapeLayout(lanes, server);
}

/** The slices of the table that an input node reads. */
export function slicesOf(plan: { readonly tables: readonly PlanTable[] }, table: string): readonly Slice[] {
  const found = plan.tables.find(({ name }) => name === table);
  assert(found, 'a validated plan declares the tables it reads');
  return found.slices;
}

/** What says which values are needed: a plan, or its expansion. */
export interface Uses {
  readonly nodes: readonly { readonly inputs: readonly NodeId[] }[];
  readonly outputs: readonly { readonly node: NodeId }[];
}

/** How often each node's value is needed: by each node that uses it and by each output. */
export function usesOf(plan: Uses): number[] {
  const uses: number[] = plan.nodes.map(() => 0);
  const count = (id: NodeId) => {
    uses[id] = uses[id]! + 1;
  };
  for (const node of plan.nodes) node.inputs.forEach(count);
  for (const { node } of plan.outputs) count(node);
  return uses;
}
