import assert from 'node:assert/strict';
import test from 'node:test';
import { LIMITS } from '../../src/base/limits.ts';
import { PlanBuilder } from '../../src/plan/builder.ts';
import { shapesOf, validatePlan } from '../../src/plan/check.ts';
import type { Plan, PlanNode } from '../../src/plan/plan.ts';
import { scheduleOf } from '../../src/plan/schedule.ts';
import { stripsOf } from '../../src/plan/strips.ts';

function good(): Plan {
  const b = new PlanBuilder();
  b.table('t', [
    { party: 'p', capacity: 64 },
    { party: 'q', capacity: 64 },
  ]);
  const x = b.input({ table: 't', encoding: 'value', column: 'x', kind: 'ring' });
  b.output('z', b.multiply(x, x));
  return b.build();
}

const open = (input: number): PlanNode => ({ operation: { op: 'open' }, inputs: [input] });

/** The good plan (n0 input, n1 multiply, n2 open) with one of its nodes replaced. */
function withNode(id: number, node: PlanNode): Plan {
  const plan = good();
  return { ...plan, nodes: plan.nodes.map((old, k) => (k === id ? node : old)) };
}

const input = { op: 'input', table: 't', encoding: 'value', column: 'x', kind: 'ring', length: 128 } as const;
const slice = (party: string, capacity: number) => ({ party, capacity });

/** Everything that is wrong with each plan, and the code it is refused with. */
const BAD: readonly (readonly [string, string, () => unknown])[] = [
  ['another version', 'plan.unknown-version', () => ({ ...good(), version: 2 })],
  ['a forward reference', 'plan.forward-reference', () => withNode(1, open(2))],
  ['a reference to itself', 'plan.forward-reference', () => withNode(1, open(1))],
  ['a negative reference', 'plan.forward-reference', () => withNode(1, open(-1))],
  ['a fractional reference', 'plan.forward-reference', () => withNode(1, open(0.5))],
  ['too few operands', 'plan.bad-shape', () => withNode(1, { operation: { op: 'multiply' }, inputs: [0] })],
  [
    'too many operands',
    'plan.bad-shape',
    () => withNode(1, { operation: { op: 'multiply' }, inputs: [0, 0, 0] }),
  ],
  [
    'operands of the wrong kind',
    'plan.bad-shape',
    () => withNode(1, { operation: { op: 'bitToRing' }, inputs: [0] }),
  ],
  ['an input with operands', 'plan.bad-shape', () => withNode(1, { operation: input, inputs: [0] })],
  [
    'an unknown operation',
    'plan.unknown-operation',
    () => ({ ...good(), nodes: [{ operation: { op: 'toString' }, inputs: [] }] }),
  ],
  [
    'an inherited property as operation',
    'plan.unknown-operation',
    () => ({ ...good(), nodes: [{ operation: { op: 'constructor' }, inputs: [] }] }),
  ],
  [
    'an enormous vector',
    'plan.too-large',
    () => withNode(1, { operation: { op: 'repeat', times: 2 ** 40, each: false }, inputs: [0] }),
  ],
  [
    'an input of the wrong length',
    'plan.bad-input',
    () => withNode(0, { operation: { ...input, length: 64 }, inputs: [] }),
  ],
  [
    'an undeclared table',
    'plan.bad-input',
    () => withNode(0, { operation: { ...input, table: 'u' }, inputs: [] }),
  ],
  [
    'a presence with a column',
    'plan.bad-input',
    () => withNode(0, { operation: { ...input, encoding: 'present' }, inputs: [] }),
  ],
  ['the same input twice', 'plan.bad-input', () => withNode(1, { operation: input, inputs: [] })],
  [
    'an output that is not an opening',
    'plan.bad-output',
    () => ({ ...good(), outputs: [{ name: 'z', node: 1 }] }),
  ],
  ['an output beyond the plan', 'plan.bad-output', () => ({ ...good(), outputs: [{ name: 'z', node: 9 }] })],
  ['no output', 'plan.bad-output', () => ({ ...good(), outputs: [] })],
  [
    'two outputs of one name',
    'plan.bad-output',
    () => ({
      ...good(),
      nodes: [...good().nodes, open(1)],
      outputs: [
        { name: 'z', node: 2 },
        { name: 'z', node: 3 },
      ],
    }),
  ],
  [
    'two outputs under one mask',
    'plan.bad-output',
    () => ({
      ...good(),
      outputs: [
        { name: 'z', node: 2 },
        { name: 'y', node: 2 },
      ],
    }),
  ],
  [
    'an output used inside the plan',
    'plan.bad-output',
    () => ({ ...good(), nodes: [...good().nodes, open(2)] }),
  ],
  [
    'a table declared twice',
    'plan.bad-table',
    () => ({ ...good(), tables: [...good().tables, ...good().tables] }),
  ],
  [
    'a party twice in a table',
    'plan.bad-table',
    () => ({ ...good(), tables: [{ name: 't', slices: [slice('p', 64), slice('p', 64)] }] }),
  ],
  ['a table of nobody', 'plan.bad-table', () => ({ ...good(), tables: [{ name: 't', slices: [] }] })],
  [
    'a capacity that is no multiple of 64',
    'plan.bad-table',
    () => ({ ...good(), tables: [{ name: 't', slices: [slice('p', 127), slice('q', 1)] }] }),
  ],
];

test('a plan of the builder is accepted, with its shapes', () => {
  assert.deepEqual(validatePlan(good()), shapesOf(good()));
  assert.deepEqual(shapesOf(good())[1], { kind: 'ring', form: 'share', length: 128 });
});

for (const [what, code, plan] of BAD) {
  test(`a plan with ${what} is refused`, () => {
    // These plans came as JSON from elsewhere: their type is what is being checked.
    assert.throws(() => validatePlan(plan() as Plan), { name: 'MpcError', code });
  });
}

test('bounds are the caller’s to tighten, and each is checked', () => {
  assert.throws(() => validatePlan(good(), { ...LIMITS, planNodes: 2 }), { code: 'plan.too-many-nodes' });
  assert.throws(() => validatePlan(good(), { ...LIMITS, tapeBytes: 128 * 8 - 1 }), {
    code: 'plan.tape-too-large',
  });
  assert.throws(() => validatePlan(good(), { ...LIMITS, parties: 1 }), { code: 'plan.bad-table' });
  assert.throws(() => validatePlan(good(), { ...LIMITS, rows: 1 }), { code: 'plan.bad-table' });
  assert.doesNotThrow(() =>
    validatePlan(good(), { ...LIMITS, planNodes: 3, tapeBytes: 128 * 8, parties: 2 }),
  );
});

test('gates start as soon as their inputs are there, and openings of one step leave together', () => {
  const b = new PlanBuilder();
  b.table('t', [{ party: 'p', capacity: 64 }]);
  const x = b.input({ table: 't', encoding: 'value', column: 'x', kind: 'ring' });
  const y = b.input({ table: 't', encoding: 'value', column: 'y', kind: 'ring' });
  b.output('product', b.multiply(x, y));
  b.output('low', b.lessThanZero(x));
  const plan = b.build();
  assert.deepEqual(
    plan.nodes.map(({ operation }) => operation.op),
    ['input', 'input', 'multiply', 'open', 'lessThanZero', 'open'],
  );
  assert.deepEqual(scheduleOf(stripsOf(plan)), {
    rounds: 3,
    steps: [[0, 1, 2, 3, 4], [3, 4], [4, 5], [5]],
  });
});
