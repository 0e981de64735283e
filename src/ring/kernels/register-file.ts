/**
 * Owns what a register file is: one memory that holds planes by number while a circuit runs, and the kernels that work in it.
 * Places and sizes are words, even ones; steps are given by their place too (two 16-bit numbers a word).
 */
import type { Words } from '../words.ts';

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
