/**
 * Owns vectors with proven bounds: what a composite needs to know so that nothing wraps around 2^64.
 * Must never accept what it cannot prove: it throws `plan.too-wide` instead.
 */
import { EXIT, MpcError } from '../../base/errors.ts';
import type { Ring } from '../builder.ts';

/** A vector whose every element lies in [lo, hi]. */
export interface Ranged {
  readonly value: Ring;
  readonly lo: bigint;
  readonly hi: bigint;
}

/** Composites keep all that they compute below this in magnitude: one bit is left for differences. */
const WIDEST = 2n ** 62n;

export const magnitudeOf = ({ lo, hi }: Ranged): bigint => larger(magnitude(lo), magnitude(hi));
const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
export const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Whether values up to `bound` in magnitude fit. */
export const isNarrow = (bound: bigint): boolean => bound < WIDEST;

/** Throws `plan.too-wide` unless values up to `bound` in magnitude fit. `what` names the computation for people. */
export function requireFits(bound: bigint, what: string): void {
  if (isNarrow(bound)) return;
  throw new MpcError('plan.too-wide', `${what} could reach ${bound}, beyond the 62 bits a value may have`, {
    exitCode: EXIT.badData,
    hint: 'narrow the declared ranges of the columns (CHECK ... BETWEEN), use fewer decimals, or lower the row limits',
  });
}
