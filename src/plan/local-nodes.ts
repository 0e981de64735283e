/**
 * Owns the nodes of local operations that keep their input's form and are not moved behind openings: what they make of a share is
 * opened by itself, as the fewer bytes or as many.
 */
import type { PlanGraph } from './graph.ts';
import type { NodeId } from './plan.ts';

/** Element i: the sum of elements 0 to i. */
export function runningSumNode(graph: PlanGraph, id: NodeId): NodeId {
  if (graph.valueOf(id) === 0n) return id;
  const { form, length } = graph.shape(id);
  return graph.shared({ op: 'runningSum' }, [id], { kind: 'ring', form, length });
}

/** Each element modulo 2: the bits themselves, where the elements were made of them. */
export function lowBitNode(graph: PlanGraph, id: NodeId): NodeId {
  const value = graph.valueOf(id);
  const { form, length } = graph.shape(id);
  if (value !== undefined) return graph.constant('bits', value, length);
  if (graph.operation(id, 'bitToRing')) return graph.inputs(id)[0]!;
  return graph.shared({ op: 'lowBit' }, [id], { kind: 'bits', form, length });
}
