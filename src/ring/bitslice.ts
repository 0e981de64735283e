/**
 * Owns bit slicing: a vector of ring elements seen as bit planes, 32 elements a word, block by block.
 * Must never index memory by a secret: everything here is straight-line.
 *
 * A *plane* of a block of elements is the bit vector of one bit of each of them. Planes lie one after another with a
 * stride of `words = bitWords(elements)`. Planes are inner values of gates: their padding bits (past the last element)
 * may be anything, so a gate clears the padding of what it returns.
 */
import { assert } from '../base/errors.ts';
import { ringBlock } from './blocks.ts';
import { kernels } from './kernels/kernels.ts';
import type { BitVector, RingVector, Words } from './words.ts';
import { bitWords, newBits } from './words.ts';

/** The plane of the highest bit of a ring element. */
const TOP_PLANE = 63;

/** A run of elements small enough for its planes to stay in cache. `words` is the stride of its planes. */
export interface Block {
  readonly index: number;
  readonly start: number;
  readonly length: number;
  readonly words: number;
}

/** The elements 0..length-1 in blocks of `size` (a multiple of 64); only the last may be shorter. */
export function blocksOf(length: number, size: number): readonly Block[] {
  assert(size > 0 && size % 64 === 0, 'blocks are whole 64-bit groups');
  return Array.from({ length: Math.ceil(length / size) }, (_, index) => {
    const start = index * size;
    const elements = Math.min(size, length - start);
    return { index, start, length: elements, words: bitWords(elements) };
  });
}

/** The `count` planes of a packed vector, as views. */
export function planesOf(packed: Words, count: number): readonly Words[] {
  assert(packed.length % count === 0, 'planes of one stride');
  const words = packed.length / count;
  return Array.from({ length: count }, (_, p) => packed.subarray(p * words, (p + 1) * words));
}

/** A block's part of a vector that holds `count` planes of each block, block after block. A view. */
export function partOfBlock(vector: Words, block: Block, count: number): Words {
  const from = count * bitWords(block.start);
  return vector.subarray(from, from + count * block.words);
}

/** The low `count` bits of each element of a block as planes 0..count-1, into `out`. Padding bits are zero. */
export function bitPlanes(
  ring: RingVector,
  block: Block,
  count: number,
  out: Words = new Uint32Array(count * block.words),
): Words {
  assert(ring.length >= 2 * (block.start + block.length), 'the block lies inside the vector');
  assert(out.length === count * block.words, 'planes of the stride of the block');
  kernels().bitPlanes(out, ringBlock(ring, block.start, block.length), count, block.words);
  return out;
}

/** The top bits of all elements as a bit vector: 1 where the signed element is negative. */
export const signBits = (ring: RingVector): BitVector => bitsAt(ring, TOP_PLANE);

/** Bit `place` of each element. */
export function bitsAt(ring: RingVector, place: number): BitVector {
  const length = ring.length / 2;
  const half = place >>> 5;
  const bits = newBits(length);
  for (let i = 0; i < length; i++) {
    bits[i >>> 5] = bits[i >>> 5]! | (((ring[2 * i + half]! >>> (place & 31)) & 1) << (i & 31));
  }
  return bits;
}
