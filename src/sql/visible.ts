/**
 * Owns what of a value may be seen: its public type, its text where the query's text alone decides it, and its vector with
 * zeros wherever nothing is to be seen.
 */
import type { Bits, Ring } from '../plan/builder.ts';
import { formatDate, formatDecimal } from './literals.ts';
import type { ResultColumn } from './specification.ts';
import { isAlways, isConstant, type Value, type Vectors } from './values.ts';

/** The value where it is visible, which is where it is known at most; zeros elsewhere. */
export function visibleVector({ builder, length }: Vectors, value: Value, visible: Bits): Ring | Bits {
  if (value.kind === 'truth') return builder.and(visible, value.isTrue);
  if (value.kind === 'number') return builder.timesBit(visible, value.ring);
  if (value.kind === 'text') return builder.timesBit(visible, value.code);
  return builder.bit(0, length);
}

/** The text of a value that is the same whatever the rows are; undefined for what has to be computed. */
export function publicText(scope: Vectors, value: Value): string | null | undefined {
  if (value.kind === 'null') return null;
  if (value.kind === 'truth') {
    if (isAlways(scope, value.isTrue)) return 'true';
    return isAlways(scope, value.isFalse) ? 'false' : undefined;
  }
  if (!isAlways(scope, value.known)) return undefined;
  if (value.kind === 'text') return value.literal;
  if (!isConstant(value)) return undefined;
  return value.type === 'date' ? formatDate(Number(value.lo)) : formatDecimal(value.lo, value.scale);
}

/** What a result column says of its values. */
export function typeOf(value: Value): Pick<ResultColumn, 'type' | 'scale' | 'values' | 'lo' | 'hi'> {
  if (value.kind === 'number') return { type: value.type, scale: value.scale, lo: value.lo, hi: value.hi };
  if (value.kind === 'truth') return { type: 'boolean', scale: 0, lo: 0n, hi: 1n };
  return value.kind === 'text'
    ? { type: 'text', scale: 0, values: value.values, lo: 0n, hi: BigInt(value.values.length - 1) }
    : { type: 'text', scale: 0 };
}
