/**
 * Permutations are as likely as one another, and move rows whole.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { wordsOfBytes } from '../../src/base/bytes.ts';
import {
  differencesOf,
  isPermutation,
  permuteRows,
  placeRows,
  uniformPermutation,
} from '../../src/ring/permutation.ts';
import { fromBigInts, toBigInts } from '../../src/ring/ring.ts';
import type { WordStream } from '../../src/ring/words.ts';

/** Words that look random, from a name. */
function streamOf(name: string): WordStream {
  let block = 0;
  return (count) => {
    const words = new Uint32Array(count);
    for (let at = 0; at < count; at += 8) {
      const digest = new Uint8Array(createHash('sha256').update(`${name} ${block++}`).digest());
      words.set(wordsOfBytes(digest).subarray(0, Math.min(8, count - at)), at);
    }
    return words;
  };
}

for (const { length, draws, limit } of [
  // Chi-square with 5, 23 and 119 degrees of freedom: beyond these limits once in 10^6 or less often.
  { length: 3, draws: 6000, limit: 37 },
  { length: 4, draws: 12000, limit: 73 },
  { length: 5, draws: 24000, limit: 205 },
]) {
  test(`all ${length}! permutations of ${length} rows are equally likely`, () => {
    // One stream for all: what a permutation leaves over of a piece is lost, so pieces are made short here.
    const next = streamOf(`length ${length}`);
    let held = new Uint32Array(0);
    const short: WordStream = () => {
      if (held.length === 0) held = Uint32Array.from(next(8192));
      const piece = held.subarray(0, 16);
      held = held.subarray(16);
      return piece;
    };
    const counts = new Map<string, number>();
    for (let draw = 0; draw < draws; draw++) {
      const text = uniformPermutation(length, short).join();
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    const kinds = Array.from({ length }, (_, i) => i + 1).reduce((product, i) => product * i, 1);
    assert.equal(counts.size, kinds, 'every permutation occurs');
    const expected = draws / kinds;
    const statistic = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    assert.ok(statistic < limit, `chi-square ${statistic.toFixed(0)}`);
  });
}

test('every place of a long permutation is reached, and each once', () => {
  for (const length of [1, 2, 31, 32, 33, 1024, 1025, 5000]) {
    const permutation = uniformPermutation(length, streamOf(`long ${length}`));
    assert.equal(permutation.length, length);
    assert.ok(isPermutation(permutation), `${length} rows`);
  }
});

test('rows move whole, and placing undoes permuting', () => {
  const columns = fc.integer({ min: 1, max: 40 }).chain((rows) =>
    fc.record({
      rows: fc.constant(rows),
      values: fc.array(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), { minLength: 3 * rows, maxLength: 3 * rows }),
      name: fc.string(),
    }),
  );
  fc.assert(
    fc.property(columns, ({ rows, values, name }) => {
      const permutation = uniformPermutation(rows, streamOf(name));
      const moved = permuteRows(fromBigInts(values), permutation);
      const expected = [0, 1, 2].flatMap((c) => [...permutation].map((from) => values[c * rows + from]!));
      assert.deepEqual(toBigInts(moved), expected);
      assert.deepEqual(toBigInts(placeRows(moved, permutation)), values);
    }),
  );
});

test('words that are not each place once are no permutation', () => {
  assert.ok(isPermutation(new Uint32Array([2, 0, 1])), 'a permutation');
  for (const words of [
    [0, 0],
    [1, 2],
    [0, 4294967295],
  ]) {
    assert.ok(!isPermutation(Uint32Array.from(words)), `${words}`);
  }
});

test('differences of picked elements, modulo 2^64', () => {
  const element = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
  const index = fc.nat({ max: 5 });
  fc.assert(
    fc.property(
      fc.array(element, { minLength: 6, maxLength: 6 }),
      fc.array(fc.tuple(index, index)),
      (values, pairs) => {
        const indices = (side: 0 | 1) => Uint32Array.from(pairs, (pair) => pair[side]);
        assert.deepEqual(
          toBigInts(differencesOf(fromBigInts(values), indices(0), indices(1))),
          pairs.map(([i, j]) => BigInt.asIntN(64, values[i]! - values[j]!)),
        );
      },
    ),
  );
});
