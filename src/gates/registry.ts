/**
 * Owns the one record of all gates, by the name of their operation. Interpreters look gates up here and know none by name.
 */
import { andGate } from './and.ts';
import { bitToRingGate } from './bit-to-ring.ts';
import { circuitGate } from './circuit.ts';
import { concatGate } from './concat.ts';
import { constantGate } from './constant.ts';
import { dcfLessThanZeroGate } from './dcf-less-than-zero.ts';
import { dotGate } from './dot.ts';
import { dpfEqualsZeroGate } from './dpf-equals-zero.ts';
import { equalsZeroGate } from './equals-zero.ts';
import type { Gate } from './gate.ts';
import { groupSumGate } from './group-sum.ts';
import { lessThanZeroGate } from './less-than-zero.ts';
import { linearGate } from './linear.ts';
import { lookupGate } from './lookup.ts';
import { lowBitGate } from './low-bit.ts';
import { matrixProductGate } from './matrix-product.ts';
import { multiplyGate } from './multiply.ts';
import { oneHotGate } from './one-hot.ts';
import { openGate } from './open.ts';
import type { Operation, OperationName, OperationOf } from './operations.ts';
import { repeatGate } from './repeat.ts';
import { runningSumGate } from './running-sum.ts';
import { sampleSortGate } from './sample-sort.ts';
import { selectGate } from './select.ts';
import { shuffleGate } from './shuffle.ts';
import { sliceGate } from './slice.ts';
import { sortGate } from './sort.ts';
import { sumGate } from './sum.ts';
import { truncateGate } from './truncate.ts';
import { xorGate } from './xor.ts';

export const GATES: { readonly [N in OperationName]: Gate<OperationOf<N>> } = {
  constant: constantGate,
  linear: linearGate,
  sum: sumGate,
  runningSum: runningSumGate,
  lowBit: lowBitGate,
  slice: sliceGate,
  concat: concatGate,
  repeat: repeatGate,
  xor: xorGate,
  open: openGate,
  multiply: multiplyGate,
  dot: dotGate,
  matrixProduct: matrixProductGate,
  select: selectGate,
  bitToRing: bitToRingGate,
  and: andGate,
  groupSum: groupSumGate,
  oneHot: oneHotGate,
  shuffle: shuffleGate,
  sort: sortGate,
  lookup: lookupGate,
  sampleSort: sampleSortGate,
  circuit: circuitGate,
  truncate: truncateGate,
  lessThanZero: lessThanZeroGate,
  equalsZero: equalsZeroGate,
  dcfLessThanZero: dcfLessThanZeroGate,
  dpfEqualsZero: dpfEqualsZeroGate,
};

/** The gate of that operation, to be given that operation (or another of the same name) and nothing else. */
export function gateOf(operation: Operation): Gate<Operation> {
  return GATES[operation.op];
}
