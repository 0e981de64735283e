/**
 * Owns the disclosure statement: sentences that say who learns what, derived from the same statement the plan is. People
 * approve a query by reading it. Must never say less than what the plan's outputs reveal.
 */
import { sqlOf, wordsOf } from './describe.ts';
import type { ResultSpecification } from './specification.ts';
import type { Aggregate, Expression, SelectStatement, TableReference } from './statement.ts';
import { isStatistic } from './statistics.ts';
import { conjuncts, innerExpressions, withInner } from './walk.ts';

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
  const select = statement.joins.length > 0 ? statement : unqualified(statement);
  const { result, outputs } = options;
  const { least, others } = conditionsOf(select, options);
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
    const keys = listed(select.groupBy.map(sqlOf));
    const size = `at least ${counted(least ?? 1n)}`;
    const groups = `with ${size}${holds && ` where ${holds}`}`;
    const which = `have ${size}${holds && ` and satisfy ${holds}`}`;
    sentences.push(
      result.limit === undefined
        ? `${who} ${learns}, per ${keys} ${groups}: ${what}; and which of the ${result.rows} possible groups ${which}.`
        : `${who} ${learns}, for the first ${result.limit === 1 ? 'group' : `${result.limit} groups`} per ${keys} ${groups}, ${orderWords(select)}: ${what}; and how many there are if there are fewer.`,
    );
  } else if (result.shown !== undefined) {
    const unless = [least === undefined ? '' : `at least ${counted(least)} count`, holds]
      .filter(Boolean)
      .join(' and ');
    sentences.push(`${who} ${learns}, if ${unless}: ${what}; and whether that is so.`);
  } else {
    sentences.push(`${who} ${learns}: ${what}.`);
  }
  if (select.joins.length > 0) sentences.push(...joinWords(select));
  if (select.where) sentences.push(`Only rows where ${sqlOf(select.where)} count.`);
  sentences.push(...aggregateRules(select, options.minGroupSize));
  if (options.sorts)
    sentences.push(
      'This query sorts: a server that departs from the protocol could learn about what is sorted.',
    );
  sentences.push(
    "Nothing else about anyone's rows is revealed, except row limits, who takes part and the query.",
  );
  return sentences;
}

/** What a row is where tables are joined. Which rows match is nobody's to know. */
function joinWords({ from, joins }: SelectStatement): string[] {
  const tableOf = ({ table, alias }: TableReference) => (alias === table ? table : `${table} as ${alias}`);
  const others = joins.map(({ table, isOuter, on }) => {
    const condition = on.length === 0 ? '' : ` where ${on.map(sqlOf).join(' AND ')}`;
    return `with ${isOuter ? 'a row, or none, of' : 'one of'} ${tableOf(table)}${condition}`;
  });
  return [
    `A row is a row of ${tableOf(from)} together ${listed(others)}; a row of one table may be in several of them.`,
    'Which rows match is not revealed, nor how many, beyond what is said above.',
  ];
}

/** The statement over one table, which its columns need not name. */
function unqualified(select: SelectStatement): SelectStatement {
  const bare = (expression: Expression): Expression => {
    if (expression.kind !== 'column') return withInner(expression, bare);
    const { table: _, ...column } = expression;
    return column;
  };
  return {
    ...select,
    columns: select.columns.map((column) => ({ ...column, expression: bare(column.expression) })),
    groupBy: select.groupBy.map(({ table: _, ...column }) => column),
    ...(select.where ? { where: bare(select.where) } : {}),
    ...(select.having ? { having: bare(select.having) } : {}),
  };
}

/** The order that decides which groups are the first. */
function orderWords({ orderBy, columns }: SelectStatement): string {
  const terms = orderBy.map(({ column, descending }) => {
    const by = columns[column];
    return by ? `${sqlOf(by.expression)}${descending ? ' descending' : ''}` : '';
  });
  return terms.length === 0 ? 'in the order of their declaration' : `in the order of ${listed(terms)}`;
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

/** The least size of a group that is shown (from HAVING and the agreed minimum), and what else HAVING asks. */
function conditionsOf(
  select: SelectStatement,
  { minGroupSize }: DisclosureOptions,
): { least: bigint | undefined; others: Expression[] } {
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

const counted = (rows: bigint | number): string => `${rows} ${BigInt(rows) === 1n ? 'row' : 'rows'}`;

function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
