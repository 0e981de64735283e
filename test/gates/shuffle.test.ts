/**
 * Shuffle: the rows stay whole, their order is anyone's, and neither server sees anything but uniform words.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { bytesOfWords } from '../../src/base/bytes.ts';
import type { Shape } from '../../src/gates/gate.ts';
import { shuffleGate } from '../../src/gates/shuffle.ts';
import { PlanBuilder } from '../../src/plan/builder.ts';
import { toBigInts } from '../../src/ring/ring.ts';
import { runPlan } from '../engine/two-servers.ts';
import { CHI_SQUARE_LIMIT, chiSquareOfBytes, ringInput, runGate } from '../support/gate-harness.ts';
import { anyElement, anySeed, LENGTHS } from '../support/table-gates.ts';

const run = (columns: readonly (readonly bigint[])[], seed: number) =>
  runGate(
    shuffleGate,
    { op: 'shuffle' },
    columns.map((column) => ringInput(column)),
    seed,
  );

const rowsOf = (values: readonly bigint[], rows: number): string[] =>
  Array.from({ length: rows }, (_, row) => values.filter((_value, at) => at % rows === row).join());

for (const length of LENGTHS) {
  test(`${length} rows of three columns come back whole, at 24 bytes a row each way and of tape`, () => {
    const column = fc.array(anyElement, { minLength: length, maxLength: length });
    fc.assert(
      fc.property(fc.tuple(column, column, column), anySeed, (columns, seed) => {
        const { output, shape, rounds, bytesOnline, bytesOnlineB, bytesTape } = run(columns, seed);
        assert.deepEqual(rowsOf(toBigInts(output), length).sort(), rowsOf(columns.flat(), length).sort());
        assert.deepEqual(shape, { kind: 'ring', form: 'wire', length: 3 * length });
        assert.deepEqual(
          [rounds, bytesOnline, bytesOnlineB, bytesTape],
          [2, 24 * length, 24 * length, 24 * length],
        );
      }),
      { numRuns: 15 },
    );
  });
}

test('each server sends in its own round only', () => {
  const { sent } = run([[1n, 2n, 3n]], 1);
  assert.deepEqual(
    [sent.a.map((words) => words.length), sent.b.map((words) => words.length)],
    [
      [6, 0],
      [0, 6],
    ],
  );
});

test('every order of four rows is equally likely', () => {
  const counts = new Map<string, number>();
  const draws = 7200;
  for (let seed = 0; seed < draws; seed++) {
    const order = toBigInts(run([[0n, 1n, 2n, 3n]], seed).output).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24, 'every order occurs');
  const expected = draws / 24;
  const statistic = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  // 23 degrees of freedom: beyond 73 less often than once in 10^6.
  assert.ok(statistic < 73, `chi-square ${statistic.toFixed(0)}`);
});

test('messages and corrections are uniform, though every row is the same', () => {
  const same = Array<bigint>(4096).fill(0n);
  const { sent, corrections } = run([same, same], 77);
  const seen = { 'sent by A': sent.a[0]!, 'sent by B': sent.b[1]! };
  for (const [what, words] of Object.entries(seen)) {
    const statistic = chiSquareOfBytes(bytesOfWords(words));
    assert.ok(statistic < CHI_SQUARE_LIMIT, `${what}: chi-square ${statistic.toFixed(0)}`);
  }
  assert.ok(chiSquareOfBytes(corrections) < CHI_SQUARE_LIMIT, 'corrections');
});

test('the mask of a shuffled wire is another one than that of any row, and no server sends its half of it', () => {
  const rows = 512;
  const values = Array.from({ length: rows }, (_, i) => BigInt(i));
  const { sent, output } = run([values], 5);
  const plain = toBigInts(output);
  const [fromA, fromB] = [toBigInts(sent.a[0]!), toBigInts(sent.b[1]!)];
  // What is seen minus what it hides is a mask: over the rows no mask occurs twice, in either message.
  const masks = new Set([...fromB.map((v, i) => BigInt.asIntN(64, v - plain[i]!)), ...fromA]);
  assert.equal(masks.size, 2 * rows);
});

test('each server puts a mask of its own on what it hands over: nothing it got comes back bare', () => {
  const { sent, held } = run([Array<bigint>(256).fill(3n)], 6);
  const [input] = held.a;
  assert.ok(input?.form === 'wire', 'the input is a wire');
  const seen = [input.masked, sent.a[0]!, sent.b[1]!].flatMap((words) => toBigInts(words));
  assert.equal(new Set(seen).size, 3 * 256);
});

test('shuffled rows go on being computed with, on two servers', async () => {
  const builder = new PlanBuilder();
  builder.table('t', [{ party: 'p', capacity: 64 }]);
  const column = (name: string) =>
    builder.input({ table: 't', encoding: 'value', column: name, kind: 'ring' });
  const [x, y] = builder.shuffle([column('x'), builder.multiply(column('x'), column('y'))]);
  builder.output('same', builder.equals(builder.multiply(x!, builder.constant(3n, 64)), y!));
  builder.output('sum', builder.sum(builder.multiply(x!, y!)));
  const plan = builder.build();
  const values = (of: (i: number) => number) =>
    Uint32Array.from({ length: 128 }, (_, w) => (w % 2 === 0 ? of(w / 2) : 0));
  const plain = new Map([
    [0, values((i) => i)],
    [1, values(() => 3)],
  ]);
  const { results } = await runPlan(plan, plain);
  assert.deepEqual(results[0]!.values, Array<boolean>(64).fill(true));
  assert.deepEqual(results[1]!.values, [3n * ((63n * 64n * 127n) / 6n)]);
});

test('two shuffles of the same columns are two nodes', () => {
  const builder = new PlanBuilder();
  builder.table('t', [{ party: 'p', capacity: 64 }]);
  const x = builder.input({ table: 't', encoding: 'value', column: 'x', kind: 'ring' });
  assert.notEqual(builder.shuffle([x])[0]!.id, builder.shuffle([x])[0]!.id);
});

test('refuses anything but ring wires of one length', () => {
  const wire: Shape = { kind: 'ring', form: 'wire', length: 5 };
  const wrong: Shape[][] = [
    [],
    [{ ...wire, form: 'share' }],
    [{ ...wire, kind: 'bits' }],
    [{ ...wire, length: 0 }],
    [wire, { ...wire, length: 6 }],
  ];
  for (const inputs of wrong)
    assert.throws(() => shuffleGate.infer({ op: 'shuffle' }, inputs), { code: 'plan.bad-shape' });
});
