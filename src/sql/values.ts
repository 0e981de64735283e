/**
 * Owns what an expression becomes: vectors of the plan with their public type, scale and interval, and a bit saying
 * where the value is not NULL. Rows and groups are computed with in the same way; only the vectors' length differs.
 *
 * Invariants. `lo`..`hi` holds every value that is known (and 0, for columns: absent rows and NULLs are zeros).
 * A value is `zeroed` when it is 0 wherever it is unknown or its row is absent: such vectors are summed as they are.
 */
import { MpcError } from '../base/errors.ts';
import type { Bits, PlanBuilder, Ring } from '../plan/builder.ts';
import type { NodeId } from '../plan/plan.ts';
import { INT64 } from './declare.ts';
import { type Position, sqlFault } from './faults.ts';

export interface NumberValue {
  readonly kind: 'number';
  readonly type: 'integer' | 'decimal' | 'date';
  readonly scale: number;
  readonly lo: bigint;
  readonly hi: bigint;
  readonly ring: Ring;
  readonly known: Bits;
  readonly zeroed: boolean;
  /** For sums: the count of the rows summed, and bounds of what each contributed. Divided by it they bound the quotient. */
  readonly each?: { readonly count: NodeId; readonly lo: bigint; readonly hi: bigint };
}

/** SQL's three values as two bits: unknown is neither. */
export interface TruthValue {
  readonly kind: 'truth';
  readonly isTrue: Bits;
  readonly isFalse: Bits;
}

export interface TextValue {
  readonly kind: 'text';
  /** The text of each code. */
  readonly values: readonly string[];
  readonly code: Ring;
  readonly known: Bits;
  /** The code where known, the number of values where NULL: one-hot planes of it need no further AND. */
  readonly key?: Ring;
  /** A literal of the query, which a comparison may read as a date. */
  readonly literal?: string;
}

/** NULL itself: it takes the type of whatever it meets. */
export interface NullValue {
  readonly kind: 'null';
}

export type Value = NumberValue | TruthValue | TextValue | NullValue;

/** Where vectors are written, and how long those of this scope are. */
export interface Vectors {
  readonly builder: PlanBuilder;
  readonly length: number;
}

export const always = ({ builder, length }: Vectors): Bits => builder.bit(1, length);
export const never = ({ builder, length }: Vectors): Bits => builder.bit(0, length);

/** Whether a bit is 1 in every row, by construction. Constants are one node each, so identity decides. */
export const isAlways = (vectors: Vectors, bits: Bits): boolean => bits.id === always(vectors).id;

export function constantNumber(
  vectors: Vectors,
  value: bigint,
  scale: number,
  type: NumberValue['type'],
): NumberValue {
  return {
    kind: 'number',
    type,
    scale,
    lo: value,
    hi: value,
    ring: vectors.builder.constant(value, vectors.length),
    known: always(vectors),
    zeroed: value === 0n,
  };
}

export const isConstant = (x: NumberValue): boolean => x.lo === x.hi;

export function constantText(vectors: Vectors, text: string): TextValue {
  const code = vectors.builder.constant(0n, vectors.length);
  return { kind: 'text', values: [text], code, key: code, known: always(vectors), literal: text };
}

/** Where a value is not NULL. */
export function knownOf(vectors: Vectors, value: Value): Bits {
  switch (value.kind) {
    case 'null':
      return never(vectors);
    case 'truth':
      return vectors.builder.xor(value.isTrue, value.isFalse);
    default:
      return value.known;
  }
}

/** Refuses an interval that 64 bits cannot hold. */
export function checkWidth(at: Position, lo: bigint, hi: bigint, what: string): void {
  if (lo >= INT64.lo && hi <= INT64.hi) return;
  const magnitude = -lo > hi ? -lo : hi;
  throw sqlFault(
    'too-wide',
    at,
    `${what} may need ${magnitude.toString(2).length + 1} bits, and there are 64`,
    'narrow the columns used with CHECK (c BETWEEN lowest AND highest), lower the row limits, or use fewer decimals',
  );
}

/** The kind of a value in words, for messages. */
export function kindName(value: Value): string {
  if (value.kind === 'number') return value.type === 'date' ? 'a date' : 'a number';
  return { truth: 'a condition', text: 'a text', null: 'NULL' }[value.kind];
}

/** Refuses a value of the wrong kind. */
export function badType(at: Position, what: string, value: Value, hint: string): Error {
  return sqlFault('bad-type', at, `${what} cannot take ${kindName(value)}`, hint);
}

/** Runs a composite of gates; where it cannot prove that its values fit, the refusal names the place in the query. */
export function fitted<T>(at: Position, compose: () => T): T {
  try {
    return compose();
  } catch (error) {
    if (error instanceof MpcError && error.code === 'plan.too-wide')
      throw sqlFault('too-wide', at, error.message, error.hint);
    throw error;
  }
}
