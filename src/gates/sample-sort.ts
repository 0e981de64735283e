/**
 * Owns sampleSort: (ring key, k ring columns) -> the k columns in ascending order of the key, all rows or the `first` ones; rows of
 * equal keys keep their order. For up to 2^L rows keys are in 0 .. 2^b - 1, b <= 63 - L (all of it where nothing is said). With b + L + 1, rounded up to
 * whole digits of 4 bits, called W, keys beyond that count modulo 2^(W-1-L). All inputs are wires, the result is a share.
 *
 * Shuffle, then sort in public (Hamada, Kikuchi, Ikarashi, Chida, Takahashi, "Practically efficient multi-party sorting protocols
 * from comparison sort algorithms", 2012), by sample sort (Frazer and McKellar, "Samplesort", 1970), whose rounds are
 * static where quicksort's are chance:
 *   1. Keys become distinct: y = 2^L key + i, i the row's number. Then keys and columns are shuffled (shuffle.ts). From here on
 *      keys are looked at modulo 2^W, which is all that comparisons of W bits see.
 *   2. A first sample of the shuffled rows is sorted by comparing all pairs. Then, stage by stage, more rows find their gaps among those
 *      in order by a search, and rows of one gap are compared with each other (insertion.ts, sample-sort-stages.ts).
 *   3. Every place is public by then, and each server moves its shares of the shuffled columns.
 * Where only the first rows are wanted, fewer rows are put in order: selection.ts.
 * A comparison of two rows, chosen while running: the servers open y_i - y_j under a fresh mask (8 bytes), evaluate the
 * sign of the difference (less-than-zero.ts), and open that: 4 rounds, 13 bytes each way, 44 of tape at W = 64, 11 and 21 at
 * W = 32. About 67 comparisons a row for 1,000 rows, 38 for 10,000, 20 for 100,000; rounds 20, 40, 140. For long keys the radix
 * sort (sort.ts) moves several times as much, and for keys of a few bits less.
 *
 * Who sees what. Masked words are uniform, as in shuffle.ts and digit-tree.ts; each difference has a mask of its own. Opened in
 * the clear are the outcomes of comparisons between shuffled rows; a share of an outcome is that outcome and the
 * receiver's own share, and no more. The outcomes say how the keys order the shuffled rows, and nothing else, if
 *   - keys are distinct BEFORE they are shuffled. Then that order is a permutation of rows that each server finds uniform, since the
 *     other's part of the shuffle is, whatever the keys are. Had ties been broken by the shuffled place, equal keys would show
 *     as rows that stand in their shuffled order;
 *   - comparisons are those of some order, whatever a party has put into its rows. Differences of numbers in [0, 2^(W-1)) have
 *     the right sign, but keys beyond their range could compare in a circle, which would show where they stand among the others. So the
 *     shuffled y, modulo 2^W, lose their top bit: y' = y + 2^(W-1) t mod 2^W, t that bit. Bits a, b shared as a XOR b = t need no
 *     conversion for that, since 2^(W-1) (a XOR b) = 2^(W-1) a + 2^(W-1) b. The low L bits, which are distinct, stay: L < W.
 * What is compared follows from earlier outcomes and the number of rows. Unlucky orders, too, say nothing of the keys.
 *
 * What it does not withstand is what the radix sort does not: a server that departs from the protocol adds to its share of
 * a difference, and sees how the rows compare with something else; `sort.no-order` may notice afterwards. So both servers must
 * follow the protocol where a query sorts, and the disclosure statement says so.
 */
import { assert } from '../base/errors.ts';
import { getBit } from '../ring/bits.ts';
import { differencesOf, pickRows } from '../ring/permutation.ts';
import { add, shiftLeft } from '../ring/ring.ts';
import type { BitVector, RingVector, Words } from '../ring/words.ts';
import { newRing, ringWords } from '../ring/words.ts';
import { DIGIT_BITS, type DigitTree, dealTree, evaluateTree } from './digit-tree.ts';
import { type Compare, firstRows, wordsFrom } from './first-rows.ts';
import { maskOf, requireShape, shareOf, wireOf } from './forms.ts';
import type { Gate, Opening, ServerName, ServerTape } from './gate.ts';
import type { Pairs } from './insertion.ts';
import { compareDigits, signTreeFor } from './less-than-zero.ts';
import type { OperationOf } from './operations.ts';
import { type Batch, batchesOf, sampleSortCost, sampleSortLanes, TOP_LANE } from './sample-sort-batches.ts';
import { type Selection, selectionOf } from './selection.ts';
import { dealShuffle, evaluateShuffle } from './shuffle.ts';
import { concatRing } from './transfer.ts';

type SampleSort = OperationOf<'sampleSort'>;

/** Bits that tell a key's row from all others: L. */
const rowBits = (rows: number): number => 32 - Math.clz32(rows - 1);

/** Bits that keys of so many rows may have. */
export const mostKeyBits = (rows: number): number => 63 - rowBits(rows);

