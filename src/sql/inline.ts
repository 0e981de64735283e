/**
 * Owns subqueries and joins: a SELECT over projections and filters of tables becomes a SELECT over those tables, with what a
 * subquery computes written in place of its names. People then approve, and the plan computes, one plain query.
 * Must never lose a condition or a column: what is listed inside and not used is kept in `unread`, to be checked.
 */
import { sqlFault, unsupported } from './faults.ts';
import type { Expression, Join, SelectColumn, SelectStatement, TableReference } from './statement.ts';
import { innerExpressions, withInner } from './walk.ts';

export interface ProjectedColumn extends SelectColumn {
  /** Listed by a star, or by its table: nothing is computed of it unless it is used. */
  readonly star?: true;
  /** What its table is called, where there are several. */
  readonly of?: string;
  /** JOIN … USING made it one with the column of that name before it, which is meant where no table is named. */
  readonly merged?: true;
}

/** A SELECT that only projects and filters the rows of declared tables. */
export interface Projection {
  readonly columns: readonly ProjectedColumn[];
  readonly from: TableReference;
  readonly joins: readonly Join[];
  readonly where?: Expression;
  readonly unread: readonly Expression[];
}

/** Nodes of one expression with its subqueries' columns written out: beyond it the plan explodes. */
const NODES = 20_000;
/** As deep as an expression may be written. */
const DEPTH = 200;

/** Writes what a projection computes in place of its names. */
export interface Substitution {
  readonly of: (expression: Expression) => Expression;
  /** The columns that were named so far. */
  readonly used: ReadonlySet<ProjectedColumn>;
}

/** `alias` is what the projection is called where its columns do not say. Its `of` throws `sql.*`. */
export function substitution(source: Pick<Projection, 'columns'>, alias: string): Substitution {
  const used = new Set<ProjectedColumn>();
  const measures = new Map<Expression, Measure>();
  const substitute = (expression: Expression): Expression => {
    if (expression.kind !== 'column') return withInner(expression, substitute);
    const column = resolve(expression, source, alias);
    used.add(column);
    // Of several tables a column stays a column, whose place is where it is named.
    return column.of !== undefined && column.expression.kind === 'column'
      ? { ...column.expression, at: expression.at }
      : column.expression;
  };
  const whole = (expression: Expression): Expression => {
    const result = substitute(expression);
    const { nodes, depth } = measureOf(result, measures);
    if (nodes > NODES || depth > DEPTH)
      throw sqlFault(
        'too-deep',
        expression.at,
        'the subqueries make this expression too large',
        'write the SELECT over the declared table, and leave out what is computed twice',
      );
    return result;
  };
  return { of: whole, used };
}

/** The statement over the projection's own tables; `alias` is what the statement calls the projection. Throws `sql.*`. */
export function inlined(select: SelectStatement, source: Projection, alias: string): SelectStatement {
  const { of: whole, used } = substitution(source, alias);
  const where = [source.where, ...(select.where ? [whole(select.where)] : [])].filter(
    (term) => term !== undefined,
  );
  const [first, second] = where;
  const condition: Expression | undefined =
    first && second ? { kind: 'and', of: [first, second], at: second.at } : first;
  const { where: _, having, ...rest } = select;
  const result = {
    ...rest,
    columns: select.columns.map((column) => ({ ...column, expression: whole(column.expression) })),
    from: source.from,
    joins: source.joins,
    ...(condition ? { where: condition } : {}),
    groupBy: select.groupBy.map((key) => ({ ...whole(key), at: key.at })),
    ...(having ? { having: whole(having) } : {}),
  };
  const listed = source.columns.filter((column) => !column.star && !used.has(column));
  return {
    ...result,
    unread: [...source.unread, ...select.unread.map(whole), ...listed.map(({ expression }) => expression)],
  };
}

