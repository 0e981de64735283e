/**
 * Owns what the disclosure statement says of rows: which tables they are made of, and which groups a subquery makes of them.
 */
import { sqlOf, wordsOf } from './describe.ts';
import type { Expression, SelectStatement, TableReference } from './statement.ts';
import { tablesOf } from './table-counts.ts';
import { withInner } from './walk.ts';

/** What a row is where tables are joined. Which rows match is nobody's to know. */
export function joinSentences(select: SelectStatement): string[] {
  if (select.joins.length === 0) return [];
  return [
    joinSentence(select, 'A row'),
    'Which rows match is not revealed, nor how many, beyond what is said above.',
  ];
}

/** What a minimum means where tables are joined. */
export function minimumSentences(select: SelectStatement, minGroupSize: number): string[] {
  if (select.joins.length === 0 || minGroupSize <= 1) return [];
  const tables = tablesOf(select);
  const optional = tables.filter(({ isOptional }) => isOptional).map(({ table }) => nameOf(table));
  const orNone = optional.length === 0 ? '' : ` (of ${listed(optional)}: as many, or none)`;
  const names = tables.map(({ table }) => nameOf(table));
  const each = names.length === 1 ? '' : 'each of ';
  return [
    `That minimum is one of different rows of ${each}${listed(names)}${orNone}, however many rows they are put together with; numbers of rows count rows that are put together.`,
  ];
}

/** What HAVING counts where tables are joined. */
export const havingSentences = (select: SelectStatement): string[] =>
  select.joins.length === 0
    ? []
    : ['HAVING counts rows that are put together: a single row of one table may be in all of them.'];

function joinSentence({ from, joins }: SelectStatement, subject: string): string {
  const others = joins.map(({ table, isOuter, on }) => {
    const condition = on.length === 0 ? '' : ` where ${on.map(sqlOf).join(' AND ')}`;
    return `with ${isOuter ? 'a row, or none, of' : 'one of'} ${nameOf(table)}${condition}`;
  });
  return `${subject} is a row of ${nameOf(from)} together ${listed(others)}; a row of one table may be in several of them.`;
}

const nameOf = ({ table, alias, groups }: TableReference): string =>
  groups || alias === table ? alias : `${table} as ${alias}`;

/** What rows are, where subqueries make them of groups. */
export function sourceSentences(select: SelectStatement, subject = 'A row here'): string[] {
  const { from, joins } = select;
  const references = [from, ...joins.map(({ table }) => table)];
  return references.flatMap(({ groups, alias }) => {
    if (!groups) return [];
    return joins.length > 0
      ? groupsSentences(groups, `A row of ${alias}`, ` of ${nameOf(groups.from)}`)
      : groupsSentences(groups, subject, '');
  });
}

/** `of` names what is grouped, where there are several tables. */
function groupsSentences(groups: SelectStatement, subject: string, of: string): string[] {
  const keys = keysOf(groups);
  const which = keys.length === 0 ? '' : ` with one ${valuesOf(keys)} of ${listed(keys)}`;
  const all = `all rows${groups.joins.length > 0 || groups.from.groups ? '' : of}${which}`;
  const where = groups.where ? ` among those where ${sqlOf(groups.where)}` : '';
  const having = groups.having ? `, if ${sqlOf(groups.having)}` : '';
  const columns = groups.columns
    .filter(({ name, expression }) => name !== sqlOf(expression))
    .map(({ name, expression }) => `${name} is ${wordsOf(expression, 0)}`);
  const named = columns.length === 0 ? '' : `: ${columns.join('; ')}`;
  return [
    `${subject} stands for ${all}${where}${having}${named}.`,
    ...(groups.joins.length > 0 ? [joinSentence(groups, 'Each of those rows')] : []),
    ...sourceSentences(groups, 'Each of those rows'),
  ];
}

export const keysOf = ({ groupBy }: SelectStatement): string[] => [...new Set(groupBy.map(sqlOf))];
export const valuesOf = (keys: readonly string[]): string => (keys.length === 1 ? 'value' : 'combination');

/** The statement as people read it: columns of a single table need not name it. */
export function readable(select: SelectStatement): SelectStatement {
  const within = (reference: TableReference): TableReference =>
    reference.groups ? { ...reference, groups: readable(reference.groups) } : reference;
  const { columns, from, joins, groupBy, where, having } = select;
  const whole = {
    ...select,
    from: within(from),
    joins: joins.map((join) => ({ ...join, table: within(join.table) })),
  };
  if (joins.length > 0) return whole;
  return {
    ...whole,
    columns: columns.map((column) => ({ ...column, expression: bare(column.expression) })),
    groupBy: groupBy.map(bare),
    ...(where ? { where: bare(where) } : {}),
    ...(having ? { having: bare(having) } : {}),
  };
}

function bare(expression: Expression): Expression {
  if (expression.kind !== 'column') return withInner(expression, bare);
  const { table: _, ...column } = expression;
  return column;
}

export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
