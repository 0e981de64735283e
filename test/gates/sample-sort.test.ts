/**
 * Sample sort: any rows, any keys, stable; at exactly the stated cost; and what the servers see is uniform, whatever the keys.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { bytesOfWords, concatBytes } from '../../src/base/bytes.ts';
import type { Shape } from '../../src/gates/gate.ts';
import { mostKeyBits, sampleSortGate } from '../../src/gates/sample-sort.ts';
import { batchesOf } from '../../src/gates/sample-sort-batches.ts';
import { selectionOf } from '../../src/gates/selection.ts';
import { toBigInts } from '../../src/ring/ring.ts';
import { CHI_SQUARE_LIMIT, chiSquareOfBytes, ringInput, runGate } from '../support/gate-harness.ts';
import { anyElement, anySeed } from '../support/table-gates.ts';

const run = (
  keys: readonly bigint[],
  columns: readonly (readonly bigint[])[],
  seed: number,
  proven: { readonly bits?: number; readonly first?: number } = {},
) =>
  runGate(
    sampleSortGate,
    { op: 'sampleSort', ...proven },
    [keys, ...columns].map((column) => ringInput(column)),
    seed,
  );

/** The rows' numbers in the order that plain sorting gives. */
const orderOf = (keys: readonly bigint[]): bigint[] =>
  keys
    .map((_, row) => row)
    .sort((i, j) => (keys[i]! < keys[j]! ? -1 : keys[i]! > keys[j]! ? 1 : i - j))
    .map(BigInt);

const numbered = (rows: number): bigint[] => Array.from({ length: rows }, (_, row) => BigInt(row));

for (const length of [1, 2, 3, 4, 5, 63, 64, 65, 127, 128, 129]) {
  test(`${length} rows come into the order of their keys, rows of equal keys in their own`, () => {
    const most = 2n ** BigInt(mostKeyBits(length)) - 1n;
    const anyKey = fc.oneof(fc.bigInt(0n, most), fc.bigInt(0n, 3n), fc.constantFrom(0n, most, most - 1n));
    const keys = fc.array(anyKey, { minLength: length, maxLength: length });
    fc.assert(
      fc.property(keys, anySeed, (key, seed) => {
        const { output, expected, shape } = run(key, [numbered(length), key], seed);
        const order = orderOf(key);
        assert.deepEqual(toBigInts(expected), [...order, ...order.map((row) => key[Number(row)]!)]);
        assert.deepEqual(output, expected);
        assert.deepEqual(shape, { kind: 'ring', form: 'share', length: 2 * length });
      }),
      { numRuns: length > 60 ? 6 : 15 },
    );
  });
}

test('keys of every number of bits come into order, those at the ends of their range among them', () => {
  let checked = 0;
  for (const length of [2, 5, 64, 65]) {
    for (let bits = 1; bits <= mostKeyBits(length); bits += length > 60 ? 5 : 1) {
      const most = 2n ** BigInt(bits) - 1n;
      const some = [most, 0n, most, most >> 1n, 1n, most - 1n, 0n].filter((key) => key >= 0n);
      const keys = Array.from({ length }, (_, row) => some[(row * 5) % some.length]!);
      const { output, expected } = run(keys, [numbered(length)], bits, { bits });
      assert.deepEqual(toBigInts(output), orderOf(keys), `${length} keys of ${bits} bits`);
      assert.deepEqual(output, expected);
      checked++;
    }
  }
  assert(checked > 140);
});

for (const length of [511, 512, 513, 1000, 10_000]) {
  test(`${length} rows with many equal keys, in stages`, () => {
    const keys = Array.from({ length }, (_, row) => BigInt(((row * 7919) ^ (row >> 3)) % (length >> 3)));
    const { output } = run(keys, [numbered(length)], length);
    assert.deepEqual(toBigInts(output), orderOf(keys));
  });
}

for (const [length, first] of [
  [1, 1],
  [7, 3],
  [1000, 10],
  [10_000, 1],
  [20_000, 10],
  [20_000, 500],
  [20_000, 15_000],
] as const) {
  test(`the first ${first} of ${length} rows are those that sorting all of them gives, at the declared cost`, () => {
    for (const spread of [1, 3, length]) {
      const keys = Array.from({ length }, (_, row) => BigInt(((row * 7919) ^ (row >> 3)) % spread));
      const columns = [numbered(length), keys];
      const { output, expected, shape } = run(keys, columns, length + spread, { bits: 15, first });
      const order = orderOf(keys).slice(0, first);
      assert.deepEqual(shape, { kind: 'ring', form: 'share', length: 2 * first });
      assert.deepEqual(toBigInts(expected), [...order, ...order.map((row) => keys[Number(row)]!)]);
      assert.deepEqual(output, expected);
    }
  });
}

