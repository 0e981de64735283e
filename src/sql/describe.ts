/**
 * Owns expressions as people read them: plain words for single aggregates, SQL for everything composed.
 */
import { decimalsOf, formatDate, formatDecimal, powerOfTen } from './literals.ts';
import type { Aggregate, Expression, Fraction } from './statement.ts';

/** An expression as SQL. Parentheses only where they are needed to read it. */
export function sqlOf(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return formatDecimal(expression.value, expression.scale);
    case 'text':
      return `'${expression.value.replaceAll("'", "''")}'`;
    case 'date':
      return `'${formatDate(Number(expression.value))}'`;
    case 'boolean':
      return expression.value ? 'TRUE' : 'FALSE';
    case 'null':
      return 'NULL';
    case 'column':
      return expression.name;
    case 'negate':
      return `-${inner(expression.of)}`;
    case 'arithmetic':
    case 'compare':
      return `${inner(expression.left)} ${expression.operator} ${inner(expression.right)}`;
    case 'and':
    case 'or':
      return expression.of.map(inner).join(` ${expression.kind.toUpperCase()} `);
    case 'not':
      return expression.of.kind === 'isNull'
        ? `${inner(expression.of.of)} IS NOT NULL`
        : `NOT ${inner(expression.of)}`;
    case 'in':
      return `${inner(expression.of)} IN (${expression.list.map(sqlOf).join(', ')})`;
    case 'isNull':
      return `${inner(expression.of)} IS NULL`;
    case 'isTrue':
      return `${inner(expression.of)} IS TRUE`;
    case 'isFalse':
      return `${inner(expression.of)} IS FALSE`;
    case 'case': {
      const branches = expression.branches.map(
        ({ when, result }) => `WHEN ${sqlOf(when)} THEN ${sqlOf(result)}`,
      );
      const otherwise = expression.otherwise.kind === 'null' ? '' : ` ELSE ${sqlOf(expression.otherwise)}`;
      return `CASE ${branches.join(' ')}${otherwise} END`;
    }
    case 'coalesce':
      return `COALESCE(${expression.of.map(sqlOf).join(', ')})`;
    case 'round':
      return `ROUND(${sqlOf(expression.of)}, ${expression.digits})`;
    case 'absolute':
      return `ABS(${sqlOf(expression.of)})`;
    case 'cast':
      return `CAST(${sqlOf(expression.of)} AS ${expression.type.text})`;
    case 'aggregate':
      return aggregateSql(expression);
  }
}

function aggregateSql({ name, argument, filter, fraction, distinct }: Aggregate): string {
  const of = `${distinct ? 'DISTINCT ' : ''}${argument ? sqlOf(argument) : '*'}`;
  const call =
    name === 'percentile_cont' && fraction
      ? `PERCENTILE_CONT(${fractionText(fraction)}) WITHIN GROUP (ORDER BY ${of})`
      : `${name.toUpperCase()}(${of})`;
  return filter ? `${call} FILTER (WHERE ${sqlOf(filter)})` : call;
}

function fractionText({ numerator, denominator }: Fraction): string {
  const digits = decimalsOf(denominator);
  return formatDecimal((numerator * powerOfTen(digits)) / denominator, digits);
}

const COMPOSED: readonly Expression['kind'][] = [
  'arithmetic',
  'compare',
  'and',
  'or',
  'not',
  'in',
  'isNull',
  'isTrue',
  'isFalse',
];

const inner = (expression: Expression): string =>
  COMPOSED.includes(expression.kind) ? `(${sqlOf(expression)})` : sqlOf(expression);

/** A select column in words. `decimals` is the scale of what is revealed. */
export function wordsOf(expression: Expression, decimals: number): string {
  const digits = decimals > 0 ? ` (${decimals} decimals)` : '';
  if (expression.kind === 'aggregate')
    return `${aggregateWords(expression)}${expression.name === 'avg' ? digits : ''}`;
  if ((expression.kind === 'round' || expression.kind === 'cast') && expression.of.kind === 'aggregate')
    return `${aggregateWords(expression.of)}${digits || ' (rounded)'}`;
  return sqlOf(expression);
}

const WORDS: Readonly<Record<string, string>> = {
  sum: 'the sum',
  avg: 'the average',
  min: 'the smallest value',
  max: 'the largest value',
};

function aggregateWords({ name, argument, filter, fraction, distinct }: Aggregate): string {
  const of = argument ? sqlOf(argument) : '';
  const among = filter ? ` among rows where ${sqlOf(filter)}` : '';
  if (distinct) return `the number of different values of ${of}${among}`;
  if (name === 'count') return `${argument ? `the number of rows with ${of}` : 'the number of rows'}${among}`;
  if (fraction) {
    const which = name === 'median' ? 'median' : `percentile at ${fractionText(fraction)}`;
    return `the ${which} of ${of}${among}`;
  }
  return `${WORDS[name] ?? name} of ${of}${among}`;
}
