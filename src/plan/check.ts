/**
 * Owns what makes a plan acceptable: shapes that fit, order, bounds, inputs as large as their tables, outputs under masks
 * of their own. Servers, dealer and clients run it before they do anything for a plan.
 * Must never trust the plan: it may come from another process. Every refusal is an MpcError `plan.*`.
 */
import { digestOf, type Json } from '../base/canonical.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Gate, GateCost, Kind, Shape } from '../gates/gate.ts';
import type { Operation } from '../gates/operations.ts';
import { GATES, gateOf as registeredGate } from '../gates/registry.ts';
import { type InputOperation, type NodeId, type Plan, resultOf, type Shapes } from './plan.ts';

export interface PlanLimits {
  readonly planNodes: number;
  readonly tapeBytes: number;
  readonly rows: number;
  readonly parties: number;
  readonly nameCharacters: number;
}

/** Elements of one node: its words still fit one typed array with room to spare. */
const NODE_ELEMENTS = 2 ** 29;

/** The gate of an operation. Throws `plan.unknown-operation`. */
export function gateOf(operation: Operation): Gate<Operation> {
  if (!Object.hasOwn(GATES, operation.op)) {
    throw refused('plan.unknown-operation', `the plan uses the operation ${String(operation.op)}`);
  }
  return registeredGate(operation);
}

/** What of a node its shape and its cost follow from: nodes of a plan and of its expansion alike. */
interface AnyNode {
  readonly operation:
    | Operation
    | { readonly op: 'input'; readonly kind: Kind; readonly length: number; readonly form?: 'share' };
  readonly inputs: readonly NodeId[];
}

/** Shapes of a node's inputs. */
export const inputShapes = (node: AnyNode, shapes: Shapes): Shape[] => node.inputs.map((id) => shapes[id]!);

/** Exact cost of one node; an input costs nothing. */
export function gateCost(node: AnyNode, shapes: Shapes): GateCost {
  if (node.operation.op === 'input') return { rounds: 0, bytesOnline: 0, bytesTape: 0 };
  return gateOf(node.operation).cost(node.operation, inputShapes(node, shapes));
}

/**
 * The shape of every node, by id; inputs are wires. Throws `plan.forward-reference`, `plan.unknown-operation`,
 * `plan.bad-shape` (operands that do not fit, or their number) and `plan.too-large` (one node's elements).
 */
export function shapesOf(plan: { readonly nodes: readonly AnyNode[] }): Shapes {
  const shapes: Shape[] = [];
  plan.nodes.forEach((node, id) => {
    if (!node.inputs.every((input) => Number.isSafeInteger(input) && input >= 0 && input < id)) {
      throw refused('plan.forward-reference', `node ${id} uses a node that does not come before it`);
    }
    const shape = shapeOf(node, id, shapes);
    if (!Number.isSafeInteger(shape.length) || shape.length < 1) {
      throw refused('plan.bad-shape', `node ${id} (${node.operation.op}) has no elements`);
    }
    if (shape.length > NODE_ELEMENTS) {
      throw refused(
        'plan.too-large',
        `node ${id} holds ${shape.length} elements, ${NODE_ELEMENTS} are allowed`,
      );
    }
    shapes.push(shape);
  });
  return shapes;
}

/** Throws a typed error `plan.*` unless the plan may be run; returns its shapes. */
export function validatePlan(plan: Plan, limits: PlanLimits = LIMITS): Shapes {
  if (plan.version !== 1)
    throw refused('plan.unknown-version', 'the plan is of a version this program does not know');
  if (plan.nodes.length > limits.planNodes) {
    throw refused(
      'plan.too-many-nodes',
      `the plan has ${plan.nodes.length} nodes, ${limits.planNodes} are allowed`,
    );
  }
  checkTables(plan, limits);
  const shapes = shapesOf(plan);
  checkInputs(plan);
  checkOutputs(plan);
  const tape = plan.nodes.reduce((sum, node) => sum + gateCost(node, shapes).bytesTape, 0);
  if (tape > limits.tapeBytes) {
    throw refused(
      'plan.tape-too-large',
      `the plan needs ${tape} bytes of tape, ${limits.tapeBytes} are allowed`,
    );
  }
  return shapes;
}

/** What servers, dealer and clients compare. */
export function planDigest(plan: Plan): string {
  return digestOf('plan', plan as unknown as Json); // a plan is JSON; its interfaces only lack the index signature
}

