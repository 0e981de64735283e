/**
 * Owns the choice of the ballots' kernels: the WASM ones, or where WASM has no SIMD their twins in plain TypeScript.
 * Must never give two callers the same memory.
 */
import { hasSimd } from '../../base/wasm.ts';
import type { BallotKernels } from './face.ts';
import { plainKernels } from './plain.ts';
import { wasmKernels } from './wasm.ts';

/** Kernels with a new memory of at least that many bytes. Throws `build.no-kernels` when they have not been compiled. */
export function ballotKernels(bytes: number): BallotKernels {
  return hasSimd() ? wasmKernels(bytes) : plainKernels(bytes);
}
