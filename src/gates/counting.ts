/**
 * Owns counting sort on shares, for one digit: which value a row's digit has, and where the row goes. All of it is local.
 * Must never look at what a row holds: every row is treated alike.
 *
 * Flags. The digit d of a key x = x^ - r whose lower digits are 0 is u - s mod D, with u and s the same digit of x^ and r:
 * nothing is borrowed from lower digits, which agree in x^ and r. With o the one-hot of s, dealt as ring elements 0 and 1,
 *   F_g = [d = g] = o[(u - g) mod D]:     entries of o at public places, for g = 0..D-2; F_(D-1) = 1 - all others.
 *
 * Ranks. Row i of digit g goes to c_g[i] = (rows of lower digits) + (rows of digit g before i). With
 *   P_g[i] = F_g[0] + ... + F_g[i-1],   T_g = sums of F_0 .. F_(g-1) over all rows:
 *   c_g[i] = T_g + P_g[i] for g < D-1,   c_(D-1)[i] = T_(D-1) + i - sum over g of P_g[i]:   linear in the F, but for the i.
 *   rank = sum over g of F_g c_g = c_(D-1) + sum over g < D-1 of F_g E_g,   E_g = c_g - c_(D-1).
 * The F are wires by then, so the E are wires with E's linear part of their masks; products of two wires are as in
 * multiply.ts, and the dealer shares the sum of r_F r_E: one element a row.
 */
import type { Block } from '../ring/bitslice.ts';
import { add, addConstant, constantOf, mulAdd, mulSub, scaleAdd, sub } from '../ring/ring.ts';
import type { RingVector, Words } from '../ring/words.ts';
import { newRing, ringWords } from '../ring/words.ts';
import type { ServerName } from './gate.ts';

/** Where a digit lies in its key. */
export interface Digit {
  readonly shift: number;
  /** Number of its values, a power of two up to 2^31. */
  readonly domain: number;
}

/** A wire's two parts on one server. */
interface Wire {
  readonly masked: RingVector;
  readonly mask: RingVector;
}

/** The dealer's one-hots of a block's digits, row after row. Every entry is written the same way, whatever the digit. */
export function digitTable(mask: RingVector, block: Block, digit: Digit): RingVector {
  const { domain } = digit;
  const table = newRing(block.length * domain);
  for (let row = 0; row < block.length; row++) {
    const place = digitAt(mask, block.start + row, digit);
    for (let t = 0; t < domain; t++) {
      table[2 * (row * domain + t)] = (((t ^ place) - 1) >> 31) & 1;
    }
  }
  return table;
}

/**
 * A server's shares of a block's flags, written to column g of `flags` (D-1 columns of `rows` rows), row i at place
 * `places[i]`. `keys` are the masked keys.
 */
export function placeFlags(
  flags: RingVector,
  table: RingVector,
  keys: RingVector,
  places: Words,
  block: Block,
  digit: Digit,
): void {
  const { domain } = digit;
  const rows = places.length;
  for (let row = 0; row < block.length; row++) {
    const u = digitAt(keys, block.start + row, digit);
    const place = places[block.start + row]!;
    for (let g = 0; g < domain - 1; g++) {
      const from = 2 * (row * domain + ((u - g) & (domain - 1)));
      const to = 2 * (g * rows + place);
      flags[to] = table[from]!;
      flags[to + 1] = table[from + 1]!;
    }
  }
}

/**
 * A server's share of the key with this digit set to 0, in place: x - 2^shift d, where
 * d = sum over g of g F_g = (D-1) - sum over g < D-1 of (D-1-g) F_g.
 */
export function dropDigit(
  keys: RingVector,
  flags: RingVector,
  { shift, domain }: Digit,
  server: ServerName,
): void {
  const unit = 1n << BigInt(shift);
  for (let g = 0; g < domain - 1; g++) {
    scaleAdd(keys, column(flags, g, keys.length), constantOf(BigInt(domain - 1 - g) * unit));
  }
  if (server === 'a') addConstant(keys, keys, constantOf(-BigInt(domain - 1) * unit));
}

