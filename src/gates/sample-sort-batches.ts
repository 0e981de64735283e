/**
 * Owns the batches of comparisons that a sample sort makes, one after the other: how many, what they cost, and their lanes of the tape.
 * Must never depend on anything but the numbers of rows: dealer and servers compute it alike.
 */
import { bitWords, ringWords } from '../ring/words.ts';
import { type DigitTree, treeCost, treeLaneCount, treeLanes } from './digit-tree.ts';
import type { DealtLane, GateCost } from './gate.ts';
import type { Stage } from './sample-sort-stages.ts';
import type { Selection } from './selection.ts';
import { SHUFFLE_LANES, shuffleCost, shuffleLane } from './shuffle.ts';

/** Comparisons that are made together, in up to four rounds: how many, and their lanes. */
export interface Batch {
  readonly length: number;
  /** The lane of the differences' masks. */
  readonly maskLane: number;
  readonly firstTreeLane: number;
}

/** The first lane of the top bits of the shuffled keys. */
export const TOP_LANE = SHUFFLE_LANES;

/** The batches of a stage: its search's steps, and the pairs. */
const batchLengths = ({ sorted, rows, fanOut, steps, pairs }: Stage): readonly number[] => [
  ...Array.from({ length: steps }, () => (rows - sorted) * (fanOut - 1)),
  pairs,
];

/** The batches of a selection: the sample's, the comparisons with the pivot, and the candidates'. */
function selectionLengths(selection: Selection): readonly number[] {
  if (selection.by === 'order') return selection.stages.flatMap(batchLengths);
  const { rows, sample, candidates } = selection;
  return [...selectionLengths(sample), rows - sample.rows, ...selectionLengths(candidates)];
}

/** All batches, in order. */
export function batchesOf(selection: Selection): readonly Batch[] {
  let lane = TOP_LANE + treeLaneCount(selection.rows);
  return selectionLengths(selection).map((length) => {
    const maskLane = lane;
    lane += 1 + treeLaneCount(length);
    return { length, maskLane, firstTreeLane: maskLane + 1 };
  });
}

/** Exact cost: the shuffle of all columns and the keys, the keys' top bits, and of each comparison a difference and a sign that are opened. */
export function sampleSortCost(selection: Selection, columns: number, tree: DigitTree): GateCost {
  const { rows } = selection;
  const shuffle = shuffleCost((columns + 1) * rows);
  const tops = treeCost(tree, rows);
  let rounds = shuffle.rounds + tops.rounds;
  let bytesOnline = shuffle.bytesOnline + tops.bytesOnline;
  let bytesTape = shuffle.bytesTape + tops.bytesTape;
  for (const { length } of batchesOf(selection)) {
    const signs = treeCost(tree, length);
    // The differences, and the signs.
    rounds += 2 + signs.rounds;
    bytesOnline += 4 * ringWords(length) + signs.bytesOnline + 4 * bitWords(length);
    bytesTape += signs.bytesTape;
  }
  return { rounds, bytesOnline, bytesTape };
}

export function sampleSortLanes(
  selection: Selection,
  columns: number,
  tree: DigitTree,
): readonly DealtLane[] {
  const { rows } = selection;
  return [
    shuffleLane((columns + 1) * rows),
    ...treeLanes(tree, rows, TOP_LANE),
    ...batchesOf(selection).flatMap(({ length, firstTreeLane }) => treeLanes(tree, length, firstTreeLane)),
  ];
}
