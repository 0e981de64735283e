/**
 * Comparisons of values that are proven to be small: right at both ends of every proven range, at the cost that their digits
 * have, and uniform in what is opened. (Values of the whole ring: less-than-zero.test.ts, equals-zero.test.ts.)
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MpcError } from '../../src/base/errors.ts';
import { equalsZeroGate } from '../../src/gates/equals-zero.ts';
import { lessThanZeroGate } from '../../src/gates/less-than-zero.ts';
import { toBools } from '../../src/ring/bits.ts';
import { bitWords } from '../../src/ring/words.ts';
import {
  bytesOfAll,
  CHI_SQUARE_LIMIT,
  chiSquareOfBytes,
  ringInput,
  runGate,
} from '../support/gate-harness.ts';
import { anyElement, anySeed } from '../support/table-gates.ts';

/** Of each number of digits: rounds, bits online, bits of tape an element, as the gates' headers derive them. */
type Cost = readonly [rounds: number, bitsOnline: number, bitsOfTape: number];
const costsOf = (online: readonly number[], tape: readonly number[]): readonly Cost[] =>
  online.map((bits, k) => [k === 0 ? 0 : k < 4 ? 1 : 2, bits, tape[k]!]);
const SIGN_COSTS = costsOf(
  [0, 3, 5, 7, 12, 14, 16, 18, 22, 24, 26, 28, 32, 34, 36, 38],
  [16, 33, 53, 79, 88, 110, 136, 166, 170, 196, 226, 256, 262, 292, 322, 352],
);
const EQUALITY_COSTS = costsOf(
  [0, 2, 3, 4, 7, 8, 9, 10, 12, 13, 14, 15, 17, 18, 19, 20],
  [16, 33, 52, 75, 86, 105, 128, 151, 160, 183, 206, 229, 242, 265, 288, 311],
);

const power = (exponent: number): bigint => 1n << BigInt(exponent);
const aroundZero = [0n, -1n, 1n, -2n, 2n];
/** Borders of digits below 2^bits, and what lies beside them, of both signs. */
const borders = (bits: number): bigint[] =>
  Array.from({ length: Math.ceil(bits / 4) }, (_, digit) => power(4 * digit)).flatMap((border) =>
    [border - 1n, border, border + 1n].flatMap((value) => [value, -value]),
  );

const GATES = [
  {
    name: 'lessThanZero',
    costs: SIGN_COSTS,
    range: (bits: number) => ({ lo: -power(bits - 1), hi: power(bits - 1) - 1n }),
    meaning: (value: bigint) => value < 0n,
    run: (values: readonly bigint[], bits: number, seed: number) =>
      runGate(lessThanZeroGate, { op: 'lessThanZero', bits }, [ringInput(values)], seed),
  },
  {
    name: 'equalsZero',
    costs: EQUALITY_COSTS,
    range: (bits: number) => ({ lo: 1n - power(bits), hi: power(bits) - 1n }),
    meaning: (value: bigint) => value === 0n,
    run: (values: readonly bigint[], bits: number, seed: number) =>
      runGate(equalsZeroGate, { op: 'equalsZero', bits }, [ringInput(values)], seed),
  },
] as const;

for (const { name, costs, range, meaning, run } of GATES) {
  test(`${name} is right at both ends of every range from 1 to 64 bits, and at every border of a digit inside`, () => {
    let checked = 0;
    for (let bits = 1; bits <= 64; bits++) {
      const { lo, hi } = range(bits);
      const values = [lo, lo + 1n, hi - 1n, hi, ...aroundZero, ...borders(bits)].filter(
        (value) => value >= lo && value <= hi && BigInt.asIntN(64, value) === value,
      );
      for (let seed = 0; seed < 12; seed++) {
        const { output, expected } = run(values, bits, 64 * seed + bits);
        assert.deepEqual(toBools(output, values.length), values.map(meaning), `${bits} bits, seed ${seed}`);
        assert.deepEqual(toBools(expected, values.length), values.map(meaning));
        checked += values.length;
      }
    }
    assert(checked > 10_000);
  });

  test(`${name} takes the rounds, bytes and tape of its digits, whatever the bits and the values`, () => {
    const lengths = fc.constantFrom(1, 63, 64, 65, 200);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        lengths,
        anyElement,
        anySeed,
        (bits, length, value, seed) => {
          const counted = run(Array<bigint>(length).fill(value), bits, seed);
          const [rounds, bitsOnline, bitsOfTape] = costs[Math.ceil(bits / 4) - 1]!;
          const { bytesOnline, bytesTape } = counted;
          assert.deepEqual(
            { rounds: counted.rounds, bytesOnline, bytesTape },
            {
              rounds,
              bytesOnline: bitsOnline * 4 * bitWords(length),
              bytesTape: bitsOfTape * 4 * bitWords(length),
            },
          );
          // Outside of the range the bit is what the clear meaning says it is, and no fault.
          assert.deepEqual(counted.output, counted.expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  test(`${name} is right across the borders of blocks, in one, two and no rounds`, () => {
    for (const bits of [4, 14, 20, 31, 43]) {
      const { lo, hi } = range(bits);
      const some = [lo, hi, ...aroundZero];
      const values = Array.from({ length: 2 * 4096 + 77 }, (_, i) => some[(i * 5) % some.length]!);
      const { output } = run(values, bits, bits);
      assert.deepEqual(toBools(output, values.length), values.map(meaning), `${bits} bits`);
    }
  });

  for (const bits of [8, 16, 20, 40])
    for (const value of [0n, -1n, 100n])
      test(`what servers send and learn in ${name} of ${bits} bits is uniform, though every element is ${value}`, () => {
        const { opened, sent, corrections, rounds } = run(Array<bigint>(16_384).fill(value), bits, 5);
        assert.equal(opened.length, rounds);
        assert(rounds > 0);
        for (const bytes of [corrections, ...[opened, sent.a, sent.b].map(bytesOfAll)])
          assert(chiSquareOfBytes(bytes) < CHI_SQUARE_LIMIT);
        for (const vector of [...opened, ...sent.a, ...sent.b])
          assert(chiSquareOfBytes(bytesOfAll([vector])) < CHI_SQUARE_LIMIT);
      });
}

test('a range of no bits, or of more than the ring has, is refused', () => {
  const wire = { kind: 'ring', form: 'wire', length: 5 } as const;
  for (const bits of [0, -1, 65, 1.5, Number.NaN]) {
    const refused = (infer: () => unknown) =>
      assert.throws(infer, (error) => error instanceof MpcError && error.code === 'plan.bad-shape');
    refused(() => lessThanZeroGate.infer({ op: 'lessThanZero', bits }, [wire]));
    refused(() => equalsZeroGate.infer({ op: 'equalsZero', bits }, [wire]));
  }
});
