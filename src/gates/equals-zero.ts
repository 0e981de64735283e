/**
 * Owns equalsZero: x -> [x = 0], a ring wire to a share of bits. Two rounds of 20 bits in all, 311 bits of tape an element.
 *
 * x = x^ - r is 0 where x^ = r, that is where all 16 digits of 4 bits agree. The tape holds XOR shares of the one-hot of each
 * digit r_j of r (16 bits); with u_j the public digit of x^, e_j = [u_j = r_j] = onehot_j[u_j] follows without talking
 * (ring/digits.ts).
 *   Leaves: e_0..15, 16 bits.   Nodes: four products of four, 11 monomials each.   Root: one product of four, 11 monomials.
 * Online 16 + 4 = 20 bits; tape 256 + 5 * 11 = 311 bits. Who sees what: digit-tree.ts.
 */
import { kernels } from '../ring/kernels/kernels.ts';
import { newBits } from '../ring/words.ts';
import type { LeafFunction } from './digit-tree.ts';
import { DIGITS, dealTree, digitTree, evaluateTree, treeCost, treeLanes, treeNode } from './digit-tree.ts';
import { maskOf, requireShape, wireOf } from './forms.ts';
import type { Gate } from './gate.ts';
import type { Polynomial } from './monomials.ts';
import type { OperationOf } from './operations.ts';

const ALL_FOUR: Polynomial = [[0, 1, 2, 3]];
const productOfFour = (lowest: number) => treeNode([lowest, lowest + 1, lowest + 2, lowest + 3], ALL_FOUR);

const TREE = digitTree({
  leaves: DIGITS,
  nodes: [productOfFour(0), productOfFour(4), productOfFour(8), productOfFour(12)],
  root: productOfFour(0),
});

const compareDigits: LeafFunction = (leaves, result, oneHots, publicDigits) => {
  kernels().equalDigits(leaves, oneHots, publicDigits, result.length);
};

export const equalsZeroGate: Gate<OperationOf<'equalsZero'>> = {
  op: 'equalsZero',

  infer(_operation, inputs) {
    const [x] = inputs;
    requireShape(
      inputs.length === 1 && x?.kind === 'ring' && x.form === 'wire',
      'equalsZero',
      'takes one ring wire',
    );
    requireShape(x.length > 0, 'equalsZero', 'the input has elements');
    return { kind: 'bits', form: 'share', length: x.length };
  },

  cost: (_operation, inputs) => treeCost(TREE, inputs[0]!.length),
  lanes: (_operation, inputs) => treeLanes(TREE, inputs[0]!.length),

  deal(_operation, inputs, masks, tape) {
    dealTree(TREE, maskOf(masks[0]), inputs[0]!.length, tape);
    return undefined;
  },

  evaluate: (_operation, inputs, values, tape, server) =>
    evaluateTree(TREE, compareDigits, wireOf(values[0]).masked, inputs[0]!.length, tape, server),

  clear(_operation, inputs, values) {
    const { length } = inputs[0]!;
    const zeros = newBits(length);
    for (let i = 0; i < length; i++) {
      const isZero = (values[0]![2 * i]! | values[0]![2 * i + 1]!) === 0;
      if (isZero) zeros[i >>> 5] = zeros[i >>> 5]! | (1 << (i & 31));
    }
    return zeros;
  },
};
