import assert from 'node:assert/strict';
import test from 'node:test';
import { type Bits, PlanBuilder, type Ring } from '../../src/plan/builder.ts';
import { planDigest, validatePlan } from '../../src/plan/check.ts';
import { planCost } from '../../src/plan/cost.ts';
import { planText } from '../../src/plan/text.ts';

function bids(): { b: PlanBuilder; amount: Ring; price: Ring; present: Bits } {
  const b = new PlanBuilder();
  b.table('bids', [
    { party: 'alice', capacity: 64 },
    { party: 'bob', capacity: 128 },
  ]);
  const column = (name: string) => b.input({ table: 'bids', encoding: 'value', column: name, kind: 'ring' });
  const present = b.input({ table: 'bids', encoding: 'present', kind: 'bits' });
  return { b, amount: column('amount'), price: column('price'), present };
}

/** The lines of the plan that compute `x`, without table and output. */
function linesOf(b: PlanBuilder, x: Ring | Bits): string[] {
  b.output(`z${x.id}`, x);
  const plan = b.build();
  validatePlan(plan);
  return planText(plan)
    .trim()
    .split('\n')
    .slice(1)
    .filter((line) => !line.startsWith('output'));
}

test('a plan reads as text, line by line', () => {
  const { b, amount, price, present } = bids();
  const cheap = b.lessThan(price, b.constant(100n, price.length));
  const counted = b.and(cheap, present);
  b.output('total', b.sum(b.timesBit(counted, amount)));
  b.output('count', b.sum(b.toRing(counted)));
  b.output('any', b.slice(counted, 0, 1));
  const golden = `table bids: alice 64, bob 128
n0 bits wire 192 = input bids present
n1 ring wire 192 = input bids.amount value
n2 ring wire 192 = input bids.price value
n3 ring wire 192 = linear 1*n2 -100
n4 bits share 192 = lessThanZero n3
n5 bits wire 192 = open n4
n6 bits share 192 = and n0 n5
n7 ring wire 192 = constant 0
n8 bits wire 192 = open n6
n9 ring share 192 = select n8 n1 n7
n10 ring share 1 = sum n9 groups=1
n11 ring wire 1 = open n10
n12 ring share 192 = bitToRing n8
n13 ring share 1 = sum n12 groups=1
n14 ring wire 1 = open n13
n15 bits share 1 = slice n6 start=0 length=1
n16 bits wire 1 = open n15
output total = n11
output count = n14
output any = n16
`;
  assert.equal(planText(b.build()), golden);
  // Compare, open, and, open, then the totals; the single bit leaves together with the wire of its vector.
  assert.equal(planCost(b.build()).rounds, 5);
});

test('the same calls give the same digest, other calls another', () => {
  const digest = (limit: bigint) => {
    const { b, amount } = bids();
    b.output('z', b.sum(b.scale(amount, limit)));
    return planDigest(b.build());
  };
  assert.equal(digest(2n), digest(2n));
  assert.notEqual(digest(2n), digest(3n));
  assert.match(digest(2n), /^[0-9a-f]{64}$/);
});

test('equal expressions are one node, whatever the order of their operands', () => {
  const { b, amount, price, present } = bids();
  assert.equal(b.multiply(amount, price).id, b.multiply(price, amount).id);
  assert.equal(b.add(amount, price).id, b.add(price, amount).id);
  const cheap = b.lessThanZero(amount);
  assert.equal(b.and(cheap, present).id, b.and(present, cheap, present).id);
  assert.equal(b.sub(amount, b.constant(1n, 192)).id, b.linear([[1n, amount]], -1n).id);
});

test('a share is opened once, however many gates use it and in whatever linear form', () => {
  const { b, amount, price } = bids();
  const product = b.multiply(amount, price);
  const sums = [
    b.multiply(product, amount),
    b.multiply(b.scale(product, 3n), amount),
    b.lessThanZero(b.sub(product, b.constant(7n, 192))),
    b.lessThanZero(b.sub(product, amount)),
    b.lessThanZero(b.repeat(product, 2)),
    b.lessThanZero(b.concat(product, amount)),
  ].map((x) => (x.kind === 'bits' ? b.toRing(b.slice(x, 0, 1)) : b.sum(x)));
  const opens = linesOf(b, b.add(...sums)).filter((line) => / = open /.test(line));
  // The product, four single comparison bits, the result.
  assert.equal(opens.length, 6);
  assert.equal(opens.filter((line) => line.includes('ring wire 192')).length, 1);
});

