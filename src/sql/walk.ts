/**
 * Owns the way from an expression to the expressions directly inside it, in the order they were written.
 */
import type { Expression } from './statement.ts';

export function innerExpressions(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'arithmetic':
    case 'compare':
      return [expression.left, expression.right];
    case 'and':
    case 'or':
    case 'coalesce':
      return expression.of;
    case 'in':
      return [expression.of, ...expression.list];
    case 'case':
      return [...expression.branches.flatMap(({ when, result }) => [when, result]), expression.otherwise];
    case 'negate':
    case 'not':
    case 'isNull':
    case 'isTrue':
    case 'isFalse':
    case 'round':
    case 'absolute':
    case 'cast':
      return [expression.of];
    case 'aggregate':
      return [expression.argument, expression.filter].filter((inner) => inner !== undefined);
    default:
      return [];
  }
}
