/**
 * Owns groupSum: (key in 0..D-1, values v_1..v_k) of n rows -> D counts, then D sums of each v_j; ring wires to a share.
 * No round of its own; 8 D bytes of tape a row for the counts and 8 D for each value.
 *
 * D is a power of two, so that reduction mod D commutes with reduction mod 2^64: key = k^ - r (mod D), and row i is in group g
 * where r = k^ - g (mod D). With o the one-hot of r mod D, as ring elements 0 and 1, and t = (k^ - g) mod D, which is public:
 *   [key = g] = o[t]        v [key = g] = (v^ - r_v) o[t] = v^ o[t] - (r_v o)[t]
 * The dealer shares o and, for each value, the vector r_v o: D ring elements each. Both formulas are linear in them with public
 * coefficients, so a server adds up its shares of the counts and sums by itself:
 *   count_g = sum over rows of o[t],        sum_g = sum over rows of ( v^ o[t] - (r_v o)[t] ).
 * One o serves all sums over its key: nothing of it is opened, only totals are, later, under fresh masks.
 * Keys outside 0..D-1 count as reduced mod D; an absent row belongs to a group that nobody asks for.
 *
 * Who sees what: the dealer the masks; a server k^, v^ and uniform shares; nothing is sent.
 *
 * Layout: blocks of rows, so that neither side holds more than one block's tables. Lane b (1 + k) of block b holds o, row
 * after row; lane b (1 + k) + j the r_v o of value j.
 */
import type { Block } from '../ring/bitslice.ts';
import { blocksOf } from '../ring/bitslice.ts';
import type { RingVector } from '../ring/words.ts';
import { newRing, ringWords } from '../ring/words.ts';
import { local, maskOf, requireShape, wireOf } from './forms.ts';
import type { DealtLane, Gate, Shape } from './gate.ts';
import { requireDomain } from './one-hot.ts';
import type { OperationOf } from './operations.ts';

/** Ring elements of one lane: 256 KiB. */
const LANE_ELEMENTS = 2 ** 15;
/** Rows whose products are summed before carrying. */
const ROWS_TO_CARRY = 16;

const blocks = (domain: number, rows: number): readonly Block[] =>
  blocksOf(rows, Math.max(64, Math.min(LANE_ELEMENTS / domain, 2 ** 14)));

/** Lane of a block's table: 0 for the counts, j for value j. */
const laneOf = (block: Block, table: number, inputs: readonly Shape[]): number =>
  block.index * inputs.length + table;

export const groupSumGate: Gate<OperationOf<'groupSum'>> = {
  op: 'groupSum',

  infer({ domain }, inputs) {
    const rows = inputs[0]?.length ?? 0;
    requireShape(rows > 0, 'groupSum', 'takes a key with rows, then values');
    for (const input of inputs) {
      requireShape(input.kind === 'ring' && input.form === 'wire', 'groupSum', 'inputs are ring wires');
      requireShape(input.length === rows, 'groupSum', 'inputs have one length');
    }
    requireDomain(domain, 'groupSum');
    return { kind: 'ring', form: 'share', length: domain * inputs.length };
  },

  cost: ({ domain }, inputs) => ({
    rounds: 0,
    bytesOnline: 0,
    bytesTape: 4 * ringWords(inputs[0]!.length * domain) * inputs.length,
  }),

  lanes: ({ domain }, inputs) =>
    blocks(domain, inputs[0]!.length).flatMap((block) =>
      inputs.map(
        (_, table): DealtLane => ({
          lane: laneOf(block, table, inputs),
          kind: 'ring',
          length: block.length * domain,
        }),
      ),
    ),

  deal({ domain }, inputs, masks, tape) {
    const [keyMask, ...valueMasks] = masks.map(maskOf);
    for (const block of blocks(domain, inputs[0]!.length)) {
      tape.dealRing(laneOf(block, 0, inputs), tableOf(keyMask!, undefined, block, domain));
      valueMasks.forEach((mask, j) => {
        tape.dealRing(laneOf(block, 1 + j, inputs), tableOf(keyMask!, mask, block, domain));
      });
    }
    return undefined;
  },

  evaluate({ domain }, inputs, values, tape) {
    const [key, ...columns] = values.map((value) => wireOf(value).masked);
    const totals = newRing(domain * inputs.length);
    const totalsOf = (table: number) =>
      totals.subarray(ringWords(domain * table), ringWords(domain * (table + 1)));
    for (const block of blocks(domain, inputs[0]!.length)) {
      const size = block.length * domain;
      const oneHot = tape.dealtRing(laneOf(block, 0, inputs), size);
      addEntries(totalsOf(0), oneHot, key!, block);
      columns.forEach((column, j) => {
        const products = tape.dealtRing(laneOf(block, 1 + j, inputs), size);
        addProducts(totalsOf(1 + j), column, oneHot, products, key!, block);
      });
    }
    return local({ form: 'share', share: totals });
  },

  clear({ domain }, inputs, values) {
    const totals = newRing(domain * inputs.length);
    const [key, ...columns] = values;
    for (let row = 0; row < inputs[0]!.length; row++) {
      const group = key![2 * row]! & (domain - 1);
      addAt(totals, group, 1, 0);
      columns.forEach((column, j) => {
        addAt(totals, domain * (1 + j) + group, column[2 * row]!, column[2 * row + 1]!);
      });
    }
    return totals;
  },
};

