/**
 * Owns random programs over the builder, each with a model beside it: plain BigInt arithmetic that knows nothing of
 * nodes, folding or gates. What a plan's outputs must be is read from the model.
 */

import fc from 'fast-check';
import { PlanBuilder } from '../../src/plan/builder.ts';
import { planInputs } from '../../src/plan/check.ts';
import type { InputColumn, NodeId, Plan } from '../../src/plan/plan.ts';
import { fromBools } from '../../src/ring/bits.ts';
import { fromBigInts } from '../../src/ring/ring.ts';
import type { Words } from '../../src/ring/words.ts';
import { splitmix } from '../support/splitmix.ts';
import { list, type ModelBits, type ModelRing, OPERATIONS, wrap } from './plan-operations.ts';

/** A choice of operation and operands; every number is reduced to what is available. */
type Step = readonly [operation: number, first: number, second: number, third: number];

export interface Program {
  readonly capacities: readonly number[];
  readonly seed: number;
  readonly steps: readonly Step[];
}

export interface Modelled {
  readonly plan: Plan;
  readonly plain: ReadonlyMap<NodeId, Words>;
  readonly expected: readonly {
    readonly name: string;
    readonly kind: string;
    readonly values: readonly (bigint | boolean)[];
  }[];
}

const number = fc.nat(1_000_000);

export const programs: fc.Arbitrary<Program> = fc.record({
  capacities: fc.array(fc.constantFrom(64, 128), { minLength: 1, maxLength: 3 }),
  seed: number,
  steps: fc.array(fc.tuple(number, number, number, number), { minLength: 3, maxLength: 14 }),
});

const EDGES = [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 62n, 2n ** 32n, -(2n ** 32n) - 1n];

export function modelOf({ capacities, seed, steps }: Program): Modelled {
  const b = new PlanBuilder();
  b.table(
    't',
    capacities.map((capacity, k) => ({ party: `p${k}`, capacity })),
  );
  const rows = capacities.reduce((sum, capacity) => sum + capacity, 0);
  const random = splitmix(seed);
  const columns = new Map<string, Words>();
  const ringInput = (column: string, values: bigint[]): ModelRing => {
    columns.set(column, fromBigInts(values));
    return { handle: b.input({ table: 't', encoding: 'value', column, kind: 'ring' }), values };
  };
  const rings: ModelRing[] = [
    ringInput(
      'edges',
      list(rows, () => EDGES[Number(random() % 8n)]!),
    ),
    ringInput(
      'any',
      list(rows, () => wrap(random())),
    ),
    ringInput(
      'small',
      list(rows, () => wrap(random() % 5n)),
    ),
    { handle: b.constant(3n, rows), values: list(rows, () => 3n) },
  ];
  const flags = list(rows, () => (random() & 1n) === 1n);
  columns.set('', fromBools(flags));
  const bits: ModelBits[] = [
    { handle: b.input({ table: 't', encoding: 'present', kind: 'bits' }), values: flags },
    { handle: b.bit(1, rows), values: list(rows, () => true) },
  ];
  const names = Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[]; // an object's own keys are exactly these
  for (const [operation, ...picks] of steps) {
    const name = names[operation % names.length]!;
    OPERATIONS[name]({ b, rings, bits, picks });
  }
  const expected: { name: string; kind: string; values: readonly (bigint | boolean)[] }[] = [];
  const emit = (name: string, kind: string, { handle, values }: ModelRing | ModelBits) => {
    b.output(name, handle);
    expected.push({ name, kind, values });
  };
  for (const [k, x] of rings.slice(-5).entries()) emit(`ring${k}`, 'ring', x);
  for (const [k, x] of bits.slice(-4).entries()) emit(`bits${k}`, 'bits', x);
  const plan = b.build();
  const plain = new Map(planInputs(plan).map(({ node, input }) => [node, columns.get(nameOf(input))!]));
  return { plan, plain, expected };
}

const nameOf = (input: InputColumn): string => input.column ?? '';
