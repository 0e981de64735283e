/**
 * Owns what the two tests of a ring element (its sign, its being 0) have in common: bits of its lowest digits against the
 * digits of its mask, combined by a tree of fan-in 4 in up to two openings. Must never open a bit that is not under a fresh
 * mask, and never touch elements one by one: all of it runs on bit planes.
 *
 * Of x and its mask r only the lowest `digits` digits of 4 bits count: all computation is modulo 16^digits, which says as much of an x
 * that is proven to be small enough. The tape holds XOR shares of the one-hot of each of those digits of r; the gate makes of
 * them, without talking, shares of `leaves` bits an element, given the public digits of x^. Then each layer of nodes has a round:
 *   it opens what is below it, the leaves or the results of the layer before, under masks; its nodes compute polynomials of that
 *   through monomials of those masks. The last layer is one node, the root, with one result: the share.
 * Up to 4 digits take one layer, more take two, and a single digit none, as its leaf is the share.
 *
 * Who sees what: the dealer r and the masks it deals; a server x^, uniform shares, and opened bits, each under a mask of
 * its own, used once; nobody x or the result.
 *
 * Layout: blocks of elements, in a block planes one after another, in openings as on the tape. Padding bits of planes are
 * ordinary masked bits. Lanes 5b to 5b + 4 of block b, from the tree's first lane on: masks of round 1, one-hots, the first
 * layer's monomials, masks of round 2, the second layer's monomials; the second, third and fifth are dealt.
 */
import { assert } from '../base/errors.ts';
import { clearPadding, xor } from '../ring/bits.ts';
import type { Block } from '../ring/bitslice.ts';
import { bitPlanes, blocksOf, partOfBlock } from '../ring/bitslice.ts';
import { BLOCK_ELEMENTS, MOST_DIGITS } from '../ring/kernels/face.ts';
import { kernels } from '../ring/kernels/kernels.ts';
import type { PlaneProgram } from '../ring/kernels/program.ts';
import { release } from '../ring/release.ts';
import type { RingVector, Words } from '../ring/words.ts';
import { bitWords, newBits } from '../ring/words.ts';
import type { DealerTape, DealtLane, Evaluation, GateCost, ServerName, ServerTape } from './gate.ts';
import type { Node, Polynomial } from './monomials.ts';
import { countOf, monomialsOf, polynomialsProgram, productsProgram } from './monomials.ts';

export const DIGIT_BITS = 4;
/** Nodes take up to so many inputs of a kind. */
const FAN_IN = 4;
const LANES_OF_BLOCK = 5;
const ENTRIES = 16;

/** What a tree opens and computes. */
interface TreeShape {
  readonly digits: number;
  /** Bits an element that come of the digits: opened in the first round, or the result if there is no layer. */
  readonly leaves: number;
  /** Up to two. Nodes of the first take leaves, those of the second the first's outputs in order; the last has one output. */
  readonly layers: readonly (readonly Node[])[];
}

/** A layer with how many bits it opens, and its programs. */
interface Layer {
  readonly nodes: readonly Node[];
  readonly opens: number;
  readonly outputs: number;
  readonly monomials: number;
  readonly deal: PlaneProgram;
  readonly combine: Readonly<Record<ServerName, PlaneProgram>>;
}

export interface DigitTree {
  readonly digits: number;
  readonly leaves: number;
  readonly layers: readonly Layer[];
}

/**
 * Writes a server's shares of the leaves of a block, planes one after another. `result` (one plane) takes a share of a bit to
 * be XORed with the tree's; it is zero before.
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

export function digitTree({ digits, leaves, layers }: TreeShape): DigitTree {
  assert(digits >= 1 && digits <= MOST_DIGITS && layers.length <= 2, 'a tree of up to two layers');
  let opens = leaves;
  const made = layers.map((nodes) => {
    const layer = layerOf(nodes, opens);
    opens = layer.outputs;
    return layer;
  });
  assert(opens === 1, 'a tree ends in one bit');
  return { digits, leaves, layers: made };
}

function layerOf(nodes: readonly Node[], opens: number): Layer {
  return {
    nodes,
    opens,
    outputs: countOf(nodes, (node) => node.outputs.length),
    monomials: countOf(nodes, (node) => node.monomials.length),
    deal: productsProgram(opens, nodes),
    combine: { a: polynomialsProgram(opens, nodes, 'a'), b: polynomialsProgram(opens, nodes, 'b') },
  };
}

/** A tree for each number of digits from 1 on. */
export const treesOf = (tree: (digits: number) => DigitTree): readonly DigitTree[] =>
  Array.from({ length: MOST_DIGITS }, (_, i) => tree(i + 1));

/** Of trees for 1, 2, … digits, the one that sees `bits` bits: all 64 unless said otherwise. */
export function treeFor(trees: readonly DigitTree[], bits = DIGIT_BITS * MOST_DIGITS): DigitTree {
  const tree = trees[Math.ceil(bits / DIGIT_BITS) - 1];
  assert(tree, 'a tree sees from 1 to 64 bits');
  return tree;
}

