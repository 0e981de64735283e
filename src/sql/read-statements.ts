/**
 * Owns the reading of whole texts: CREATE TABLE statements and then one SELECT, with its subqueries and WITH.
 * Must never ignore a clause: each one is read or refused with its place.
 */
import type { Node, ResTarget, SelectStmt, SortBy, WithClause } from 'libpg-query';
import { type Position, type SourceText, sqlFault, unsupported } from './faults.ts';
import { distinctGroups, inlined, projectionOf } from './inline.ts';
import { kindOf, type ParsedStatement, parseText, placeOf, refuseOthers } from './parse.ts';
import { ExpressionReader } from './read-expressions.ts';
import { type From, FromReader, type Named } from './read-from.ts';
import { checkedName, TableReader } from './read-tables.ts';
import type {
  Expression,
  OrderTerm,
  SelectColumn,
  SelectStatement,
  Statements,
  TableDeclaration,
} from './statement.ts';

/**
 * Reads CREATE TABLE statements and then one SELECT. `given` are tables that are known without: the text may declare them, too.
 * Throws `sql.*` with line and column.
 */
export async function readStatements(
  text: string,
  given: readonly TableDeclaration[] = [],
): Promise<Statements> {
  const { source, statements } = await parseText(text);
  const tables: TableDeclaration[] = [...given];
  const reader = new StatementReader(source, tables);
  let select: SelectStatement | undefined;
  for (const statement of statements) {
    if (select)
      throw unsupported(statement.at, 'a statement after the SELECT', 'end the text with one SELECT');
    const read = reader.read(statement);
    if ('groupBy' in read) {
      select = read;
      continue;
    }
    const known = tables.findIndex((table) => table.name === read.name && given.includes(table));
    if (known < 0) tables.push(read);
    else tables[known] = read;
  }
  if (!select)
    throw sqlFault(
      'no-select',
      statements.at(-1)?.at ?? { line: 1, column: 1 },
      'the text holds no SELECT',
      'write CREATE TABLE statements, then one SELECT',
    );
  return { tables, select };
}

/** Subqueries inside one another: beyond it nobody can read them. */
const SUBQUERY_DEPTH = 20;

class StatementReader {
  private readonly source: SourceText;
  private readonly expressions: ExpressionReader;
  private readonly declarations: TableReader;
  private readonly sources: FromReader;

  /** `tables` are those declared so far. */
  constructor(source: SourceText, tables: readonly TableDeclaration[]) {
    this.source = source;
    this.expressions = new ExpressionReader(source);
    this.declarations = new TableReader(source, this.expressions);
    this.sources = new FromReader({
      source,
      expressions: this.expressions,
      tables,
      select: (node, at, named, depth) => this.select(node, at, named, depth),
    });
  }

  read({ node, at }: ParsedStatement): TableDeclaration | SelectStatement {
    if ('CreateStmt' in node) return this.declarations.read(node.CreateStmt, at);
    if ('SelectStmt' in node) return this.select(node.SelectStmt, at, new Map(), 0);
    const verb = kindOf(node).replace(/Stmt$/, '').toUpperCase();
    throw unsupported(at, `the statement ${verb}`, 'write CREATE TABLE statements, then one SELECT');
  }

  private only(fields: object, known: readonly string[], what: string, at: Position): void {
    refuseOthers(fields, known, what, (inside) => placeOf(this.source, inside, at));
  }

