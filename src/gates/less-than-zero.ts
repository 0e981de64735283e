/**
 * Owns lessThanZero: x -> [x < 0], a ring wire to a share of bits. Two rounds of 38 bits in all, 44 bytes of tape an element.
 *
 * With x = x^ - r the top bit is msb(x) = msb(x^) + msb(r) + borrow (mod 2), where
 *   borrow = [ (x^ mod 2^63) < (r mod 2^63) ].
 * Write both as 16 digits of 4 bits, u_j of x^ (public) and r_j of r, the top ones without their highest bit, and let
 *   l_j = [u_j < r_j],   e_j = [u_j = r_j].   For four digits, read from the top, at most one term of `less` is 1, so mod 2
 *   less = l3 + e3 l2 + e3 e2 l1 + e3 e2 e1 l0,   equal = e3 e2 e1 e0,
 * and four such results combine by the same two formulas.
 * The tape holds XOR shares of the one-hot of each r_j (16 bits); since u_j is public, shares of l_j and e_j follow without
 * talking (ring/digits.ts). The one-hot of r's top digit, all four bits of it, also gives msb(r) as the XOR of entries
 * 8..15, and the one-hot of its low three bits by adding entries t and t + 8.
 *   Leaves: l_0..15 and e_1..15, 31 bits (nothing lies below digit 0, so nobody asks whether it is equal).
 *   Nodes: four, of four digits each; the lowest needs no `equal`: 15 monomials, the others 22; 7 results.
 *   Root: the four nodes' `less`, 15 monomials: a share of borrow, so of msb(x).
 * Online 31 + 7 = 38 bits; tape 256 + (15 + 3 * 22) + 15 = 352 bits = 44 bytes.
 * A digit-wise form of the comparison of Catrina and de Hoogh, "Improved primitives for secure multiparty integer
 * computation" (2010), with one-time tables (Ishai et al. 2013) at the leaves. Who sees what: digit-tree.ts.
 */
import { xor } from '../ring/bits.ts';
import { signBits } from '../ring/bitslice.ts';
import { kernels } from '../ring/kernels/kernels.ts';
import type { LeafFunction } from './digit-tree.ts';
import { DIGITS, dealTree, digitTree, evaluateTree, treeCost, treeLanes, treeNode } from './digit-tree.ts';
import { maskOf, requireShape, wireOf } from './forms.ts';
import type { Gate } from './gate.ts';
import type { Polynomial } from './monomials.ts';
import type { OperationOf } from './operations.ts';

/** Places of a node's inputs are l0 l1 l2 l3 e1 e2 e3 and, but in the lowest, e0. */
const LESS: Polynomial = [[3], [6, 2], [6, 5, 1], [6, 5, 4, 0]];
const EQUAL: Polynomial = [[6, 5, 4, 7]];

/** The plane of the highest bit of a ring element. */
const TOP_PLANE = 63;

const lessLeaf = (digit: number): number => digit;
const equalLeaf = (digit: number): number => DIGITS - 1 + digit;

const innerNode = (lowest: number) =>
  treeNode(
    [...[0, 1, 2, 3].map((i) => lessLeaf(lowest + i)), ...[1, 2, 3, 0].map((i) => equalLeaf(lowest + i))],
    LESS,
    EQUAL,
  );

/** Computes the share of msb(x). */
export const SIGN_TREE = digitTree({
  leaves: 2 * DIGITS - 1,
  nodes: [
    treeNode([...[0, 1, 2, 3].map(lessLeaf), ...[1, 2, 3].map(equalLeaf)], LESS),
    innerNode(4),
    innerNode(8),
    innerNode(12),
  ],
  // The nodes' results in order: less_0, less_1, equal_1, less_2, equal_2, less_3, equal_3.
  root: treeNode([0, 1, 3, 5, 2, 4, 6], LESS),
});

export const compareDigits: LeafFunction = (leaves, result, oneHots, publicDigits, server) => {
  const words = result.length;
  const less = leaves.subarray(0, DIGITS * words);
  const equal = leaves.subarray(DIGITS * words);
  kernels().compareDigits(less, equal, result, oneHots, publicDigits, words);
  if (server === 'a') xor(result, result, publicDigits.subarray(TOP_PLANE * words));
};

export const lessThanZeroGate: Gate<OperationOf<'lessThanZero'>> = {
  op: 'lessThanZero',

  infer(_operation, inputs) {
    const [x] = inputs;
    requireShape(
      inputs.length === 1 && x?.kind === 'ring' && x.form === 'wire',
      'lessThanZero',
      'takes one ring wire',
    );
    requireShape(x.length > 0, 'lessThanZero', 'the input has elements');
    return { kind: 'bits', form: 'share', length: x.length };
  },

  cost: (_operation, inputs) => treeCost(SIGN_TREE, inputs[0]!.length),
  lanes: (_operation, inputs) => treeLanes(SIGN_TREE, inputs[0]!.length),

  deal(_operation, inputs, masks, tape) {
    dealTree(SIGN_TREE, maskOf(masks[0]), inputs[0]!.length, tape);
    return undefined;
  },

  evaluate: (_operation, inputs, values, tape, server) =>
    evaluateTree(SIGN_TREE, compareDigits, wireOf(values[0]).masked, inputs[0]!.length, tape, server),

  clear: (_operation, _inputs, values) => signBits(values[0]!),
};
