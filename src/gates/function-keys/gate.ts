/**
 * Owns what the two gates by function keys have in common: blocks of keys on the tape, their cost, and the walk over blocks.
 *
 * A ring wire x = x^ - r with x^ public to both servers. The dealer knows r, hence the point of each element's function; a
 * server evaluates at a place that it finds from x^. Nothing is opened: the gate takes no round and gives shares.
 *
 * Who sees what: the dealer the masks; a server x^, its own roots (its keystream), and what both servers read: correction
 * words, which with one server's roots tell nothing of r (keys.ts). Both servers hold the correction words in their tapes:
 * sending them from one to the other would take 900 bytes an element online, on the very links these gates are for.
 *
 * Layout: lanes 5b to 5b + 4 of block b: pi's key before it is told to both, server A's roots, server B's, what both read,
 * and the sign bits of masks (comparisons only). The last two are dealt.
 */
import type { Block } from '../../ring/bitslice.ts';
import { blocksOf } from '../../ring/bitslice.ts';
import { ringBlock } from '../../ring/blocks.ts';
import type { BitVector, RingVector } from '../../ring/words.ts';
import { newBits } from '../../ring/words.ts';
import type { DealerTape, DealtLane, GateCost, ServerName, ServerTape } from '../gate.ts';
import { evaluateFunctionKeys } from './evaluate.ts';
import { commonWords, dealFunctionKeys, type FunctionShape, NODE_WORDS } from './keys.ts';

/** Keys that go down together: a level's blocks, 32 KiB each, stay in the cache. */
const BLOCK_KEYS = 2048;
export const keyBlocks = (length: number): readonly Block[] => blocksOf(length, BLOCK_KEYS);

export const lanesOf = ({ index }: Block) => ({
  permutationKey: 5 * index,
  rootsA: 5 * index + 1,
  rootsB: 5 * index + 2,
  common: 5 * index + 3,
  signs: 5 * index + 4,
});

/** The lane that both servers read for a block. */
export function commonLane(shape: FunctionShape, block: Block): DealtLane {
  const { common } = lanesOf(block);
  return { lane: common, kind: 'bits', length: 32 * commonWords(shape, block.length), isForBoth: true };
}

/** Cost of functions of `length` elements; `signBytes` are dealt to server B beside the keys. */
export function keysCost(shape: FunctionShape, length: number, signBytes: number): GateCost {
  const bytes = keyBlocks(length).reduce((sum, block) => sum + 4 * commonWords(shape, block.length), 0);
  return { rounds: 0, bytesOnline: 0, bytesTape: bytes + signBytes, bytesTapeA: bytes };
}

/** The dealer's side of a block, whose elements have the masks `r`. */
export function dealBlock(shape: FunctionShape, r: RingVector, block: Block, tape: DealerTape): void {
  const lanes = lanesOf(block);
  const rootWords = NODE_WORDS * block.length;
  const roots = {
    a: tape.ownWords(lanes.rootsA, 'a')(rootWords),
    b: tape.ownWords(lanes.rootsB, 'b')(rootWords),
  };
  const key = tape.maskBits(lanes.permutationKey, 32 * NODE_WORDS);
  const points = ringBlock(r, block.start, block.length);
  tape.dealToBoth(lanes.common, dealFunctionKeys(shape, points, roots, key));
}

/** A server's shares of the functions at the lowest bits of `places`, for all elements. */
export function evaluateBlocks(
  shape: FunctionShape,
  places: RingVector,
  length: number,
  tape: ServerTape,
  server: ServerName,
): BitVector {
  const shares = newBits(length);
  for (const block of keyBlocks(length)) {
    const lanes = lanesOf(block);
    const common = tape.dealtToBoth(lanes.common, commonWords(shape, block.length));
    const roots = tape.ownWords(server === 'a' ? lanes.rootsA : lanes.rootsB)(NODE_WORDS * block.length);
    const inBlock = ringBlock(places, block.start, block.length);
    shares.set(evaluateFunctionKeys(shape, common, roots, inBlock, server), block.start / 32);
  }
  return shares;
}
