/**
 * Owns what a plan's output is once it is in the clear: signed integers or booleans, by name.
 */
import type { Kind } from '../gates/gate.ts';
import { toBools } from '../ring/bits.ts';
import { toBigInts } from '../ring/ring.ts';
import type { Words } from '../ring/words.ts';

export type PlanResult =
  | { readonly name: string; readonly kind: 'ring'; readonly values: readonly bigint[] }
  | { readonly name: string; readonly kind: 'bits'; readonly values: readonly boolean[] };

/** Words of `length` elements in the clear as a result. */
export function resultOf(name: string, kind: Kind, length: number, words: Words): PlanResult {
  return kind === 'ring'
    ? { name, kind, values: toBigInts(words) }
    : { name, kind, values: toBools(words, length) };
}