/** The projection's column that a reference names. Throws `sql.unknown-column`, `sql.unknown-table`, `sql.ambiguous-column`. */
function resolve(
  { name, table, at }: Expression & { readonly kind: 'column' },
  source: Pick<Projection, 'columns'>,
  alias: string,
): ProjectedColumn {
  const tableOf = ({ of }: ProjectedColumn): string => of ?? alias;
  const tables = [...new Set(source.columns.map(tableOf))];
  if (table !== undefined && !tables.includes(table))
    throw sqlFault(
      'unknown-table',
      at,
      `there is no table ${table} in this part of the query`,
      tables.length === 1 ? `it is called ${tables[0]}` : `there are ${tables.join(', ')}`,
    );
  const own = source.columns.filter((column) =>
    table === undefined ? !column.merged : tableOf(column) === table,
  );
  const found = own.filter((column) => column.name === name);
  if (found.length > 1) {
    const owners = [...new Set(found.map(tableOf))];
    throw sqlFault(
      'ambiguous-column',
      at,
      owners.length > 1
        ? `${owners.join(' and ')} have a column ${name} each`
        : `${owners[0]} has ${found.length} columns called ${name}`,
      owners.length > 1
        ? `write ${owners.map((owner) => `${owner}.${name}`).join(' or ')}`
        : 'give each its own name with AS',
    );
  }
  if (found[0]) return found[0];
  const whose = table ?? (tables.length === 1 ? tables[0] : `none of ${tables.join(', ')}`);
  const names = own.map((column) => column.name).join(', ');
  throw sqlFault(
    'unknown-column',
    at,
    `${whose} has ${table === undefined && tables.length > 1 ? 'a' : 'no'} column ${name}`,
    `${table === undefined && tables.length > 1 ? 'they have' : 'it has'} ${names}`,
  );
}

interface Measure {
  readonly nodes: number;
  readonly depth: number;
}

/** Size as if written out; what occurs many times is measured once. */
function measureOf(expression: Expression, known: Map<Expression, Measure>): Measure {
  const before = known.get(expression);
  if (before) return before;
  const inner = innerExpressions(expression).map((child) => measureOf(child, known));
  const measure = {
    nodes: inner.reduce((sum, { nodes }) => sum + nodes, 1),
    depth: inner.reduce((most, { depth }) => Math.max(most, depth), 0) + 1,
  };
  known.set(expression, measure);
  return measure;
}

/** The groups that SELECT DISTINCT means: one for each combination of its columns. Throws `sql.unsupported`. */
export function distinctGroups(select: SelectStatement): SelectStatement {
  const columns = select.columns.map(({ expression }) => expression);
  if (select.groupBy.length > 0 || select.having || columns.some(firstAggregate))
    throw unsupported(
      select.at,
      'DISTINCT with GROUP BY or aggregates',
      'list columns and expressions of rows, or write GROUP BY over them',
    );
  return { ...select, groupBy: columns };
}

/** What a subquery brings: rows of its tables, or its groups. Refuses what would order them. */
export function projectionOf(select: SelectStatement): Projection {
  const { columns, from, joins, where, unread } = select;
  if (select.orderBy[0])
    throw unsupported(select.orderBy[0].at, 'ORDER BY in a subquery', 'order the outer SELECT');
  const groups =
    select.groupBy.length > 0 || select.having || columns.some((column) => firstAggregate(column.expression));
  if (groups) {
    const named = columns.map(({ name, at }) => ({
      name,
      at,
      expression: { kind: 'column', name, at } as const,
    }));
    return { columns: named, from: { ...from, groups: select }, joins: [], unread: [] };
  }
  return { columns, from, joins, ...(where ? { where } : {}), unread };
}

function firstAggregate(expression: Expression): Expression | undefined {
  if (expression.kind === 'aggregate') return expression;
  for (const inner of innerExpressions(expression)) {
    const found = firstAggregate(inner);
    if (found) return found;
  }
  return undefined;
}
