/**
 * Owns register files: one memory that holds planes by number while a circuit runs, and the kernels that work in it. Two makes
 * that compute the same words: WASM with SIMD, and plain TypeScript. Unlike the other kernels' scratch memory each file is made
 * for one evaluation, which alone holds it: planes stay where they are from level to level, and nothing is copied but what
 * comes in and goes out. Must never be shared: a file holds masks.
 *
 * Places and sizes are words, even ones; steps are given by their place too (two 16-bit numbers a word).
 */
import type { Words } from '../words.ts';
import { hasSimd, instantiateRegisters } from './module.ts';
import { plainRegisters } from './plain-registers.ts';

export interface RegisterFile {
  readonly words: Words;
  /** out = left XOR right for `count` steps of three numbers, on registers of `size` words from `file` on. */
  xors(file: number, steps: number, count: number, size: number): void;
  /**
   * For `count` steps of four numbers (out, left, right, negations), on registers of one half of `size` words: the step's plane
   * becomes plane XOR (left AND right).
   */
  multiplyMasks(file: number, steps: number, count: number, size: number, planes: number): void;
  /**
   * The same steps on registers of two halves of `half` words, (x^, m) and (y^, n), x^ and y^ negated by bits 0 and 1 of the
   * negations: the step's plane becomes plane XOR x^ n XOR y^ m, and XOR x^ y^ if `own`.
   */
  multiplyShares(
    file: number,
    steps: number,
    count: number,
    half: number,
    planes: number,
    own: boolean,
  ): void;
  /** The same steps, on registers `stride` words apart: the first `size` words of out become the step's plane. */
  place(file: number, steps: number, count: number, stride: number, size: number, planes: number): void;
}

/** A new file of so many words, all zero. */
export function registerFile(words: number): RegisterFile {
  return hasSimd() ? simdRegisters(words) : plainRegisters(words);
}

export function simdRegisters(words: number): RegisterFile {
  const { kernels, buffer } = instantiateRegisters(4 * words);
  return {
    words: new Uint32Array(buffer, 0, words),
    xors: (file, steps, count, size) => kernels.xors(4 * file, 4 * steps, count, 4 * size),
    multiplyMasks: (file, steps, count, size, planes) =>
      kernels.multiplyMasks(4 * file, 4 * steps, count, 4 * size, 4 * planes),
    multiplyShares: (file, steps, count, half, planes, own) =>
      kernels.multiplyShares(4 * file, 4 * steps, count, 4 * half, 4 * planes, own ? -1 : 0),
    place: (file, steps, count, stride, size, planes) =>
      kernels.place(4 * file, 4 * steps, count, 4 * stride, 4 * size, 4 * planes),
  };
}
