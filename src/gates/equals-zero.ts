/**
 * Owns equalsZero: x -> [x = 0], a ring wire to a share of bits, for x in (-2^b, 2^b) (b = 64 where nothing is said: any x).
 * Elsewhere it says whether x is a multiple of 16^D, D the number of digits. At b = 64 two rounds of 20 bits in all, 311 bits of
 * tape an element.
 *
 * Let D = ceil(b / 4). The only multiple of 16^D in (-2^b, 2^b) is 0, so x = x^ - r is 0 where x^ and r agree modulo 16^D, that is where
 * D digits of 4 bits agree. The tape holds XOR shares of the one-hot of each digit r_j of r (16 bits); with u_j the public digit of
 * x^, e_j = [u_j = r_j] = onehot_j[u_j] follows without talking (ring/digits.ts).
 *   Leaves: e_0..e_(D-1).   One digit: no round.   Up to four: one product of all, one round.
 *   More: as few products of up to four as can be, and the root, a product of those. Two rounds.
 *   A product of n inputs takes 2^n - 1 - n monomials: 1, 4, 11.   For 16 digits 16 + 4 = 20 bits online, 256 + 5 * 11 = 311 of tape; for 8
 *   digits 8 + 2 and 128 + 2 * 11 + 1; for 4 digits 4 and 64 + 11.   Who sees what: digit-tree.ts.
 */
import { kernels } from '../ring/kernels/kernels.ts';
import { newBits } from '../ring/words.ts';
import type { DigitTree, LeafFunction } from './digit-tree.ts';
import {
  dealTree,
  digitTree,
  evaluateTree,
  runsOfDigits,
  treeCost,
  treeFor,
  treeLanes,
  treeNode,
  treesOf,
} from './digit-tree.ts';
import { maskOf, oneRingWire, requireShape, wireOf } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

const countUp = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The product of that many neighbouring inputs. */
const productOf = (lowest: number, length: number) =>
  treeNode(
    countUp(length).map((i) => lowest + i),
    [countUp(length)],
  );

function equalityTree(digits: number): DigitTree {
  const runs = runsOfDigits(digits);
  const nodes = runs.map(({ lowest, length }) => productOf(lowest, length));
  const root = productOf(0, runs.length);
  const layers = digits === 1 ? [] : runs.length === 1 ? [nodes] : [nodes, [root]];
  return digitTree({ digits, leaves: digits, layers });
}

const TREES = treesOf(equalityTree);
const treeOf = ({ bits }: OperationOf<'equalsZero'>): DigitTree => treeFor(TREES, bits);

const compareDigits: LeafFunction = (leaves, result, oneHots, publicDigits) => {
  kernels().equalDigits(leaves, oneHots, publicDigits, result.length);
};

export const equalsZeroGate: Gate<OperationOf<'equalsZero'>> = {
  op: 'equalsZero',

  infer({ bits }, inputs) {
    const x = oneRingWire(inputs, 'equalsZero');
    requireShape(
      bits === undefined || (Number.isInteger(bits) && bits >= 1 && bits <= 64),
      'equalsZero',
      'bits is an integer from 1 to 64',
    );
    return { kind: 'bits', form: 'share', length: x.length };
  },

  cost: (operation, inputs) => treeCost(treeOf(operation), inputs[0]!.length),
  lanes: (operation, inputs) => treeLanes(treeOf(operation), inputs[0]!.length),

  deal(operation, inputs, masks, tape) {
    dealTree(treeOf(operation), maskOf(masks[0]), inputs[0]!.length, tape);
    return undefined;
  },

  evaluate: (operation, inputs, values, tape, server) =>
    evaluateTree(treeOf(operation), compareDigits, wireOf(values[0]).masked, inputs[0]!.length, tape, server),

  clear(operation, inputs, values) {
    const { length } = inputs[0]!;
    const { digits } = treeOf(operation);
    const [low, high] = [lowBits(4 * digits), lowBits(4 * digits - 32)];
    const zeros = newBits(length);
    for (let i = 0; i < length; i++) {
      const isZero = ((values[0]![2 * i]! & low) | (values[0]![2 * i + 1]! & high)) === 0;
      if (isZero) zeros[i >>> 5] = zeros[i >>> 5]! | (1 << (i & 31));
    }
    return zeros;
  },
};

/** A word whose lowest bits are set. */
const lowBits = (count: number): number => (count <= 0 ? 0 : count >= 32 ? -1 : (1 << count) - 1);
