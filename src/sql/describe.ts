/**
 * Owns expressions as people read them: plain words for single aggregates, SQL for everything composed.
 */
import { decimalsOf, formatDate, formatDecimal, powerOfTen } from './literals.ts';
import type { Aggregate, Expression, Fraction, PairName, RankName } from './statement.ts';

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
      return expression.table === undefined ? expression.name : `${expression.table}.${expression.name}`;
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
    case 'sign':
      return `SIGN(${sqlOf(expression.of)})`;
    case 'year':
      return `EXTRACT(YEAR FROM ${sqlOf(expression.of)})`;
    case 'extreme':
      return `${expression.greatest ? 'GREATEST' : 'LEAST'}(${expression.of.map(sqlOf).join(', ')})`;
    case 'cast':
      return `CAST(${sqlOf(expression.of)} AS ${expression.type.text})`;
    case 'aggregate':
      return aggregateSql(expression);
  }
}

function aggregateSql({ name, argument, second, filter, fraction, distinct }: Aggregate): string {
  const list = [argument, second].flatMap((of) => (of ? [sqlOf(of)] : []));
  const of = `${distinct ? 'DISTINCT ' : ''}${list.join(', ') || '*'}`;
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
    return `${aggregateWords(expression)}${isRounded(expression) ? digits : ''}`;
  if ((expression.kind === 'round' || expression.kind === 'cast') && expression.of.kind === 'aggregate')
    return `${aggregateWords(expression.of)}${digits || ' (rounded)'}`;
  return sqlOf(expression);
}

/** Whether an aggregate's value is rounded: its decimals are then part of what is revealed. */
const isRounded = ({ name }: Aggregate): boolean =>
  !['count', 'regr_count', 'sum', 'min', 'max', 'median', 'percentile_cont'].includes(name);

const WORDS: Readonly<Record<Exclude<Aggregate['name'], 'count' | RankName | PairName>, string>> = {
  sum: 'the sum',
  avg: 'the average',
  min: 'the smallest value',
  max: 'the largest value',
  variance: 'the sample variance',
  var_samp: 'the sample variance',
  var_pop: 'the variance',
  stddev: 'the sample standard deviation',
  stddev_samp: 'the sample standard deviation',
  stddev_pop: 'the standard deviation',
};

const PAIR_WORDS: Readonly<Record<PairName, (y: string, x: string) => string>> = {
  regr_count: (y, x) => `the number of rows with ${y} and ${x}`,
  covar_pop: (y, x) => `the covariance of ${y} and ${x}`,
  covar_samp: (y, x) => `the sample covariance of ${y} and ${x}`,
  corr: (y, x) => `the correlation of ${y} and ${x}`,
  regr_slope: (y, x) => `the slope of the line that fits ${y} by ${x}`,
  regr_intercept: (y, x) => `the intercept of the line that fits ${y} by ${x}`,
  regr_r2: (y, x) => `the square of the correlation of ${y} and ${x}`,
};

function aggregateWords({ name, argument, second, filter, fraction, distinct }: Aggregate): string {
  const of = argument ? sqlOf(argument) : '';
  const among = filter ? ` among rows where ${sqlOf(filter)}` : '';
  if (distinct) return `the number of different values of ${of}${among}`;
  if (name === 'count') return `${argument ? `the number of rows with ${of}` : 'the number of rows'}${among}`;
  if (name === 'median') return `the median of ${of}${among}`;
  if (name === 'percentile_cont')
    return `the percentile${fraction ? ` at ${fractionText(fraction)}` : ''} of ${of}${among}`;
  if (isPairName(name)) return `${PAIR_WORDS[name](of, second ? sqlOf(second) : '')}${among}`;
  return `${WORDS[name]} of ${of}${among}`;
}

const isPairName = (name: Aggregate['name']): name is PairName => Object.hasOwn(PAIR_WORDS, name);
