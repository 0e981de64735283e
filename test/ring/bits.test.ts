import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as bits from '../../src/ring/bits.ts';
import { bitWords, newBits } from '../../src/ring/words.ts';

const bools = (maxLength = 300) => fc.array(fc.boolean(), { maxLength, size: 'max' });
const LENGTHS = [1, 31, 32, 33, 63, 64, 65, 127, 128, 129];

/** Every result must be a vector of exactly its length with zero padding: comparing with a fresh packing shows it. */
const assertBits = (actual: Uint32Array, expected: readonly boolean[]) =>
  assert.deepEqual(actual, bits.fromBools(expected));

test('packing puts bit i at bit i mod 32 of word i / 32, in whole 64-bit groups', () => {
  const values = Array.from({ length: 65 }, (_, i) => i === 0 || i === 33 || i === 64);
  assert.deepEqual([...bits.fromBools(values)], [1, 2, 1, 0]);
  assert.deepEqual(bits.toBools(bits.fromBools(values), 65), values);
});

test('xor, and, andXor and not are bitwise and keep padding zero', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()), { maxLength: 300, size: 'max' }),
      (list) => {
        const [a, b, c] = [0, 1, 2].map((k) => bits.fromBools(list.map((row) => row[k]!))) as [
          Uint32Array,
          Uint32Array,
          Uint32Array,
        ]; // three in, three out
        const out = () => newBits(list.length);
        assertBits(
          bits.xor(out(), a, b),
          list.map(([x, y]) => x !== y),
        );
        assertBits(
          bits.and(out(), a, b),
          list.map(([x, y]) => x && y),
        );
        assertBits(
          bits.andXor(c.slice(), a, b),
          list.map(([x, y, z]) => z !== (x && y)),
        );
        assertBits(
          bits.not(out(), a, list.length),
          list.map(([x]) => !x),
        );
      },
    ),
  );
});

test('not of the border lengths leaves no bit in the padding', () => {
  for (const length of LENGTHS) {
    const ones = bits.not(newBits(length), newBits(length), length);
    assert.equal(bits.popcount(ones), length);
    assert.deepEqual(ones, bits.constantBits(length, true));
    assert.deepEqual(newBits(length), bits.constantBits(length, false));
    assert.deepEqual(bits.clearPadding(new Uint32Array(bitWords(length)).fill(0xffffffff), length), ones);
  }
});

test('copyBits moves any range to any place and touches nothing else', () => {
  const range = fc.record({
    source: bools(),
    target: bools(),
    from: fc.nat(300),
    to: fc.nat(300),
    length: fc.nat(300),
  });
  let copied = 0;
  fc.assert(
    fc.property(range, ({ source, target, from, to, length }) => {
      const start = Math.min(from, source.length);
      const place = Math.min(to, target.length);
      const count = Math.min(length, source.length - start, target.length - place);
      const out = bits.fromBools(target);
      bits.copyBits(out, place, bits.fromBools(source), start, count);
      assertBits(out, [
        ...target.slice(0, place),
        ...source.slice(start, start + count),
        ...target.slice(place + count),
      ]);
      copied += count;
    }),
    { numRuns: 2000 },
  );
  assert(copied > 10_000, `${copied} bits were copied`);
});

test('copyBits is right for every alignment of both ends', () => {
  const source = Array.from({ length: 192 }, (_, i) => (i * 2654435761) % 7 < 3);
  const packed = bits.fromBools(source);
  let checked = 0;
  for (let from = 0; from < 66; from++) {
    for (let to = 0; to < 66; to++) {
      for (const length of [1, 32, 63, 64, 65, 126]) {
        const out = bits.constantBits(192, true);
        bits.copyBits(out, to, packed, from, length);
        const expected = Array.from({ length: 192 }, (_, i) =>
          i < to || i >= to + length ? true : source[from + i - to]!,
        );
        assert.deepEqual(out, bits.fromBools(expected));
        checked++;
      }
    }
  }
  assert.equal(checked, 66 * 66 * 6);
});

test('copyBits refuses ranges that do not fit', () => {
  assert.throws(() => bits.copyBits(newBits(64), 1, newBits(64), 0, 64), /inside the output/);
  assert.throws(() => bits.copyBits(newBits(128), 0, newBits(64), 1, 64), /inside the source/);
});

test('slice, concat, tile and repeat agree with lists', () => {
  fc.assert(
    fc.property(
      fc.array(bools(100), { maxLength: 5, size: 'max' }),
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 5 }),
      (lists, i, j, times) => {
        const all = lists.flat();
        const packed = bits.concatBits(
          lists.map(bits.fromBools),
          lists.map((list) => list.length),
        );
        assertBits(packed, all);
        const [start, end] = [i % (all.length + 1), j % (all.length + 1)].sort((a, b) => a - b) as [
          number,
          number,
        ]; // sorting two gives two
        assertBits(bits.sliceBits(packed, start, end - start), all.slice(start, end));
        assertBits(bits.tileBits(packed, all.length, times), Array.from({ length: times }, () => all).flat());
        assertBits(
          bits.repeatEachBit(packed, all.length, times),
          all.flatMap((bit) => Array.from({ length: times }, () => bit)),
        );
      },
    ),
  );
});

test('popcount and getBit see every bit', () => {
  fc.assert(
    fc.property(bools(), (list) => {
      const packed = bits.fromBools(list);
      assert.equal(bits.popcount(packed), list.filter(Boolean).length);
      list.forEach((bit, i) => {
        assert.equal(bits.getBit(packed, i), bit ? 1 : 0);
      });
    }),
  );
});