/**
 * The dealer's table of a block: for each row D elements, all 0 but the one at r_key mod D, which is r_value, or 1 for the
 * counts. Every element is written the same way, so that the dealer's memory accesses tell nothing of its masks.
 */
function tableOf(
  keyMask: RingVector,
  valueMask: RingVector | undefined,
  block: Block,
  domain: number,
): RingVector {
  const table = newRing(block.length * domain);
  for (let row = 0; row < block.length; row++) {
    const at = 2 * (block.start + row);
    const place = keyMask[at]! & (domain - 1);
    const low = valueMask === undefined ? 1 : valueMask[at]!;
    const high = valueMask === undefined ? 0 : valueMask[at + 1]!;
    for (let t = 0; t < domain; t++) {
      const here = ((t ^ place) - 1) >> 31;
      table[2 * (row * domain + t)] = low & here;
      table[2 * (row * domain + t) + 1] = high & here;
    }
  }
  return table;
}

/** totals[g] += oneHot[row, t] over a block's rows, t = (key - g) mod D. A block's low words add up below 2^53. */
function addEntries(totals: RingVector, oneHot: RingVector, key: RingVector, block: Block): void {
  const domain = totals.length / 2;
  const units = new Float64Array(domain);
  const highs = new Int32Array(domain);
  for (let row = 0; row < block.length; row++) {
    const turn = key[2 * (block.start + row)]!;
    for (let t = 0; t < domain; t++) {
      const from = 2 * (row * domain + t);
      const g = (turn - t) & (domain - 1);
      units[g] = units[g]! + oneHot[from]!;
      highs[g] = highs[g]! + oneHot[from + 1]!;
    }
  }
  carry(totals, units, new Float64Array(domain), highs);
}

/**
 * totals[g] += v oneHot[row, t] - products[row, t] over a block's rows, v = column[row], t = (key - g) mod D.
 * Carries are put off: with v = v0 + 2^16 v1 + 2^32 v2 and an entry e + 2^32 f the product is, mod 2^64,
 * e v0 + 2^16 e v1 + 2^32 (e v2 + f v mod 2^32). The first two are below 2^48, so sums of ROWS_TO_CARRY of them stay
 * below 2^53, exact in doubles; the third is summed mod 2^32.
 */
function addProducts(
  totals: RingVector,
  column: RingVector,
  oneHot: RingVector,
  products: RingVector,
  key: RingVector,
  block: Block,
): void {
  const domain = totals.length / 2;
  const units = new Float64Array(domain);
  const shifted = new Float64Array(domain);
  const highs = new Int32Array(domain);
  for (let row = 0; row < block.length; row++) {
    const at = 2 * (block.start + row);
    const turn = key[at]!;
    const low = column[at]!;
    const high = column[at + 1]!;
    const low0 = low & 0xffff;
    const low1 = low >>> 16;
    for (let t = 0; t < domain; t++) {
      const from = 2 * (row * domain + t);
      const g = (turn - t) & (domain - 1);
      const entry = oneHot[from]!;
      units[g] = units[g]! + (entry * low0 - products[from]!);
      shifted[g] = shifted[g]! + entry * low1;
      const highTerm = Math.imul(entry, high) + Math.imul(oneHot[from + 1]!, low) - products[from + 1]!;
      highs[g] = highs[g]! + highTerm;
    }
    if ((row + 1) % ROWS_TO_CARRY === 0 || row + 1 === block.length) carry(totals, units, shifted, highs);
  }
}

/** totals += units + 2^16 shifted + 2^32 highs, which become 0. */
function carry(totals: RingVector, units: Float64Array, shifted: Float64Array, highs: Int32Array): void {
  for (let g = 0; g < units.length; g++) {
    addAt(totals, g, units[g]! >>> 0, Math.floor(units[g]! * 2 ** -32) | 0);
    addAt(totals, g, (shifted[g]! * 2 ** 16) >>> 0, Math.floor(shifted[g]! * 2 ** -16) | 0);
    addAt(totals, g, 0, highs[g]!);
  }
  units.fill(0);
  shifted.fill(0);
  highs.fill(0);
}

/** totals[index] += the 64-bit element of those halves. */
function addAt(totals: RingVector, index: number, low: number, high: number): void {
  const sum = (totals[2 * index]! + low) >>> 0;
  totals[2 * index + 1] = (totals[2 * index + 1]! + high + (sum < low ? 1 : 0)) | 0;
  totals[2 * index] = sum;
}
