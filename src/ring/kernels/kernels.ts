/**
 * Owns the choice of kernels: the SIMD ones, or where WASM has no SIMD their twins in plain TypeScript.
 * Must never keep anything from one call of a kernel to the next: a thread's one instance is scratch, and every call runs to its end.
 */
import type { Words } from '../words.ts';
import type { Kernels, MatrixShape } from './face.ts';
import { hasSimd } from './module.ts';
import { plainKernels } from './plain.ts';
import { loadSimdKernels } from './simd.ts';

/** Words from which on copying a vector into WASM memory and back pays. */
const WORTH_COPYING = 256;
/** Products from which on a product of matrices is worth it. */
const WORTH_TILING = 512;

let chosen: Kernels | undefined;

/** The kernels of this machine, loaded at their first use. Throws `build.no-kernels` when they have not been compiled. */
export function kernels(): Kernels {
  chosen ??= hasSimd() ? loadSimdKernels() : plainKernels;
  return chosen;
}

/** The kernels that take an element-wise operation on vectors of that length. */
export function kernelsFor(vector: Words): Kernels {
  return vector.length < WORTH_COPYING ? plainKernels : kernels();
}

/** The kernels that take a product of matrices of that shape. */
export function kernelsForProduct({ rows, inner, columns }: MatrixShape): Kernels {
  return rows * inner * columns < WORTH_TILING ? plainKernels : kernels();
}