/** `digits` digits as runs of up to four neighbours, as even as can be, the longer ones first: where each begins, and how long it is. */
export function runsOfDigits(
  digits: number,
): readonly { readonly lowest: number; readonly length: number }[] {
  const count = Math.ceil(digits / FAN_IN);
  let lowest = 0;
  return Array.from({ length: count }, (_, k) => {
    const length = Math.floor(digits / count) + (k < digits % count ? 1 : 0);
    const run = { lowest, length };
    lowest += length;
    return run;
  });
}

/**
 * Exact cost for `length` elements: what layers open, bits online, and 16 bits a digit and the monomials' bits of tape an element.
 */
export function treeCost(tree: DigitTree, length: number): GateCost {
  const bytesOfPlane = 4 * bitWords(length);
  const sum = (count: (layer: Layer) => number) => tree.layers.reduce((all, layer) => all + count(layer), 0);
  return {
    rounds: tree.layers.length,
    bytesOnline: bytesOfPlane * sum(({ opens }) => opens),
    bytesTape: bytesOfPlane * (ENTRIES * tree.digits + sum(({ monomials }) => monomials)),
  };
}

/** The lanes that a tree deals. A gate of several trees gives each a `firstLane` of its own. */
export function treeLanes(tree: DigitTree, length: number, firstLane = 0): readonly DealtLane[] {
  return blocksOf(length, BLOCK_ELEMENTS).flatMap((block) => {
    const { oneHots, layers } = lanesOf(tree, block, firstLane);
    return [oneHots, ...layers.map(({ monomials }) => monomials)].map((lane) => ({ kind: 'bits', ...lane }));
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
  const blocks = blocksOf(length, BLOCK_ELEMENTS);
  const { planesFor, tableFor } = roomFor(tree, blocks);
  for (const block of blocks) {
    const { words } = block;
    const lanes = lanesOf(tree, block, firstLane);
    const oneHots = tableFor(block);
    kernels().digitOneHots(oneHots, bitPlanes(r, block, DIGIT_BITS * tree.digits, planesFor(block)), words);
    tape.dealBits(lanes.oneHots.lane, oneHots, lanes.oneHots.length);
    tree.layers.forEach(({ deal }, index) => {
      const { masks, monomials } = lanes.layers[index]!;
      const products = new Uint32Array(deal.outputs * words);
      kernels().runProgram(deal, [products], [tape.maskBits(masks.lane, masks.length)], words);
      tape.dealBits(monomials.lane, products, monomials.length);
    });
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
  const lanes = blocks.map((block) => lanesOf(tree, block, firstLane));
  const result = newBits(length);
  const { planesFor, tableFor } = roomFor(tree, blocks);
  /** Puts a block of what layer `index` opens under its mask, in place; returns the mask for when it comes back. */
  const underMask = (share: Words, index: number, b: number): Words | undefined => {
    const layer = lanes[b]!.layers[index];
    return layer && maskInPlace(share, tape.maskBits(layer.masks.lane, layer.masks.length));
  };

  let held = new Uint32Array(tree.leaves * bitWords(length));
  let masks = blocks.map((block, b) => {
    const { oneHots } = lanes[b]!;
    const share = partOfBlock(held, block, tree.leaves);
    leafFunction(
      share,
      partOfBlock(result, block, 1),
      tape.dealtBits(oneHots.lane, oneHots.length, tableFor(block)),
      bitPlanes(masked, block, DIGIT_BITS * tree.digits, planesFor(block)),
      server,
    );
    return underMask(share, 0, b);
  });
  for (const [index, { opens, outputs, combine }] of tree.layers.entries()) {
    const opened = yield { kind: 'bits', share: held };
    held = new Uint32Array(outputs * bitWords(length));
    masks = blocks.map((block, b) => {
      const { monomials } = lanes[b]!.layers[index]!;
      const share = partOfBlock(held, block, outputs);
      const products = tape.dealtBits(monomials.lane, monomials.length);
      const below = masks[b]!;
      kernels().runProgram(
        combine[server],
        [share],
        [partOfBlock(opened, block, opens), below, products],
        block.words,
      );
      release(products);
      release(below);
      return underMask(share, index + 1, b);
    });
    release(opened);
  }
  return { form: 'share', share: clearPadding(xor(result, result, held), length) };
}

/** Room for the bit planes and the one-hots of any of the blocks, one block at a time. */
function roomFor({ digits }: DigitTree, blocks: readonly Block[]) {
  const most = blocks[0]!.words;
  const planes = new Uint32Array(DIGIT_BITS * digits * most);
  const table = new Uint32Array(ENTRIES * digits * most);
  return {
    planesFor: ({ words }: Block): Words => planes.subarray(0, DIGIT_BITS * digits * words),
    tableFor: ({ words }: Block): Words => table.subarray(0, ENTRIES * digits * words),
  };
}

function lanesOf(tree: DigitTree, { index, words }: Block, firstLane: number) {
  const lane = (place: number, planes: number) => ({
    lane: firstLane + LANES_OF_BLOCK * index + place,
    length: planes * 32 * words,
  });
  return {
    oneHots: lane(1, ENTRIES * tree.digits),
    layers: tree.layers.map(({ opens, monomials }, k) => ({
      masks: lane(3 * k, opens),
      monomials: lane(2 * (k + 1), monomials),
    })),
  };
}

/** Puts a share under its mask, in the vector that is sent; returns the mask share for when it comes back. */
function maskInPlace(share: Words, mask: Words): Words {
  xor(share, share, mask);
  return mask;
}
