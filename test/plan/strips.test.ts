/**
 * The expansion of long vectors: what is cut and what is not, and how many bands are under way at once.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { type Bits, PlanBuilder, type Ring } from '../../src/plan/builder.ts';
import { inputShapes, shapesOf } from '../../src/plan/check.ts';
import { planCost } from '../../src/plan/cost.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { scheduleOf } from '../../src/plan/schedule.ts';
import { type StripPlan, stripsOf } from '../../src/plan/strips.ts';

const SIZES = { stripRows: 64, bandRows: 128 };

/** A plan over a table of that many rows, whose columns are made when `make` names them. */
function planOf(
  rows: number,
  make: (b: PlanBuilder, column: (name: string) => Ring, present: Bits) => void,
): Plan {
  const b = new PlanBuilder();
  b.table('t', [
    { party: 'p', capacity: 64 },
    { party: 'q', capacity: rows - 64 },
  ]);
  make(
    b,
    (name) => b.input({ table: 't', encoding: 'value', column: name, kind: 'ring' }),
    b.input({ table: 't', encoding: 'present', kind: 'bits' }),
  );
  return b.build();
}

const longest = ({ shapes }: StripPlan): number => Math.max(...shapes.map(({ length }) => length));
const named = ({ nodes }: StripPlan): string[] => nodes.map(({ operation }) => operation.op);

test('a plan without long vectors expands to itself', () => {
  const plan = planOf(128, (b, column) => {
    b.output('z', b.multiply(column('x'), column('y')));
    b.output('n', b.lessThanZero(column('x')));
  });
  const strips = stripsOf(plan, SIZES);
  assert.equal(strips.nodes.length, plan.nodes.length);
  strips.nodes.forEach((node, id) => {
    const original = plan.nodes[id]!;
    assert.deepEqual(node.inputs, original.inputs);
    if (node.operation.op !== 'input') assert.deepEqual(node.operation, original.operation);
    else assert.deepEqual([node.operation.source, node.operation.start], [id, 0]);
  });
  assert.deepEqual(strips.shapes, shapesOf(plan));
  assert.deepEqual(
    strips.outputs.map(({ name, pieces }) => ({ name, node: pieces[0] })),
    plan.outputs,
  );
  assert.equal(strips.groups.length, 0);
});

test('what works row by row, and sums over rows, never make a vector longer than a strip', () => {
  const plan = planOf(64 * 7, (b, column, present) => {
    const [x, y] = [column('x'), column('y')];
    const small = b.and(present, b.lessThan(x, b.constant(7n, x.length)));
    b.output('sum', b.sum(b.timesBit(small, b.multiply(x, y))));
    b.output('dot', b.dot(x, y));
    const { counts, sums } = b.groupSum(x, 4, [y]);
    b.output('groups', b.concat(counts, ...sums));
  });
  assert.equal(longest(stripsOf(plan, SIZES)), 64);
});

test('a value of several planes is cut across all of them', () => {
  const plan = planOf(64 * 7, (b, column) => {
    const [first, second] = b.oneHot(column('x'), 4);
    const both = b.concat(first!, second!);
    const twice = b.repeat(column('y'), 2);
    b.output('sums', b.sum(b.timesBit(both, twice), 2));
  });
  const strips = stripsOf(plan, SIZES);
  assert.equal(longest(strips), 4 * 64);
  for (const output of strips.outputs) assert.equal(output.length, 2);
});

test('what depends on a total starts a new phase, and reads its rows again', () => {
  const plan = planOf(64 * 5, (b, column) => {
    const x = column('x');
    const total = b.opened(b.sum(x));
    const apart = b.sub(x, b.repeat(total, x.length));
    b.output('spread', b.dot(apart, apart));
  });
  const strips = stripsOf(plan, SIZES);
  assert.equal(strips.groups.length, 2);
  assert.equal(longest(strips), 64);
  assert.equal(named(strips).filter((op) => op === 'input').length, 10, 'five strips, twice');
});

