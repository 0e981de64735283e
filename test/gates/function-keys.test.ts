/**
 * The gates by function keys: against their clear meaning, against a slow second implementation
 * (test/support/function-keys-reference.ts), and for what each server holds.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MpcError } from '../../src/base/errors.ts';
import { dcfLessThanZeroGate } from '../../src/gates/dcf-less-than-zero.ts';
import { dpfEqualsZeroGate } from '../../src/gates/dpf-equals-zero.ts';
import { evaluateFunctionKeys } from '../../src/gates/function-keys/evaluate.ts';
import { commonWords, dealFunctionKeys, type FunctionShape } from '../../src/gates/function-keys/keys.ts';
import { toBools } from '../../src/ring/bits.ts';
import { fromBigInts } from '../../src/ring/ring.ts';
import type { Words } from '../../src/ring/words.ts';
import { bitWords } from '../../src/ring/words.ts';
import { Keystream } from '../../src/tape/keystream.ts';
import { Seed } from '../../src/tape/seed.ts';
import { referenceKeys, referenceValue } from '../support/function-keys-reference.ts';
import { CHI_SQUARE_LIMIT, chiSquareOfBytes, runGate } from '../support/gate-harness.ts';
import { anyElement, anySeed, EDGE_VALUES, LENGTHS, ringInput } from '../support/table-gates.ts';

const asSigned = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value);
const GATES = [
  {
    name: 'dcfLessThanZero',
    fewest: 2,
    run: (values: readonly bigint[], bits: number, seed: number) =>
      runGate(dcfLessThanZeroGate, { op: 'dcfLessThanZero', bits }, [ringInput(values)], seed),
    meaning: (value: bigint, bits: number) => asSigned(value, bits) < 0n,
    levels: (bits: number) => Math.max(0, bits - 8),
    signWords: bitWords,
  },
  {
    name: 'dpfEqualsZero',
    fewest: 1,
    run: (values: readonly bigint[], bits: number, seed: number) =>
      runGate(dpfEqualsZeroGate, { op: 'dpfEqualsZero', bits }, [ringInput(values)], seed),
    meaning: (value: bigint, bits: number) => BigInt.asUintN(bits, value) === 0n,
    levels: (bits: number) => Math.max(0, bits - 7),
    signWords: () => 0,
  },
] as const;

for (const { name, fewest, run, meaning, levels, signWords } of GATES) {
  test(`${name} is right at every edge of 64 bits, under 10 different masks`, () => {
    const results = new Set<boolean>();
    const wanted = EDGE_VALUES.map((value) => meaning(value, 64));
    for (let seed = 0; seed < 10; seed++) {
      const { output, expected } = run(EDGE_VALUES, 64, seed);
      assert.deepEqual(toBools(expected, EDGE_VALUES.length), wanted);
      assert.deepEqual(toBools(output, EDGE_VALUES.length), wanted);
    }
    for (const result of wanted) results.add(result);
    assert.equal(results.size, 2);
  });

  for (const length of LENGTHS) {
    test(`${name} is right for any ${length} elements of any range, at the declared cost`, () => {
      fc.assert(
        fc.property(
          fc.array(anyElement, { minLength: length, maxLength: length }),
          fc.integer({ min: fewest, max: 64 }),
          anySeed,
          (values, bits, seed) => {
            const counted = run(values, bits, seed);
            assert.deepEqual(counted.shape, { kind: 'bits', form: 'share', length });
            assert.deepEqual(
              toBools(counted.output, length),
              values.map((value) => meaning(value, bits)),
            );
            assert.equal(counted.rounds, 0);
            assert.equal(counted.bytesOnline, 0);
            assert.equal(counted.bytesTapeA, 16 * (1 + (levels(bits) + 1) * length));
            assert.equal(counted.bytesTape, counted.bytesTapeA + 4 * signWords(length));
          },
        ),
        { numRuns: 15 },
      );
    });
  }

  test(`${name} is right across the borders of blocks of keys, the last of them short`, () => {
    const values = Array.from(
      { length: 2 * 2048 + 77 },
      (_, i) => EDGE_VALUES[(i * 31) % EDGE_VALUES.length]!,
    );
    const { output } = run(values, 64, 5);
    assert.deepEqual(
      toBools(output, values.length),
      values.map((value) => meaning(value, 64)),
    );
  });

  for (const value of [0n, -1n, 2n ** 62n]) {
    test(`${name}: what each server holds is uniform, though every element is ${value}`, () => {
      const { correctionsA, corrections } = run(Array<bigint>(3000).fill(value), 64, 77);
      assert.ok(correctionsA.length > 1e6, 'there is enough to judge');
      assert.ok(chiSquareOfBytes(correctionsA) < CHI_SQUARE_LIMIT, 'what both servers read');
      assert.ok(chiSquareOfBytes(corrections) < CHI_SQUARE_LIMIT, "server B's tape");
    });
  }

  test(`${name} refuses anything but one ring wire and a range`, () => {
    const gate = name === 'dcfLessThanZero' ? dcfLessThanZeroGate : dpfEqualsZeroGate;
    const wire = { kind: 'ring', form: 'wire', length: 5 } as const;
    const infer = (bits: number, inputs: readonly (typeof wire | object)[]) => () =>
      // Of the union's two operations, the gate gets its own.
      gate.infer({ op: name, bits } as never, inputs as never);
    const wrong = [
      infer(64, []),
      infer(64, [wire, wire]),
      infer(64, [{ ...wire, form: 'share' }]),
      infer(64, [{ ...wire, kind: 'bits' }]),
      infer(64, [{ ...wire, length: 0 }]),
      infer(65, [wire]),
      infer(fewest - 1, [wire]),
      infer(7.5, [wire]),
    ];
    for (const call of wrong)
      assert.throws(call, (error) => error instanceof MpcError && error.code === 'plan.bad-shape');
  });
}

const SHAPES: readonly FunctionShape[] = [0, 1, 6, 7, 8, 12, 31, 32, 33, 63, 64].flatMap((inputBits) =>
  [true, false].map((isComparison) => ({ inputBits, isComparison })),
);
const uniform = (count: number, lane: number): Words =>
  new Keystream(new Seed(new Uint8Array(32).fill(9)), 'function keys').words(0, lane, 0, count);

test('keys are, bit for bit, those of the second implementation', () => {
  let compared = 0;
  for (const shape of SHAPES) {
    const points = [0n, 1n, 2n ** 64n - 1n, 0x0123_4567_89ab_cdefn, 0xfedc_ba98_7654_3210n];
    const count = points.length;
    const [a, b, key] = [uniform(4 * count, 0), uniform(4 * count, 1), uniform(4, 2)];
    const common = dealFunctionKeys(shape, fromBigInts(points), { a, b }, key);
    points.forEach((point, k) => {
      const rootsOf = (roots: Words) => roots.subarray(4 * k, 4 * k + 4);
      const words = referenceKeys(shape, point, { a: rootsOf(a), b: rootsOf(b) }, key);
      words.forEach((word, level) => {
        const at = 4 * (1 + level * count + k);
        assert.deepEqual([...common.subarray(at, at + 4)], [...word]);
        compared++;
      });
    });
    assert.equal(common.length, commonWords(shape, count));
  }
  assert.ok(compared > 2000, `compared ${compared} correction words`);
});

test('both evaluations are those of the second implementation, and add up to the function', () => {
  let trues = 0;
  for (const shape of SHAPES) {
    const places = [
      0n,
      1n,
      5n,
      127n,
      128n,
      2n ** 32n,
      2n ** 63n - 1n,
      2n ** 64n - 1n,
      0x0123_4567_89ab_cdefn,
    ];
    const points = places.map((place, i) => (i % 3 === 0 ? place : place + (i % 3 === 1 ? 1n : -1n)));
    const count = places.length;
    const [a, b, key] = [uniform(4 * count, 3), uniform(4 * count, 4), uniform(4, 5)];
    const common = dealFunctionKeys(shape, fromBigInts(points), { a, b }, key);
    const shares = [a, b].map((roots, i) =>
      toBools(evaluateFunctionKeys(shape, common, roots, fromBigInts(places), i === 0 ? 'a' : 'b'), count),
    );
    places.forEach((place, k) => {
      const rootsOf = (roots: Words) => roots.subarray(4 * k, 4 * k + 4);
      const words = referenceKeys(shape, points[k]!, { a: rootsOf(a), b: rootsOf(b) }, key);
      [a, b].forEach((roots, i) => {
        assert.equal(shares[i]![k], referenceValue(shape, words, rootsOf(roots), key, place, i as 0 | 1));
      });
      const [x, point] = [place, points[k]!].map((value) => BigInt.asUintN(shape.inputBits, value));
      const value = shape.isComparison ? x! < point! : x === point;
      assert.equal(shares[0]![k] !== shares[1]![k], value);
      trues += value ? 1 : 0;
    });
  }
  assert.ok(trues > 20, `${trues} values were 1`);
});

test('a function of ten bits is right at every place', () => {
  const places = Array.from({ length: 1024 }, (_, place) => BigInt(place));
  for (const isComparison of [true, false]) {
    for (const point of [0n, 1n, 511n, 512n, 700n, 1023n]) {
      const shape = { inputBits: 10, isComparison };
      const [a, b, key] = [uniform(4 * 1024, 6), uniform(4 * 1024, 7), uniform(4, 8)];
      const common = dealFunctionKeys(shape, fromBigInts(places.map(() => point)), { a, b }, key);
      const [ofA, ofB] = [a, b].map((roots, i) =>
        toBools(evaluateFunctionKeys(shape, common, roots, fromBigInts(places), i === 0 ? 'a' : 'b'), 1024),
      );
      assert.deepEqual(
        ofA!.map((bit, k) => bit !== ofB![k]),
        places.map((place) => (isComparison ? place < point : place === point)),
      );
    }
  }
});

test('one server holds the same, in distribution, whatever the point is: its share alone is even', () => {
  const count = 4096;
  for (const point of [0n, 2n ** 63n - 1n]) {
    for (const isComparison of [true, false]) {
      const shape = { inputBits: 63, isComparison };
      const [a, b, key] = [uniform(4 * count, 9), uniform(4 * count, 10), uniform(4, 11)];
      const points = fromBigInts(Array<bigint>(count).fill(point));
      const common = dealFunctionKeys(shape, points, { a, b }, key);
      for (const [i, roots] of [a, b].entries()) {
        const shares = evaluateFunctionKeys(shape, common, roots, points, i === 0 ? 'a' : 'b');
        const ones = toBools(shares, count).filter(Boolean).length;
        assert.ok(Math.abs(ones - count / 2) < 6 * Math.sqrt(count / 4), `${ones} ones of ${count}`);
      }
    }
  }
});
