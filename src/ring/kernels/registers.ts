/**
 * Owns register files: one memory that holds planes by number while a circuit runs, and the kernels that work in it. Two makes
 * that compute the same words: WASM with SIMD, and plain TypeScript. Unlike the other kernels' scratch memory each file is made
 * for one evaluation, which alone holds it: planes stay where they are from level to level, and nothing is copied but what
 * comes in and goes out. Must never be shared: a file holds masks.
 */
import { hasSimd, instantiateRegisters } from './module.ts';
import { plainRegisters } from './plain-registers.ts';
import type { RegisterFile } from './register-file.ts';

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
