/**
 * Owns the expansion of a seed into uniform words: AES-128 in counter mode, addressed by (node, lane, word), so that any
 * range of any lane can be made at any time and in any order. Must never print its key.
 *
 * Counter block: node (u32, big endian), lane (u32, big endian), block number (u64, big endian). NIST SP 800-38A
 * adds one to the whole 128-bit block; a lane shorter than 2^64 blocks never carries into the next lane's number.
 * Word w of a lane is bytes 4w to 4w + 3 of its keystream, little endian.
 *
 * The counter blocks are made here and encrypted one by one (ECB), which is what counter mode is: one cipher then serves
 * every lane, where a new one in counter mode takes as long as encrypting 16 KiB. In pieces of 64 KiB: node:crypto allocates
 * each output, and with its memory given back at once all sizes from 16 KiB to 512 KiB are within a tenth of the fastest, so that
 * there is nothing to tune (`npm run bench:gates` prints them); a piece of 64 KiB is still in the cache when it is used.
 */
import { type Cipher, createCipheriv } from 'node:crypto';
import { inspect } from 'node:util';
import { assert } from '../base/errors.ts';
import { clearPadding } from '../ring/bits.ts';
import { MAX_COUNTERS } from '../ring/kernels/face.ts';
import { kernels } from '../ring/kernels/kernels.ts';
import { release } from '../ring/release.ts';
import type { BitVector, RingVector, WordStream, Words } from '../ring/words.ts';
import { bitWords, ringWords } from '../ring/words.ts';
import type { Seed } from './seed.ts';
import { keystreamKey } from './seed.ts';

/** Purpose of the keystream that all gates of a tape share: node and lane keep its ranges apart. */
export const GATES = 'gates';
/** Purpose of the keystream of one party's input masks. */
export const INPUT = 'input';

const BLOCK_WORDS = 4;
/** Words that one call encrypts. A multiple of 64, so that bits cut there are whole vectors. */
export const PIECE_WORDS = BLOCK_WORDS * MAX_COUNTERS;
const U32_LIMIT = 2 ** 32;

export class Keystream {
  /** Encrypts block by block and keeps nothing between calls: padding is off, and calls are whole blocks. */
  readonly #cipher: Cipher;

  constructor(seed: Seed, purpose: string) {
    this.#cipher = createCipheriv('aes-128-ecb', keystreamKey(seed, purpose), null).setAutoPadding(false);
  }

  /** Words `wordOffset` to `wordOffset + wordCount` of that lane of that node. The vector is the caller's own. */
  words(node: number, lane: number, wordOffset: number, wordCount: number): Words {
    assert(wordOffset >= 0 && wordCount >= 0, 'a range of words');
    const skippedWords = wordOffset % BLOCK_WORDS;
    const firstBlock = (wordOffset - skippedWords) / BLOCK_WORDS;
    const blocks = Math.ceil((skippedWords + wordCount) / BLOCK_WORDS);
    if (blocks > MAX_COUNTERS) return this.fill(new Uint32Array(wordCount), node, lane, wordOffset);
    const piece = this.#encrypt(node, lane, firstBlock, blocks);
    return new Uint32Array(piece.buffer, piece.byteOffset + 4 * skippedWords, wordCount);
  }

  /** The same into a vector that is there. */
  fill(out: Words, node: number, lane: number, wordOffset = 0): Words {
    this.pieces(node, lane, wordOffset, out.length, (words, at) => out.set(words, at));
    return out;
  }

  /**
   * The same piece by piece, in order: `use` gets some words and the place of the first, and must keep no view of them. Pieces of two
   * keystreams are alike for the same range.
   */
  pieces(
    node: number,
    lane: number,
    wordOffset: number,
    wordCount: number,
    use: (words: Words, at: number) => void,
  ): void {
    for (let at = 0; at < wordCount; ) {
      const skippedWords = (wordOffset + at) % BLOCK_WORDS;
      const count = Math.min(PIECE_WORDS - skippedWords, wordCount - at);
      const firstBlock = (wordOffset + at - skippedWords) / BLOCK_WORDS;
      const piece = this.#encrypt(node, lane, firstBlock, Math.ceil((skippedWords + count) / BLOCK_WORDS));
      use(new Uint32Array(piece.buffer, piece.byteOffset + 4 * skippedWords, count), at);
      release(piece);
      at += count;
    }
  }

  /** The first `length` ring elements of the lane, into `out` if given. */
  ring(node: number, lane: number, length: number, out?: RingVector): RingVector {
    return this.#first(node, lane, ringWords(length), out);
  }

  /** The first `length` bits of the lane, padding bits cleared, into `out` if given. */
  bits(node: number, lane: number, length: number, out?: BitVector): BitVector {
    return clearPadding(this.#first(node, lane, bitWords(length), out), length);
  }

  #first(node: number, lane: number, wordCount: number, out: Words | undefined): Words {
    assert(out === undefined || out.length === wordCount, 'a vector of the words of its length');
    return out === undefined ? this.words(node, lane, 0, wordCount) : this.fill(out, node, lane);
  }

  #encrypt(node: number, lane: number, firstBlock: number, blocks: number): Uint8Array {
    assert(Number.isInteger(node) && node >= 0 && node < U32_LIMIT, 'node number is a u32');
    assert(Number.isInteger(lane) && lane >= 0 && lane < U32_LIMIT, 'lane number is a u32');
    assert(Number.isSafeInteger(firstBlock + blocks), 'block numbers are safe integers');
    return this.#cipher.update(kernels().counters([node, lane], firstBlock, blocks));
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
