/**
 * Every simple gate, run by dealer and two servers on real tapes, against its plain meaning computed here with BigInt and
 * lists (and against the gate's own `clear`). The harness checks the counted cost of every run against `cost`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bitToRingGate } from '../../src/gates/bit-to-ring.ts';
import { concatGate } from '../../src/gates/concat.ts';
import { constantGate } from '../../src/gates/constant.ts';
import { dotGate } from '../../src/gates/dot.ts';
import type { Form } from '../../src/gates/gate.ts';
import { linearGate } from '../../src/gates/linear.ts';
import { lowBitGate } from '../../src/gates/low-bit.ts';
import { multiplyGate } from '../../src/gates/multiply.ts';
import { openGate } from '../../src/gates/open.ts';
import { repeatGate } from '../../src/gates/repeat.ts';
import { runningSumGate } from '../../src/gates/running-sum.ts';
import { selectGate } from '../../src/gates/select.ts';
import { sliceGate } from '../../src/gates/slice.ts';
import { sumGate } from '../../src/gates/sum.ts';
import { xorGate } from '../../src/gates/xor.ts';
import { toBools } from '../../src/ring/bits.ts';
import { BLOCK_ELEMENTS } from '../../src/ring/blocks.ts';
import { toBigInts } from '../../src/ring/ring.ts';
import { bitsInput as bits, type GateRun, ringInput as ring, runGate } from '../support/gate-harness.ts';

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const EDGES = [
  0n,
  1n,
  -1n,
  MIN,
  MAX,
  2n ** 62n,
  2n ** 62n - 1n,
  -(2n ** 62n),
  -(2n ** 62n) - 1n,
  2n ** 32n,
  -(2n ** 32n),
];
const wrap = (value: bigint) => BigInt.asIntN(64, value);

const element = fc.oneof(fc.constantFrom(...EDGES), fc.bigInt({ min: MIN, max: MAX }));
const length = fc.oneof(fc.constantFrom(1, 2, 63, 64, 65, 128), fc.integer({ min: 1, max: 200 }));
const form = fc.constantFrom<Form>('wire', 'share');
const seed = fc.nat(0xffff);
const elements = (n: number) => fc.array(element, { minLength: n, maxLength: n });
const booleans = (n: number) => fc.array(fc.boolean(), { minLength: n, maxLength: n });

function assertRing(run: GateRun, expected: readonly bigint[]): void {
  assert.deepEqual(toBigInts(run.output), expected);
  assert.deepEqual(run.expected, run.output, 'clear says the same');
  assert.deepEqual([run.shape.kind, run.shape.length], ['ring', expected.length]);
}

function assertBits(run: GateRun, expected: readonly boolean[]): void {
  assert.deepEqual(toBools(run.output, expected.length), expected);
  assert.deepEqual(run.expected, run.output, 'clear says the same');
  assert.deepEqual([run.shape.kind, run.shape.length], ['bits', expected.length]);
}

/** A list of a random length, and as many lists of that length as asked for. */
const ringLists = (count: number) =>
  length.chain((n) => fc.array(elements(n), { minLength: count, maxLength: count }));

test('constant is the same value everywhere, known to all', () => {
  fc.assert(
    fc.property(length, element, fc.boolean(), seed, (n, value, bit, number) => {
      const filled = runGate(
        constantGate,
        { op: 'constant', kind: 'ring', value: `${value}`, length: n },
        [],
        number,
      );
      assertRing(
        filled,
        Array.from({ length: n }, () => value),
      );
      assert.equal(filled.shape.form, 'wire');
      const flags = runGate(
        constantGate,
        { op: 'constant', kind: 'bits', value: bit ? '1' : '0', length: n },
        [],
        number,
      );
      assertBits(
        flags,
        Array.from({ length: n }, () => bit),
      );
    }),
  );
});

test('linear is a weighted sum and an offset, over wires, shares and both', () => {
  const terms = length.chain((n) =>
    fc.array(fc.tuple(elements(n), element, form), { minLength: 1, maxLength: 4 }),
  );
  const seen = new Set<Form>();
  fc.assert(
    fc.property(terms, element, seed, (list, offset, number) => {
      const operation = {
        op: 'linear',
        coefficients: list.map(([, c]) => `${c}`),
        offset: `${offset}`,
      } as const;
      const run = runGate(
        linearGate,
        operation,
        list.map(([values, , held]) => ring(values, held)),
        number,
      );
      assertRing(
        run,
        list[0]![0].map((_, i) => wrap(list.reduce((sum, [x, c]) => sum + c * x[i]!, offset))),
      );
      assert.equal(run.shape.form, list.some(([, , held]) => held === 'share') ? 'share' : 'wire');
      seen.add(run.shape.form);
    }),
  );
  assert.equal(seen.size, 2, 'both forms came out');
});

