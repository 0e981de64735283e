/**
 * Owns the choice of the ballots' kernels. Must never give two callers the same memory.
 */
import type { BallotKernels } from './face.ts';
import { plainKernels } from './plain.ts';

/** Kernels with a new memory of at least that many bytes. */
export function ballotKernels(bytes: number): BallotKernels {
  return plainKernels(bytes);
}
