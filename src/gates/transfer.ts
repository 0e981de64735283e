/**
 * Owns what gates do that move rows from one server to the other: a message one way, and the turn in which a server permutes
 * rows that it holds masked and puts them under a mask of its own.
 * Must never send words that are not under a mask which the receiver does not know.
 */
import { assert } from '../base/errors.ts';
import { permuteRows, uniformPermutation } from '../ring/permutation.ts';
import { add } from '../ring/ring.ts';
import type { RingVector, WordStream, Words } from '../ring/words.ts';
import { newRing } from '../ring/words.ts';
import type { Opening, ServerName } from './gate.ts';

/** One message of `count` words (an even number) from one server to the other; both have its words afterwards. */
export function* transfer(
  server: ServerName,
  from: ServerName,
  count: number,
  words: () => Words,
): Generator<Opening, Words, Words> {
  if (server !== from) return yield { kind: 'transfer', from, count };
  const sent = words();
  assert(sent.length === count && count % 2 === 0, 'a message has the size that the plan says');
  return yield { kind: 'transfer', from, count, words: sent };
}

/**
 * A server's turn: all columns of `source` (of `rows` rows) permuted alike, then masked; the first words of the streams make
 * the permutation and the mask. The same on masked values at the server and on masks at the dealer.
 */
export function turnRows(
  source: RingVector,
  rows: number,
  permutation: WordStream,
  mask: WordStream,
): RingVector {
  const turned = permuteRows(source, uniformPermutation(rows, permutation));
  return add(turned, turned, mask(turned.length));
}

/** Ring vectors one after another, into a new one. */
export function concatRing(vectors: readonly RingVector[]): RingVector {
  const out = newRing(vectors.reduce((sum, vector) => sum + vector.length, 0) / 2);
  let at = 0;
  for (const vector of vectors) {
    out.set(vector, at);
    at += vector.length;
  }
  return out;
}