  /** `outer` are the projections that may be named here; `depth` is 0 for the query itself. */
  private select(node: SelectStmt, at: Position, outer: Named, depth: number): SelectStatement {
    if (depth > SUBQUERY_DEPTH)
      throw sqlFault(
        'too-deep',
        at,
        `subqueries are nested more than ${SUBQUERY_DEPTH} deep`,
        'write fewer of them',
      );
    const { limitOption, op, ...rest } = node;
    const fields = {
      ...rest,
      ...(limitOption === 'LIMIT_OPTION_WITH_TIES' ? { limitOption } : {}),
      ...(op === 'SETOP_NONE' ? {} : { op }),
    };
    const known = [
      'distinctClause',
      'targetList',
      'fromClause',
      'whereClause',
      'groupClause',
      'havingClause',
      'sortClause',
      'withClause',
      'limitCount',
    ];
    this.only(fields, known, 'SELECT', at);
    const named = new Map(outer);
    if (node.withClause) this.with(node.withClause, at, named, depth);
    const from = this.sources.read(node.fromClause ?? [], at, named, depth);
    for (const [name, { at: place, used }] of named)
      if (!used && !outer.has(name))
        throw sqlFault('unused-table', place, `nothing reads ${name}`, 'remove it from WITH');
    const targets = node.targetList ?? [];
    if (targets.length === 0) throw unsupported(at, 'SELECT without columns', 'name what is to be computed');
    const columns = targets.flatMap((target) =>
      depth > 0 && isStar(target)
        ? this.sources.allColumns(from, placeOf(this.source, target, at))
        : [this.selectColumn(target, at)],
    );
    const expression = (clause: Node | undefined) => (clause ? this.expressions.read(clause, at) : undefined);
    const where = expression(node.whereClause);
    const having = expression(node.havingClause);
    const count = expression(node.limitCount);
    if (count && depth > 0) throw unsupported(count.at, 'LIMIT in a subquery', 'limit the outer SELECT');
    const limit = rowLimit(count);
    const read = {
      columns,
      from: from.table,
      joins: [],
      ...(where ? { where } : {}),
      groupBy: (node.groupClause ?? []).map((clause) => this.groupKey(clause, from, columns, at)),
      ...(having ? { having } : {}),
      orderBy: (node.sortClause ?? []).map((clause) => this.orderTerm(clause, columns, at)),
      unread: [],
      ...(limit === undefined ? {} : { limit }),
      at,
    };
    const plain = from.source ? inlined(read, from.source, from.table.alias) : read;
    if (!node.distinctClause) return plain;
    // DISTINCT ON names columns; plain DISTINCT holds one empty node.
    const on = node.distinctClause.find((key) => Object.keys(key).length > 0);
    if (on) throw unsupported(placeOf(this.source, on, at), 'DISTINCT ON', 'write GROUP BY');
    return distinctGroups(plain);
  }

  private with(clause: WithClause, outer: Position, named: Named, depth: number): void {
    const at = placeOf(this.source, clause, outer);
    this.only(clause, ['ctes'], 'WITH', at);
    for (const element of clause.ctes ?? []) {
      const place = placeOf(this.source, element, at);
      const query = 'CommonTableExpr' in element ? element.CommonTableExpr.ctequery : undefined;
      if (!('CommonTableExpr' in element) || !query || !('SelectStmt' in query))
        throw unsupported(place, 'this WITH', 'write WITH name AS (SELECT …)');
      // MATERIALIZED and NOT MATERIALIZED change nothing of the answer, nor here of how it is computed.
      const known = ['ctename', 'ctematerialized', 'ctequery'];
      this.only(element.CommonTableExpr, known, 'WITH', place);
      const name = checkedName(element.CommonTableExpr.ctename ?? '', 'table', place);
      if (this.sources.declared(name) || named.has(name))
        throw sqlFault('duplicate-table', place, `${name} is a table already`, 'choose another name');
      const projection = projectionOf(this.select(query.SelectStmt, place, named, depth + 1));
      named.set(name, { projection, at: place, used: false });
    }
  }

  /** What * lists in a subquery. */
  private selectColumn(node: Node, outer: Position): SelectColumn {
    if (!('ResTarget' in node) || !node.ResTarget.val)
      throw unsupported(outer, 'this select list', 'list expressions, separated by commas');
    const target: ResTarget = node.ResTarget;
    const at = placeOf(this.source, node, outer);
    this.only(target, ['name', 'val'], 'a select list', at);
    const expression = this.expressions.read(node.ResTarget.val, at);
    return { name: target.name ?? defaultName(expression), expression, at };
  }