test('few of many rows take a fraction of the comparisons of all, through pivots', () => {
  const comparisons = (rows: number, first: number) =>
    batchesOf(selectionOf(rows, first)).reduce((sum, { length }) => sum + length, 0);
  assert.equal(selectionOf(300, 10).by, 'order');
  assert.equal(selectionOf(1000, 900).by, 'order');
  for (const [rows, least] of [
    [20_000, 2],
    [100_000, 5],
    [1_000_000, 6],
  ] as const) {
    assert.equal(selectionOf(rows, 10).by, 'pivot');
    assert.ok(
      comparisons(rows, 10) * least < comparisons(rows, rows),
      `${comparisons(rows, 10)} for ${rows}`,
    );
  }
});

test('what is opened to find the first rows is uniform or an outcome, though all rows are alike', () => {
  const [rows, first] = [20_000, 10];
  const same = Array<bigint>(rows).fill(5n);
  const { sent, opened, corrections } = run(same, [same], 9, { bits: 20, first });
  const batches = batchesOf(selectionOf(rows, first));
  const outcomes = new Set(batches.map((_, k) => 4 + 4 * k + 3));
  let checked = 0;
  const uniform = (bytes: Uint8Array) => {
    if (bytes.length < 5 * 256) return;
    assert.ok(chiSquareOfBytes(bytes) < CHI_SQUARE_LIMIT);
    checked++;
  };
  for (const [round, words] of opened.entries()) {
    uniform(bytesOfWords(sent.a[round]!));
    uniform(bytesOfWords(sent.b[round]!));
    if (!outcomes.has(round)) uniform(bytesOfWords(words));
  }
  uniform(corrections);
  assert.ok(checked > 40, `${checked} messages`);
});

test('costs 13 bytes each way and 44 of tape a comparison, besides the shuffle and the keys own signs', () => {
  const rows = 64;
  const { rounds, bytesOnline, bytesOnlineB, bytesTape } = run(numbered(rows), [numbered(rows)], 1);
  const pairs = (rows * (rows - 1)) / 2;
  // Whole groups of 64: 2,016 pairs are 32 groups.
  const signs = (elements: number) => (38 * elements) / 8;
  const online = 16 * rows + signs(rows) + 8 * pairs + signs(2048) + 2048 / 8;
  assert.deepEqual(
    [rounds, bytesOnline, bytesOnlineB, bytesTape],
    [8, online, online, 16 * rows + 44 * (rows + 2048)],
  );
});

test('costs 11 bytes and a half each way and 21 of tape a comparison where a key and its row have 31 bits', () => {
  const rows = 1000;
  const { rounds, bytesOnline, bytesTape } = run(numbered(rows), [numbered(rows)], 1, { bits: 20 });
  const [padded, batches] = [1024, batchesOf(selectionOf(rows, rows))];
  // Eight digits: 18 bits online and 166 of tape, and 1 for the outcome.
  const of = (bits: number) =>
    batches.reduce((sum, { length }) => sum + (bits * 64 * Math.ceil(length / 64)) / 8, 0);
  const differences = batches.reduce((sum, { length }) => sum + 8 * length, 0);
  assert.deepEqual(
    [rounds, bytesOnline, bytesTape],
    [
      4 + 4 * batches.length,
      16 * rows + (18 * padded) / 8 + differences + of(18 + 1),
      16 * rows + (166 * padded) / 8 + of(166),
    ],
  );
});

/** The rounds in which outcomes are opened: the last of each batch's four, after the shuffle and the signs. */
const outcomeRounds = (rows: number): Set<number> =>
  new Set(batchesOf(selectionOf(rows, rows)).map((_, k) => 4 + 4 * k + 3));