test('offsets, negations and copies of a share are made of its one opening', () => {
  const { b, amount, price, present } = bids();
  const openings = (plan: PlanBuilder, x: Ring | Bits, length: number) =>
    linesOf(plan, x).filter((line) => line.includes(`wire ${length} = open`)).length;
  const product = b.multiply(amount, price);
  const bounds = [3n, 5n, 8n].map((bound) => b.lessThanZero(b.linear([[2n, product]], -bound)));
  const copies = b.lessThanZero(b.repeat(b.multiply(amount, amount), 3));
  const low = b.lessThanZero(price);
  const either = b.xor(b.and(low, present), b.and(b.not(low), bounds[0]!));
  const all = b.concat(either, ...bounds, copies);
  // The two products, the sign of the price, the sign that the second AND needs; nothing three times as long.
  assert.equal(openings(b, b.slice(all, 0, 1000), 192), 4);
  assert.equal(openings(b, all, 3 * 192), 0);
});

test('a select between shares opens only their difference', () => {
  const { b, amount, price, present } = bids();
  const [x, y] = [b.multiply(amount, amount), b.multiply(price, price)];
  const opens = linesOf(b, b.sum(b.select(present, x, y))).filter((line) => line.includes(' = open '));
  assert.deepEqual(
    opens.map((line) => line.replace(/n\d+/g, 'n')),
    ['n ring wire 192 = open n', 'n ring wire 1 = open n'],
  );
});

test('constants fold away', () => {
  const { b, amount, present } = bids();
  const five = b.constant(5n, 192);
  const same = (x: Ring | Bits, y: Ring | Bits) => assert.equal(x.id, y.id);
  same(b.multiply(five, five), b.constant(25n, 192));
  same(b.multiply(five, amount), b.scale(amount, 5n));
  same(b.dot(amount, five), b.scale(b.sum(amount), 5n));
  same(b.linear([[2n, five]], 1n), b.constant(11n, 192));
  same(b.linear([[0n, amount]], 4n), b.constant(4n, 192));
  same(b.sub(amount, amount), b.constant(0n, 192));
  same(b.negate(b.negate(amount)), amount);
  same(b.scale(amount, 2n ** 64n), b.constant(0n, 192));
  same(b.sum(five, 3), b.constant(5n * 64n, 3));
  same(b.slice(five, 3, 7), b.constant(5n, 7));
  same(b.concat(five, five), b.constant(5n, 384));
  same(b.repeat(five, 2), b.constant(5n, 384));
  same(b.vector([1n, 1n, 1n]), b.constant(1n, 3));
  same(b.lessThanZero(b.constant(-1n, 192)), b.bit(1, 192));
  same(b.equalsZero(five), b.bit(0, 192));
  same(b.toRing(b.bit(1, 192)), b.constant(1n, 192));
  same(b.select(b.bit(1, 192), amount, five), amount);
  same(b.select(present, amount, amount), amount);
  same(b.timesBit(present, five), b.scale(b.toRing(present), 5n));
  same(b.not(b.not(present)), present);
  same(b.xor(present, present), b.bit(0, 192));
  same(b.xor(present, b.bit(1, 192)), b.not(present));
  same(b.and(present, b.bit(1, 192)), present);
  same(b.and(present, b.bit(0, 192)), b.bit(0, 192));
  same(b.or(present, b.bit(1, 192)), b.bit(1, 192));
});

test('slices reach through slices and concatenations', () => {
  const { b, amount, price } = bids();
  const both = b.concat(amount, price, amount);
  assert.equal(b.slice(both, 192, 192).id, price.id);
  assert.equal(b.slice(both, 200, 10).id, b.slice(price, 8, 10).id);
  assert.equal(b.slice(b.slice(both, 100, 200), 100, 20).id, b.slice(price, 8, 20).id);
});

