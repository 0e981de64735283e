/**
 * Owns the way to the compiled kernels that take constants, bits or several vectors at once: pieces of all vectors are copied into the
 * module's memory, and each element is read and written once however much is computed of it. Must never keep anything there.
 */
import type { BitVector, RingVector, Words } from '../words.ts';
import type { Kernels } from './face.ts';
import type { Exports } from './module.ts';

/** A range of the memory with room for a piece. */
export interface Area {
  readonly pointer: number;
  readonly words: Words;
}

/** Words that are taken at once: 32 KiB. A multiple of 64, so that bits are cut at words. */
const PIECE_WORDS = 8192;

type ElementKernels = Pick<
  Kernels,
  'combine' | 'keepWhere' | 'negateWhere' | 'fromBits' | 'choose' | 'splitMask' | 'truncate' | 'dot'
>;

/** `areas`: seven, each with room for a piece. */
export function elementKernels(wasm: Exports, areas: readonly Area[]): ElementKernels {
  const [result, first, second, third, fourth, fifth, bitArea] = areas as readonly [
    Area,
    Area,
    Area,
    Area,
    Area,
    Area,
    Area,
  ];
  const eachPiece = (length: number, work: (from: number, to: number) => void): void => {
    for (let from = 0; from < length; from += PIECE_WORDS) work(from, Math.min(length, from + PIECE_WORDS));
  };
  const put = ({ pointer, words }: Area, vector: RingVector, from: number, to: number): number => {
    words.set(vector.subarray(from, to));
    return pointer;
  };
  const putBits = (bits: BitVector, from: number, to: number): number => {
    bitArea.words.set(bits.subarray(from / 64, Math.ceil(to / 64)));
    return bitArea.pointer;
  };
  const take = (out: RingVector, { words }: Area, from: number, to: number): void =>
    out.set(words.subarray(0, to - from), from);

  return {
    combine(out, vectors, factors, offset) {
      eachPiece(out.length, (from, to) => {
        const bytes = 4 * (to - from);
        wasm.fill(result.pointer, offset.lo, offset.hi, bytes);
        vectors.forEach((vector, k) => {
          const { lo, hi } = factors[k]!;
          wasm.addMultiple(result.pointer, put(first, vector, from, to), lo, hi, bytes);
        });
        take(out, result, from, to);
      });
    },

    keepWhere(out, a, bits) {
      eachPiece(out.length, (from, to) => {
        wasm.keepWhere(result.pointer, put(first, a, from, to), putBits(bits, from, to), 4 * (to - from));
        take(out, result, from, to);
      });
    },

    negateWhere(out, a, bits) {
      eachPiece(out.length, (from, to) => {
        wasm.negateWhere(result.pointer, put(first, a, from, to), putBits(bits, from, to), 4 * (to - from));
        take(out, result, from, to);
      });
    },

    fromBits(out, bits) {
      eachPiece(out.length, (from, to) => {
        wasm.fromBits(result.pointer, putBits(bits, from, to), 4 * (to - from));
        take(out, result, from, to);
      });
    },

    choose(out, { product, x, y, xMask, yMask, bits }, isA) {
      eachPiece(out.length, (from, to) => {
        wasm.choose(
          put(result, out, from, to),
          put(first, product, from, to),
          put(second, x, from, to),
          put(third, y, from, to),
          put(fourth, xMask, from, to),
          put(fifth, yMask, from, to),
          putBits(bits, from, to),
          isA ? 1 : 0,
          4 * (to - from),
        );
        take(out, result, from, to);
      });
    },

    splitMask(shifted, wrap, r, shift) {
      eachPiece(r.length, (from, to) => {
        wasm.splitMask(result.pointer, first.pointer, put(second, r, from, to), shift, 4 * (to - from));
        take(shifted, result, from, to);
        take(wrap, first, from, to);
      });
    },

    truncate(out, shifted, masked, shift, isA) {
      eachPiece(out.length, (from, to) => {
        wasm.truncate(
          put(result, out, from, to),
          put(first, shifted, from, to),
          put(second, masked, from, to),
          shift,
          isA ? 1 : 0,
          4 * (to - from),
        );
        take(out, result, from, to);
      });
    },

    dot(a, b) {
      result.words.fill(0, 0, 2);
      eachPiece(a.length, (from, to) => {
        const left = put(first, a, from, to);
        // A single element past the end is added too: both are made 0.
        first.words.fill(0, to - from, to - from + 2);
        wasm.dot(result.pointer, left, put(second, b, from, to), 4 * (to - from));
      });
      return { lo: result.words[0]!, hi: result.words[1]! };
    },
  };
}
