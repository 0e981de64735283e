/**
 * Owns bit slicing: a vector of ring elements seen as bit planes, and the Boolean functions of digits that the gates
 * evaluate on whole planes, 32 elements a word. Must never index memory by a secret: everything here is straight-line.
 *
 * A *plane* of a block of elements is the bit vector of one bit of each of them. Planes lie one after another with a
 * stride of `words = bitWords(elements)`. Planes are inner values of gates: their padding bits (past the last element)
 * may be anything, so a gate clears the padding of what it returns.
 *
 * The transpose of 32 x 32 bits is Warren, "Hacker's Delight", section 7-3, run from the other end, since bit 0 is first here.
 */
import { assert } from '../base/errors.ts';
import type { BitVector, RingVector, Words } from './words.ts';
import { bitWords, newBits } from './words.ts';

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

/** The low `count` bits of each element of a block as planes 0..count-1. Padding bits are zero. */
export function bitPlanes(ring: RingVector, block: Block, count: number): Words {
  assert(ring.length >= 2 * (block.start + block.length), 'the block lies inside the vector');
  const planes = new Uint32Array(count * block.words);
  const square = new Int32Array(32);
  for (let half = 0; 32 * half < count; half++) {
    const bits = Math.min(32, count - 32 * half);
    for (let word = 0; word < block.words; word++) {
      const elements = Math.max(0, Math.min(32, block.length - 32 * word));
      const first = 2 * (block.start + 32 * word) + half;
      for (let i = 0; i < elements; i++) square[i] = ring[first + 2 * i]!;
      square.fill(0, elements);
      transposeSquare(square);
      let at = 32 * half * block.words + word;
      for (let b = 0; b < bits; b++, at += block.words) planes[at] = square[b]!;
    }
  }
  return planes;
}

/** The top bits of all elements as a bit vector: 1 where the signed element is negative. */
export function signBits(ring: RingVector): BitVector {
  const length = ring.length / 2;
  const signs = newBits(length);
  for (let i = 0; i < length; i++) {
    signs[i >>> 5] = signs[i >>> 5]! | ((ring[2 * i + 1]! >>> 31) << (i & 31));
  }
  return signs;
}

/** Transposes 32 x 32 bits in place: bit j of word i becomes bit i of word j. */
function transposeSquare(square: Int32Array): void {
  for (let span = 16, mask = 0x0000ffff; span !== 0; span >>>= 1, mask ^= mask << span) {
    for (let i = 0; i < 32; i = (i + span + 1) & ~span) {
      const low = square[i]!;
      const high = square[i + span]!;
      const swapped = ((low >>> span) ^ high) & mask;
      square[i] = low ^ (swapped << span);
      square[i + span] = high ^ swapped;
    }
  }
}

/**
 * The one-hot of a digit: plane t of `out` is [digit = t], t in 0..2^k-1, for the k planes of `digit` (low bit first).
 * Built by doubling, a bit at a time: 2^(k+1) plane operations.
 */
export function oneHotPlanes(out: Words, digit: Words, words: number): void {
  const width = words === 0 ? 0 : digit.length / words;
  assert(
    out.length === words << width && digit.length === width * words,
    'one plane for each value of the digit',
  );
  out.fill(0xffffffff, 0, words);
  for (let bit = 0; bit < width; bit++) {
    const half = words << bit;
    for (let from = 0; from < half; from += words) {
      for (let w = 0; w < words; w++) {
        const entry = out[from + w]!;
        const upper = entry & digit[bit * words + w]!;
        out[half + from + w] = upper;
        out[from + w] = entry ^ upper;
      }
    }
  }
}

/** The one-hots of all 16 digits of 4 bits of elements given as 64 planes: digit j's entry t is plane 16 j + t. */
export function digitOneHots(planes: Words, words: number): Words {
  const oneHots = new Uint32Array(256 * words);
  for (let j = 0; j < 16; j++) {
    oneHotPlanes(
      oneHots.subarray(16 * j * words, 16 * (j + 1) * words),
      planes.subarray(4 * j * words, 4 * (j + 1) * words),
      words,
    );
  }
  return oneHots;
}

/**
 * From XOR shares of the one-hot of a secret digit r (2^k planes) and the public digit u (k planes, k = 3 or 4), XOR shares of
 *   equal = [u = r] = onehot[u]     and     less = [u < r] = XOR of onehot[t] for t > u.
 * A mux tree does both: in a group of four entries a b c d, picked by the low bits (u0, u1) of u,
 *   equal = (a b c d)[u],   less = (b+c+d, c+d, d, 0)[u];
 * over the groups from the top down, `above` is the XOR of all entries of higher groups, which u < r adds to `less`,
 * and `here` the public bit "u lies in this group". About 100 word operations for 32 elements.
 * Either output may be left out.
 */
export function lessAndEqual(
  less: Words | undefined,
  equal: Words | undefined,
  oneHot: Words,
  digit: Words,
  words: number,
): void {
  const wide = digit.length === 4 * words;
  assert(wide || digit.length === 3 * words, 'digits of 3 or 4 bits');
  assert(oneHot.length === (wide ? 16 : 8) * words, 'one plane for each value of the digit');
  for (let w = 0; w < words; w++) {
    const u0 = digit[w]!;
    const u1 = digit[words + w]!;
    const u2 = digit[2 * words + w]!;
    const u3 = wide ? digit[3 * words + w]! : 0;
    let lessBits = 0;
    let equalBits = 0;
    let above = 0;
    for (let group = wide ? 3 : 1; group >= 0; group--) {
      const at = 4 * group * words + w;
      const a = oneHot[at]!;
      const b = oneHot[at + words]!;
      const c = oneHot[at + 2 * words]!;
      const d = oneHot[at + 3 * words]!;
      const here = ((group & 2) === 0 ? ~u3 : u3) & ((group & 1) === 0 ? ~u2 : u2);
      const lower = a ^ b;
      const upper = c ^ d;
      const equalLower = a ^ (u0 & lower);
      const equalUpper = c ^ (u0 & upper);
      const lessLower = (b & ~u0) ^ upper;
      const lessUpper = d & ~u0;
      equalBits ^= here & (equalLower ^ (u1 & (equalLower ^ equalUpper)));
      lessBits ^= here & (above ^ lessLower ^ (u1 & (lessLower ^ lessUpper)));
      above ^= lower ^ upper;
    }
    if (less !== undefined) less[w] = lessBits;
    if (equal !== undefined) equal[w] = equalBits;
  }
}
