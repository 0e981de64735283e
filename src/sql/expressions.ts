/**
 * Owns the one walk over an expression that writes it into the plan. What a column or an aggregate means is the scope's
 * business: rows know columns, groups know aggregates and the grouped columns.
 */
import { add, magnitude, multiply, negate } from './arithmetic.ts';
import { choose, coalesce } from './choice.ts';
import { compare, isOneOf } from './comparisons.ts';
import { castNumber, divide, round } from './division.ts';
import { type Position, sqlFault, unsupported } from './faults.ts';
import { extreme, remainder, sign, yearOf } from './functions.ts';
import { and, asTruth, certain, not, or } from './logic.ts';
import type { Aggregate, Expression, TypeName } from './statement.ts';
import {
  badType,
  constantNumber,
  constantText,
  knownOf,
  type NumberValue,
  type TruthValue,
  type Value,
  type Vectors,
} from './values.ts';

export interface Scope extends Vectors {
  /** The value of a whole expression, where the scope knows it: what rows are grouped by. */
  given?(expression: Expression): Value | undefined;
  /** Throws `sql.unknown-column`, `sql.not-grouped`. */
  column(reference: Expression & { readonly kind: 'column' }): Value;
  /** `wanted` decimals of an average that is rounded at once. Throws `sql.misplaced-aggregate`. */
  aggregate(call: Aggregate, wanted?: number): Value;
}

/** Writes an expression into the plan. `wanted` decimals replace the declared ones of a quotient or an average. */
export function lower(scope: Scope, expression: Expression, wanted?: number): Value {
  const given = scope.given?.(expression);
  if (given) return given;
  const { at } = expression;
  switch (expression.kind) {
    case 'null':
      return { kind: 'null' };
    case 'number':
      return constantNumber(
        scope,
        expression.value,
        expression.scale,
        expression.decimal ? 'decimal' : 'integer',
      );
    case 'date':
      return constantNumber(scope, expression.value, 0, 'date');
    case 'text':
      return constantText(scope, expression.value);
    case 'boolean':
      return certain(scope, scope.builder.bit(expression.value ? 1 : 0, scope.length));
    case 'column':
      return scope.column(expression);
    case 'aggregate':
      return scope.aggregate(expression, wanted);
    case 'and':
      return and(
        scope,
        expression.of.map((term) => lowerTruth(scope, term)),
      );
    case 'or':
      return or(
        scope,
        expression.of.map((term) => lowerTruth(scope, term)),
      );
    case 'not':
      return not(lowerTruth(scope, expression.of));
    case 'compare':
      return compare(
        scope,
        expression.operator,
        lower(scope, expression.left),
        lower(scope, expression.right),
        at,
      );
    case 'in': {
      const items = expression.list.map((item) => ({ value: lower(scope, item), at: item.at }));
      return isOneOf(scope, lower(scope, expression.of), items);
    }
    case 'isNull':
      return certain(scope, scope.builder.not(knownOf(scope, lower(scope, expression.of))));
    case 'isTrue':
      return certain(scope, lowerTruth(scope, expression.of).isTrue);
    case 'isFalse':
      return certain(scope, lowerTruth(scope, expression.of).isFalse);
    case 'case':
      return expression.branches.reduceRight<Value>(
        (rest, { when, result }) =>
          choose(scope, lowerTruth(scope, when).isTrue, lower(scope, result), rest, result.at),
        lower(scope, expression.otherwise),
      );
    case 'coalesce':
      return coalesce(
        scope,
        expression.of.map((term) => lower(scope, term)),
        at,
      );
    case 'negate':
      return onNumber(lower(scope, expression.of), 'unary minus', at, (x) => negate(scope, x, at));
    case 'absolute':
      return onNumber(lower(scope, expression.of), 'ABS', at, (x) => magnitude(scope, x, at));
    case 'sign':
      return onNumber(lower(scope, expression.of), 'SIGN', at, (x) => sign(scope, x, at));
    case 'year':
      return onNumber(lower(scope, expression.of), 'EXTRACT', at, (x) => yearOf(scope, x, at));
    case 'extreme': {
      const values = expression.of.map((term) => lower(scope, term));
      return extreme(scope, expression.greatest, values, at);
    }
    case 'round': {
      const { of, digits } = expression;
      return onNumber(lower(scope, of, digits), 'ROUND', at, (x) => round(scope, x, digits, at));
    }
    case 'cast':
      return cast(scope, expression.of, expression.type, at);
    case 'arithmetic':
      return arithmetic(scope, expression, wanted);
  }
}

/** An expression that must be a condition. Throws `sql.bad-type`. */
export function lowerTruth(scope: Scope, expression: Expression): TruthValue {
  return asTruth(scope, lower(scope, expression), expression.at);
}

function arithmetic(scope: Scope, expression: Expression & { kind: 'arithmetic' }, wanted?: number): Value {
  const { operator, at } = expression;
  const left = lower(scope, expression.left);
  const right = lower(scope, expression.right);
  return onNumber(left, `the operator ${operator}`, expression.left.at, (x) =>
    onNumber(right, `the operator ${operator}`, expression.right.at, (y) => {
      if (operator === '+') return add(scope, x, y, 1n, at);
      if (operator === '-') return add(scope, x, y, -1n, at);
      if (operator === '%') return remainder(scope, x, y, at);
      return operator === '*' ? multiply(scope, x, y, at) : divide(scope, x, y, at, wanted);
    }),
  );
}

function cast(scope: Scope, of: Expression, type: TypeName, at: Position): Value {
  const decimals = type.name === 'integer' ? 0 : type.scale;
  const value = lower(scope, of, decimals);
  if (value.kind === 'null') return value;
  if (value.kind === 'number' && value.type === 'date' && type.name === 'date') return value;
  if (value.kind === 'number') return castNumber(scope, value, type, at);
  if (value.kind === 'truth' && type.name === 'boolean') return value;
  if (value.kind === 'text' && type.name === 'text') return value;
  if (value.kind === 'truth' && type.name === 'integer')
    return {
      ...constantNumber(scope, 0n, 0, 'integer'),
      hi: 1n,
      ring: scope.builder.toRing(value.isTrue),
      known: knownOf(scope, value),
    };
  throw unsupported(at, `this cast to ${type.text}`, 'cast numbers to INTEGER or DECIMAL(p,s)');
}

/** NULL stays NULL in every sum and product. */
function onNumber(value: Value, what: string, at: Position, then: (x: NumberValue) => Value): Value {
  if (value.kind === 'null') return value;
  if (value.kind === 'number') return then(value);
  throw badType(at, what, value, 'use a number; count conditions with COUNT(*) FILTER (WHERE …)');
}

/** The refusal of an aggregate where rows are looked at one by one. */
export const misplacedAggregate = (call: Aggregate): Error =>
  sqlFault(
    'misplaced-aggregate',
    call.at,
    `${call.name.toUpperCase()} cannot stand here`,
    'aggregates belong in the select list and in HAVING, and not inside one another',
  );
