/**
 * Owns function keys: a pair of keys for a function of one secret point, from which each server computes a share of the
 * function at a public place without talking. Bits of the result are XORed. Here: the form of the keys, and the dealing.
 * Must never branch on, nor address memory by, a point.
 *
 * Two functions of a in 0..2^n-1:   f(x) = [x = a], a distributed point function (Boyle, Gilboa, Ishai, "Function secret sharing:
 * improvements and extensions", CCS 2016);   f(x) = [x < a], a distributed comparison function (Boyle, Chandran, Gilboa,
 * Gupta, Ishai, Kumar, Rathee, "Function secret sharing for mixed-mode and fixed-point secure computation", EUROCRYPT 2021).
 * Both are proved from any pseudorandom generator.
 *
 * Each server walks a binary tree from a root seed of its own down to its x, one bit a level, highest first. A node is a block of
 * 128 bits: a seed s of 125, a value bit v, a control bit t. With G a generator, the children of a node are G(s | 0), G(s | 1),
 * each with the level's correction word XORed where t = 1. The dealer makes correction words so that
 *   on the way to a:  the two servers' seeds are independent, their t differ;   off it:  s and t are equal.
 * For that, at a level where a goes to one side (keep), the word's seed is the XOR of both servers' seeds on the other (lose), and
 *   t_left = t_left(A) + t_left(B) + a_i + 1,   t_right = t_right(A) + t_right(B) + a_i.
 * Off the way both servers compute the same, which cancels. A comparison adds up v on its way: with V the sum so far, of both
 * servers, on the way to a, the word's value bit is v_lose(A) + v_lose(B) + V + [lose = left]: who leaves to the left is below a.
 * (A point function has no use for v; its words hold v_lose(A) + v_lose(B) there.)
 * The last seven levels are one (early termination, from the paper of 2016 for point functions; here for comparisons too): the leaf G(s | 2) is 128 bits, one for each rest of
 * x, and its correction word makes the two leaves' XOR the function's truth table there (+ V), since t = 1 on one side only.
 * The word tells no more than a level's: given one root, the other server's leaf on the way is pseudorandom and covers it whole.
 *
 * The generator is G(s | c) = pi(s | c) + (s | c) with pi AES-128 under a public key: Matyas, Meyer, Oseas (1985), the field's
 * custom, analysed for pi ideal by Guo, Katz, Wang, Yu, "Efficient and secure multiparty computation from fixed-key block
 * ciphers" (S&P 2020). The key is drawn anew for each block of keys, so that attacks on many seeds at once gain nothing elsewhere.
 *
 * Who sees what: the dealer points and both roots; a server its own root, the correction words (the same for both) and x. One
 * root with the correction words is computationally independent of a: that is the theorem of both papers, for seeds of 125 bits.
 *
 * Layout of what both servers read for a block of keys: pi's key (4 words), then level by level and last for the leaves, key
 * after key, correction words of 4 words. Of a word's lowest bits, 0 is t_left, 1 the value bit, 2 t_right.
 */
import { createCipheriv } from 'node:crypto';
import { bytesOfWords } from '../../base/bytes.ts';
import { assert } from '../../base/errors.ts';
import type { RingVector, Words } from '../../ring/words.ts';

export interface FunctionShape {
  /** n: the function takes the lowest n bits of an element, 0 to 64. */
  readonly inputBits: number;
  /** [x < a] if true, else [x = a]. */
  readonly isComparison: boolean;
}

/** Words of a node, a leaf or a correction word. */
export const NODE_WORDS = 4;
/** What of a node's lowest word is no seed. */
export const NOT_SEED = 7;
/** Added to a seed, next to 0 and 1 for its children: its leaf. */
export const LEAF = 2;
const LEAF_BITS = 7;

export const levelsOf = ({ inputBits }: FunctionShape): number => Math.max(0, inputBits - LEAF_BITS);
/** The lowest bits of x, which a leaf has a bit for each value of. */
export const leafMask = ({ inputBits }: FunctionShape): number => 2 ** Math.min(inputBits, LEAF_BITS) - 1;
/** Words that both servers read for `keys` keys. */
export const commonWords = (shape: FunctionShape, keys: number): number =>
  NODE_WORDS * (1 + (levelsOf(shape) + 1) * keys);
/** Where the correction words of a level (the leaves after the last) begin. */
export const wordsOfLevel = (common: Words, level: number, keys: number): Words =>
  common.subarray(NODE_WORDS * (1 + level * keys), NODE_WORDS * (1 + (level + 1) * keys));

/** The permutation pi of blocks of four words, under a public key of four. */
export function permutation(key: Words): (blocks: Words) => Words {
  const cipher = createCipheriv('aes-128-ecb', bytesOfWords(key), null).setAutoPadding(false);
  return (blocks) => {
    const bytes = cipher.update(bytesOfWords(blocks));
    return new Uint32Array(bytes.buffer, bytes.byteOffset, blocks.length);
  };
}

/** Bit `place` of element k. */
export const bitOf = (elements: RingVector, k: number, place: number): number =>
  (elements[2 * k + (place >> 5)]! >>> (place & 31)) & 1;

/** Both servers' seeds and control bits while the dealer walks to the points. */
interface Walk {
  readonly a: Words;
  readonly b: Words;
  /** V of each key. */
  readonly sums: Words;
}

/**
 * The dealer's side: what both servers read, for the functions of `points`. `roots` are four uniform words a key for each
 * server, `key` four uniform words.
 */
