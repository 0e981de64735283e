/**
 * Owns the servers' walk along a selection (selection.ts): which shuffled rows are compared, and which ones are the first.
 * Must never know a key: only opened outcomes, and words that are public and uniform.
 */
import { createHash } from 'node:crypto';
import { bytesOfWords, wordsOfBytes } from '../base/bytes.ts';
import { uniformPermutation } from '../ring/permutation.ts';
import type { BitVector, WordStream, Words } from '../ring/words.ts';
import type { Opening } from './gate.ts';
import { insertRows, type Pairs, unlucky } from './insertion.ts';
import type { Stage } from './sample-sort-stages.ts';
import type { Selection } from './selection.ts';

/** Opens whether the key of each left row is less than that of the right one. */
export type Compare = (pairs: Pairs) => Generator<Opening, BitVector, Words>;

/** The first of `rows`, numbers of rows in uniform order, by ascending key. Throws `sort.unlucky`, `sort.no-order`. */
export function* firstRows(
  selection: Selection,
  rows: Words,
  compare: Compare,
  next: WordStream,
): Generator<Opening, Words, Words> {
  if (selection.by === 'order') {
    const order = yield* inOrder(selection.stages, rows, compare);
    return order.subarray(0, selection.first);
  }
  const { sample, candidates } = selection;
  const least = yield* firstRows(sample, rows.subarray(0, sample.rows), compare, next);
  const others = rows.subarray(sample.rows);
  const right = new Uint32Array(others.length).fill(least.at(-1)!);
  const isLess = yield* compare({ left: others, right });
  const found = foundRows(rows, least, others, isLess, candidates);
  const shuffled = uniformPermutation(found.length, next).map((place) => found[place]!);
  return yield* firstRows(candidates, shuffled, compare, next);
}

/** All rows up to the pivot, the last of the sample's `least`, and others behind them. */
function foundRows(
  rows: Words,
  least: Words,
  others: Words,
  isLess: BitVector,
  { rows: count, first }: Selection,
): Words {
  const chosen = new Set(least);
  others.forEach((row, k) => {
    if (((isLess[k >>> 5]! >>> (k & 31)) & 1) === 1) chosen.add(row);
  });
  if (chosen.size < first || chosen.size > count) throw unlucky();
  const rest = rows.filter((row) => !chosen.has(row));
  return Uint32Array.from([...chosen, ...rest.subarray(0, count - chosen.size)]);
}

function* inOrder(stages: readonly Stage[], rows: Words, compare: Compare): Generator<Opening, Words, Words> {
  const numbersOf = (places: Words): Words => places.map((place) => rows[place]!);
  let order: Words = new Uint32Array(rows.length === 1 ? 1 : 0);
  for (const stage of stages) {
    const insertion = insertRows(stage, order);
    let step = insertion.next();
    while (!step.done) {
      const { left, right } = step.value;
      step = insertion.next(yield* compare({ left: numbersOf(left), right: numbersOf(right) }));
    }
    order = step.value;
  }
  return numbersOf(order);
}

/** Words that whoever knows those given finds, too: SHAKE256 of them and of how often it was asked. */
export function wordsFrom(known: Words): WordStream {
  const seed = createHash('sha256')
    .update('mpc/1 order of candidates\n')
    .update(bytesOfWords(known))
    .digest();
  let asked = 0;
  return (count) =>
    wordsOfBytes(
      createHash('shake256', { outputLength: 4 * count })
        .update(seed)
        .update(String(asked++))
        .digest(),
    );
}
