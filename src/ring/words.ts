/**
 * Owns how vectors lie in memory: the one face between the engine and its kernels. Must never use BigInt per element.
 *
 * A `RingVector` of n elements of Z_2^64 is 2n little-endian words: low at 2i, high at 2i+1.
 * A `BitVector` of n bits is 2*ceil(n/64) words, bit i at bit (i mod 32) of word floor(i/32); padding bits are zero.
 */
export type Words = Uint32Array;
export type RingVector = Words;
export type BitVector = Words;

/** The next `count` words of a stream. */
export type WordStream = (count: number) => Words;

/** Words of a ring vector of n elements. */
export const ringWords = (length: number): number => 2 * length;

/** Words of a bit vector of n bits: whole 64-bit groups. */
export const bitWords = (length: number): number => 2 * Math.ceil(length / 64);

export const newRing = (length: number): RingVector => new Uint32Array(ringWords(length));
export const newBits = (length: number): BitVector => new Uint32Array(bitWords(length));

/** Words of a vector of either kind. */
export const wordsOf = (kind: 'ring' | 'bits', length: number): number =>
  kind === 'ring' ? ringWords(length) : bitWords(length);