test('a shuffle gets whole columns, and what follows it is cut again', () => {
  const plan = planOf(64 * 5, (b, column) => {
    const [moved] = b.shuffle([column('x')]);
    b.output('total', b.dot(moved!, moved!));
    b.output('products', b.multiply(b.opened(b.multiply(moved!, moved!)), column('x')));
  });
  const strips = stripsOf(plan, SIZES);
  for (const [id, node] of strips.nodes.entries()) {
    const { op } = node.operation;
    const lengths = inputShapes(node, strips.shapes).map(({ length }) => length);
    if (op === 'shuffle') assert.deepEqual(lengths, [320]);
    if (op === 'multiply' || op === 'open') assert.ok(strips.shapes[id]!.length <= 64, `${op} is cut`);
  }
  assert.equal(strips.outputs.find(({ name }) => name === 'products')?.pieces.length, 5);
});

test('values that are cut differently are put together before they meet', () => {
  const plan = planOf(64 * 4, (b, column) => {
    const planes = b.concat(column('x'), column('y'));
    const [moved] = b.shuffle([planes]);
    b.output('sum', b.sum(b.multiply(planes, b.opened(b.multiply(moved!, moved!)))));
  });
  const strips = stripsOf(plan, SIZES);
  assert.equal(shapesOf({ nodes: strips.nodes }).length, strips.nodes.length);
  assert.ok(named(strips).includes('concat'), 'the columns became one vector');
});

test('two bands are under way at a time, whatever the number of rows', () => {
  for (const strips of [8, 9, 40]) {
    const plan = planOf(64 * strips, (b, column) => {
      const x = column('x');
      b.output('sum', b.sum(b.timesBit(b.lessThanZero(x), b.multiply(x, x))));
    });
    const expanded = stripsOf(plan, SIZES);
    const { steps } = scheduleOf(expanded);
    const bandOf = new Map<number, number>();
    const [group] = expanded.groups;
    group!.strips.slice(0, -1).forEach((first, strip) => {
      for (let id = first; id < group!.strips[strip + 1]!; id++) bandOf.set(id, Math.floor(strip / 2));
    });
    const order = steps.flat().filter((id) => expanded.nodes[id]!.inputs.length > 0 && bandOf.has(id));
    const last = new Map(order.map((id, at) => [bandOf.get(id)!, at]));
    const begun = new Set<number>();
    let most = 0;
    order.forEach((id, at) => {
      begun.add(bandOf.get(id)!);
      const open = [...begun].filter((band) => last.get(band)! > at).length;
      most = Math.max(most, open);
    });
    assert.equal(begun.size, Math.ceil(strips / 2), 'every band ran');
    assert.ok(most <= 2 + (strips > 4 ? 1 : 0) && most >= 2, `${most} bands were under way`);
  }
});

test('a plan of many nodes over many rows expands to a bounded number of them', () => {
  const rows = 10 ** 8;
  const plan = planOf(rows, (b, column) => {
    let x = column('x');
    for (let k = 0; k < 1000; k++) x = b.opened(b.multiply(x, x));
    b.output('sum', b.sum(x));
  });
  const strips = stripsOf(plan);
  assert.ok(strips.nodes.length < 2 ** 20, `${strips.nodes.length} nodes`);
  assert.ok(strips.sizes.stripRows > 2 ** 15 && strips.sizes.stripRows <= 2 ** 19, 'strips grew');
});

test('rounds grow with bands only', () => {
  const comparing = (rows: number) =>
    planOf(rows, (b, column) => b.output('low', b.sum(b.toRing(b.lessThanZero(column('x'))))));
  const rounds = [128, 256, 512].map((rows) => planCost(comparing(rows), SIZES).rounds);
  const oneBand = planCost(comparing(64 * 40), { stripRows: 64, bandRows: 64 * 64 }).rounds;
  assert.equal(rounds[0], oneBand);
  assert.ok(rounds[1]! > rounds[0]! && rounds[2]! > rounds[1]!, `${rounds} rounds`);
});
