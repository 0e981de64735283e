/**
 * Sort: any rows, any keys, stable; at exactly the stated cost; and what the servers see is uniform.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { bytesOfWords, concatBytes } from '../../src/base/bytes.ts';
import type { Form, Shape } from '../../src/gates/gate.ts';
import { sortGate } from '../../src/gates/sort.ts';
import { passesOf } from '../../src/gates/sort-passes.ts';
import { isPermutation } from '../../src/ring/permutation.ts';
import { toBigInts } from '../../src/ring/ring.ts';
import type { Words } from '../../src/ring/words.ts';
import { CHI_SQUARE_LIMIT, chiSquareOfBytes, ringInput, runGate } from '../support/gate-harness.ts';
import { anyElement, anySeed, LENGTHS } from '../support/table-gates.ts';

const run = (
  bits: number,
  keys: readonly bigint[],
  columns: readonly (readonly bigint[])[],
  seed: number,
  form: Form = 'share',
) =>
  runGate(
    sortGate,
    { op: 'sort', bits },
    [ringInput(keys), ...columns.map((column) => ringInput(column, form))],
    seed,
  );

/** The rows' numbers in the order that plain sorting gives. */
function orderOf(bits: number, keys: readonly bigint[]): bigint[] {
  const low = keys.map((key) => BigInt.asUintN(bits, key));
  return keys
    .map((_, row) => row)
    .sort((i, j) => (low[i]! < low[j]! ? -1 : low[i]! > low[j]! ? 1 : i - j))
    .map(BigInt);
}

const numbered = (rows: number): bigint[] => Array.from({ length: rows }, (_, row) => BigInt(row));

for (const length of LENGTHS) {
  test(`${length} rows come into the order of their keys, rows of equal keys in their own`, () => {
    const keys = fc.array(fc.oneof(anyElement, fc.bigInt(0n, 3n)), { minLength: length, maxLength: length });
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 64 }), anySeed, (key, bits, seed) => {
        const { output, expected, shape } = run(bits, key, [numbered(length), key], seed);
        const order = orderOf(bits, key);
        assert.deepEqual(toBigInts(expected), [...order, ...order.map((row) => key[Number(row)]!)]);
        assert.deepEqual(output, expected);
        assert.deepEqual(shape, { kind: 'ring', form: 'share', length: 2 * length });
      }),
      { numRuns: length > 60 ? 6 : 15 },
    );
  });
}

test('every number of key bits, and columns of either form', () => {
  const keys = Array.from({ length: 70 }, (_, i) =>
    BigInt.asIntN(64, 0x9e3779b97f4a7c15n * BigInt(i * i + 1)),
  );
  for (let bits = 1; bits <= 64; bits++) {
    for (const form of ['wire', 'share'] as const) {
      const { output } = run(bits, keys, [numbered(70)], bits, form);
      assert.deepEqual(toBigInts(output), orderOf(bits, keys), `${bits} bits`);
    }
  }
});

test('costs 3 rounds for each 4 bits, and one; about as many bytes each way', () => {
  const rows = 100;
  const keys = numbered(rows);
  const figures = [4, 8, 20, 40].map((bits) => {
    const { rounds, bytesOnline, bytesOnlineB, bytesTape } = run(bits, keys, [keys], 3);
    return [rounds, bytesOnline / rows, bytesOnlineB / rows, bytesTape / rows];
  });
  // Server A: flags 120; ranks, keys and column 24, and 8 for the ranks' mask. Server B: flags and columns. Then the other way
  // round, with 12 for places and keys, and without keys in the last pass; places 4 at the end.
  const [first, second, lastFirst, lastSecond] = [120 + 24 + 8, 120 + 24, 120 + 16 + 8, 120 + 16];
  // Tape of a pass: 16 one-hots, 1 product, and the columns.
  const tape = (passes: number) => 8 * (passes * (16 + 1 + 3) - 1);
  assert.deepEqual(figures, [
    [4, lastFirst, lastSecond + 4, tape(1)],
    [7, first + lastSecond + 4, second + 12 + lastFirst, tape(2)],
    [16, 2 * (first + second) + 12 + 12 + lastFirst, 2 * (first + second) + 24 + lastSecond + 4, tape(5)],
    [31, 5 * first + 4 * second + 48 + lastSecond + 4, 5 * second + 4 * first + 60 + lastFirst, tape(10)],
  ]);
});

/** A sort of rows that are all alike, with what the messages hold: of 8 key bits and one column, two passes. */
function seenOfEqualRows(rows: number, seed: number) {
  const zeros = Array<bigint>(rows).fill(0n);
  const { sent, corrections } = run(8, zeros, [zeros], seed);
  const messages = [sent.a[0]!, sent.b[1]!, sent.a[2]!, sent.b[3]!, sent.a[4]!, sent.b[5]!, sent.a[6]!];
  return { messages, corrections };
}

test('messages and corrections are uniform, though all rows are alike', () => {
  const rows = 2048;
  const { messages, corrections } = seenOfEqualRows(rows, 9);
  const masked = messages.map((words, k) =>
    // The first pass's places begin the fourth message; the last message is nothing but places.
    k === 3 ? words.subarray(rows) : k === 6 ? words.subarray(rows) : words,
  );
  let checked = 0;
  for (const [k, words] of masked.entries()) {
    if (words.length === 0) continue;
    const statistic = chiSquareOfBytes(bytesOfWords(words));
    assert.ok(statistic < CHI_SQUARE_LIMIT, `message ${k}: chi-square ${statistic.toFixed(0)}`);
    checked++;
  }
  assert.equal(checked, 6);
  const all = concatBytes(...masked.map(bytesOfWords), corrections);
  assert.ok(chiSquareOfBytes(all) < CHI_SQUARE_LIMIT, 'all together');
  assert.ok(chiSquareOfBytes(corrections) < CHI_SQUARE_LIMIT, 'corrections');
});

