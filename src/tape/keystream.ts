/**
 * Owns the expansion of a seed into uniform words: AES-128 in counter mode, addressed by (node, lane, word), so that any
 * range of any lane can be made at any time and in any order. Must never print its key.
 *
 * Initial counter block: node (u32, big endian), lane (u32, big endian), block number (u64, big endian). NIST SP 800-38A
 * adds one to the whole 128-bit block; a lane shorter than 2^64 blocks never carries into the next lane's number.
 * Word w of a lane is bytes 4w to 4w + 3 of its keystream, little endian.
 *
 * Zeros are encrypted in pieces of 129 KiB: node:crypto allocates each output, which is slow for large ones, and for
 * multiples of 4,096 bytes the copies alias in the cache.
 */
import { createCipheriv } from 'node:crypto';
import { inspect } from 'node:util';
import { assert } from '../base/errors.ts';
import { clearPadding } from '../ring/bits.ts';
import type { BitVector, RingVector, WordStream, Words } from '../ring/words.ts';
import { bitWords, ringWords } from '../ring/words.ts';
import type { Seed } from './seed.ts';
import { keystreamKey } from './seed.ts';

/** Purpose of the keystream that all gates of a tape share: node and lane keep its ranges apart. */
export const GATES = 'gates';
/** Purpose of the keystream of one party's input masks. */
export const INPUT = 'input';

const PIECE_BYTES = 129 * 1024;
const BLOCK_WORDS = 4;
const U32_LIMIT = 2 ** 32;
const zeros = new Uint8Array(PIECE_BYTES);

export class Keystream {
  readonly #key: Uint8Array;

  constructor(seed: Seed, purpose: string) {
    this.#key = keystreamKey(seed, purpose);
  }

  /** Words `wordOffset` to `wordOffset + wordCount` of that lane of that node. The vector is the caller's own. */
  words(node: number, lane: number, wordOffset: number, wordCount: number): Words {
    assert(wordOffset >= 0 && wordCount >= 0, 'a range of words');
    const skippedWords = wordOffset % BLOCK_WORDS;
    const block = (wordOffset - skippedWords) / BLOCK_WORDS;
    const cipher = createCipheriv('aes-128-ctr', this.#key, counterBlock(node, lane, block));
    if (skippedWords > 0) cipher.update(zeros.subarray(0, 4 * skippedWords));
    const bytes = new Uint8Array(4 * wordCount);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      bytes.set(cipher.update(zeros.subarray(0, Math.min(PIECE_BYTES, bytes.length - at))), at);
    }
    return new Uint32Array(bytes.buffer);
  }

  /** The first `length` ring elements of the lane. */
  ring(node: number, lane: number, length: number): RingVector {
    return this.words(node, lane, 0, ringWords(length));
  }

  /** The first `length` bits of the lane, padding bits cleared. */
  bits(node: number, lane: number, length: number): BitVector {
    return clearPadding(this.words(node, lane, 0, bitWords(length)), length);
  }

  /** The lane's words one after another, as many as are asked for. */
  stream(node: number, lane: number): WordStream {
    let offset = 0;
    return (count) => {
      const words = this.words(node, lane, offset, count);
      offset += count;
      return words;
    };
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** The counter block of that address: 16 bytes. */
export function counterBlock(node: number, lane: number, block: number): Uint8Array {
  assert(Number.isInteger(node) && node >= 0 && node < U32_LIMIT, 'node number is a u32');
  assert(Number.isInteger(lane) && lane >= 0 && lane < U32_LIMIT, 'lane number is a u32');
  assert(Number.isSafeInteger(block) && block >= 0, 'block number is a safe integer');
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, node);
  view.setUint32(4, lane);
  view.setBigUint64(8, BigInt(block));
  return bytes;
}