export const sampleSortGate: Gate<SampleSort> = {
  op: 'sampleSort',

  infer({ bits, first }, inputs) {
    const rows = inputs[0]?.length ?? 0;
    requireShape(inputs.length > 1 && rows > 0, 'sampleSort', 'takes a key, columns to sort, and rows');
    for (const { kind, form, length } of inputs) {
      requireShape(kind === 'ring' && form === 'wire', 'sampleSort', 'inputs are ring wires');
      requireShape(length === rows, 'sampleSort', 'inputs have one length');
    }
    requireShape(
      bits === undefined || (Number.isInteger(bits) && bits >= 1 && bits <= mostKeyBits(rows)),
      'sampleSort',
      'bits is an integer from 1 to 63 less those that number the rows',
    );
    requireShape(
      first === undefined || (Number.isInteger(first) && first >= 1 && first <= rows),
      'sampleSort',
      'first is an integer from 1 to the number of rows',
    );
    return { kind: 'ring', form: 'share', length: (inputs.length - 1) * (first ?? rows) };
  },

  cost: (operation, inputs) => {
    const rows = inputs[0]!.length;
    return sampleSortCost(wayOf(operation, rows), inputs.length - 1, treeOf(operation, rows));
  },
  lanes: (operation, inputs) => {
    const rows = inputs[0]!.length;
    return sampleSortLanes(wayOf(operation, rows), inputs.length - 1, treeOf(operation, rows));
  },

  deal(operation, inputs, masks, tape) {
    const rows = inputs[0]!.length;
    const tree = treeOf(operation, rows);
    const [key, ...columns] = masks.map(maskOf);
    const shuffled = dealShuffle(concatRing([aboveRowNumbers(key!), ...columns]), rows, tape);
    dealTree(tree, shuffled.subarray(0, ringWords(rows)), rows, tape, TOP_LANE);
    for (const { length, maskLane, firstTreeLane } of batchesOf(wayOf(operation, rows))) {
      dealTree(tree, tape.maskRing(maskLane, length), length, tape, firstTreeLane);
    }
    return undefined;
  },

  *evaluate(operation, inputs, values, tape, server) {
    const rows = inputs[0]!.length;
    const tree = treeOf(operation, rows);
    const [key, ...columns] = values.map((value) => wireOf(value).masked);
    const shuffled = yield* evaluateShuffle(concatRing([numbered(key!), ...columns]), rows, tape, server);
    const part = (from: number, to?: number) => ({
      form: 'wire' as const,
      masked: shuffled.masked.subarray(from, to),
      mask: shuffled.mask.subarray(from, to),
    });
    const keyWire = part(0, ringWords(rows));
    const tops = yield* evaluateTree(tree, compareDigits, keyWire.masked, rows, tape, server, TOP_LANE);
    const keys = flipBits(
      Uint32Array.from(shareOf(keyWire, 'ring', server)),
      shareOf(tops, 'bits', server),
      widthOf(tree) - 1,
    );
    const way = wayOf(operation, rows);
    const batches = batchesOf(way).values();
    const compare: Compare = (pairs) => {
      const batch = batches.next();
      assert(!batch.done, 'a batch is dealt for every comparison');
      return openOutcomes(keys, pairs, batch.value, tree, tape, server);
    };
    const all = Uint32Array.from({ length: rows }, (_, row) => row);
    const order = yield* firstRows(way, all, compare, wordsFrom(keyWire.masked));
    return { form: 'share', share: pickRows(shareOf(part(ringWords(rows)), 'ring', server), rows, order) };
  },

  clear(operation, inputs, values) {
    const [key, ...columns] = values;
    const rows = inputs[0]!.length;
    const above = aboveRowNumbers(key!);
    const counted = widthOf(treeOf(operation, rows)) - 1;
    const order = Uint32Array.from({ length: rows }, (_, row) => row);
    const part = (row: number, half: 0 | 1): number =>
      lowestBits(above[2 * row + half]!, counted - 32 * half);
    order.sort((i, j) => part(i, 1) - part(j, 1) || part(i, 0) - part(j, 0) || i - j);
    return pickRows(concatRing(columns), rows, order.subarray(0, operation.first ?? rows));
  },
};

/** The tree that compares so many keys: W is the bits that it sees. */
const treeOf = ({ bits }: SampleSort, rows: number): DigitTree =>
  signTreeFor((bits ?? mostKeyBits(rows)) + rowBits(rows) + 1);
const wayOf = ({ first }: SampleSort, rows: number): Selection => selectionOf(rows, first ?? rows);
const widthOf = ({ digits }: DigitTree): number => DIGIT_BITS * digits;

const lowestBits = (word: number, count: number): number =>
  count <= 0 ? 0 : count >= 32 ? word : word & (2 ** count - 1);

/** Makes room for rows' numbers below the keys: times 2^L. */
function aboveRowNumbers(keys: RingVector): RingVector {
  return shiftLeft(newRing(keys.length / 2), keys, rowBits(keys.length / 2));
}

/** Masked keys as masked distinct keys. The bits below the keys are 0 in masks, too. */
function numbered(keys: RingVector): RingVector {
  const distinct = aboveRowNumbers(keys);
  for (let row = 0; 2 * row < distinct.length; row++) distinct[2 * row] = distinct[2 * row]! | row;
  return distinct;
}

/** Adds 2^place times the bit to each element, modulo 2^(place + 1), in place. */
function flipBits(elements: RingVector, bits: BitVector, place: number): RingVector {
  const half = place >>> 5;
  for (let i = 0; 2 * i < elements.length; i++) {
    elements[2 * i + half] = elements[2 * i + half]! ^ (getBit(bits, i) << (place & 31));
  }
  return elements;
}

/** Both servers' view of a batch: bit k is whether the key of left[k] is less than that of right[k]. */
function* openOutcomes(
  keys: RingVector,
  { left, right }: Pairs,
  { length, maskLane, firstTreeLane }: Batch,
  tree: DigitTree,
  tape: ServerTape,
  server: ServerName,
): Generator<Opening, BitVector, Words> {
  assert(left.length === length, 'a batch has the size that is dealt');
  const share = differencesOf(keys, left, right);
  add(share, share, tape.maskRing(maskLane, length));
  const masked = yield { kind: 'ring', share };
  const less = yield* evaluateTree(tree, compareDigits, masked, length, tape, server, firstTreeLane);
  return yield { kind: 'bits', share: shareOf(less, 'bits', server) };
}
