/**
 * Owns the face of the ballots' kernels: the hash and the field arithmetic that sharding and verifying spend their time in. There
 * are two makes of it that compute the same bytes: wasm.ts, and plain.ts, its twin, which says what each kernel computes and is
 * what tests compare with. Must never branch on, nor address memory by, a secret (rejection while expanding a seed excepted: it
 * happens with probability 2^-32 or 2^-59 an element and tells nothing of the elements kept).
 *
 * Every argument that names data is a byte offset into `memory`; vectors are canonical elements one after another, counts and strides
 * are elements. An output overlaps no input unless its comment says it may. A *scaled* element x stands as x S mod p, where S = 2^128
 * in Field128 (Montgomery's form) and 1 in Field64: an element times a scaled one costs least, so constants are kept scaled.
 */

/** Bytes at the start of the memory that are the kernels' own. */
export const RESERVED_BYTES = 2048;

export interface BallotKernels {
  /** All of the memory; the caller lays it out from RESERVED_BYTES on. */
  readonly memory: Uint8Array;
  /** TurboSHAKE128 with domain separation byte 1 (RFC 9861): `outBytes` bytes of output for a message. */
  turboShake(out: number, outBytes: number, message: number, messageBytes: number): void;
  /** Copies `bytes`, a multiple of 8; the places do not overlap. */
  move(out: number, from: number, bytes: number): void;
  readonly field64: FieldKernels;
  readonly field128: FieldKernels;
}

export interface FieldKernels {
  /** The output stream for a message as `count` elements: chunks of an element's size at or above the modulus are skipped. */
  expand(out: number, count: number, message: number, messageBytes: number): void;
  /** Whether all elements are below the modulus. */
  isCanonical(vector: number, count: number): boolean;
  /** out = a + b; `out` may be an input. */
  add(out: number, a: number, b: number, count: number): void;
  /** out = a - b; `out` may be an input. */
  sub(out: number, a: number, b: number, count: number): void;
  /** The elements scaled; `out` may be `vector`. */
  scale(out: number, vector: number, count: number): void;
  /** One element: the sum of `count` elements, `stride` apart. */
  sum(out: number, vector: number, stride: number, count: number): void;
  /** A row of `columns` elements: the sum of `count` rows, one after another. */
  sumRows(out: number, rows: number, columns: number, count: number): void;
  /** One element: the sum of a_k b_k, the elements a being `stride` apart, and b scaled. */
  dot(out: number, a: number, stride: number, b: number, count: number): void;
  /**
   * out_i = weights_i * product of (at - nodes_j) over all j but i: a polynomial's Lagrange coefficients at `at` when weights_i is
   * the inverse of the product of (nodes_i - nodes_j). All scaled but `at`. Tells whether `at` is none of the nodes.
   */
  lagrange(out: number, at: number, nodes: number, weights: number, count: number): boolean;
  /**
   * The wires of a circuit that checks `count` elements m in `calls` chunks of `chunk`: rows of `points` elements, a call a column
   * after the seed's. Call k has on wire 2j r_k^(j+1) m and on wire 2j + 1 m - shift, of m = element chunk k + j, 0 past the
   * last. Columns past the last call are 0.
   */
  chunkWires(
    wires: number,
    seeds: number,
    elements: number,
    count: number,
    jointRand: number,
    chunk: number,
    calls: number,
    points: number,
    shift: number,
  ): void;
  /**
   * The same wires, 2 chunk of them, at the point whose scaled Lagrange coefficients (of seed and calls) are given: one element a wire.
   * `scratch` has room for 2 calls elements.
   */
  chunkChecks(
    out: number,
    seeds: number,
    elements: number,
    count: number,
    jointRand: number,
    chunk: number,
    calls: number,
    coefficients: number,
    shift: number,
    scratch: number,
  ): void;
  /**
   * Doubles the rows: from a polynomial's values at the roots of unity of order `points` those at the roots of order 2 points, and
   * gives the sum over j of rows 2j and 2j + 1's products there. Overwrites the wires. `tables` as doublingTables makes them, scaled.
   */
  productPolynomial(out: number, wires: number, pairs: number, points: number, tables: number): void;
  /** The same of one row that goes into a polynomial, coefficients low to high. */
  composePolynomial(
    out: number,
    wire: number,
    points: number,
    tables: number,
    coefficients: number,
    degree: number,
  ): void;
  /** One element: the sum over j of x_2j x_2j+1. */
  productSum(out: number, vector: number, pairs: number): void;
  /** One element: the polynomial with these coefficients (low to high) at x. */
  evaluate(out: number, x: number, coefficients: number, degree: number): void;
}
