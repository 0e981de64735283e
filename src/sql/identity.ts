/**
 * Owns when two expressions are the same one: everything but their places in the text is equal.
 */
import type { Expression } from './statement.ts';

/** Equal texts for equal expressions. */
export function identityOf(expression: Expression): string {
  return JSON.stringify(expression, (key, value: unknown) => {
    if (key === 'at') return undefined;
    return typeof value === 'bigint' ? `${value}n` : value;
  });
}
