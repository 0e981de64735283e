/**
 * Owns the face of the kernels: the loops that gates spend their time in, over vectors laid out as in words.ts. There are two
 * makes of it that compute the same words: simd.ts (WASM) and plain.ts, its twin, for machines without WASM SIMD and for tests.
 * Must never be asked for from outside src/ring but by gates and tapes: whoever calls sees vectors, not WASM memory.
 *
 * A *block* here has at most BLOCK_ELEMENTS elements; planes of a block lie `words` apart.
 */
import { assert } from '../../base/errors.ts';
import type { BitVector, RingVector, Words } from '../words.ts';
import type { PlaneProgram } from './program.ts';

/** The most elements of a block of digits: its 256 planes of one-hots take 128 KiB and stay in the second-level cache. */
export const BLOCK_ELEMENTS = 4096;
/** The most words of a plane of such a block. */
export const BLOCK_WORDS = BLOCK_ELEMENTS / 32;
/** The most counter blocks of one call. */
export const MAX_COUNTERS = 4096;
/** The most digits of 4 bits of a ring element. */
export const MOST_DIGITS = 16;

/** Takes two vectors as long as its output, which may be one of them. */
type Elementwise = (out: Words, a: Words, b: Words) => void;

/** A public constant of the ring, as its two unsigned 32-bit halves. */
export interface RingConstant {
  readonly lo: number;
  readonly hi: number;
}

/** What a server's share of a choice is made of, besides its share of the bits' masks. */
export interface ChoiceParts {
  /** Its share of the products of the bits' masks and those of x - y. */
  readonly product: RingVector;
  /** Masked values and this server's masks. */
  readonly x: RingVector;
  readonly y: RingVector;
  readonly xMask: RingVector;
  readonly yMask: RingVector;
  /** The masked bits: public. */
  readonly bits: BitVector;
}

/** Sizes of a product of matrices: rows x inner times inner x columns gives rows x columns. All row-major. */
export interface MatrixShape {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

export interface Kernels {
  /** out = a + b, of ring elements; a - b; a b; out + a b; out - a b. */
  readonly add: Elementwise;
  readonly sub: Elementwise;
  readonly mul: Elementwise;
  readonly mulAdd: Elementwise;
  readonly mulSub: Elementwise;
  /** out = a XOR b, of any words. */
  readonly xor: Elementwise;

  /** out = offset + sum of factor times vector. `out` may be one of them. */
  combine(
    out: RingVector,
    vectors: readonly RingVector[],
    factors: readonly RingConstant[],
    offset: RingConstant,
  ): void;

  /** out = a where the bit is 1, else 0; -a where it is 1, else a; the bit itself. */
  keepWhere(out: RingVector, a: RingVector, bits: BitVector): void;
  negateWhere(out: RingVector, a: RingVector, bits: BitVector): void;
  fromBits(out: RingVector, bits: BitVector): void;

  /** A server's share of bit ? x : y; `out` is its share of the bits' masks before (src/gates/select.ts). */
  choose(out: RingVector, parts: ChoiceParts, isA: boolean): void;

  /** What the dealer shares of r for a truncation: r / 2^shift, and 2^(64-shift) where r's top bit is set. 1 <= shift <= 62. */
  splitMask(shifted: RingVector, wrap: RingVector, r: RingVector, shift: number): void;

  /** A server's share of masked values less 2^shift-th parts; `out` is its share of `wrap` before (src/gates/truncate.ts). */
  truncate(out: RingVector, shifted: RingVector, masked: RingVector, shift: number, isA: boolean): void;

  /** The inner product of two vectors. */
  dot(a: RingVector, b: RingVector): RingConstant;

  /** out = a b, of matrices of ring elements; `out` is no input. */
  mulMatrices(out: RingVector, a: RingVector, b: RingVector, shape: MatrixShape): void;

  /**
   * The low `count` (at most 64) bits of ring elements of any number, as planes of `words` words in `out`. Bits past the
   * last element are 0.
   */
  bitPlanes(out: Words, ring: RingVector, count: number, words: number): void;

  /** The one-hots of up to 16 digits of 4 bits, given as planes of a block, 4 each: digit j's entry t becomes plane 16 j + t. */
  digitOneHots(out: Words, planes: Words, words: number): void;

  /**
   * From XOR shares of the one-hots of up to 16 secret digits r_j (16 planes of a block each) and as many public digits u_j (4 planes
   * each): shares of [u_j = r_j], a plane each.
   */
  equalDigits(equal: Words, oneHots: Words, digits: Words, words: number): void;

  /**
   * The same for digits of which the top one has but three bits: shares of [u_j < r_j] (`less`, a plane each), of
   * [u_j = r_j] for all but digit 0 (`equal`), and of the highest bit of r's top digit (`sign`, 1 plane).
   */
  compareDigits(less: Words, equal: Words, sign: Words, oneHots: Words, digits: Words, words: number): void;

  /**
   * Runs a program on planes of `words` words, any number of them. `inputs` and `outputs` hold one plane or several each, one
   * after another, and follow each other as the program numbers them.
   */
  runProgram(program: PlaneProgram, outputs: readonly Words[], inputs: readonly Words[], words: number): void;

  /**
   * For each key `domain` (a power of two) elements, all 0 but the one at key mod domain, which is the row's value (1 when
   * there are no values). Memory accesses do not depend on keys.
   */
  groupTable(table: RingVector, keys: RingVector, values: RingVector | undefined, domain: number): void;

  /**
   * For each key a table of `table`'s length (a power of two, at least 2), turned up by key mod that length: entry j of a row is the
   * old entry j - key. Memory accesses do not depend on keys.
   */
  turnedTables(out: RingVector, keys: RingVector, table: RingVector): void;

  /** totals[g] += entries[row, t], t = (key of row - g) mod domain. Keys are public. */
  addEntries(totals: RingVector, entries: RingVector, keys: RingVector): void;

  /** totals[g] += value of row * entries[row, t] - products[row, t], t = (key of row - g) mod domain. Keys are public. */
  addProducts(
    totals: RingVector,
    values: RingVector,
    entries: RingVector,
    products: RingVector,
    keys: RingVector,
  ): void;

  /**
   * `count` counter blocks of 16 bytes: two u32 `prefix` words and the u64 numbers from `first` on, big endian. A view that
   * the next call of any kernel overwrites.
   */
  counters(prefix: readonly [number, number], first: number, count: number): Uint8Array;
}

/** How many digits those one-hots (16 planes each) and those planes of digits (4 each) are of. */
export function digitsIn(oneHots: Words, digits: Words, words: number): number {
  const count = words === 0 ? 0 : digits.length / (4 * words);
  assert(
    Number.isInteger(count) && count >= 1 && count <= MOST_DIGITS && oneHots.length === 16 * count * words,
    'up to sixteen digits, with sixteen entries for each',
  );
  return count;
}
