/**
 * Owns the kernels on register files in plain TypeScript: what each one computes, and what serves where WASM has no SIMD.
 * Must never index memory by a secret, nor branch on one: steps are public.
 */
import type { RegisterFile } from './register-file.ts';

export function plainRegisters(length: number): RegisterFile {
  const words = new Uint32Array(length);
  const numbers = new Uint16Array(words.buffer);
  return {
    words,

    xors(file, steps, count, size) {
      for (let k = 0, at = 2 * steps; k < count; k++, at += 3) {
        const [out, left, right] = [0, 1, 2].map((i) => file + size * numbers[at + i]!) as Three;
        for (let i = 0; i < size; i++) words[out + i] = words[left + i]! ^ words[right + i]!;
      }
    },

    multiplyMasks(file, steps, count, size, planes) {
      for (let k = 0, at = 2 * steps, plane = planes; k < count; k++, at += 4, plane += size) {
        const [left, right] = [1, 2].map((i) => file + size * numbers[at + i]!) as Two;
        for (let i = 0; i < size; i++) {
          words[plane + i] = words[plane + i]! ^ (words[left + i]! & words[right + i]!);
        }
      }
    },

    multiplyShares(file, steps, count, half, planes, own) {
      const publicTerm = own ? -1 : 0;
      for (let k = 0, at = 2 * steps, plane = planes; k < count; k++, at += 4, plane += half) {
        const [left, right] = [1, 2].map((i) => file + 2 * half * numbers[at + i]!) as Two;
        const [notLeft, notRight] = [-(numbers[at + 3]! & 1), -(numbers[at + 3]! >> 1)];
        for (let i = 0; i < half; i++) {
          const x = words[left + i]! ^ notLeft;
          const y = words[right + i]! ^ notRight;
          const [m, n] = [words[left + half + i]!, words[right + half + i]!];
          words[plane + i] = words[plane + i]! ^ (x & (n ^ (y & publicTerm))) ^ (y & m);
        }
      }
    },

    place(file, steps, count, stride, size, planes) {
      for (let k = 0; k < count; k++) {
        const from = planes + k * size;
        words.copyWithin(file + stride * numbers[2 * steps + 4 * k]!, from, from + size);
      }
    },
  };
}

// Mapping a tuple gives a list, whose length TypeScript does not know.
type Two = [number, number];
type Three = [number, number, number];
