/**
 * Owns what the two tests of a ring element (its sign, its being 0) have in common: bits of its 16 digits against the
 * digits of its mask, combined by a tree of fan-in 4 in two openings. Must never open a bit that is not under a fresh
 * mask, and never touch elements one by one: all of it runs on bit planes.
 *
 * The tape holds XOR shares of the one-hot of each 4-bit digit of the mask r; the gate makes of them, without talking,
 * shares of `leaves` bits an element, given the public digits of x^. Then
 *   round 1 opens the leaves under masks; the nodes compute polynomials of them through monomials of those masks;
 *   round 2 opens the nodes' results under masks; the root computes one polynomial of those the same way: the share.
 *
 * Who sees what: the dealer r and the masks it deals; a server x^, uniform shares, and opened bits, each under a mask of
 * its own, used once; nobody x or the result.
 *
 * Layout: blocks of elements, in a block planes one after another, in openings as on the tape. Padding bits of planes are
 * ordinary masked bits. Lanes 5b to 5b + 4 of block b: masks of round 1, one-hots, the nodes' monomials, masks of
 * round 2, the root's monomials; the second, third and fifth are dealt.
 */
import { clearPadding, xor } from '../ring/bits.ts';
import type { Block } from '../ring/bitslice.ts';
import { bitPlanes, blocksOf, digitOneHots, partOfBlock, planesOf } from '../ring/bitslice.ts';
import type { RingVector, Words } from '../ring/words.ts';
import { bitWords, newBits } from '../ring/words.ts';
import type { DealerTape, DealtLane, Evaluation, GateCost, ServerName, ServerTape } from './gate.ts';
import type { Monomials, Polynomial } from './monomials.ts';
import { evaluatePolynomial, monomialsOf, multiplyMasks } from './monomials.ts';

export const DIGITS = 16;
const ONE_HOT_PLANES = 16 * DIGITS;

/** Elements of a block: its 256 planes of one-hots take 128 KiB, so that they stay in the second-level cache. */
const BLOCK = 4096;

/** Polynomials of some of the bits opened before it. */
export interface TreeNode {
  /** Numbers of those bits; the polynomials' own inputs are places in this list. */
  readonly inputs: readonly number[];
  readonly outputs: readonly Polynomial[];
  readonly monomials: Monomials;
}

export interface DigitTree {
  /** Bits an element opened in round 1. */
  readonly leaves: number;
  /** Their outputs in order are the bits opened in round 2. */
  readonly nodes: readonly TreeNode[];
  /** Has one output. */
  readonly root: TreeNode;
}

/**
 * Writes a server's shares of the leaves of a block: `leaves` are their planes, zero before. `result` (zero before) may
 * take a share of a bit to be XORed with the root's. `oneHots` and `publicDigits` are given digit by digit.
 */
export type LeafFunction = (
  leaves: readonly Words[],
  result: Words,
  oneHots: readonly Words[],
  publicDigits: readonly Words[],
  server: ServerName,
) => void;

export function treeNode(inputs: readonly number[], ...outputs: readonly Polynomial[]): TreeNode {
  return { inputs, outputs, monomials: monomialsOf(...outputs) };
}

/** Exact cost for `length` elements: (leaves + outputs of nodes) bits online, 256 + monomials bits of tape an element. */
export function treeCost(tree: DigitTree, length: number): GateCost {
  const bytesOfPlane = 4 * bitWords(length);
  return {
    rounds: 2,
    bytesOnline: bytesOfPlane * (tree.leaves + outputsOf(tree)),
    bytesTape: bytesOfPlane * (ONE_HOT_PLANES + monomialsOfNodes(tree) + tree.root.monomials.length),
  };
}

export function treeLanes(tree: DigitTree, length: number): readonly DealtLane[] {
  return blocksOf(length, BLOCK).flatMap((block) => {
    const { oneHots, nodes, root } = lanesOf(tree, block);
    return [oneHots, nodes, root].map((lane) => ({ kind: 'bits', ...lane }));
  });
}

/** The dealer's side, for masks r of `length` elements. */
export function dealTree(tree: DigitTree, r: RingVector, length: number, tape: DealerTape): void {
  for (const block of blocksOf(length, BLOCK)) {
    const lanes = lanesOf(tree, block);
    tape.dealBits(
      lanes.oneHots.lane,
      digitOneHots(bitPlanes(r, block, 64), block.words),
      lanes.oneHots.length,
    );
    const first = planesOf(tape.maskBits(lanes.firstMasks.lane, lanes.firstMasks.length), tree.leaves);
    tape.dealBits(lanes.nodes.lane, productsOf(tree.nodes, first, block.words), lanes.nodes.length);
    const second = planesOf(tape.maskBits(lanes.secondMasks.lane, lanes.secondMasks.length), outputsOf(tree));
    tape.dealBits(lanes.root.lane, productsOf([tree.root], second, block.words), lanes.root.length);
  }
}

