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
import { ringBlock } from '../ring/blocks.ts';
import { kernels } from '../ring/kernels/kernels.ts';
import type { RingVector } from '../ring/words.ts';
import { newRing, ringWords } from '../ring/words.ts';
import { local, maskOf, requireShape, wireOf } from './forms.ts';
import type { DealtLane, Gate, Shape } from './gate.ts';
import { requireDomain } from './one-hot.ts';
import type { OperationOf } from './operations.ts';

/** Ring elements of one lane: 256 KiB. */
const LANE_ELEMENTS = 2 ** 15;

const blocks = (domain: number, rows: number): readonly Block[] =>
  blocksOf(rows, Math.max(64, Math.min(LANE_ELEMENTS / domain, 2 ** 14)));

/** Room for the table of any block. */
const tableFor = (domain: number, rows: number): RingVector =>
  newRing(blocks(domain, rows)[0]!.length * domain);

const rowsOf = (column: RingVector, { start, length }: Block): RingVector => ringBlock(column, start, length);

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
    const whole = tableFor(domain, inputs[0]!.length);
    for (const block of blocks(domain, inputs[0]!.length)) {
      const table = ringBlock(whole, 0, block.length * domain);
      const keys = rowsOf(keyMask!, block);
      kernels().groupTable(table, keys, undefined, domain);
      tape.dealRing(laneOf(block, 0, inputs), table);
      valueMasks.forEach((mask, j) => {
        kernels().groupTable(table, keys, rowsOf(mask, block), domain);
        tape.dealRing(laneOf(block, 1 + j, inputs), table);
      });
    }
    return undefined;
  },

  evaluate({ domain }, inputs, values, tape) {
    const [key, ...columns] = values.map((value) => wireOf(value).masked);
    const totals = newRing(domain * inputs.length);
    const totalsOf = (table: number) =>
      totals.subarray(ringWords(domain * table), ringWords(domain * (table + 1)));
    const [entries, products] = [1, 2].map(() => tableFor(domain, inputs[0]!.length));
    for (const block of blocks(domain, inputs[0]!.length)) {
      const size = block.length * domain;
      const keys = rowsOf(key!, block);
      const oneHot = tape.dealtRing(laneOf(block, 0, inputs), size, ringBlock(entries!, 0, size));
      kernels().addEntries(totalsOf(0), oneHot, keys);
      columns.forEach((column, j) => {
        const lane = laneOf(block, 1 + j, inputs);
        const ofColumn = tape.dealtRing(lane, size, ringBlock(products!, 0, size));
        kernels().addProducts(totalsOf(1 + j), rowsOf(column, block), oneHot, ofColumn, keys);
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

/** totals[index] += the 64-bit element of those halves. */
function addAt(totals: RingVector, index: number, low: number, high: number): void {
  const sum = (totals[2 * index]! + low) >>> 0;
  totals[2 * index + 1] = (totals[2 * index + 1]! + high + (sum < low ? 1 : 0)) | 0;
  totals[2 * index] = sum;
}
