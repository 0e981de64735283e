/**
 * The plan of a sample sort: its stages fit each other, and the comparisons that are dealt for a stage are too few less often
 * than once in 2^44 runs. That is computed, not simulated: the bound of the header, with the best parameters.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { insertRows } from '../../src/gates/insertion.ts';
import { signTreeFor } from '../../src/gates/less-than-zero.ts';
import { batchesOf, sampleSortCost } from '../../src/gates/sample-sort-batches.ts';
import { pairsBound, type Stage, stagesOf } from '../../src/gates/sample-sort-stages.ts';
import { selectionOf } from '../../src/gates/selection.ts';
import { uniformPermutation } from '../../src/ring/permutation.ts';

const RATIOS = [3, 4, 6, 8, 12, 16];

test('stages follow each other from no rows to all, each putting at most 16 times as many in order', () => {
  for (const rows of [2, 3, 10, 64, 255, 1000, 10_000, 123_457, 10 ** 6, 10 ** 8]) {
    const stages = stagesOf(rows);
    assert.equal(stages.at(-1)?.rows, rows);
    assert.ok(stages.length <= 16, `${rows} rows: ${stages.length} stages`);
    stages.forEach((stage, at) => {
      assert.equal(stage.sorted, stages[at - 1]?.rows ?? 0);
      assert.ok(stage.sorted === 0 || stage.rows <= 16 * stage.sorted, 'within the bound');
      const reached = Array.from({ length: stage.steps }).reduce<number>(
        (gaps) => Math.ceil(gaps / stage.fanOut),
        stage.sorted + 1,
      );
      assert.equal(reached, 1, 'a search ends in one gap');
    });
  }
  assert.deepEqual(stagesOf(1), []);
});

test('rounds and comparisons a row are what the header says', () => {
  const figures = [1000, 10_000, 100_000].map((rows) => {
    const comparisons = batchesOf(selectionOf(rows, rows)).reduce((sum, { length }) => sum + length, 0);
    return [sampleSortCost(selectionOf(rows, rows), 1, signTreeFor()).rounds, Math.round(comparisons / rows)];
  });
  assert.deepEqual(figures, [
    [20, 67],
    [40, 38],
    [140, 20],
  ]);
});

test('a stage has too many pairs less often than once in 2^44, whatever the number of rows', () => {
  let checked = 0;
  for (let rows = 48; rows < 10 ** 8; rows = Math.ceil(1.3 * rows)) {
    for (const ratio of RATIOS) {
      const sorted = Math.ceil(rows / ratio);
      const pairs = pairsBound(sorted, rows);
      const all = ((rows - sorted) * (rows - sorted - 1)) / 2;
      if (pairs === all) continue;
      const probability = log2TooManyPairs(sorted, rows, pairs);
      assert.ok(probability < -44, `${sorted} of ${rows} rows: 2^${probability.toFixed(1)}`);
      checked++;
    }
  }
  assert.ok(checked > 250, `${checked} stages`);
  const [sorted, rows] = [250, 1000];
  const mean = Math.round((rows - sorted) ** 2 / sorted);
  assert.ok(log2TooManyPairs(sorted, rows, 2 * mean) > -44, 'far fewer pairs would not do');
});

/** The base-2 logarithm of the header's bound on P[X > B], with the best G, t and z that a search finds. */
function log2TooManyPairs(sorted: number, rows: number, most: number): number {
  const others = rows - sorted;
  const ways = logChoose(rows, sorted);
  const beyond = (gap: number) => Math.log(sorted + 1) + logChoose(rows - gap - 1, sorted) - ways;
  let largest = Math.ceil(rows / sorted);
  while (beyond(largest) > -45 * Math.LN2) largest++;
  let best = Number.POSITIVE_INFINITY;
  for (let logT = Math.log(0.05 / largest ** 2); logT < Math.log(60 / largest); logT += 0.35) {
    const t = Math.exp(logT);
    const exponent = (logZ: number): number => {
      let series = 0;
      for (let gap = 0; gap <= largest; gap++) series += Math.exp((t * gap * (gap - 1)) / 2 + gap * logZ);
      return (sorted + 1) * Math.log(series) - others * logZ - ways - t * most;
    };
    best = Math.min(best, least(exponent, (-4 * sorted) / rows, sorted / rows));
  }
  return Math.log2(Math.exp(beyond(largest)) + Math.exp(best));
}

