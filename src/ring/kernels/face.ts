/**
 * Owns the face of the kernels: the loops that gates spend their time in, over vectors laid out as in words.ts. There are two
 * makes of it that compute the same words: simd.ts (WASM) and plain.ts, its twin, for machines without WASM SIMD and for tests.
 * Must never be asked for from outside src/ring but by gates and tapes: whoever calls sees vectors, not WASM memory.
 *
 * A *block* here has at most BLOCK_ELEMENTS elements; planes of a block lie `words` apart.
 */
import type { RingVector, Words } from '../words.ts';
import type { PlaneProgram } from './program.ts';

/** The most elements of a block of digits: its 256 planes of one-hots take 128 KiB and stay in the second-level cache. */
export const BLOCK_ELEMENTS = 4096;
/** The most words of a plane of such a block. */
export const BLOCK_WORDS = BLOCK_ELEMENTS / 32;
/** The most counter blocks of one call. */
export const MAX_COUNTERS = 4096;

/** Takes two vectors as long as its output, which may be one of them. */
type Elementwise = (out: Words, a: Words, b: Words) => void;

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

  /** out = a b, of matrices of ring elements; `out` is no input. */
  mulMatrices(out: RingVector, a: RingVector, b: RingVector, shape: MatrixShape): void;

  /**
   * The low `count` (at most 64) bits of ring elements of any number, as planes of `words` words in `out`. Bits past the
   * last element are 0.
   */
  bitPlanes(out: Words, ring: RingVector, count: number, words: number): void;

  /** The one-hots of 16 digits of 4 bits, given as 64 planes of a block: digit j's entry t becomes plane 16 j + t. */
  digitOneHots(out: Words, planes: Words, words: number): void;

  /**
   * From XOR shares of the one-hots of 16 secret digits r_j (256 planes of a block) and 16 public digits u_j (64 planes):
   * shares of [u_j = r_j], 16 planes.
   */
  equalDigits(equal: Words, oneHots: Words, digits: Words, words: number): void;

  /**
   * The same for 16 digits of which the top one has but three bits: shares of [u_j < r_j] (`less`, 16 planes), of
   * [u_j = r_j] for j of 1 to 15 (`equal`, 15 planes), and of the highest bit of r's top digit (`sign`, 1 plane).
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