/** The dealer's sums of r_F r_E, one for each row. */
export function rankProducts(flagMasks: RingVector, rows: number): RingVector {
  const { slopes } = destinations(flagMasks, rows, false);
  const products = newRing(rows);
  eachColumn(flagMasks, rows, (flag, g) => {
    mulAdd(products, flag, column(slopes, g, ringWords(rows)));
  });
  return products;
}

/** A server's share of the rows' ranks, from the flags as wires and its share of the products. */
export function rankShare(flags: Wire, products: RingVector, rows: number, server: ServerName): RingVector {
  const masked = destinations(flags.masked, rows, true);
  const mask = destinations(flags.mask, rows, false);
  const ranks = sub(newRing(rows), products, mask.base);
  if (server === 'a') add(ranks, ranks, masked.base);
  eachColumn(flags.masked, rows, (flag, g) => {
    const cut = (vector: RingVector) => column(vector, g, ringWords(rows));
    // On server A, F^ E^ - F^ r_E = F^ (E^ - r_E).
    const slope =
      server === 'a' ? sub(cut(mask.slopes), cut(masked.slopes), cut(mask.slopes)) : cut(mask.slopes);
    mulSub(ranks, cut(masked.slopes), cut(flags.mask));
    if (server === 'a') mulAdd(ranks, flag, slope);
    else mulSub(ranks, flag, slope);
  });
  return ranks;
}

/** c_(D-1) as `base` and the E_g as `slopes`: of masked flags with the summand i, of masks without it. */
function destinations(
  flags: RingVector,
  rows: number,
  isMasked: boolean,
): { readonly base: RingVector; readonly slopes: RingVector } {
  const slopes = Uint32Array.from(flags);
  const base = newRing(rows);
  let total = { lo: 0, hi: 0 };
  // Columns become c_g; what they add up to without their T_g is subtracted from the base.
  eachColumn(slopes, rows, (counts) => {
    const next = runningSums(counts, total);
    sub(base, base, counts);
    addConstant(base, base, constantOf(integerOf(total)));
    total = next;
  });
  addConstant(base, base, constantOf(integerOf(total)));
  if (isMasked) for (let i = 0; i < rows; i++) addWord(base, i);
  eachColumn(slopes, rows, (counts) => void sub(counts, counts, base));
  return { base, slopes };
}

/** Each element becomes `start` plus the sum of those before it; returns `start` plus the sum of all. */
function runningSums(vector: RingVector, start: Halves): Halves {
  let { lo, hi } = start;
  for (let i = 0; i < vector.length; i += 2) {
    const term = vector[i]!;
    const sum = (lo + term) | 0;
    const high = (hi + vector[i + 1]! + carryOf(lo, term, sum)) | 0;
    vector[i] = lo;
    vector[i + 1] = hi;
    lo = sum;
    hi = high;
  }
  return { lo: lo >>> 0, hi: hi >>> 0 };
}

/** The carry of low words x + y = sum, without a branch on them. */
const carryOf = (x: number, y: number, sum: number): number => ((x & y) | ((x | y) & ~sum)) >>> 31;

interface Halves {
  readonly lo: number;
  readonly hi: number;
}

const integerOf = ({ lo, hi }: Halves): bigint => (BigInt(hi) << 32n) | BigInt(lo);

/** Adds i to element i, i below 2^32. */
function addWord(vector: RingVector, i: number): void {
  const low = vector[2 * i]!;
  const sum = (low + i) | 0;
  vector[2 * i] = sum;
  vector[2 * i + 1] = vector[2 * i + 1]! + carryOf(low, i, sum);
}

/** The digit of one element. */
function digitAt(vector: RingVector, index: number, { shift, domain }: Digit): number {
  const low = vector[2 * index]!;
  const high = vector[2 * index + 1]!;
  if (shift >= 32) return (high >>> (shift - 32)) & (domain - 1);
  const above = shift === 0 ? 0 : high << (32 - shift);
  return ((low >>> shift) | above) & (domain - 1);
}

const column = (vector: RingVector, index: number, words: number): RingVector =>
  vector.subarray(index * words, (index + 1) * words);

function eachColumn(
  vector: RingVector,
  rows: number,
  work: (column: RingVector, index: number) => void,
): void {
  const words = ringWords(rows);
  for (let index = 0; index * words < vector.length; index++) work(column(vector, index, words), index);
}