test('messages, corrections and masked openings are uniform, though all rows are alike', () => {
  const rows = 513;
  const same = Array<bigint>(rows).fill(5n);
  const { sent, opened, corrections } = run(same, [same], 9);
  const outcomes = outcomeRounds(rows);
  let checked = 0;
  const uniform = (what: string, bytes: Uint8Array) => {
    if (bytes.length < 5 * 256) return;
    const statistic = chiSquareOfBytes(bytes);
    assert.ok(statistic < CHI_SQUARE_LIMIT, `${what}: chi-square ${statistic.toFixed(0)}`);
    checked++;
  };
  for (const [round, words] of opened.entries()) {
    uniform(`sent by A in round ${round}`, bytesOfWords(sent.a[round]!));
    uniform(`sent by B in round ${round}`, bytesOfWords(sent.b[round]!));
    if (!outcomes.has(round)) uniform(`opened in round ${round}`, bytesOfWords(words));
  }
  assert.ok(checked > 40, `${checked} messages`);
  uniform('all that is sent', concatBytes(...[...sent.a, ...sent.b].map(bytesOfWords)));
  uniform('corrections', corrections);
});

test('no masked word is opened twice: every comparison has a mask of its own', () => {
  const rows = 300;
  const same = Array<bigint>(rows).fill(5n);
  const { opened } = run(same, [same], 10);
  const differences = opened.flatMap((words, round) =>
    round >= 4 && round % 4 === 0 ? toBigInts(words) : [],
  );
  assert.ok(differences.length > 50 * rows, `${differences.length} differences`);
  assert.equal(new Set(differences).size, differences.length);
});

for (const [name, keys, proven] of [
  ['equal', [7n, 7n, 7n, 7n]],
  ['ascending', [1n, 2n, 3n, 4n]],
  ['descending', [44n, 33n, 22n, 11n]],
  ['partly equal', [9n, 2n, 9n, 2n]],
  // A quarter of the ring apart: their differences, as they are, say that each is less than the next, and the last than the first.
  ['out of range', [0n, 2n ** 60n, 2n ** 61n, 3n * 2n ** 60n]],
  ['short', [5n, 5n, 0n, 1n], { bits: 5 }],
  // The same in 8 bits, of which two tell the row.
  ['short out of range', [0n, 16n, 32n, 48n], { bits: 5 }],
] as const) {
  test(`the outcomes are those of any order, equally likely: ${name} keys`, () => {
    const draws = 2400;
    const counts = new Map<number, number>();
    for (let seed = 0; seed < draws; seed++) {
      const { opened } = run(keys, [numbered(4)], seed, proven);
      const outcomes = opened.at(-1)![0]!;
      counts.set(outcomes, (counts.get(outcomes) ?? 0) + 1);
    }
    // Six outcomes have 64 forms, of which 24 are those of an order.
    assert.equal(counts.size, 24, 'every order occurs, and nothing else');
    const expected = draws / 24;
    const statistic = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // 23 degrees of freedom: beyond 73 less often than once in 10^6.
    assert.ok(statistic < 73, `chi-square ${statistic.toFixed(0)}`);
  });
}

test('whatever is in the rows, comparisons are those of an order, and the order is what it would be in the clear', () => {
  let beyond = 0;
  fc.assert(
    fc.property(fc.array(anyElement, { minLength: 2, maxLength: 40 }), anySeed, (keys, seed) => {
      const bits = 1 + (seed % mostKeyBits(keys.length));
      const { output, expected } = run(keys, [numbered(keys.length)], seed, { bits });
      assert.deepEqual(output, expected);
      if (keys.some((key) => key < 0n || key >= 2n ** BigInt(bits))) beyond++;
    }),
    { numRuns: 60 },
  );
  assert.ok(beyond > 30, `${beyond} with keys out of range`);
});

test('refuses anything but wires of one length', () => {
  const wire: Shape = { kind: 'ring', form: 'wire', length: 5 };
  const wrong: readonly Shape[][] = [
    [],
    [wire],
    [{ ...wire, form: 'share' }, wire],
    [wire, { ...wire, form: 'share' }],
    [wire, { ...wire, kind: 'bits' }],
    [wire, { ...wire, length: 6 }],
    [
      { ...wire, length: 0 },
      { ...wire, length: 0 },
    ],
  ];
  for (const inputs of wrong)
    assert.throws(() => sampleSortGate.infer({ op: 'sampleSort' }, inputs), { code: 'plan.bad-shape' });
  for (const bits of [0, 61, 2.5])
    assert.throws(() => sampleSortGate.infer({ op: 'sampleSort', bits }, [wire, wire]), {
      code: 'plan.bad-shape',
    });
});
