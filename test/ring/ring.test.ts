import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromBools } from '../../src/ring/bits.ts';
import * as ring from '../../src/ring/ring.ts';
import { newRing } from '../../src/ring/words.ts';

const EDGES = [
  0n,
  1n,
  -1n,
  2n,
  0xffffffffn,
  0x100000000n,
  -0x100000000n,
  2n ** 62n,
  -(2n ** 62n),
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const element = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...EDGES) },
  { weight: 2, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
);
const pairs = fc.array(fc.tuple(element, element), { minLength: 0, maxLength: 130, size: 'max' });
const wrap = (value: bigint) => BigInt.asIntN(64, value);
const left = (list: readonly (readonly [bigint, bigint])[]) => list.map(([a]) => a);
const right = (list: readonly (readonly [bigint, bigint])[]) => list.map(([, b]) => b);

type Binary = (out: Uint32Array, a: Uint32Array, b: Uint32Array) => Uint32Array;
const binaries: readonly [string, Binary, (a: bigint, b: bigint) => bigint][] = [
  ['add', ring.add, (a, b) => a + b],
  ['sub', ring.sub, (a, b) => a - b],
  ['mul', ring.mul, (a, b) => a * b],
];

for (const [name, kernel, plain] of binaries) {
  test(`${name} is plain arithmetic modulo 2^64, into a new vector or into an operand`, () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const expected = list.map(([a, b]) => wrap(plain(a, b)));
        const a = ring.fromBigInts(left(list));
        const b = ring.fromBigInts(right(list));
        assert.deepEqual(ring.toBigInts(kernel(newRing(list.length), a, b)), expected);
        assert.deepEqual(ring.toBigInts(a), left(list), 'operands stay as they were');
        const [overA, overB] = [a.slice(), b.slice()];
        assert.deepEqual(ring.toBigInts(kernel(overA, overA, b)), expected);
        assert.deepEqual(ring.toBigInts(kernel(overB, a, overB)), expected);
      }),
    );
  });

  test(`${name} is right on every pair of edge values, and of a vector with itself`, () => {
    const list = EDGES.flatMap((a) => EDGES.map((b): [bigint, bigint] => [a, b]));
    assert.equal(list.length, 121);
    const a = ring.fromBigInts(left(list));
    const out = kernel(newRing(list.length), a, ring.fromBigInts(right(list)));
    assert.deepEqual(
      ring.toBigInts(out),
      list.map(([x, y]) => wrap(plain(x, y))),
    );
    assert.deepEqual(
      ring.toBigInts(kernel(a, a, a)),
      list.map(([x]) => wrap(plain(x, x))),
    );
  });
}

test('the carry of a product is exact where the double product rounds most', () => {
  const words: number[] = [];
  for (let k = 0; k < 32; k++) {
    for (const d of [-2, -1, 0, 1, 2]) words.push((2 ** k + d) >>> 0, (0xffffffff - 2 ** k + d) >>> 0);
  }
  const list = words.flatMap((a) => words.map((b): [bigint, bigint] => [BigInt(a), BigInt(b)]));
  assert(list.length > 100_000);
  const out = ring.mul(newRing(list.length), ring.fromBigInts(left(list)), ring.fromBigInts(right(list)));
  list.forEach(([a, b], i) => {
    const product = a * b;
    assert(
      out[2 * i] === Number(product & 0xffffffffn) && out[2 * i + 1] === Number(product >> 32n),
      `${a} * ${b}`,
    );
  });
});

test('mulAdd and mulSub accumulate products', () => {
  fc.assert(
    fc.property(pairs, element, (list, start) => {
      const [a, b] = [ring.fromBigInts(left(list)), ring.fromBigInts(right(list))];
      const from = ring.fill(newRing(list.length), ring.constantOf(start));
      assert.deepEqual(
        ring.toBigInts(ring.mulAdd(from.slice(), a, b)),
        list.map(([x, y]) => wrap(start + x * y)),
      );
      assert.deepEqual(
        ring.toBigInts(ring.mulSub(from.slice(), a, b)),
        list.map(([x, y]) => wrap(start - x * y)),
      );
    }),
  );
});