test('linear leaves its inputs as they were when it is a plain copy', () => {
  const run = runGate(
    linearGate,
    { op: 'linear', coefficients: ['1'], offset: '5' },
    [ring([1n, -1n], 'share')],
    1,
  );
  assertRing(run, [6n, 4n]);
});

test('sum adds up rows', () => {
  const rows = fc
    .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 20 }))
    .chain(([groups, len]) => fc.tuple(fc.constant(groups), elements(groups * len)));
  fc.assert(
    fc.property(rows, form, seed, ([groups, values], held, number) => {
      const len = values.length / groups;
      const run = runGate(sumGate, { op: 'sum', groups }, [ring(values, held)], number);
      assertRing(
        run,
        Array.from({ length: groups }, (_, g) =>
          wrap(values.slice(g * len, (g + 1) * len).reduce((a, b) => a + b)),
        ),
      );
      assert.equal(run.shape.form, held);
    }),
  );
});

test('runningSum adds up all elements so far, lowBit keeps each modulo 2; both keep the form', () => {
  fc.assert(
    fc.property(length.chain(elements), form, seed, (values, held, number) => {
      let sum = 0n;
      const sums = runGate(runningSumGate, { op: 'runningSum' }, [ring(values, held)], number);
      assertRing(
        sums,
        values.map((value) => {
          sum = wrap(sum + value);
          return sum;
        }),
      );
      const low = runGate(lowBitGate, { op: 'lowBit' }, [ring(values, held)], number);
      assertBits(
        low,
        values.map((value) => (value & 1n) === 1n),
      );
      assert.deepEqual([sums.shape.form, low.shape.form], [held, held]);
    }),
  );
});

