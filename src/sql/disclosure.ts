/**
 * Owns the disclosure statement: sentences that say who learns what, derived from the same statement the plan is. People
 * approve a query by reading it. Must never say less than what the plan's outputs reveal.
 */
import { sqlOf, wordsOf } from './describe.ts';
import { sizeCondition } from './group-size.ts';
import {
  havingSentences,
  joinSentences,
  keysOf,
  listed,
  minimumSentences,
  readable,
  sourceSentences,
  valuesOf,
} from './row-words.ts';
import type { ResultSpecification } from './specification.ts';
import type { Aggregate, Expression, SelectStatement } from './statement.ts';
import { isStatistic } from './statistics.ts';
import { innerExpressions } from './walk.ts';

export interface DisclosureOptions {
  readonly result: ResultSpecification;
  /** Names of the parties that learn the result. */
  readonly outputs: readonly string[];
  readonly minGroupSize: number;
  /** Whether the plan sorts, which opens an order that only servers who follow the protocol keep free of content. */
  readonly sorts: boolean;
}

/** The first sentence names what is revealed, the last says that nothing else is. */
export function disclosureOf(statement: SelectStatement, options: DisclosureOptions): string[] {
  const select = readable(statement);
  const { result, outputs } = options;
  const { least, others } = sizeCondition(select, options.minGroupSize);
  const grouped = select.groupBy.length > 0;
  const who = listed(outputs.length === 0 ? ['the output party'] : outputs);
  const learns = outputs.length > 1 ? 'learn' : 'learns';
  const holds = others.map(sqlOf).join(' AND ');
  const facts = select.columns.flatMap(({ expression }, at) => {
    const column = result.columns[at]!;
    return column.source.from === 'key' ? [] : [wordsOf(expression, column.scale)];
  });
  const what = facts.length === 0 ? 'that it exists' : [...new Set(facts)].join('; ');
  const sentences: string[] = [];
  if (grouped) {
    sentences.push(
      groupSentence(select, result, { start: `${who} ${learns}`, what, least: least ?? 1n, holds }),
    );
  } else if (result.shown !== undefined) {
    const unless = [least === undefined ? '' : `at least ${counted(least)} count`, holds]
      .filter(Boolean)
      .join(' and ');
    sentences.push(`${who} ${learns}, if ${unless}: ${what}; and whether that is so.`);
  } else {
    sentences.push(`${who} ${learns}: ${what}.`);
  }
  sentences.push(...joinSentences(select));
  if (select.where) sentences.push(`Only rows where ${sqlOf(select.where)} count.`);
  sentences.push(...sourceSentences(select));
  sentences.push(...aggregateRules(select, options.minGroupSize));
  sentences.push(...minimumSentences(select, options.minGroupSize));
  if (least !== undefined && least > BigInt(Math.max(1, options.minGroupSize)))
    sentences.push(...havingSentences(select));
  if (options.sorts)
    sentences.push(
      'This query sorts: a server that departs from the protocol could learn about what is sorted.',
    );
  sentences.push(
    "Nothing else about anyone's rows is revealed, except row limits, who takes part and the query.",
  );
  return sentences;
}

function groupSentence(
  select: SelectStatement,
  result: ResultSpecification,
  { start, what, least, holds }: { start: string; what: string; least: bigint; holds: string },
): string {
  const keys = keysOf(select);
  const size = `at least ${counted(least)}`;
  const groups = `with ${size}${holds && ` where ${holds}`}`;
  if (result.limit !== undefined) {
    const first = result.limit === 1 ? 'group' : `${result.limit} groups`;
    return `${start}, for the first ${first} per ${listed(keys)} ${groups}, ${orderWords(select, result)}: ${what}; and how many there are if there are fewer.`;
  }
  if (result.found) {
    const values = valuesOf(keys);
    return `${start}, for each ${values} of ${listed(keys)} ${groups}, in their order: ${what}; and how many such ${values}s there are.`;
  }
  const which = `have ${size}${holds && ` and satisfy ${holds}`}`;
  return `${start}, per ${listed(keys)} ${groups}: ${what}; and which of the ${result.rows} possible groups ${which}.`;
}

/** The order that decides which groups are the first. */
function orderWords({ orderBy, columns }: SelectStatement, { found }: ResultSpecification): string {
  const terms = orderBy.map(({ column, descending }) => {
    const by = columns[column];
    return by ? `${sqlOf(by.expression)}${descending ? ' descending' : ''}` : '';
  });
  if (terms.length === 0) return found ? 'in their order' : 'in the order of their declaration';
  return `in the order of ${listed(terms)}`;
}

/** Aggregates that say how many rows there are. */
const NUMBERS: readonly string[] = ['count', 'regr_count'];

/** What holds for all aggregates of a query. */
function aggregateRules(select: SelectStatement, minGroupSize: number): string[] {
  const calls = [
    ...select.columns.map(({ expression }) => expression),
    ...(select.having ? [select.having] : []),
  ].flatMap(aggregatesIn);
  const rules: string[] = [];
  if (calls.some(({ name }) => name === 'min' || name === 'max'))
    rules.push('A smallest or largest value is the value of a single row.');
  const ranked = calls.some(({ fraction }) => fraction !== undefined);
  if (ranked)
    rules.push('A median or percentile is the value of a single row, or lies between those of two.');
  const distinct = calls.some((call) => call.distinct);
  const statistics = calls.some(({ name }) => isStatistic(name));
  if (minGroupSize > 1 && calls.some(({ name, distinct }) => !NUMBERS.includes(name) || distinct)) {
    const kinds = [
      'sum, average, ',
      ranked ? 'median, percentile, ' : '',
      statistics ? 'statistic, ' : '',
      distinct ? 'number of different values, ' : '',
      'smallest or largest value',
    ].join('');
    rules.push(`A ${kinds} over fewer than ${counted(minGroupSize)} is not shown; numbers of rows are.`);
  }
  return rules;
}

function aggregatesIn(expression: Expression): Aggregate[] {
  return expression.kind === 'aggregate' ? [expression] : innerExpressions(expression).flatMap(aggregatesIn);
}

const counted = (rows: bigint | number): string => `${rows} ${BigInt(rows) === 1n ? 'row' : 'rows'}`;
