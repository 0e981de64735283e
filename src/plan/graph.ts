/**
 * Owns the growing list of nodes under a `PlanBuilder`: equal operations on equal inputs become one node, every node's
 * shape is known, and what no output needs is dropped at the end.
 * Must never reorder nodes or look at data: the same calls give the same plan, byte for byte.
 */

import { canonicalJson } from '../base/canonical.ts';
import { assert } from '../base/errors.ts';
import type { Form, Kind, Shape } from '../gates/gate.ts';
import type { FreeName, Operation, OperationName, OperationOf } from '../gates/operations.ts';
import { gateOf } from './check.ts';
import type { InputOperation, NodeId, PlanNode } from './plan.ts';

/** Operations that make of a share a share, and of a wire a wire. */
type LocalName = Exclude<FreeName, 'constant'>;
type LocalOperation = OperationOf<LocalName>;

const LOCAL_NAMES: Readonly<Record<LocalName, true>> = {
  linear: true,
  sum: true,
  runningSum: true,
  lowBit: true,
  slice: true,
  concat: true,
  repeat: true,
  xor: true,
};
const LOCAL: ReadonlySet<string> = new Set(Object.keys(LOCAL_NAMES));
const isLocal = (operation: Operation | InputOperation): operation is LocalOperation =>
  LOCAL.has(operation.op);

const keyOf = (operation: Operation | InputOperation, inputs: readonly NodeId[]): string =>
  `${canonicalJson({ ...operation })}(${inputs.join(',')})`;
const openingOf = (id: NodeId): string => keyOf({ op: 'open' }, [id]);

export class PlanGraph {
  private readonly nodes: PlanNode[] = [];
  private readonly shapes: Shape[] = [];
  private readonly rounds: number[] = [];
  private readonly known = new Map<string, NodeId>();

  /** The node of this operation on these inputs: an existing one where there is one. */
  shared(operation: Operation | InputOperation, inputs: readonly NodeId[], shape: Shape): NodeId {
    const key = keyOf(operation, inputs);
    const existing = this.known.get(key);
    if (existing !== undefined) return existing;
    const id = this.fresh(operation, inputs, shape);
    this.known.set(key, id);
    return id;
  }

  /** A node that nothing else will share. */
  fresh(operation: Operation | InputOperation, inputs: readonly NodeId[], shape: Shape): NodeId {
    assert(Number.isSafeInteger(shape.length) && shape.length > 0, 'a node holds at least one element');
    this.nodes.push({ operation, inputs });
    this.shapes.push(shape);
    this.rounds.push(this.endOf(operation, inputs));
    return this.nodes.length - 1;
  }

  /** A local operation: a share if any input is one, else a wire. */
  local(operation: LocalOperation, inputs: readonly NodeId[], kind: Kind, length: number): NodeId {
    const form: Form = inputs.some((id) => this.shape(id).form === 'share') ? 'share' : 'wire';
    return this.shared(operation, inputs, { kind, form, length });
  }

  /** `length` elements of one public value (bits: 0 or 1). */
  constant(kind: Kind, value: bigint, length: number): NodeId {
    const text = (kind === 'ring' ? BigInt.asIntN(64, value) : BigInt.asUintN(1, value)).toString();
    return this.shared({ op: 'constant', kind, value: text, length }, [], { kind, form: 'wire', length });
  }

  /**
   * The value as a wire: itself, or made from openings. A local operation moves behind the openings of its inputs where
   * that opens no more elements than opening its result would, so that what is opened once serves all that follows.
   */
  wire(id: NodeId): NodeId {
    const { kind, form, length } = this.shape(id);
    if (form === 'wire') return id;
    const { operation, inputs } = this.nodes[id]!;
    if (isLocal(operation) && this.opensLess(operation, kind, inputs)) {
      const wires = inputs.map((input) => this.wire(input));
      return this.local(operation, wires, kind, length);
    }
    return this.shared({ op: 'open' }, [id], { kind, form: 'wire', length });
  }

  /** True if opening the inputs of a local operation costs no more than opening its result. */
  private opensLess(operation: LocalOperation, kind: Kind, inputs: readonly NodeId[]): boolean {
    const closed = inputs.filter((id) => this.shape(id).form === 'share' && !this.known.has(openingOf(id)));
    if (closed.length === 0 || operation.op === 'repeat') return true;
    if (operation.op === 'concat') return kind === 'ring';
    return closed.length === 1 && (operation.op === 'linear' || operation.op === 'xor');
  }

  /** The round after which the value can be had as a wire. */
  roundOf(id: NodeId): number {
    const round = this.rounds[id]!;
    const opening = this.known.get(openingOf(id));
    if (opening !== undefined) return this.rounds[opening]!;
    return this.shape(id).form === 'wire' ? round : round + 1;
  }

  /** The values whose AND this is: the inputs of an AND that nobody has asked to be opened, else itself. */
  factors(id: NodeId): readonly NodeId[] {
    return this.operation(id, 'and') && !this.known.has(openingOf(id)) ? this.inputs(id) : [id];
  }

  private endOf(operation: Operation | InputOperation, inputs: readonly NodeId[]): number {
    const start = inputs.reduce((latest, input) => Math.max(latest, this.rounds[input]!), 0);
    if (operation.op === 'input') return start;
    const shapes = inputs.map((input) => this.shape(input));
    return start + gateOf(operation).cost(operation, shapes).rounds;
  }

  shape(id: NodeId): Shape {
    const shape = this.shapes[id];
    assert(shape, 'a handle belongs to the builder that made it');
    return shape;
  }

  inputs(id: NodeId): readonly NodeId[] {
    const node = this.nodes[id];
    assert(node, 'a handle belongs to the builder that made it');
    return node.inputs;
  }

  /** The node's operation if it has that name. */
  operation<N extends OperationName>(id: NodeId, name: N): OperationOf<N> | undefined {
    const operation = this.nodes[id]?.operation;
    // The discriminant was just compared; TypeScript does not narrow a union by a generic name.
    return operation?.op === name ? (operation as OperationOf<N>) : undefined;
  }

  /** The public value that every element of this node has, if it is a constant. */
  valueOf(id: NodeId): bigint | undefined {
    const operation = this.operation(id, 'constant');
    return operation && BigInt(operation.value);
  }

  /** The nodes that `roots` need, in order and renumbered, and the roots' new numbers. */
  pruned(roots: readonly NodeId[]): { nodes: readonly PlanNode[]; roots: readonly NodeId[] } {
    const needed = new Set(roots);
    for (let id = this.nodes.length - 1; id >= 0; id--) {
      if (needed.has(id)) for (const input of this.inputs(id)) needed.add(input);
    }
    const numbers = new Map<NodeId, NodeId>();
    const nodes: PlanNode[] = [];
    const renumber = (id: NodeId): NodeId => {
      const number = numbers.get(id);
      assert(number !== undefined, 'inputs come before the nodes that use them');
      return number;
    };
    this.nodes.forEach((node, id) => {
      if (!needed.has(id)) return;
      nodes.push({ operation: node.operation, inputs: node.inputs.map(renumber) });
      numbers.set(id, nodes.length - 1);
    });
    return { nodes, roots: roots.map(renumber) };
  }
}