test('slice and repeat place elements and bits', () => {
  const range = length.chain((n) => fc.tuple(elements(n), booleans(n), fc.nat(n - 1), fc.nat(n)));
  fc.assert(
    fc.property(
      range,
      form,
      fc.integer({ min: 1, max: 4 }),
      seed,
      ([values, flags, start, ask], held, times, number) => {
        const count = Math.max(1, Math.min(ask, values.length - start));
        const cut = { op: 'slice', start, length: count } as const;
        assertRing(runGate(sliceGate, cut, [ring(values, held)], number), values.slice(start, start + count));
        assertBits(runGate(sliceGate, cut, [bits(flags, held)], number), flags.slice(start, start + count));
        const copies = Array.from({ length: times });
        const whole = { op: 'repeat', times, each: false } as const;
        assertRing(
          runGate(repeatGate, whole, [ring(values, held)], number),
          copies.flatMap(() => values),
        );
        assertBits(
          runGate(repeatGate, whole, [bits(flags, held)], number),
          copies.flatMap(() => flags),
        );
        const each = { op: 'repeat', times, each: true } as const;
        assertRing(
          runGate(repeatGate, each, [ring(values, held)], number),
          values.flatMap((x) => copies.map(() => x)),
        );
        assertBits(
          runGate(repeatGate, each, [bits(flags, held)], number),
          flags.flatMap((x) => copies.map(() => x)),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('concat joins vectors of any lengths, over wires, shares and both', () => {
  const parts = <T>(list: (n: number) => fc.Arbitrary<T[]>) =>
    fc.array(fc.tuple(length.chain(list), form), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(parts(elements), parts(booleans), seed, (numbers, flags, number) => {
      const joined = runGate(
        concatGate,
        { op: 'concat' },
        numbers.map(([values, held]) => ring(values, held)),
        number,
      );
      assertRing(
        joined,
        numbers.flatMap(([values]) => values),
      );
      assertBits(
        runGate(
          concatGate,
          { op: 'concat' },
          flags.map(([values, held]) => bits(values, held)),
          number,
        ),
        flags.flatMap(([values]) => values),
      );
    }),
    { numRuns: 60 },
  );
});

test('xor is the parity of its inputs, inverted or not, over wires, shares and both', () => {
  const lists = length.chain((n) => fc.array(fc.tuple(booleans(n), form), { minLength: 1, maxLength: 4 }));
  fc.assert(
    fc.property(lists, fc.boolean(), seed, (list, invert, number) => {
      const run = runGate(
        xorGate,
        { op: 'xor', invert },
        list.map(([flags, held]) => bits(flags, held)),
        number,
      );
      assertBits(
        run,
        list[0]![0].map((_, i) => list.reduce((sum, [flags]) => sum !== flags[i]!, invert)),
      );
    }),
  );
});

test('open makes a wire of a share or of a wire, in one round, and shows only the masked value', () => {
  const both = length.chain((n) => fc.tuple(elements(n), booleans(n)));
  fc.assert(
    fc.property(both, form, seed, ([values, flags], held, number) => {
      const numbers = runGate(openGate, { op: 'open' }, [ring(values, held)], number);
      assertRing(numbers, values);
      assert.deepEqual(
        [numbers.shape.form, numbers.rounds, numbers.bytesOnline],
        ['wire', 1, 8 * values.length],
      );
      assert.notDeepEqual(numbers.opened[0], numbers.output);
      const packed = runGate(openGate, { op: 'open' }, [bits(flags, held)], number);
      assertBits(packed, flags);
      assert.equal(packed.bytesOnline, 8 * Math.ceil(flags.length / 64));
    }),
  );
});

test('multiply is the product, on every pair of edge values and on random ones', () => {
  const pairs = EDGES.flatMap((x) => EDGES.map((y): [bigint, bigint] => [x, y]));
  const edges = runGate(
    multiplyGate,
    { op: 'multiply' },
    [ring(pairs.map(([x]) => x)), ring(pairs.map(([, y]) => y))],
    7,
  );
  assertRing(
    edges,
    pairs.map(([x, y]) => wrap(x * y)),
  );
  assert.equal(pairs.length, 121);
  fc.assert(
    fc.property(ringLists(2), seed, ([x, y], number) => {
      const run = runGate(multiplyGate, { op: 'multiply' }, [ring(x!), ring(y!)], number);
      assertRing(
        run,
        x!.map((value, i) => wrap(value * y![i]!)),
      );
      assert.deepEqual([run.rounds, run.bytesOnline, run.bytesTape], [0, 0, 8 * x!.length]);
    }),
  );
});

test('dot is the inner product of rows and costs by the number of rows only', () => {
  const rows = fc
    .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 20 }))
    .chain(([groups, len]) => fc.tuple(fc.constant(groups), elements(groups * len), elements(groups * len)));
  fc.assert(
    fc.property(rows, seed, ([groups, x, y], number) => {
      const len = x.length / groups;
      const run = runGate(dotGate, { op: 'dot', groups }, [ring(x), ring(y)], number);
      assertRing(
        run,
        Array.from({ length: groups }, (_, g) =>
          wrap(x.slice(g * len, (g + 1) * len).reduce((sum, value, i) => sum + value * y[g * len + i]!, 0n)),
        ),
      );
      assert.equal(run.bytesTape, 8 * groups);
    }),
  );
});

test('select takes x where the bit is 1 and y where it is 0, on every pair of edge values and on random ones', () => {
  const cases = EDGES.flatMap((x) =>
    EDGES.flatMap((y) => [true, false].map((bit): [boolean, bigint, bigint] => [bit, x, y])),
  );
  assert.equal(cases.length, 242);
  const check = (list: readonly (readonly [boolean, bigint, bigint])[], number: number) => {
    const inputs = [
      bits(list.map(([bit]) => bit)),
      ring(list.map(([, x]) => x)),
      ring(list.map(([, , y]) => y)),
    ];
    const run = runGate(selectGate, { op: 'select' }, inputs, number);
    assertRing(
      run,
      list.map(([bit, x, y]) => (bit ? x : y)),
    );
    assert.deepEqual([run.rounds, run.bytesOnline, run.bytesTape], [0, 0, 16 * list.length]);
  };
  check(cases, 7);
  const list = length.chain((n) =>
    fc.array(fc.tuple(fc.boolean(), element, element), { minLength: n, maxLength: n }),
  );
  fc.assert(fc.property(list, seed, check));
});

test('bitToRing is 0 or 1', () => {
  fc.assert(
    fc.property(length.chain(booleans), seed, (flags, number) => {
      const run = runGate(bitToRingGate, { op: 'bitToRing' }, [bits(flags)], number);
      assertRing(
        run,
        flags.map((bit) => (bit ? 1n : 0n)),
      );
      assert.equal(run.bytesTape, 8 * flags.length);
    }),
  );
});

test('vectors longer than a block are multiplied and selected whole', () => {
  const n = 2 * BLOCK_ELEMENTS + 65;
  const x = Array.from({ length: n }, (_, i) => EDGES[i % EDGES.length]! + BigInt(i)).map(wrap);
  const y = Array.from({ length: n }, (_, i) => EDGES[(3 * i) % EDGES.length]! - BigInt(i)).map(wrap);
  const flags = x.map((_, i) => (i * 2654435761) % 5 < 2);
  const product = runGate(multiplyGate, { op: 'multiply' }, [ring(x), ring(y)], 8);
  assertRing(
    product,
    x.map((value, i) => wrap(value * y[i]!)),
  );
  const chosen = runGate(selectGate, { op: 'select' }, [bits(flags), ring(x), ring(y)], 9);
  assertRing(
    chosen,
    flags.map((flag, i) => (flag ? x[i]! : y[i]!)),
  );
});