/** The least value of a convex function between two places: golden section. */
function least(f: (x: number) => number, from: number, to: number): number {
  let [a, b] = [from, to];
  for (let i = 0; i < 20; i++) {
    const [x, y] = [a + 0.382 * (b - a), a + 0.618 * (b - a)];
    if (f(x) < f(y)) b = y;
    else a = x;
  }
  return f((a + b) / 2);
}

function logChoose(n: number, k: number): number {
  return k < 0 || k > n ? Number.NEGATIVE_INFINITY : logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** Stirling's series. */
function logFactorial(n: number): number {
  if (n < 32) return Array.from({ length: n }, (_, i) => Math.log(i + 1)).reduce((sum, x) => sum + x, 0);
  return n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + 1 / (12 * n) - 1 / (360 * n ** 3);
}

/** Runs a stage on rows whose keys are `keys`, with outcomes that are right. */
function insert(stage: Stage, order: Uint32Array, keys: Uint32Array) {
  const insertion = insertRows(stage, order);
  let pairs = 0;
  let step = insertion.next();
  while (!step.done) {
    const { left, right } = step.value;
    const outcomes = new Uint32Array(2 * Math.ceil(left.length / 64));
    left.forEach((row, k) => {
      if (keys[row]! < keys[right[k]!]!) outcomes[k >>> 5] = outcomes[k >>> 5]! | (1 << (k & 31));
    });
    pairs = left.reduce((sum, row, k) => sum + (row === right[k] ? 0 : 1), 0);
    step = insertion.next(outcomes);
  }
  return { order: step.value, pairs };
}

/** Words that are uniform enough, the same in every run. */
function seededWords(seed: number): (count: number) => Uint32Array {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word ^= word + Math.imul(word ^ (word >>> 7), 61 | word);
    return word ^ (word >>> 14);
  };
  return (count) => Uint32Array.from({ length: count }, next);
}

const byKey = (keys: Uint32Array): number[] => [...keys.keys()].sort((i, j) => keys[i]! - keys[j]!);

test('random orders need about as many pairs as the mean says, and never more than are dealt', () => {
  const words = seededWords(7);
  for (const [sorted, rows] of [
    [250, 1000],
    [40, 300],
  ] as const) {
    const stage = { sorted, rows, fanOut: 4, steps: 5, pairs: pairsBound(sorted, rows) };
    const draws = 300;
    let total = 0;
    for (let draw = 0; draw < draws; draw++) {
      const keys = uniformPermutation(rows, words);
      const order = Uint32Array.from(byKey(keys.subarray(0, sorted)));
      const done = insert(stage, order, keys);
      assert.deepEqual([...done.order], byKey(keys));
      assert.ok(done.pairs <= stage.pairs, 'as many as are dealt');
      total += done.pairs;
    }
    const mean = (rows - sorted) ** 2 / sorted;
    assert.ok(
      Math.abs(total / draws / mean - 1) < 0.15,
      `${(total / draws).toFixed(0)}, mean ${mean.toFixed(0)}`,
    );
  }
});

test('an order that needs more pairs than were dealt is given up', () => {
  const keys = Uint32Array.from([0, 9, 1, 2, 3, 4, 5, 6, 7]);
  const stage = { sorted: 2, rows: 9, fanOut: 3, steps: 1, pairs: 20 };
  assert.throws(() => insert(stage, Uint32Array.of(0, 1), keys), { code: 'sort.unlucky' });
  const enough = insert({ ...stage, pairs: 21 }, Uint32Array.of(0, 1), keys);
  assert.deepEqual([...enough.order], [0, 2, 3, 4, 5, 6, 7, 8, 1]);
});

test('outcomes that no order explains are refused, in a search and in a gap', () => {
  const answered = (stage: Stage, order: Uint32Array, ...answers: readonly number[]) => {
    const insertion = insertRows(stage, order);
    insertion.next();
    for (const answer of answers) insertion.next(Uint32Array.of(answer, 0));
  };
  // The new row is greater than the second of two rows in order, and not than the first.
  const search = { sorted: 2, rows: 3, fanOut: 3, steps: 1, pairs: 1 };
  assert.throws(() => answered(search, Uint32Array.of(0, 1), 0b10), { code: 'sort.no-order' });
  assert.doesNotThrow(() => answered(search, Uint32Array.of(0, 1), 0b01, 0));
  // 0 < 1, 1 < 2, 2 < 0.
  const circle = { sorted: 0, rows: 3, fanOut: 1, steps: 0, pairs: 3 };
  assert.throws(() => answered(circle, new Uint32Array(0), 0b101), { code: 'sort.no-order' });
  assert.doesNotThrow(() => answered(circle, new Uint32Array(0), 0b111));
});
