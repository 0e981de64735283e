/**
 * The first rows by pivots: the two ways to fail are less likely than 2^-45 each, computed exactly, and every selection is one that fits.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { MpcError } from '../../src/base/errors.ts';
import { type Compare, firstRows, wordsFrom } from '../../src/gates/first-rows.ts';
import { batchesOf } from '../../src/gates/sample-sort-batches.ts';
import { mostCandidates, pivotPlace, type Selection, selectionOf } from '../../src/gates/selection.ts';

/** log(n!) by Stirling's series, exact to a few units in the last place. */
function logFactorial(n: number): number {
  if (n < 32) return Array.from({ length: n }, (_, i) => Math.log(i + 1)).reduce((sum, x) => sum + x, 0);
  return n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + 1 / (12 * n) - 1 / (360 * n ** 3);
}
const logChoose = (n: number, k: number): number =>
  k < 0 || k > n ? Number.NEGATIVE_INFINITY : logFactorial(n) - logFactorial(k) - logFactorial(n - k);

/** The chance that from `from` to `to` of a sample of `sample` rows are among the `special` of all `rows`. */
function chance(rows: number, special: number, sample: number, from: number, to: number): number {
  const all = logChoose(rows, sample);
  let sum = 0;
  for (let i = from; i <= Math.min(to, special, sample); i++)
    sum += Math.exp(logChoose(special, i) + logChoose(rows - special, sample - i) - all);
  return sum;
}

test('a pivot has too few or too many rows before it less often than once in 2^45, whatever the sizes', () => {
  let checked = 0;
  let close = 0;
  for (let rows = 64; rows < 3_000_000; rows = Math.ceil(2.3 * rows)) {
    for (const ratio of [2, 4, 8, 16, 32, 64]) {
      for (const share of [0, 0.0003, 0.002, 0.01, 0.05, 0.2, 0.45]) {
        const first = Math.max(1, Math.floor(share * rows));
        const sample = Math.ceil(rows / ratio);
        const place = pivotPlace(rows, first, sample);
        const most = mostCandidates(rows, place, sample);
        if (place > sample || most >= rows) continue;
        const tooFew = chance(rows, first - 1, sample, place, sample);
        const tooMany = chance(rows, most, sample, 0, place - 1);
        const what = `${first} of ${rows}, sample ${sample}: 2^${Math.log2(tooFew)}, 2^${Math.log2(tooMany)}`;
        assert.ok(tooFew < 2 ** -45 && tooMany < 2 ** -45, what);
        if (tooMany > 2 ** -120) close++;
        checked++;
      }
    }
  }
  assert.ok(checked > 120 && close > 60, `${checked} checked, ${close} not far from the bound`);
});

const fits = (selection: Selection): number => {
  const { rows, first } = selection;
  assert.ok(first >= 1 && first <= rows);
  if (selection.by === 'order') return 0;
  const { sample, candidates } = selection;
  assert.ok(sample.rows < rows && candidates.rows < rows && candidates.first === first);
  assert.equal(sample.first, pivotPlace(rows, first, sample.rows));
  assert.equal(candidates.rows, mostCandidates(rows, sample.first, sample.rows));
  return 1 + fits(sample) + fits(candidates);
};

test('selections are made of selections that fit them', () => {
  let pivots = 0;
  for (const rows of [1, 2, 64, 1000, 9999, 50_000, 250_000, 1_000_000])
    for (const first of [1, 2, 10, 100, 1000, 100_000])
      if (first <= rows) pivots += fits(selectionOf(rows, first));
  assert.ok(pivots > 10, `${pivots} pivots`);
});

/** Compares by plain keys. */
const comparing = (keys: Uint32Array, wrong = false): Compare =>
  function* ({ left, right }) {
    const outcomes = new Uint32Array(2 * Math.ceil(left.length / 64));
    left.forEach((row, k) => {
      if (keys[row]! < keys[right[k]!]! || wrong) outcomes[k >>> 5] = outcomes[k >>> 5]! | (1 << (k & 31));
    });
    return outcomes;
  };

test('the first of many rows are found in the clear, over and over, in as many comparisons as are dealt', () => {
  const [rows, first] = [60_000, 25];
  const selection = selectionOf(rows, first);
  assert.equal(selection.by, 'pivot');
  for (let run = 0; run < 20; run++) {
    const keys = Uint32Array.from({ length: rows }, (_, i) => i).sort(
      (a, b) => ((a * 2654435761 + run * 40503) >>> 0) - ((b * 2654435761 + run * 40503) >>> 0),
    );
    const batches = batchesOf(selection).values();
    const compare: Compare = (pairs) => {
      assert.equal(pairs.left.length, batches.next().value?.length);
      return comparing(keys)(pairs);
    };
    const all = Uint32Array.from({ length: rows }, (_, row) => row);
    const step = firstRows(selection, all, compare, wordsFrom(Uint32Array.of(run))).next();
    assert.ok(step.done);
    assert.ok(batches.next().done, 'all that is dealt is used');
    assert.deepEqual(
      [...(step.value as Uint32Array)].map((row) => keys[row]!),
      Array.from({ length: first }, (_, i) => i),
    );
  }
});

test('outcomes of no order are refused', () => {
  const selection = selectionOf(60_000, 25);
  const all = Uint32Array.from({ length: 60_000 }, (_, row) => row);
  const walk = firstRows(selection, all, comparing(all, true), wordsFrom(Uint32Array.of(1)));
  assert.throws(
    () => walk.next(),
    (error) => error instanceof MpcError && error.code.startsWith('sort.'),
  );
});