/** The plan's inputs in node order: what clients mask and servers assemble. */
export function planInputs(plan: Plan): { readonly node: NodeId; readonly input: InputOperation }[] {
  return plan.nodes.flatMap(({ operation }, node) =>
    operation.op === 'input' ? [{ node, input: operation }] : [],
  );
}

function shapeOf(node: AnyNode, id: NodeId, shapes: Shapes): Shape {
  const { operation } = node;
  if (operation.op === 'input') {
    if (node.inputs.length > 0)
      throw refused('plan.bad-shape', `node ${id} is an input and takes no operand`);
    return { kind: operation.kind, form: operation.form ?? 'wire', length: operation.length };
  }
  return gateOf(operation).infer(operation, inputShapes(node, shapes));
}

function checkTables(plan: Plan, limits: PlanLimits): void {
  const names = new Set<string>();
  for (const { name, slices } of plan.tables) {
    const bad = (reason: string) => refused('plan.bad-table', `table ${name} ${reason}`);
    if (names.has(name)) throw bad('is declared twice');
    names.add(name);
    if (name.length > limits.nameCharacters) throw bad('has too long a name');
    if (slices.length === 0) throw bad('belongs to no party');
    if (slices.length > limits.parties)
      throw bad(`belongs to ${slices.length} parties, ${limits.parties} are allowed`);
    if (new Set(slices.map((slice) => slice.party)).size < slices.length) throw bad('names a party twice');
    if (
      !slices.every(({ capacity }) => Number.isSafeInteger(capacity) && capacity > 0 && capacity % 64 === 0)
    ) {
      throw bad('has a capacity that is not a multiple of 64');
    }
    const rows = slices.reduce((sum, slice) => sum + slice.capacity, 0);
    // Each party's rows are rounded up to 64, so the declared bound is too.
    if (rows > limits.rows + 63 * slices.length) throw bad(`has ${rows} rows, ${limits.rows} are allowed`);
  }
}

function checkInputs(plan: Plan): void {
  const capacities = new Map(
    plan.tables.map(({ name, slices }) => [name, slices.reduce((sum, s) => sum + s.capacity, 0)]),
  );
  const stored = new Set(
    plan.tables
      .filter(({ slices }) => slices.some(({ party }) => resultOf(party) !== undefined))
      .map(({ name }) => name),
  );
  const seen = new Set<string>();
  for (const { node, input } of planInputs(plan)) {
    const bad = (reason: string) => refused('plan.bad-input', `input node ${node} ${reason}`);
    const capacity = capacities.get(input.table);
    if (capacity === undefined) throw bad(`reads the undeclared table ${input.table}`);
    if (capacity !== input.length) throw bad(`has ${input.length} elements, its table has ${capacity} rows`);
    if (!['value', 'present', 'known'].includes(input.encoding)) throw bad('has an unknown encoding');
    if (!['ring', 'bits'].includes(input.kind)) throw bad('has an unknown kind');
    if (input.form !== undefined && input.form !== 'share') throw bad('has an unknown form');
    if (stored.has(input.table) && input.form !== 'share')
      throw bad('reads an earlier result as masked rows');
    if ((input.column === undefined) !== (input.encoding === 'present'))
      throw bad('and its encoding disagree about a column');
    const key = JSON.stringify([input.table, input.encoding, input.column ?? null, input.kind]);
    if (seen.has(key)) throw bad('reads what another input reads');
    seen.add(key);
  }
}

function checkOutputs(plan: Plan): void {
  const used = new Set(plan.nodes.flatMap((node) => node.inputs));
  const names = new Set<string>();
  const nodes = new Set<NodeId>();
  if (plan.outputs.length === 0) throw refused('plan.bad-output', 'the plan has no output');
  for (const { name, node } of plan.outputs) {
    const bad = (reason: string) => refused('plan.bad-output', `output ${name} ${reason}`);
    if (names.has(name)) throw bad('is named twice');
    if (plan.nodes[node]?.operation.op !== 'open') throw bad('is not an opening');
    if (used.has(node)) throw bad('is used inside the plan, so its mask would not be its own');
    if (nodes.has(node)) throw bad('shares its mask with another output');
    names.add(name);
    nodes.add(node);
  }
}

function refused(code: string, message: string): MpcError {
  return new MpcError(code, message, {
    exitCode: EXIT.badData,
    hint: 'a smaller query, or smaller row limits, may help; nothing was computed',
  });
}
