import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { wordsOfBytes } from '../../src/base/bytes.ts';
import { getBit, xor } from '../../src/ring/bits.ts';
import { bitPlanes, blocksOf, partOfBlock, planesOf, signBits } from '../../src/ring/bitslice.ts';
import { lessAndEqual, oneHotPlanes } from '../../src/ring/digits.ts';
import { kernels } from '../../src/ring/kernels/kernels.ts';
import { fromBigInts } from '../../src/ring/ring.ts';
import type { Words } from '../../src/ring/words.ts';
import { bitWords } from '../../src/ring/words.ts';

const randomWords = (count: number): Words => wordsOfBytes(new Uint8Array(randomBytes(4 * count)));
const elements = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1, maxLength: 200 });
const bitOf = (value: bigint, bit: number): number => Number((value >> BigInt(bit)) & 1n);

test('blocks cover every element once, in order, and only the last may be short', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1000 }), fc.constantFrom(64, 128, 256), (length, size) => {
      const blocks = blocksOf(length, size);
      assert.equal(
        blocks.reduce((sum, block) => sum + block.length, 0),
        length,
      );
      blocks.forEach((block, k) => {
        assert.equal(block.index, k);
        assert.equal(block.start, k * size);
        assert.equal(block.words, bitWords(block.length));
        if (k < blocks.length - 1) assert.equal(block.length, size);
      });
    }),
  );
});

test('the parts of all blocks tile a vector of planes', () => {
  const blocks = blocksOf(200, 64);
  const vector = new Uint32Array(7 * bitWords(200));
  blocks.forEach((block, k) => {
    const part = partOfBlock(vector, block, 7);
    assert.equal(part.length, 7 * block.words);
    assert(part.every((word) => word === 0));
    part.fill(k + 1);
  });
  assert.equal(blocks.length, 4);
  assert(vector.every((word) => word > 0));
});

test('bit planes hold bit b of element i at bit i of plane b, and zeros after the last element', () => {
  let checked = 0;
  fc.assert(
    fc.property(
      elements,
      fc.constantFrom(64, 128),
      fc.constantFrom(0, 1, 10, 32, 33, 64),
      (values, size, count) => {
        const ring = fromBigInts(values);
        for (const block of blocksOf(values.length, size)) {
          const planes = planesOf(bitPlanes(ring, block, count), Math.max(1, count)).slice(0, count);
          planes.forEach((plane, b) => {
            assert.equal(plane.length, block.words);
            for (let i = 0; i < 32 * block.words; i++) {
              const expected = i < block.length ? bitOf(values[block.start + i]!, b) : 0;
              assert.equal(getBit(plane, i), expected);
              checked++;
            }
          });
        }
      },
    ),
  );
  assert(checked > 10_000);
});

test('the sign bits are the top bits', () => {
  fc.assert(
    fc.property(elements, (values) => {
      const signs = signBits(fromBigInts(values));
      assert.equal(signs.length, bitWords(values.length));
      for (let i = 0; i < 32 * signs.length; i++) {
        assert.equal(getBit(signs, i), i < values.length ? bitOf(values[i]!, 63) : 0);
      }
    }),
  );
});

test('a one-hot has a single 1, at the value of its digit', () => {
  let checked = 0;
  for (const width of [0, 1, 2, 4, 7]) {
    const words = 4;
    const digit = randomWords(width * words);
    const out = randomWords(words << width);
    oneHotPlanes(out, digit, words);
    for (let i = 0; i < 32 * words; i++) {
      let value = 0;
      for (let b = 0; b < width; b++) value |= getBit(digit.subarray(b * words), i) << b;
      for (let t = 0; t < 1 << width; t++) {
        assert.equal(getBit(out.subarray(t * words, (t + 1) * words), i), t === value ? 1 : 0);
        checked++;
      }
    }
  }
  assert.equal(checked, 128 * (1 + 2 + 4 + 16 + 128));
});

test('the one-hots of all digits of an element are those of its hexadecimal digits', () => {
  const values = Array.from({ length: 100 }, () => randomBytes(8).readBigUInt64LE());
  const block = blocksOf(100, 128)[0]!;
  const oneHots = new Uint32Array(256 * block.words);
  kernels().digitOneHots(oneHots, bitPlanes(fromBigInts(values), block, 64), block.words);
  const planes = planesOf(oneHots, 256);
  for (let digit = 0; digit < 16; digit++) {
    for (let t = 0; t < 16; t++) {
      values.forEach((value, i) => {
        const isHere = Number((value >> BigInt(4 * digit)) & 15n) === t;
        assert.equal(getBit(planes[16 * digit + t]!, i), isHere ? 1 : 0);
      });
    }
  }
});

for (const width of [3, 4]) {
  test(`shares of less and equal are right for every pair of ${width}-bit digits, however the one-hot is shared`, () => {
    const entries = 1 << width;
    const words = (entries * entries * 4) / 32; // every pair four times, under different shares
    const pairOf = (i: number) => ({ u: i % entries, r: Math.floor(i / entries) % entries });
    const digit = new Uint32Array(width * words);
    const oneHot = new Uint32Array(entries * words);
    const set = (vector: Words, plane: number, i: number) => {
      const at = plane * words + (i >>> 5);
      vector[at] = vector[at]! | (1 << (i & 31));
    };
    for (let i = 0; i < 32 * words; i++) {
      const { u, r } = pairOf(i);
      for (let b = 0; b < width; b++) if ((u >>> b) & 1) set(digit, b, i);
      set(oneHot, r, i);
    }
    const shareA = randomWords(oneHot.length);
    const shareB = xor(new Uint32Array(oneHot.length), oneHot, shareA);
    const [less, equal] = [new Uint32Array(words), new Uint32Array(words)];
    for (const share of [shareA, shareB]) {
      const [l, e, alone] = [randomWords(words), randomWords(words), randomWords(words)];
      lessAndEqual(l, e, share, digit, words);
      lessAndEqual(undefined, alone, share, digit, words);
      assert.deepEqual(alone, e);
      lessAndEqual(alone, undefined, share, digit, words);
      assert.deepEqual(alone, l);
      xor(less, less, l);
      xor(equal, equal, e);
    }
    for (let i = 0; i < 32 * words; i++) {
      const { u, r } = pairOf(i);
      assert.equal(getBit(less, i), u < r ? 1 : 0);
      assert.equal(getBit(equal, i), u === r ? 1 : 0);
    }
    assert.equal(32 * words, 4 * entries * entries);
  });
}
