/**
 * Owns lessThanZero: x -> [x < 0], a ring wire to a share of bits, for x in [-2^(b-1), 2^(b-1)) (b = 64 where nothing is said: any x).
 * Elsewhere it is bit 4D - 1 of x, D the number of digits, which is any bit. At b = 64 two rounds of 38 bits in all, 44 bytes of
 * tape an element.
 *
 * Let D = ceil(b / 4) and n = 4D - 1 >= b - 1. An x in [-2^n, 2^n) is negative where its bit n is set: so many bits of it say all.
 * With x = x^ - r, bit n of x is bit n of x^, plus bit n of r, plus borrow (mod 2), where
 *   borrow = [ (x^ mod 2^n) < (r mod 2^n) ].
 * Write both as D digits of 4 bits, u_j of x^ (public) and r_j of r, the top ones without their highest bit, and let
 *   l_j = [u_j < r_j],   e_j = [u_j = r_j].   For four digits, read from the top, at most one term of `less` is 1, so mod 2
 *   less = l3 + e3 l2 + e3 e2 l1 + e3 e2 e1 l0,   equal = e3 e2 e1 e0,
 * and up to four such results combine by the same two formulas.
 * The tape holds XOR shares of the one-hot of each r_j (16 bits); since u_j is public, shares of l_j and e_j follow without
 * talking (ring/digits.ts). The one-hot of r's top digit, all four bits of it, also gives bit n of r as the XOR of entries
 * 8..15, and the one-hot of its low three bits by adding entries t and t + 8.
 *   Leaves: l_0..l_(D-1) and e_1..e_(D-1), 2D - 1 bits (nothing lies below digit 0, so nobody asks whether it is equal).
 *   One digit: its l is the borrow, no round.   Up to four: one node, one round.
 *   More: as few nodes of up to four digits as can be; the lowest needs no `equal`; and the root, of the nodes' `less`. Two rounds.
 *
 *   digits   rounds   bits online   bits of tape        digits   rounds   bits online   bits of tape
 *        1        0             0             16             9        2            22            170
 *        2        1             3             33            10        2            24            196
 *        3        1             5             53            11        2            26            226
 *        4        1             7             79            12        2            28            256
 *        5        2            12             88            13        2            32            262
 *        6        2            14            110            14        2            34            292
 *        7        2            16            136            15        2            36            322
 *        8        2            18            166            16        2            38            352
 * A digit-wise form of the comparison of Catrina and de Hoogh, "Improved primitives for secure multiparty integer
 * computation" (2010), with one-time tables (Ishai et al. 2013) at the leaves. Who sees what: digit-tree.ts.
 */
import { xor } from '../ring/bits.ts';
import { bitsAt } from '../ring/bitslice.ts';
import { kernels } from '../ring/kernels/kernels.ts';
import type { DigitTree, LeafFunction } from './digit-tree.ts';
import {
  DIGIT_BITS,
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
import type { Polynomial } from './monomials.ts';
import type { OperationOf } from './operations.ts';

type LessThanZero = OperationOf<'lessThanZero'>;

/** Places of a node of n digits' inputs: l_0..l_(n-1), e_1..e_(n-1) and, but in the lowest, e_0. */
const countUp = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const equalAbove = (n: number, i: number): number[] => countUp(n - 1 - i).map((k) => n + i + k);
const lessOf = (n: number): Polynomial => countUp(n).map((i) => [...equalAbove(n, i), i]);
const equalOf = (n: number): Polynomial => [[...equalAbove(n, 0), 2 * n - 1]];

/** Computes the share of bit 4 digits - 1 of x. */
function signTree(digits: number): DigitTree {
  const equalLeaf = (digit: number): number => digits - 1 + digit;
  const runs = runsOfDigits(digits);
  const nodes = runs.map(({ lowest, length }) => {
    const less = countUp(length).map((i) => lowest + i);
    const equal = less.slice(1).map(equalLeaf);
    return lowest === 0
      ? treeNode([...less, ...equal], lessOf(length))
      : treeNode([...less, ...equal, equalLeaf(lowest)], lessOf(length), equalOf(length));
  });
  // The nodes' results in order: less_0, less_1, equal_1, less_2, equal_2, ...
  const less = runs.map((_, k) => Math.max(0, 2 * k - 1));
  const root = treeNode([...less, ...less.slice(1).map((place) => place + 1)], lessOf(runs.length));
  const layers = digits === 1 ? [] : runs.length === 1 ? [nodes] : [nodes, [root]];
  return digitTree({ digits, leaves: 2 * digits - 1, layers });
}

const SIGN_TREES = treesOf(signTree);

/** The tree that finds the sign of numbers of so many bits, their sign's among them. It takes whole digits of 4. */
export const signTreeFor = (bits?: number): DigitTree => treeFor(SIGN_TREES, bits);

export const compareDigits: LeafFunction = (leaves, result, oneHots, publicDigits, server) => {
  const words = result.length;
  const digits = publicDigits.length / (DIGIT_BITS * words);
  const less = leaves.subarray(0, digits * words);
  const equal = leaves.subarray(digits * words);
  kernels().compareDigits(less, equal, result, oneHots, publicDigits, words);
  if (server === 'a') xor(result, result, publicDigits.subarray((DIGIT_BITS * digits - 1) * words));
};

export const lessThanZeroGate: Gate<LessThanZero> = {
  op: 'lessThanZero',

  infer({ bits }, inputs) {
    const x = oneRingWire(inputs, 'lessThanZero');
    requireShape(
      bits === undefined || (Number.isInteger(bits) && bits >= 1 && bits <= 64),
      'lessThanZero',
      'bits is an integer from 1 to 64',
    );
    return { kind: 'bits', form: 'share', length: x.length };
  },

  cost: ({ bits }, inputs) => treeCost(signTreeFor(bits), inputs[0]!.length),
  lanes: ({ bits }, inputs) => treeLanes(signTreeFor(bits), inputs[0]!.length),

  deal({ bits }, inputs, masks, tape) {
    dealTree(signTreeFor(bits), maskOf(masks[0]), inputs[0]!.length, tape);
    return undefined;
  },

  evaluate: ({ bits }, inputs, values, tape, server) =>
    evaluateTree(signTreeFor(bits), compareDigits, wireOf(values[0]).masked, inputs[0]!.length, tape, server),

  clear: ({ bits }, _inputs, values) => bitsAt(values[0]!, DIGIT_BITS * signTreeFor(bits).digits - 1),
};
