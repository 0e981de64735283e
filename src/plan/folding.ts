/**
 * Owns what can be simplified while a plan is written: constants in sums and XORs, terms that cancel, slices of parts.
 * Must never change a value: every function's result equals the operation as asked, for all inputs.
 */
import { assert } from '../base/errors.ts';
import type { PlanGraph } from './graph.ts';
import type { NodeId } from './plan.ts';

/** Sum of coefficient times node, plus `offset` on every element (modulo 2^64); `length` elements. */
export function linearNode(
  graph: PlanGraph,
  terms: readonly (readonly [bigint, NodeId])[],
  offset: bigint,
  length: number,
): NodeId {
  const coefficients = new Map<NodeId, bigint>();
  let constant = offset;
  const add = (coefficient: bigint, id: NodeId) => {
    const value = graph.valueOf(id);
    const inner = graph.operation(id, 'linear');
    if (value !== undefined) {
      constant += coefficient * value;
    } else if (inner?.coefficients.length === 1) {
      constant += coefficient * BigInt(inner.offset);
      add(coefficient * BigInt(inner.coefficients[0]!), graph.inputs(id)[0]!);
    } else {
      coefficients.set(id, BigInt.asIntN(64, (coefficients.get(id) ?? 0n) + coefficient));
    }
  };
  for (const [coefficient, id] of terms) add(coefficient, id);
  constant = BigInt.asIntN(64, constant);
  const kept = [...coefficients].filter(([, c]) => c !== 0n).sort(([a], [b]) => a - b);
  const [first] = kept;
  if (!first) return graph.constant('ring', constant, length);
  if (kept.length === 1 && first[1] === 1n && constant === 0n) return first[0];
  const texts = kept.map(([, c]) => c.toString());
  const inputs = kept.map(([id]) => id);
  return graph.local(
    { op: 'linear', coefficients: texts, offset: constant.toString() },
    inputs,
    'ring',
    length,
  );
}

/** XOR of the nodes, negated if asked; `length` bits. */
export function xorNode(
  graph: PlanGraph,
  terms: readonly NodeId[],
  negated: boolean,
  length: number,
): NodeId {
  const odd = new Set<NodeId>();
  let invert = negated;
  const add = (id: NodeId) => {
    const value = graph.valueOf(id);
    const inner = graph.operation(id, 'xor');
    const sources = graph.inputs(id);
    if (value !== undefined) {
      invert = invert !== (value === 1n);
    } else if (inner && sources.length === 1) {
      invert = invert !== inner.invert;
      add(sources[0]!);
    } else if (!odd.delete(id)) odd.add(id);
  };
  for (const term of terms) add(term);
  const kept = [...odd].sort((a, b) => a - b);
  const [first] = kept;
  if (first === undefined) return graph.constant('bits', invert ? 1n : 0n, length);
  if (kept.length === 1 && !invert) return first;
  return graph.local({ op: 'xor', invert }, kept, 'bits', length);
}

/** Elements `start` to `start + length`. */
export function sliceNode(graph: PlanGraph, id: NodeId, start: number, length: number): NodeId {
  const { kind, length: whole } = graph.shape(id);
  assert(start >= 0 && length > 0 && start + length <= whole, 'a slice lies inside its vector');
  if (length === whole) return id;
  const value = graph.valueOf(id);
  if (value !== undefined) return graph.constant(kind, value, length);
  const inner = graph.operation(id, 'slice');
  if (inner) return sliceNode(graph, graph.inputs(id)[0]!, inner.start + start, length);
  if (graph.operation(id, 'concat')) {
    let from = 0;
    for (const part of graph.inputs(id)) {
      const end = from + graph.shape(part).length;
      if (start >= from && start + length <= end) return sliceNode(graph, part, start - from, length);
      from = end;
    }
  }
  return graph.local({ op: 'slice', start, length }, [id], kind, length);
}

/** The parts one after the other, all of one kind. */
export function concatNode(graph: PlanGraph, parts: readonly NodeId[]): NodeId {
  const flat: NodeId[] = [];
  for (const part of parts.flatMap((id) => (graph.operation(id, 'concat') ? graph.inputs(id) : [id]))) {
    const last = flat.at(-1);
    const { kind, length } = graph.shape(part);
    const value = graph.valueOf(part);
    if (last !== undefined && value !== undefined && graph.valueOf(last) === value) {
      flat[flat.length - 1] = graph.constant(kind, value, graph.shape(last).length + length);
    } else flat.push(part);
  }
  const [first] = flat;
  assert(first !== undefined, 'a concatenation has at least one part');
  const { kind } = graph.shape(first);
  assert(
    flat.every((id) => graph.shape(id).kind === kind),
    'a concatenation has parts of one kind',
  );
  if (flat.length === 1) return first;
  const length = flat.reduce((sum, id) => sum + graph.shape(id).length, 0);
  return graph.local({ op: 'concat' }, flat, kind, length);
}

/** The whole vector `times` times over, or each element `times` times before the next. */
export function repeatNode(graph: PlanGraph, id: NodeId, times: number, each: boolean): NodeId {
  const { kind, length } = graph.shape(id);
  assert(Number.isSafeInteger(times) && times > 0, 'a vector is repeated at least once');
  if (times === 1) return id;
  const value = graph.valueOf(id);
  if (value !== undefined) return graph.constant(kind, value, length * times);
  return graph.local({ op: 'repeat', times, each: each && length > 1 }, [id], kind, length * times);
}

/** Element i: the sum of elements 0 to i. */
export function runningSumNode(graph: PlanGraph, id: NodeId): NodeId {
  if (graph.valueOf(id) === 0n) return id;
  return graph.local({ op: 'runningSum' }, [id], 'ring', graph.shape(id).length);
}

/** Each element modulo 2: the bits themselves, where the elements were made of them. */
export function lowBitNode(graph: PlanGraph, id: NodeId): NodeId {
  const value = graph.valueOf(id);
  const { length } = graph.shape(id);
  if (value !== undefined) return graph.constant('bits', value, length);
  if (graph.operation(id, 'bitToRing')) return graph.inputs(id)[0]!;
  return graph.local({ op: 'lowBit' }, [id], 'bits', length);
}
