/**
 * Owns how many rows a group must have to be shown: by agreement, and by HAVING where it says COUNT(*) >= k.
 */
import type { Expression, SelectStatement } from './statement.ts';
import { conjuncts } from './walk.ts';

export interface SizeCondition {
  /** Rows of the smallest group that may be shown; undefined where even an answer about no row is. */
  readonly least: bigint | undefined;
  /** What else HAVING asks: all of it must be true. */
  readonly others: readonly Expression[];
}

export function sizeCondition(select: SelectStatement, minGroupSize: number): SizeCondition {
  const grouped = select.groupBy.length > 0;
  let least = BigInt(grouped ? Math.max(1, minGroupSize) : minGroupSize);
  const others: Expression[] = [];
  for (const term of conjuncts(select.having)) {
    const size = leastCount(term);
    if (size === undefined) others.push(term);
    else if (size > least) least = size;
  }
  return { least: grouped || least > 1n ? least : undefined, others };
}

/** k where a condition says COUNT(*) >= k. */
function leastCount(term: Expression): bigint | undefined {
  if (term.kind !== 'compare') return undefined;
  const { operator, left, right } = term;
  const direct = operator === '>=' || operator === '>';
  const [count, bound] = direct ? [left, right] : [right, left];
  if (!direct && operator !== '<=' && operator !== '<') return undefined;
  if (count.kind !== 'aggregate' || count.name !== 'count' || count.argument || count.filter)
    return undefined;
  if (bound.kind !== 'number' || bound.scale !== 0) return undefined;
  return operator === '>' || operator === '<' ? bound.value + 1n : bound.value;
}