test('what no output needs is dropped, inputs too, and the rest keeps its order', () => {
  const { b, amount, price, present } = bids();
  b.lessThanZero(price);
  b.and(present, b.lessThanZero(amount));
  assert.deepEqual(linesOf(b, b.sum(price)), [
    'n0 ring wire 192 = input bids.price value',
    'n1 ring wire 1 = sum n0 groups=1',
    'n2 ring wire 1 = open n1',
  ]);
});

test('every output has an opening of its own, even of the same value', () => {
  const { b, amount, price } = bids();
  const product = b.multiply(amount, price);
  b.output('x', product);
  b.output('y', product);
  b.output('low', b.lessThanZero(product));
  b.output('input', amount);
  const plan = b.build();
  validatePlan(plan);
  assert.equal(new Set(plan.outputs.map(({ node }) => node)).size, 4);
  assert.throws(() => b.output('x', amount), { code: 'plan.duplicate-output' });
});

test('group sums of any domain are padded inside and cut outside, and a value is dealt once', () => {
  const { b, amount, price } = bids();
  const { counts, sums } = b.groupSum(price, 5, [amount, amount, b.constant(3n, 192)]);
  assert.deepEqual([counts.length, ...sums.map((x) => x.length)], [5, 5, 5, 5]);
  assert.equal(sums[0]!.id, sums[1]!.id);
  assert.equal(sums[2]!.id, b.scale(counts, 3n).id);
  assert.deepEqual(
    linesOf(b, b.concat(counts, ...sums)).filter((line) => line.includes('groupSum')),
    ['n2 ring share 16 = groupSum n1 n0 domain=8'],
  );
});

test('operands that do not fit are refused at once', () => {
  const { b, amount, present } = bids();
  const short = b.slice(amount, 0, 5);
  assert.throws(() => b.add(amount, short), /equal lengths/);
  assert.throws(() => b.and(present, b.slice(present, 0, 5)), /equal lengths/);
  assert.throws(() => b.slice(amount, 190, 5), /inside/);
  assert.throws(() => b.sum(amount, 7), /rows of equal length/);
  assert.throws(() => b.table('bids', [{ party: 'x', capacity: 64 }]), /declared once/);
  assert.throws(() => b.table('odd', [{ party: 'x', capacity: 65 }]), /groups of 64/);
  assert.throws(() => b.input({ table: 'none', encoding: 'present', kind: 'bits' }), /declared table/);
});

test('an AND inside an AND gives its terms, unless it is opened anyway', () => {
  const { b, amount, price, present } = bids();
  const [x, y, z] = [5n, 6n, 7n].map((bound) => b.lessThan(amount, b.constant(bound, 192)));
  const inner = b.and(x!, y!);
  assert.equal(b.and(inner, z!).id, b.and(x!, y!, z!).id);
  assert.equal(b.and(present, inner, z!).id, b.and(x!, b.and(present, y!, z!)).id);
  const opened = b.opened(b.and(y!, z!));
  const counted = b.and(opened, x!);
  assert.notEqual(counted.id, b.and(x!, y!, z!).id);
  assert.equal(price.length, 192);
});

test('what is ready first is combined first, and all gates but one are full', () => {
  const { b, amount, present } = bids();
  // One bit that is ready late beside six that are ready at once: the late one meets one gate, not two.
  const early = [0, 1, 2, 3, 4, 5].map((at) =>
    b.input({ table: 'bids', encoding: 'value', column: `f${at}`, kind: 'bits' }),
  );
  const late = b.lessThan(amount, b.constant(5n, 192));
  b.output('all', b.and(late, ...early));
  const plan = b.build();
  assert.equal(plan.nodes.filter(({ operation }) => operation.op === 'and').length, 2);
  // Two rounds compare, one opens the bit, one the result.
  assert.equal(planCost(plan).rounds, 4);
  assert.equal(present.length, 192);
});
