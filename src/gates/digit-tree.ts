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
 * ordinary masked bits. Lanes 5b to 5b + 4 of block b, from the tree's first lane on: masks of round 1, one-hots, the nodes'
 * monomials, masks of round 2, the root's monomials; the second, third and fifth are dealt.
 */
import { clearPadding, xor } from '../ring/bits.ts';
import type { Block } from '../ring/bitslice.ts';
import { bitPlanes, blocksOf, partOfBlock } from '../ring/bitslice.ts';
import { BLOCK_ELEMENTS } from '../ring/kernels/face.ts';
import { kernels } from '../ring/kernels/kernels.ts';
import type { PlaneProgram } from '../ring/kernels/program.ts';
import type { RingVector, Words } from '../ring/words.ts';
import { bitWords, newBits } from '../ring/words.ts';
import type { DealerTape, DealtLane, Evaluation, GateCost, ServerName, ServerTape } from './gate.ts';
import type { Node, Polynomial } from './monomials.ts';
import { countOf, monomialsOf, polynomialsProgram, productsProgram } from './monomials.ts';

export const DIGITS = 16;
const LANES_OF_BLOCK = 5;
const ONE_HOT_PLANES = 16 * DIGITS;
const RING_PLANES = 64;

/** What a tree opens and computes. */
interface TreeShape {
  /** Bits an element opened in round 1. */
  readonly leaves: number;
  /** Of the leaves. Their outputs in order are the bits opened in round 2. */
  readonly nodes: readonly Node[];
  /** Of the nodes' outputs. Has one output. */
  readonly root: Node;
}

export interface DigitTree extends TreeShape {
  readonly programs: {
    readonly dealNodes: PlaneProgram;
    readonly dealRoot: PlaneProgram;
    readonly nodes: Readonly<Record<ServerName, PlaneProgram>>;
    readonly root: Readonly<Record<ServerName, PlaneProgram>>;
  };
}

/**
 * Writes a server's shares of the leaves of a block, planes one after another. `result` (one plane) takes a share of a bit to
 * be XORed with the root's; it is zero before.
 */
export type LeafFunction = (
  leaves: Words,
  result: Words,
  oneHots: Words,
  publicDigits: Words,
  server: ServerName,
) => void;

export function treeNode(inputs: readonly number[], ...outputs: readonly Polynomial[]): Node {
  return { inputs, outputs, monomials: monomialsOf(...outputs) };
}