export function dealFunctionKeys(
  shape: FunctionShape,
  points: RingVector,
  roots: { readonly a: Words; readonly b: Words },
  key: Words,
): Words {
  const keys = points.length / 2;
  const common = new Uint32Array(commonWords(shape, keys));
  common.set(key);
  const permute = permutation(key);
  const walk: Walk = {
    a: rootNodes(roots.a, 0),
    b: rootNodes(roots.b, 1),
    sums: new Uint32Array(keys),
  };
  const room = [0, 1, 2, 3].map(() => new Uint32Array(NODE_WORDS * keys));
  const generate = (nodes: Words, choice: number, out: Words): Words => {
    for (let at = 0; at < out.length; at += NODE_WORDS) {
      out[at] = (nodes[at]! & ~NOT_SEED) | choice;
      for (let w = 1; w < NODE_WORDS; w++) out[at + w] = nodes[at + w]!;
    }
    const images = permute(out);
    for (let at = 0; at < out.length; at++) out[at] = out[at]! ^ images[at]!;
    return out;
  };
  const levels = levelsOf(shape);
  for (let level = 0; level < levels; level++) {
    const children = {
      leftA: generate(walk.a, 0, room[0]!),
      rightA: generate(walk.a, 1, room[1]!),
      leftB: generate(walk.b, 0, room[2]!),
      rightB: generate(walk.b, 1, room[3]!),
    };
    const out = wordsOfLevel(common, level, keys);
    correctLevel(out, walk, children, points, shape.inputBits - 1 - level, shape.isComparison);
  }
  const leaves = [generate(walk.a, LEAF, room[0]!), generate(walk.b, LEAF, room[1]!)] as const;
  correctLeaves(wordsOfLevel(common, levels, keys), walk, leaves, points, shape);
  return common;
}

/** The nodes at the roots: of server A with control bit 0, of server B with control bit 1. */
export function rootNodes(roots: Words, control: number): Words {
  const nodes = Uint32Array.from(roots);
  for (let at = 0; at < nodes.length; at += NODE_WORDS) nodes[at] = (nodes[at]! & ~NOT_SEED) | control;
  return nodes;
}

/** A level's correction words, written to `out`; the walk goes on to the points' side. */
function correctLevel(
  out: Words,
  { a, b, sums }: Walk,
  children: Readonly<Record<'leftA' | 'rightA' | 'leftB' | 'rightB', Words>>,
  points: RingVector,
  place: number,
  isComparison: boolean,
): void {
  const { leftA, rightA, leftB, rightB } = children;
  for (let k = 0, at = 0; k < sums.length; k++, at += NODE_WORDS) {
    const right = bitOf(points, k, place);
    const toRight = -right;
    const [controlA, controlB] = [-(a[at]! & 1), -(b[at]! & 1)];
    const differA = (leftA[at]! ^ rightA[at]!) & toRight;
    const differB = (leftB[at]! ^ rightB[at]!) & toRight;
    const lose = rightA[at]! ^ differA ^ rightB[at]! ^ differB;
    const controlLeft = (leftA[at]! ^ leftB[at]! ^ right ^ 1) & 1;
    const controlRight = (rightA[at]! ^ rightB[at]! ^ right) & 1;
    const value = (lose ^ (isComparison ? (sums[k]! ^ right) << 1 : 0)) & 2;
    const seed = lose & ~NOT_SEED;
    out[at] = seed | value | controlLeft | (controlRight << 2);
    const kept = seed | value | (controlLeft ^ ((controlLeft ^ controlRight) & right));
    a[at] = leftA[at]! ^ differA ^ (kept & controlA);
    b[at] = leftB[at]! ^ differB ^ (kept & controlB);
    sums[k] = sums[k]! ^ (((a[at]! ^ b[at]!) >>> 1) & 1);
    for (let w = at + 1; w < at + NODE_WORDS; w++) {
      const keptA = leftA[w]! ^ ((leftA[w]! ^ rightA[w]!) & toRight);
      const keptB = leftB[w]! ^ ((leftB[w]! ^ rightB[w]!) & toRight);
      const word = leftA[w]! ^ rightA[w]! ^ keptA ^ leftB[w]! ^ rightB[w]! ^ keptB;
      out[w] = word;
      a[w] = keptA ^ (word & controlA);
      b[w] = keptB ^ (word & controlB);
    }
  }
}

/** The leaves' correction words: the two leaves become shares of the truth table of the rest of the point. */
function correctLeaves(
  out: Words,
  { sums }: Walk,
  [leafA, leafB]: readonly [Words, Words],
  points: RingVector,
  shape: FunctionShape,
): void {
  const rests = leafMask(shape);
  assert(sums.length * NODE_WORDS === out.length, 'a leaf for each key');
  for (let k = 0; k < sums.length; k++) {
    const rest = points[2 * k]! & rests;
    const bit = 1 << (rest & 31);
    const sum = shape.isComparison ? -sums[k]! : 0;
    for (let w = 0; w < NODE_WORDS; w++) {
      const distance = w - (rest >>> 5);
      const isHere = ~((distance | -distance) >> 31);
      const truth = shape.isComparison ? (distance >> 31) | ((bit - 1) & isHere) : bit & isHere;
      const at = NODE_WORDS * k + w;
      out[at] = leafA[at]! ^ leafB[at]! ^ truth ^ sum;
    }
  }
}