/** A server's side, from the masked values of `length` elements to its share of one bit of each. */
export function* evaluateTree(
  tree: DigitTree,
  leafFunction: LeafFunction,
  masked: RingVector,
  length: number,
  tape: ServerTape,
  server: ServerName,
): Evaluation {
  const blocks = blocksOf(length, BLOCK);
  const opens = outputsOf(tree);
  const result = newBits(length);

  const leaves = new Uint32Array(tree.leaves * bitWords(length));
  const firstMasks = blocks.map((block) => {
    const { oneHots, firstMasks: masks } = lanesOf(tree, block);
    const share = partOfBlock(leaves, block, tree.leaves);
    leafFunction(
      planesOf(share, tree.leaves),
      partOfBlock(result, block, 1),
      planesOf(tape.dealtBits(oneHots.lane, oneHots.length), DIGITS),
      planesOf(bitPlanes(masked, block, 64), DIGITS),
      server,
    );
    return maskInPlace(share, tape.maskBits(masks.lane, masks.length));
  });
  const openedLeaves = yield { kind: 'bits', share: leaves };

  const outputs = new Uint32Array(opens * bitWords(length));
  const secondMasks = blocks.map((block, b) => {
    const { nodes, secondMasks: masks } = lanesOf(tree, block);
    const share = partOfBlock(outputs, block, opens);
    evaluateNodes(
      planesOf(share, opens),
      tree.nodes,
      planesOf(partOfBlock(openedLeaves, block, tree.leaves), tree.leaves),
      planesOf(firstMasks[b]!, tree.leaves),
      tape.dealtBits(nodes.lane, nodes.length),
      server,
    );
    return maskInPlace(share, tape.maskBits(masks.lane, masks.length));
  });
  const openedOutputs = yield { kind: 'bits', share: outputs };

  blocks.forEach((block, b) => {
    const { root } = lanesOf(tree, block);
    const part = partOfBlock(result, block, 1);
    const share = new Uint32Array(block.words);
    evaluateNodes(
      [share],
      [tree.root],
      planesOf(partOfBlock(openedOutputs, block, opens), opens),
      planesOf(secondMasks[b]!, opens),
      tape.dealtBits(root.lane, root.length),
      server,
    );
    xor(part, part, share);
  });
  return { form: 'share', share: clearPadding(result, length) };
}

function lanesOf(tree: DigitTree, { index, words }: Block) {
  const lane = (place: number, planes: number) => ({ lane: 5 * index + place, length: planes * 32 * words });
  return {
    firstMasks: lane(0, tree.leaves),
    oneHots: lane(1, ONE_HOT_PLANES),
    nodes: lane(2, monomialsOfNodes(tree)),
    secondMasks: lane(3, outputsOf(tree)),
    root: lane(4, tree.root.monomials.length),
  };
}

function outputsOf(tree: DigitTree): number {
  return tree.nodes.reduce((sum, node) => sum + node.outputs.length, 0);
}

function monomialsOfNodes(tree: DigitTree): number {
  return tree.nodes.reduce((sum, node) => sum + node.monomials.length, 0);
}

/** The planes that the dealer deals for the nodes: each one's monomials, node after node. */
function productsOf(nodes: readonly TreeNode[], masks: readonly Words[], words: number): Words {
  const count = nodes.reduce((sum, node) => sum + node.monomials.length, 0);
  const products = new Uint32Array(count * words);
  const planes = planesOf(products, count);
  let at = 0;
  for (const { inputs, monomials } of nodes) {
    multiplyMasks(planes.slice(at, at + monomials.length), monomials, pick(masks, inputs));
    at += monomials.length;
  }
  return products;
}

/** A server's shares of all outputs of the nodes, into the planes `out`. */
function evaluateNodes(
  out: readonly Words[],
  nodes: readonly TreeNode[],
  opened: readonly Words[],
  masks: readonly Words[],
  products: Words,
  server: ServerName,
): void {
  const planes = planesOf(
    products,
    nodes.reduce((sum, node) => sum + node.monomials.length, 0),
  );
  let at = 0;
  let output = 0;
  for (const { inputs, outputs, monomials } of nodes) {
    const held = {
      opened: pick(opened, inputs),
      masks: pick(masks, inputs),
      products: planes.slice(at, at + monomials.length),
      monomials,
    };
    for (const polynomial of outputs) evaluatePolynomial(out[output++]!, polynomial, held, server);
    at += monomials.length;
  }
}

function pick(planes: readonly Words[], places: readonly number[]): readonly Words[] {
  return places.map((place) => planes[place]!);
}

/** Puts a share under its mask, in the vector that is sent; returns the mask share for when it comes back. */
function maskInPlace(share: Words, mask: Words): Words {
  xor(share, share, mask);
  return mask;
}