  /** An expression, or an output column by its alias or its place in the select list from 1. */
  private groupKey(clause: Node, from: From, columns: readonly SelectColumn[], outer: Position): Expression {
    const at = placeOf(this.source, clause, outer);
    if ('GroupingSet' in clause)
      throw unsupported(at, 'GROUPING SETS, ROLLUP or CUBE', 'open one collaboration for each grouping');
    const read = this.expressions.read(clause, at);
    // As in PostgreSQL, a name is a column of FROM if there is one, else an alias.
    const meansInput =
      read.kind === 'column'
        ? read.table !== undefined || this.sources.names(from).includes(read.name)
        : read.kind !== 'number';
    const found = meansInput ? undefined : columns[placeInList(read, columns)];
    return { ...(found?.expression ?? read), at };
  }

  private orderTerm(clause: Node, columns: readonly SelectColumn[], outer: Position): OrderTerm {
    const at = placeOf(this.source, clause, outer);
    if (!('SortBy' in clause) || !clause.SortBy.node)
      throw unsupported(at, 'this ORDER BY', 'name output columns');
    const sort: SortBy = clause.SortBy;
    this.only(sort, ['node', 'sortby_dir', 'sortby_nulls'], 'ORDER BY', at);
    if (sort.sortby_dir === 'SORTBY_USING') throw unsupported(at, 'ORDER BY … USING', 'write ASC or DESC');
    const read = this.expressions.read(clause.SortBy.node, at);
    const column = placeInList(read, columns);
    if (column < 0)
      throw unsupported(
        at,
        'ORDER BY over something that is not in the select list',
        'add it to the select list, or let the output party sort',
      );
    const descending = sort.sortby_dir === 'SORTBY_DESC';
    const nullsFirst =
      sort.sortby_nulls === 'SORTBY_NULLS_FIRST' || (sort.sortby_nulls !== 'SORTBY_NULLS_LAST' && descending);
    return { column, descending, nullsFirst, at };
  }
}

function isStar(node: Node): boolean {
  const value = 'ResTarget' in node ? node.ResTarget.val : undefined;
  const fields = value && 'ColumnRef' in value ? (value.ColumnRef.fields ?? []) : [];
  return fields.length === 1 && 'A_Star' in fields[0]!;
}

/** LIMIT's number; undefined for LIMIT ALL. Throws `sql.bad-limit`. */
function rowLimit(read: Expression | undefined): number | undefined {
  if (!read || read.kind === 'null') return undefined;
  if (read.kind === 'number' && read.scale === 0 && read.value >= 1n) return Number(read.value);
  throw sqlFault(
    'bad-limit',
    read.at,
    'LIMIT takes a whole number of at least 1',
    'write the number itself: LIMIT 10',
  );
}

/** Where in the select list an ordinal or a name points to, or -1. */
function placeInList(read: Expression, columns: readonly SelectColumn[]): number {
  if (read.kind === 'number' && read.scale === 0) {
    const index = Number(read.value) - 1;
    if (index < 0 || index >= columns.length)
      throw sqlFault(
        'bad-position',
        read.at,
        'there is no such place in the select list',
        `use 1 to ${columns.length}`,
      );
    return index;
  }
  if (read.kind !== 'column') return -1;
  return columns.findIndex(
    ({ name, expression }) =>
      (read.table === undefined && name === read.name) ||
      (expression.kind === 'column' && expression.name === read.name && agree(expression.table, read.table)),
  );
}

/** Whether two references may name the same table. */
const agree = (a: string | undefined, b: string | undefined): boolean =>
  a === undefined || b === undefined || a === b;

/** The name PostgreSQL gives a column without alias. */
function defaultName(expression: Expression): string {
  switch (expression.kind) {
    case 'column':
    case 'aggregate':
      return expression.name;
    case 'case':
    case 'coalesce':
    case 'round':
      return expression.kind;
    case 'absolute':
      return 'abs';
    case 'sign':
      return 'sign';
    case 'year':
      return 'extract';
    case 'extreme':
      return expression.greatest ? 'greatest' : 'least';
    case 'cast':
      return defaultName(expression.of);
    default:
      return '?column?';
  }
}