for (const [name, keys] of [
  ['equal', [7n, 7n, 7n, 7n]],
  ['descending', [0x44n, 0x33n, 0x22n, 0x11n]],
] as const) {
  test(`the places that are opened are any order, equally likely, in each pass: ${name} keys`, () => {
    const draws = 2400;
    const counts = [new Map<string, number>(), new Map<string, number>()];
    const pairs = new Map<string, number>();
    for (let seed = 0; seed < draws; seed++) {
      const { sent } = run(8, keys, [numbered(4)], seed);
      const opened = [sent.b[3]!.subarray(0, 4), sent.a[6]!.subarray(0, 4)];
      const texts = opened.map((places) => places.join());
      for (const [pass, places] of opened.entries()) {
        assert.ok(isPermutation(places), 'places are a permutation');
        counts[pass]!.set(texts[pass]!, (counts[pass]!.get(texts[pass]!) ?? 0) + 1);
      }
      // The two passes' openings together: the first place of each.
      const pair = `${opened[0]![0]} ${opened[1]![0]}`;
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
    for (const count of counts) {
      assert.equal(count.size, 24, 'every order occurs');
      // 23 degrees of freedom: beyond 73 less often than once in 10^6.
      assert.ok(chiSquareOf(count, 24, draws) < 73, `chi-square ${chiSquareOf(count, 24, draws).toFixed(0)}`);
    }
    // 15 degrees of freedom: beyond 60 less often than once in 10^6.
    assert.ok(chiSquareOf(pairs, 16, draws) < 60, `pairs: ${chiSquareOf(pairs, 16, draws).toFixed(0)}`);
  });
}

function chiSquareOf(counts: ReadonlyMap<string, number>, kinds: number, draws: number): number {
  const expected = draws / kinds;
  const seen = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  return seen + (kinds - counts.size) * expected;
}

test('each server puts a mask of its own on what it hands over', () => {
  const rows = 256;
  const zeros = Array<bigint>(rows).fill(0n);
  // As a wire, zero: the rows that server A turns are then server B's mask, and nothing else.
  const { sent, held, ownWords } = run(8, zeros, [zeros], 12, 'wire');
  const [pass] = passesOf(8, rows, 1);
  const column = (words: Words, from: number) => toBigInts(words.subarray(from, from + 2 * rows));
  const flags = 2 * 15 * rows;
  const payload = 4 * rows;
  const shareB = held.b[1]!;
  assert.ok(shareB.form === 'wire', 'the column is a wire');
  const bare = toBigInts(shareB.mask).map((mask) => BigInt.asIntN(64, -mask));
  const own = ownWords('b', pass!.lanes.handedMask, 6 * rows);
  const views = {
    'B to A: its share': [bare, column(sent.b[1]!, flags + payload)],
    'A to B: what B knows': [column(own, payload), column(sent.a[2]!, payload)],
    'B to A: what A knows': [column(sent.a[2]!, 2 * rows), column(sent.b[3]!, rows)],
  };
  for (const [what, [known, seen]] of Object.entries(views))
    assert.equal(new Set([...known!, ...seen!]).size, 2 * rows, what);
});

test('nothing that moves is sent twice alike: neither rows nor masks repeat from message to message', () => {
  const rows = 256;
  const { messages } = seenOfEqualRows(rows, 4);
  const masked = messages.map((words, k) => (k === 3 || k === 6 ? words.subarray(rows) : words));
  const elements = masked.flatMap((words) => toBigInts(words));
  assert.ok(elements.length > 60 * rows, `${elements.length} elements`);
  assert.equal(new Set(elements).size, elements.length);
});

test('a server that sends anything else is found out when the places are opened', () => {
  const keys = numbered(20);
  const inputs = [ringInput(keys), ringInput(keys)];
  const tampered = (round: number, at: number) =>
    runGate(sortGate, { op: 'sort', bits: 8 }, inputs, 21, (now, words) => {
      if (now === round) words[at] = words[at]! ^ 0x4000_0000;
      return words;
    });
  assert.doesNotThrow(() => tampered(7, 0), 'there are seven rounds, 0 to 6');
  // A flag, a rank under way, a rank's mask, a place, and the places at the end.
  for (const [round, at] of [
    [0, 3],
    [1, 2 * 15 * 20],
    [2, 0],
    [2, 6 * 20],
    [3, 2],
    [6, 1],
  ] as const)
    assert.throws(() => tampered(round, at), { code: 'sort.bad-places' }, `round ${round}, word ${at}`);
});

test('refuses anything but a key, and columns of its length', () => {
  const wire: Shape = { kind: 'ring', form: 'wire', length: 5 };
  const refused = (bits: number, inputs: readonly Shape[]) =>
    assert.throws(() => sortGate.infer({ op: 'sort', bits }, inputs), { code: 'plan.bad-shape' });
  for (const bits of [0, -1, 65, 1.5, Number.NaN]) refused(bits, [wire, wire]);
  refused(8, []);
  refused(8, [wire]);
  refused(8, [{ ...wire, form: 'share' }, wire]);
  refused(8, [{ ...wire, kind: 'bits' }, wire]);
  refused(8, [wire, { ...wire, kind: 'bits' }]);
  refused(8, [wire, { ...wire, length: 6 }]);
  refused(8, [
    { ...wire, length: 0 },
    { ...wire, length: 0 },
  ]);
});
