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
    case 'extreme':
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
    case 'sign':
    case 'year':
    case 'cast':
      return [expression.of];
    case 'aggregate':
      return [expression.argument, expression.second, expression.filter].filter(
        (inner) => inner !== undefined,
      );
    default:
      return [];
  }
}

/** The conditions whose AND this is. */
export const conjuncts = (condition: Expression | undefined): readonly Expression[] =>
  condition === undefined ? [] : condition.kind === 'and' ? condition.of.flatMap(conjuncts) : [condition];

/** The columns that an expression names, as often as it does. */
export const columnsIn = (expression: Expression): readonly (Expression & { readonly kind: 'column' })[] =>
  expression.kind === 'column' ? [expression] : innerExpressions(expression).flatMap(columnsIn);

/** The same expression with others directly inside it, in the same order. */
export function withInner(expression: Expression, change: (inner: Expression) => Expression): Expression {
  switch (expression.kind) {
    case 'arithmetic':
      return { ...expression, left: change(expression.left), right: change(expression.right) };
    case 'compare':
      return { ...expression, left: change(expression.left), right: change(expression.right) };
    case 'and':
    case 'or':
      return { ...expression, of: expression.of.map(change) };
    case 'coalesce':
      return { ...expression, of: expression.of.map(change) };
    case 'extreme':
      return { ...expression, of: expression.of.map(change) };
    case 'in':
      return { ...expression, of: change(expression.of), list: expression.list.map(change) };
    case 'case': {
      const branches = expression.branches.map(({ when, result }) => ({
        when: change(when),
        result: change(result),
      }));
      return { ...expression, branches, otherwise: change(expression.otherwise) };
    }
    case 'aggregate':
      return {
        ...expression,
        ...(expression.argument ? { argument: change(expression.argument) } : {}),
        ...(expression.second ? { second: change(expression.second) } : {}),
        ...(expression.filter ? { filter: change(expression.filter) } : {}),
      };
    case 'negate':
    case 'not':
    case 'isNull':
    case 'isTrue':
    case 'isFalse':
    case 'round':
    case 'absolute':
    case 'sign':
    case 'year':
    case 'cast':
      return { ...expression, of: change(expression.of) };
    default:
      return expression;
  }
}
