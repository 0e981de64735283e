/**
 * Function keys once more, slowly: one key at a time, on BigInt, in the order in which the papers' Gen and
 * Eval proceed (named in src/gates/function-keys/keys.ts), with leaves of 128 bits as there and AES called for one block at a time.
 * No code is shared with src/gates/function-keys.
 */
import { createCipheriv } from 'node:crypto';

interface Shape {
  readonly inputBits: number;
  readonly isComparison: boolean;
}

interface Node {
  /** 125 bits. */
  readonly s: bigint;
  readonly v: bigint;
  readonly t: bigint;
}

const LEAF_BITS = 7;
const depthOf = ({ inputBits }: Shape): number => Math.max(0, inputBits - LEAF_BITS);
const restBits = ({ inputBits }: Shape): number => Math.min(inputBits, LEAF_BITS);
const blockOf = (words: ArrayLike<number>): bigint =>
  [3, 2, 1, 0].reduce((sum, w) => (sum << 32n) | BigInt(words[w]! >>> 0), 0n);
const wordsOf = (block: bigint): number[] =>
  [0n, 1n, 2n, 3n].map((w) => Number((block >> (32n * w)) & 0xffff_ffffn));
const nodeOf = (block: bigint): Node => ({ s: block >> 3n, v: (block >> 1n) & 1n, t: block & 1n });

/** G(s | c): 128 bits. */
function generate(key: ArrayLike<number>, s: bigint, c: bigint): bigint {
  const bytes = (block: bigint) => Buffer.from(Uint32Array.from(wordsOf(block)).buffer);
  const input = (s << 3n) | c;
  const cipher = createCipheriv('aes-128-ecb', bytes(blockOf(key)), null).setAutoPadding(false);
  const image = cipher.update(bytes(input));
  return input ^ blockOf(new Uint32Array(new Uint8Array(image).buffer));
}

/** Gen: the correction words of the levels, then that of the leaves, each as four 32-bit words. */
export function referenceKeys(
  shape: Shape,
  point: bigint,
  roots: { readonly a: ArrayLike<number>; readonly b: ArrayLike<number> },
  key: ArrayLike<number>,
): number[][] {
  const a = BigInt.asUintN(shape.inputBits, point);
  let nodes: [Node, Node] = [
    { ...nodeOf(blockOf(roots.a)), t: 0n },
    { ...nodeOf(blockOf(roots.b)), t: 1n },
  ];
  let sum = 0n;
  const words: number[][] = [];
  for (let level = 0; level < depthOf(shape); level++) {
    const bit = Number((a >> BigInt(shape.inputBits - 1 - level)) & 1n);
    const children = nodes.map(({ s }) => [0n, 1n].map((c) => nodeOf(generate(key, s, c))));
    const [keep, lose] = [bit, 1 - bit];
    const [ofA, ofB] = [children[0]!, children[1]!];
    const s = ofA[lose]!.s ^ ofB[lose]!.s;
    let v = ofA[lose]!.v ^ ofB[lose]!.v;
    if (shape.isComparison) {
      v ^= sum;
      if (lose === 0) v ^= 1n;
      sum = sum ^ ofA[keep]!.v ^ ofB[keep]!.v ^ v;
    }
    const t = [ofA[0]!.t ^ ofB[0]!.t ^ BigInt(bit) ^ 1n, ofA[1]!.t ^ ofB[1]!.t ^ BigInt(bit)];
    words.push(wordsOf((s << 3n) | (t[1]! << 2n) | (v << 1n) | t[0]!));
    const next = [ofA, ofB].map((child, i): Node => {
      const { s: seed, t: control } = child[keep]!;
      return nodes[i]!.t === 1n
        ? { s: seed ^ s, v: 0n, t: control ^ t[keep]! }
        : { s: seed, v: 0n, t: control };
    });
    nodes = [next[0]!, next[1]!];
  }
  const rest = a & ((1n << BigInt(restBits(shape))) - 1n);
  let table = 0n;
  for (let x = 0n; x < 128n; x++) {
    const value = shape.isComparison ? x < rest : x === rest;
    if (value !== (shape.isComparison && sum === 1n)) table |= 1n << x;
  }
  words.push(wordsOf(generate(key, nodes[0].s, 2n) ^ generate(key, nodes[1].s, 2n) ^ table));
  return words;
}

/** Eval: party i's share of the function at a place. */
export function referenceValue(
  shape: Shape,
  words: readonly (readonly number[])[],
  root: ArrayLike<number>,
  key: ArrayLike<number>,
  place: bigint,
  party: 0 | 1,
): boolean {
  const x = BigInt.asUintN(shape.inputBits, place);
  let node: Node = { ...nodeOf(blockOf(root)), t: BigInt(party) };
  let sum = 0n;
  for (let level = 0; level < depthOf(shape); level++) {
    const bit = (x >> BigInt(shape.inputBits - 1 - level)) & 1n;
    const child = nodeOf(generate(key, node.s, bit));
    const word = blockOf(words[level]!);
    const correction = { s: word >> 3n, v: (word >> 1n) & 1n, t: bit === 1n ? (word >> 2n) & 1n : word & 1n };
    const { t } = node;
    if (shape.isComparison) sum ^= child.v ^ (t * correction.v);
    node = { s: child.s ^ (t * correction.s), v: 0n, t: child.t ^ (t * correction.t) };
  }
  const leaf = generate(key, node.s, 2n) ^ (node.t * blockOf(words.at(-1)!));
  const rest = x & ((1n << BigInt(restBits(shape))) - 1n);
  return (((leaf >> rest) & 1n) ^ sum) === 1n;
}
