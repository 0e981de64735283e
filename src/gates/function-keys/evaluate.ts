/**
 * Owns a server's side of function keys: from its root, what both servers read and a public place, its share of the function's
 * value there. One AES block a level and key; all keys of a block go down together, so that a level is one call.
 * Must never reveal a share: it is opened under a fresh mask or stays a share. keys.ts derives all of it.
 */

import type { BitVector, RingVector, Words } from '../../ring/words.ts';
import { newBits } from '../../ring/words.ts';
import type { ServerName } from '../gate.ts';
import {
  bitOf,
  type FunctionShape,
  LEAF,
  leafMask,
  levelsOf,
  NODE_WORDS,
  NOT_SEED,
  permutation,
  rootNodes,
  wordsOfLevel,
} from './keys.ts';

/** Shares of the functions' values at `places` (the elements' lowest bits), a bit each. */
export function evaluateFunctionKeys(
  shape: FunctionShape,
  common: Words,
  roots: Words,
  places: RingVector,
  server: ServerName,
): BitVector {
  const keys = places.length / 2;
  const levels = levelsOf(shape);
  const permute = permutation(common.subarray(0, NODE_WORDS));
  const control = server === 'a' ? 0 : 1;
  /** What pi is applied to next: seeds, each with the side that it goes to, or LEAF. */
  const nodes = rootNodes(roots, 0);
  const controls = new Int32Array(keys).fill(-control);
  const sums = new Uint32Array(keys);
  const choiceAt = (level: number, k: number): number =>
    level < levels ? bitOf(places, k, shape.inputBits - 1 - level) : LEAF;
  for (let k = 0; k < keys; k++) nodes[NODE_WORDS * k] = nodes[NODE_WORDS * k]! | choiceAt(0, k);
  for (let level = 0; level < levels; level++) {
    descend(nodes, controls, sums, permute(nodes), wordsOfLevel(common, level, keys));
    for (let k = 0; k < keys; k++) nodes[NODE_WORDS * k] = nodes[NODE_WORDS * k]! | choiceAt(level + 1, k);
  }
  const images = permute(nodes);
  const corrections = wordsOfLevel(common, levels, keys);
  const shares = newBits(keys);
  const rests = leafMask(shape);
  for (let k = 0; k < keys; k++) {
    const rest = places[2 * k]! & rests;
    const at = NODE_WORDS * k + (rest >>> 5);
    const leaf = nodes[at]! ^ images[at]! ^ (corrections[at]! & controls[k]!);
    const sum = shape.isComparison ? sums[k]! >>> 1 : 0;
    shares[k >>> 5] = shares[k >>> 5]! | ((((leaf >>> (rest & 31)) ^ sum) & 1) << (k & 31));
  }
  return shares;
}

/** From nodes to their children on the side that each names; value bits go to bit 1 of `sums`. */
function descend(nodes: Words, controls: Int32Array, sums: Words, images: Words, corrections: Words): void {
  for (let k = 0, at = 0; k < controls.length; k++, at += NODE_WORDS) {
    const control = controls[k]!;
    const node = nodes[at]!;
    const word = corrections[at]!;
    // The side's control bit is bit 0 on the left, bit 2 on the right.
    const correction = (word & ~5) | ((word >>> ((node & 1) << 1)) & 1);
    const child = node ^ images[at]! ^ (correction & control);
    sums[k] = sums[k]! ^ child;
    controls[k] = -(child & 1);
    nodes[at] = child & ~NOT_SEED;
    nodes[at + 1] = nodes[at + 1]! ^ images[at + 1]! ^ (corrections[at + 1]! & control);
    nodes[at + 2] = nodes[at + 2]! ^ images[at + 2]! ^ (corrections[at + 2]! & control);
    nodes[at + 3] = nodes[at + 3]! ^ images[at + 3]! ^ (corrections[at + 3]! & control);
  }
}