test('negation and public constants are plain arithmetic modulo 2^64', () => {
  fc.assert(
    fc.property(pairs, element, (list, k) => {
      const a = ring.fromBigInts(left(list));
      const b = ring.fromBigInts(right(list));
      const constant = ring.constantOf(k);
      const values = left(list);
      assert.deepEqual(
        ring.toBigInts(ring.neg(newRing(list.length), a)),
        values.map((x) => wrap(-x)),
      );
      assert.deepEqual(
        ring.toBigInts(ring.scale(newRing(list.length), a, constant)),
        values.map((x) => wrap(k * x)),
      );
      assert.deepEqual(
        ring.toBigInts(ring.addConstant(newRing(list.length), a, constant)),
        values.map((x) => wrap(x + k)),
      );
      assert.deepEqual(
        ring.toBigInts(ring.scaleAdd(b.slice(), a, constant)),
        list.map(([x, y]) => wrap(y + k * x)),
      );
      assert.deepEqual(
        ring.toBigInts(ring.scale(a, a, constant)),
        values.map((x) => wrap(k * x)),
      );
    }),
  );
});

test('sums and inner products go by rows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.infiniteStream(element),
      (groups, len, values) => {
        const take = () => Array.from({ length: groups * len }, () => values.next().value as bigint); // an infinite stream always has a value
        const [x, y] = [take(), take()];
        const [a, b] = [ring.fromBigInts(x), ring.fromBigInts(y)];
        const rows = Array.from({ length: groups }, (_, g) =>
          Array.from({ length: len }, (_, i) => g * len + i),
        );
        const total = (term: (i: number) => bigint) =>
          rows.map((row) => wrap(row.reduce((sum, i) => sum + term(i), 0n)));
        assert.deepEqual(
          ring.toBigInts(ring.sumGroups(newRing(groups), a, groups)),
          total((i) => x[i]!),
        );
        assert.deepEqual(
          ring.toBigInts(ring.dotGroups(newRing(groups), a, b, groups)),
          total((i) => x[i]! * y[i]!),
        );
        assert.deepEqual(
          ring.toBigInts(ring.repeatEach(newRing(groups * len * 3), a, 3)),
          x.flatMap((value) => [value, value, value]),
        );
      },
    ),
  );
});

test('bits choose, negate and become ring elements', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(element, fc.boolean()), { maxLength: 200, size: 'max' }), (list) => {
      const a = ring.fromBigInts(list.map(([x]) => x));
      const bits = fromBools(list.map(([, bit]) => bit));
      assert.deepEqual(
        ring.toBigInts(ring.fromBits(newRing(list.length), bits)),
        list.map(([, bit]) => (bit ? 1n : 0n)),
      );
      assert.deepEqual(
        ring.toBigInts(ring.keepWhere(newRing(list.length), a, bits)),
        list.map(([x, bit]) => (bit ? x : 0n)),
      );
      assert.deepEqual(
        ring.toBigInts(ring.negateWhere(a, a, bits)),
        list.map(([x, bit]) => (bit ? wrap(-x) : x)),
      );
    }),
  );
});

test('shiftLeft multiplies by any power of two below 2^32', () => {
  const a = ring.fromBigInts(EDGES);
  for (let count = 0; count < 32; count++) {
    assert.deepEqual(
      ring.toBigInts(ring.shiftLeft(newRing(EDGES.length), a, count)),
      EDGES.map((x) => BigInt.asIntN(64, x << BigInt(count))),
      `${count} bits`,
    );
  }
  assert.throws(() => ring.shiftLeft(newRing(EDGES.length), a, 32));
});

test('shiftRight divides the unsigned elements by any power of two, rounding down', () => {
  const a = ring.fromBigInts(EDGES);
  for (let count = 0; count < 64; count++) {
    const expected = EDGES.map((x) => wrap(BigInt.asUintN(64, x) >> BigInt(count)));
    assert.deepEqual(
      ring.toBigInts(ring.shiftRight(newRing(EDGES.length), a, count)),
      expected,
      `by ${count}`,
    );
  }
});

test('isEqual tells vectors apart by length and by any word', () => {
  const a = ring.fromBigInts([1n, 2n]);
  assert(ring.isEqual(a, a.slice()));
  assert(!ring.isEqual(a, ring.fromBigInts([1n])));
  assert(!ring.isEqual(a, ring.fromBigInts([1n, 2n + 2n ** 32n])));
});

test('vectors of different lengths are refused', () => {
  assert.throws(() => ring.add(newRing(2), newRing(2), newRing(3)), /one length/);
  assert.throws(() => ring.sumGroups(newRing(2), newRing(3), 2), /groups x len/);
  assert.throws(() => ring.fromBits(newRing(65), new Uint32Array(2)), /one bit for each/);
});
