/**
 * Owns SQL's three-valued logic on two bit vectors: isTrue and isFalse, never both, unknown where neither.
 *
 *   NOT a        (f, t)
 *   a AND b      (ta tb, fa OR fb)          a OR b   (ta OR tb, fa fb)
 *   a IS NULL    (NOT (t XOR f), t XOR f)   because t and f exclude each other
 *   a IS TRUE    (t, NOT t)
 * Where no operand can be NULL, f is NOT t, and the plan builder folds the second vector away by itself.
 */

import type { Bits } from '../plan/builder.ts';
import { type Position, sqlFault } from './faults.ts';
import { kindName, never, type TruthValue, type Value, type Vectors } from './values.ts';

/** A two-valued condition: known everywhere. */
export const certain = ({ builder }: Vectors, isTrue: Bits): TruthValue => ({
  kind: 'truth',
  isTrue,
  isFalse: builder.not(isTrue),
});

/** True where `bits`, unknown where not `known`. `bits` may be anything there. */
export function truthWhere({ builder }: Vectors, bits: Bits, known: Bits): TruthValue {
  const isTrue = builder.and(bits, known);
  return { kind: 'truth', isTrue, isFalse: builder.xor(known, isTrue) };
}

export function not(a: TruthValue): TruthValue {
  return { kind: 'truth', isTrue: a.isFalse, isFalse: a.isTrue };
}

export function and({ builder }: Vectors, terms: readonly TruthValue[]): TruthValue {
  return {
    kind: 'truth',
    isTrue: builder.and(...terms.map((a) => a.isTrue)),
    isFalse: builder.or(...terms.map((a) => a.isFalse)),
  };
}

export function or(vectors: Vectors, terms: readonly TruthValue[]): TruthValue {
  return not(and(vectors, terms.map(not)));
}

export const unknown = (vectors: Vectors): TruthValue => ({
  kind: 'truth',
  isTrue: never(vectors),
  isFalse: never(vectors),
});

/** A value as a condition. NULL is unknown; anything but a condition is refused. */
export function asTruth(vectors: Vectors, value: Value, at: Position): TruthValue {
  if (value.kind === 'truth') return value;
  if (value.kind === 'null') return unknown(vectors);
  throw sqlFault(
    'bad-type',
    at,
    `a condition is wanted here, not ${kindName(value)}`,
    'compare it with something: a = 1, a IS NOT NULL',
  );
}
