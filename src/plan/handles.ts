/**
 * Owns how whoever writes a plan names its vectors: a handle for each, typed by what it holds.
 */
import { assert } from '../base/errors.ts';
import type { NodeId } from './plan.ts';

/** A vector of 64-bit integers in the plan under construction. Whether servers hold it as a wire or a share is hidden. */
export interface Ring {
  readonly kind: 'ring';
  readonly id: NodeId;
  readonly length: number;
}

/** A vector of bits in the plan under construction. */
export interface Bits {
  readonly kind: 'bits';
  readonly id: NodeId;
  readonly length: number;
}

export type Handle = Ring | Bits;

/** Two operands whose order does not matter, in the one order that makes equal calls equal nodes. */
export const ordered = (x: Ring, y: Ring): Ring[] => (x.id <= y.id ? [x, y] : [y, x]);

/** The smallest power of two that is at least `domain` (and at least 2): reduction modulo it commutes with modulo 2^64. */
export function powerOfTwo(domain: number): number {
  assert(Number.isSafeInteger(domain) && domain > 0, 'a domain has at least one value');
  return Math.max(2, 2 ** Math.ceil(Math.log2(domain)));
}
