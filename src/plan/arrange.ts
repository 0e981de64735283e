/**
 * Owns how each value of a plan is held when its vectors are long: whole, in strips of rows, or not at all because any part of
 * it can be made when it is wanted. Must never depend on anything but the plan: servers and dealer arrange it alike.
 *
 * A vector of `planes` times `rows` elements, plane after plane, is held in strips of rows: strip i has the same rows of every
 * plane, plane after plane. Element-wise operations mean the same on strips; a sum over rows is the sum of the strips' sums.
 *
 * What needs a total needs all strips of a group, so strips come in *phases*: a value is of the phase in which its strips
 * can be computed one after another without waiting for the last strip of anything.
 */
import type { OperationName } from '../gates/operations.ts';
import type { NodeId, Plan, PlanNode, Shapes } from './plan.ts';

export type Arrangement =
  /** An input: any range of rows, at any time. */
  | { readonly as: 'rows' }
  /** One element again and again: as many as are wanted. */
  | { readonly as: 'uniform'; readonly phase: number }
  /** One vector, there before the strips of its phase. */
  | { readonly as: 'whole'; readonly phase: number }
  | { readonly as: 'strips'; readonly phase: number; readonly planes: number; readonly rows: number }
  /** Added up from the strips of its phase; a whole vector in the next. */
  | { readonly as: 'total'; readonly phase: number; readonly rows: number };

/** Operations whose element i depends on elements i of their operands alone. */
const ELEMENT_WISE: ReadonlySet<OperationName> = new Set([
  'linear',
  'multiply',
  'select',
  'bitToRing',
  'xor',
  'and',
  'truncate',
  'lessThanZero',
  'equalsZero',
  'open',
]);

/** The arrangement of every node; vectors of at most `longest` elements are left whole. */
export function arrange(plan: Plan, shapes: Shapes, longest: number): readonly Arrangement[] {
  const arrangements: Arrangement[] = [];
  for (const [id, node] of plan.nodes.entries()) {
    const operands = node.inputs.map((input) => arrangements[input]!);
    const lengths = node.inputs.map((input) => shapes[input]!.length);
    const strips = inStrips(node, id, operands, lengths, shapes, longest);
    arrangements.push(strips ?? { as: 'whole', phase: afterAll(operands) });
  }
  return arrangements;
}

function inStrips(
  { operation }: PlanNode,
  id: NodeId,
  operands: readonly Arrangement[],
  lengths: readonly number[],
  shapes: Shapes,
  longest: number,
): Arrangement | undefined {
  const { length } = shapes[id]!;
  if (operation.op === 'input') return length > longest ? { as: 'rows' } : undefined;
  if (operation.op === 'constant') return length > longest ? { as: 'uniform', phase: 0 } : undefined;
  const phase = alongside(operands);
  if (operation.op === 'repeat') {
    if (lengths[0] === 1) return length > longest ? { as: 'uniform', phase: afterAll(operands) } : undefined;
    const isShort = operands[0]?.as === 'whole' || operands[0]?.as === 'total';
    if (operation.each)
      return isShort && operation.times > longest
        ? { as: 'strips', phase, planes: lengths[0]!, rows: operation.times }
        : undefined;
  }
  const isElementWise = ELEMENT_WISE.has(operation.op);
  const cuts = cutsOf(operands, lengths);
  if (cuts.size === 0 && isElementWise && length > longest) cuts.add(length);
  const [rows] = cuts;
  if (rows === undefined || cuts.size > 1 || !lengths.every((each) => each % rows === 0)) return undefined;
  const planes = lengths[0]! / rows;
  const strips: Arrangement = { as: 'strips', phase, planes: length / rows, rows };
  if (isElementWise) return strips;
  switch (operation.op) {
    case 'concat':
    case 'repeat':
      return strips;
    case 'slice':
      return operation.start % rows === 0 && operation.length % rows === 0 ? strips : undefined;
    case 'oneHot':
      return planes === 1 ? strips : undefined;
    case 'groupSum':
      return planes === 1 ? { as: 'total', phase, rows } : undefined;
    case 'sum':
    case 'dot':
      return planes % operation.groups === 0 ? { as: 'total', phase, rows } : undefined;
    default:
      return undefined;
  }
}

/** The numbers of rows of operands that come in strips: one, if they are cut alike. */
function cutsOf(operands: readonly Arrangement[], lengths: readonly number[]): Set<number> {
  const cuts = new Set<number>();
  operands.forEach((operand, k) => {
    if (operand.as === 'strips') cuts.add(operand.rows);
    if (operand.as === 'rows') cuts.add(lengths[k]!);
  });
  return cuts;
}

/** The first phase in which a strip can be computed from strips of these. */
function alongside(operands: readonly Arrangement[]): number {
  return latest(operands, (operand) => (operand.as === 'total' ? operand.phase + 1 : phaseOf(operand)));
}

/** The first phase before which all of these are whole. */
function afterAll(operands: readonly Arrangement[]): number {
  return latest(operands, (operand) =>
    operand.as === 'total' || operand.as === 'strips' ? operand.phase + 1 : phaseOf(operand),
  );
}

const phaseOf = (operand: Arrangement): number => (operand.as === 'rows' ? 0 : operand.phase);

function latest(operands: readonly Arrangement[], phase: (operand: Arrangement) => number): number {
  return operands.reduce((most, operand) => Math.max(most, phase(operand)), 0);
}
