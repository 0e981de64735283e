/**
 * Owns how a plan reads: one line for each table, node and output, stable enough to be compared in tests.
 * Must never show anything but the plan, all of which is public.
 */
import { circuitDigest, unpackCircuit } from '../circuits/packed.ts';
import { shapesOf } from './check.ts';
import type { Plan, PlanNode } from './plan.ts';

/**
 * The plan as text, each line ended by a newline:
 *   table bids: alice 64, bob 64
 *   n0 ring wire 128 = input bids.amount value
 *   n1 bits share 128 = lessThanZero n0
 *   output low = n2
 */
export function planText(plan: Plan): string {
  const shapes = shapesOf(plan);
  const lines = [
    ...plan.tables.map(
      ({ name, slices }) => `table ${name}: ${slices.map((s) => `${s.party} ${s.capacity}`).join(', ')}`,
    ),
    ...plan.nodes.map((node, id) => {
      const { kind, form, length } = shapes[id]!;
      return `n${id} ${kind} ${form} ${length} = ${nodeText(node)}`;
    }),
    ...plan.outputs.map(({ name, node }) => `output ${name} = n${node}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function nodeText({ operation, inputs }: PlanNode): string {
  const operands = inputs.map((id) => `n${id}`);
  switch (operation.op) {
    case 'input':
      return [
        'input',
        [operation.table, operation.column].filter(Boolean).join('.'),
        operation.encoding,
      ].join(' ');
    case 'constant':
      return `constant ${operation.value}`;
    case 'linear': {
      const terms = operands.map((operand, k) => `${operation.coefficients[k]}*${operand}`);
      return ['linear', ...terms, ...(operation.offset === '0' ? [] : [operation.offset])].join(' ');
    }
    case 'circuit': {
      const sha256 = circuitDigest(unpackCircuit(operation.circuit));
      return ['circuit', ...operands, `instances=${operation.instances}`, `sha256=${sha256}`].join(' ');
    }
    default: {
      const { op, ...parameters } = operation;
      return [op, ...operands, ...Object.entries(parameters).map(([name, value]) => `${name}=${value}`)].join(
        ' ',
      );
    }
  }
}