export function digitTree(shape: TreeShape): DigitTree {
  const { leaves, nodes, root } = shape;
  const opens = outputsOf(shape);
  return {
    ...shape,
    programs: {
      dealNodes: productsProgram(leaves, nodes),
      dealRoot: productsProgram(opens, [root]),
      nodes: { a: polynomialsProgram(leaves, nodes, 'a'), b: polynomialsProgram(leaves, nodes, 'b') },
      root: { a: polynomialsProgram(opens, [root], 'a'), b: polynomialsProgram(opens, [root], 'b') },
    },
  };
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

/** The lanes that a tree deals. A gate of several trees gives each a `firstLane` of its own. */
export function treeLanes(tree: DigitTree, length: number, firstLane = 0): readonly DealtLane[] {
  return blocksOf(length, BLOCK_ELEMENTS).flatMap((block) => {
    const { oneHots, nodes, root } = lanesOf(tree, block, firstLane);
    return [oneHots, nodes, root].map((lane) => ({ kind: 'bits', ...lane }));
  });
}

/** How many lanes a tree takes, dealt or not. */
export function treeLaneCount(length: number): number {
  return LANES_OF_BLOCK * blocksOf(length, BLOCK_ELEMENTS).length;
}

/** The dealer's side, for masks r of `length` elements. */
export function dealTree(
  tree: DigitTree,
  r: RingVector,
  length: number,
  tape: DealerTape,
  firstLane = 0,
): void {
  const { dealNodes, dealRoot } = tree.programs;
  const run = (program: PlaneProgram, masks: Words, words: number): Words => {
    const products = new Uint32Array(program.outputs * words);
    kernels().runProgram(program, [products], [masks], words);
    return products;
  };
  const blocks = blocksOf(length, BLOCK_ELEMENTS);
  const { planesFor, tableFor } = roomFor(blocks);
  for (const block of blocks) {
    const { words } = block;
    const lanes = lanesOf(tree, block, firstLane);
    const oneHots = tableFor(block);
    kernels().digitOneHots(oneHots, bitPlanes(r, block, RING_PLANES, planesFor(block)), words);
    tape.dealBits(lanes.oneHots.lane, oneHots, lanes.oneHots.length);
    const first = tape.maskBits(lanes.firstMasks.lane, lanes.firstMasks.length);
    tape.dealBits(lanes.nodes.lane, run(dealNodes, first, words), lanes.nodes.length);
    const second = tape.maskBits(lanes.secondMasks.lane, lanes.secondMasks.length);
    tape.dealBits(lanes.root.lane, run(dealRoot, second, words), lanes.root.length);
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
  firstLane = 0,
): Evaluation {
  const blocks = blocksOf(length, BLOCK_ELEMENTS);
  const opens = outputsOf(tree);
  const result = newBits(length);
  const { planesFor, tableFor } = roomFor(blocks);

  const leaves = new Uint32Array(tree.leaves * bitWords(length));
  const firstMasks = blocks.map((block) => {
    const { oneHots, firstMasks: masks } = lanesOf(tree, block, firstLane);
    const share = partOfBlock(leaves, block, tree.leaves);
    leafFunction(
      share,
      partOfBlock(result, block, 1),
      tape.dealtBits(oneHots.lane, oneHots.length, tableFor(block)),
      bitPlanes(masked, block, RING_PLANES, planesFor(block)),
      server,
    );
    return maskInPlace(share, tape.maskBits(masks.lane, masks.length));
  });
  const openedLeaves = yield { kind: 'bits', share: leaves };

  const outputs = new Uint32Array(opens * bitWords(length));
  const secondMasks = blocks.map((block, b) => {
    const { nodes, secondMasks: masks } = lanesOf(tree, block, firstLane);
    const share = partOfBlock(outputs, block, opens);
    kernels().runProgram(
      tree.programs.nodes[server],
      [share],
      [
        partOfBlock(openedLeaves, block, tree.leaves),
        firstMasks[b]!,
        tape.dealtBits(nodes.lane, nodes.length),
      ],
      block.words,
    );
    return maskInPlace(share, tape.maskBits(masks.lane, masks.length));
  });
  const openedOutputs = yield { kind: 'bits', share: outputs };

  blocks.forEach((block, b) => {
    const { root } = lanesOf(tree, block, firstLane);
    const part = partOfBlock(result, block, 1);
    const share = new Uint32Array(block.words);
    kernels().runProgram(
      tree.programs.root[server],
      [share],
      [partOfBlock(openedOutputs, block, opens), secondMasks[b]!, tape.dealtBits(root.lane, root.length)],
      block.words,
    );
    xor(part, part, share);
  });
  return { form: 'share', share: clearPadding(result, length) };
}

/** Room for the bit planes and the one-hots of any of the blocks, one block at a time. */
function roomFor(blocks: readonly Block[]) {
  const most = blocks[0]!.words;
  const planes = new Uint32Array(RING_PLANES * most);
  const table = new Uint32Array(ONE_HOT_PLANES * most);
  return {
    planesFor: ({ words }: Block): Words => planes.subarray(0, RING_PLANES * words),
    tableFor: ({ words }: Block): Words => table.subarray(0, ONE_HOT_PLANES * words),
  };
}

function lanesOf(tree: DigitTree, { index, words }: Block, firstLane: number) {
  const lane = (place: number, planes: number) => ({
    lane: firstLane + LANES_OF_BLOCK * index + place,
    length: planes * 32 * words,
  });
  return {
    firstMasks: lane(0, tree.leaves),
    oneHots: lane(1, ONE_HOT_PLANES),
    nodes: lane(2, monomialsOfNodes(tree)),
    secondMasks: lane(3, outputsOf(tree)),
    root: lane(4, tree.root.monomials.length),
  };
}

function outputsOf({ nodes }: TreeShape): number {
  return countOf(nodes, (node) => node.outputs.length);
}

function monomialsOfNodes({ nodes }: TreeShape): number {
  return countOf(nodes, (node) => node.monomials.length);
}

/** Puts a share under its mask, in the vector that is sent; returns the mask share for when it comes back. */
function maskInPlace(share: Words, mask: Words): Words {
  xor(share, share, mask);
  return mask;
}
