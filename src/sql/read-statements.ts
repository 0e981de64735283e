/**
 * Owns the reading of whole statements: CREATE TABLE (the input specification) and the one SELECT (what is computed).
 * Must never ignore a clause: each one is read or refused with its place.
 */
import type { Constraint, CreateStmt, Node, RangeVar, ResTarget, SelectStmt, SortBy } from 'libpg-query';
import { utf8 } from '../base/bytes.ts';
import { type Position, type SourceText, sqlFault, unsupported } from './faults.ts';
import { kindOf, type ParsedStatement, parseText, placeOf, refuseOthers } from './parse.ts';
import { ExpressionReader } from './read-expressions.ts';
import { readType } from './read-types.ts';
import type {
  ColumnDeclaration,
  Expression,
  OrderTerm,
  SelectColumn,
  SelectStatement,
  Statements,
  TableDeclaration,
} from './statement.ts';

/** Reads CREATE TABLE statements and then one SELECT. Throws `sql.*` with line and column. */
export async function readStatements(text: string): Promise<Statements> {
  const { source, statements } = await parseText(text);
  const reader = new StatementReader(source);
  const tables: TableDeclaration[] = [];
  let select: SelectStatement | undefined;
  for (const statement of statements) {
    if (select)
      throw unsupported(statement.at, 'a statement after the SELECT', 'end the text with one SELECT');
    const read = reader.read(statement);
    if ('groupBy' in read) select = read;
    else tables.push(read);
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

class StatementReader {
  private readonly source: SourceText;
  private readonly expressions: ExpressionReader;

  constructor(source: SourceText) {
    this.source = source;
    this.expressions = new ExpressionReader(source);
  }

  read({ node, at }: ParsedStatement): TableDeclaration | SelectStatement {
    if ('CreateStmt' in node) return this.table(node.CreateStmt, at);
    if ('SelectStmt' in node) return this.select(node.SelectStmt, at);
    const verb = kindOf(node).replace(/Stmt$/, '').toUpperCase();
    throw unsupported(at, `the statement ${verb}`, 'write CREATE TABLE statements, then one SELECT');
  }

  private only(fields: object, known: readonly string[], what: string, at: Position): void {
    refuseOthers(fields, known, what, (inside) => placeOf(this.source, inside, at));
  }

  private select(node: SelectStmt, at: Position): SelectStatement {
    const { limitOption, op, ...rest } = node;
    const fields = {
      ...rest,
      ...(limitOption === 'LIMIT_OPTION_WITH_TIES' ? { limitOption } : {}),
      ...(op === 'SETOP_NONE' ? {} : { op }),
    };
    const known = [
      'targetList',
      'fromClause',
      'whereClause',
      'groupClause',
      'havingClause',
      'sortClause',
      'limitCount',
    ];
    this.only(fields, known, 'SELECT', at);
    const targets = node.targetList ?? [];
    if (targets.length === 0) throw unsupported(at, 'SELECT without columns', 'name what is to be computed');
    const columns = targets.map((target) => this.selectColumn(target, at));
    const read = (clause: Node | undefined) => (clause ? this.expressions.read(clause, at) : undefined);
    const where = read(node.whereClause);
    const having = read(node.havingClause);
    const limit = rowLimit(read(node.limitCount));
    return {
      columns,
      from: this.from(node.fromClause ?? [], at),
      ...(where ? { where } : {}),
      groupBy: (node.groupClause ?? []).map((clause) => this.groupColumn(clause, columns, at)),
      ...(having ? { having } : {}),
      orderBy: (node.sortClause ?? []).map((clause) => this.orderTerm(clause, columns, at)),
      ...(limit === undefined ? {} : { limit }),
      at,
    };
  }

  private selectColumn(node: Node, outer: Position): SelectColumn {
    if (!('ResTarget' in node) || !node.ResTarget.val)
      throw unsupported(outer, 'this select list', 'list expressions, separated by commas');
    const target: ResTarget = node.ResTarget;
    const at = placeOf(this.source, node, outer);
    this.only(target, ['name', 'val'], 'a select list', at);
    const expression = this.expressions.read(node.ResTarget.val, at);
    return { name: target.name ?? defaultName(expression), expression, at };
  }

  private from(clause: readonly Node[], at: Position): SelectStatement['from'] {
    const [first, second] = clause;
    if (!first) throw sqlFault('no-table', at, 'the SELECT has no FROM', 'name the declared table');
    if (second)
      throw unsupported(
        placeOf(this.source, second, at),
        'a join',
        'query one table; parties of one table form its union',
      );
    if ('JoinExpr' in first)
      throw unsupported(
        placeOf(this.source, first.JoinExpr.rarg, at),
        'JOIN',
        'query one table; parties of one table form its union',
      );
    const place = placeOf(this.source, first, at);
    if ('RangeSubselect' in first)
      throw unsupported(place, 'a subquery in FROM', 'write one SELECT over the declared table');
    if (!('RangeVar' in first))
      throw unsupported(place, `FROM with ${kindOf(first)}`, 'name one declared table');
    const table = this.tableName(first.RangeVar, place);
    const alias = first.RangeVar.alias;
    if (alias) this.only(alias, ['aliasname'], 'an alias', place);
    return { table, alias: alias?.aliasname ?? table, at: place };
  }

  private tableName({ relpersistence, ...rest }: RangeVar, at: Position): string {
    const fields = { ...rest, ...(relpersistence === 'p' ? {} : { relpersistence }) };
    this.only(fields, ['relname', 'inh', 'alias'], 'a table name', at);
    const name = checkedName(rest.relname ?? '', 'table', at);
    if (!/^[a-z0-9_]+$/.test(name))
      throw sqlFault('bad-name', at, 'this is not a name a table can have here', 'use a-z, 0-9 and _');
    return name;
  }

  /** A column, its place in the select list from 1, or its alias there. */
  private groupColumn(clause: Node, columns: readonly SelectColumn[], outer: Position) {
    const at = placeOf(this.source, clause, outer);
    if ('GroupingSet' in clause)
      throw unsupported(at, 'GROUPING SETS, ROLLUP or CUBE', 'open one collaboration for each grouping');
    const read = this.expressions.read(clause, at);
    const named = columns[placeInList(read, columns)]?.expression;
    const column = read.kind === 'column' && named?.kind !== 'column' ? read : (named ?? read);
    if (column.kind !== 'column')
      throw unsupported(at, 'GROUP BY over an expression', 'group by declared columns');
    return { ...column, at };
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

  private table(node: CreateStmt, at: Position): TableDeclaration {
    const { oncommit, ...rest } = node;
    const fields = { ...rest, ...(oncommit === 'ONCOMMIT_NOOP' ? {} : { oncommit }) };
    this.only(fields, ['relation', 'tableElts'], 'CREATE TABLE', at);
    const name = this.tableName(node.relation ?? {}, placeOf(this.source, node.relation, at));
    const columns: ColumnDeclaration[] = [];
    const checks: Expression[] = [];
    for (const element of node.tableElts ?? []) {
      const place = placeOf(this.source, element, at);
      if ('ColumnDef' in element) columns.push(this.columnDeclaration(element.ColumnDef, place));
      else if ('Constraint' in element) checks.push(this.check(element.Constraint, place));
      else throw unsupported(place, 'LIKE in CREATE TABLE', 'declare the columns themselves');
    }
    if (columns.length === 0)
      throw sqlFault('no-columns', at, `table ${name} has no columns`, 'declare at least one');
    return { name, columns, checks, at };
  }

  private columnDeclaration(
    node: Extract<Node, { ColumnDef: unknown }>['ColumnDef'],
    at: Position,
  ): ColumnDeclaration {
    this.only(node, ['colname', 'typeName', 'constraints', 'is_local'], 'a column', at);
    const type = readType(node.typeName, at, this.source);
    const checks: Expression[] = [];
    let nullable: boolean | undefined;
    for (const element of node.constraints ?? []) {
      const place = placeOf(this.source, element, at);
      if (!('Constraint' in element)) throw unsupported(place, 'this constraint', 'use NOT NULL and CHECK');
      const constraint: Constraint = element.Constraint;
      if (constraint.contype === 'CONSTR_NOTNULL' || constraint.contype === 'CONSTR_NULL') {
        const says = constraint.contype === 'CONSTR_NULL';
        if (nullable === !says)
          throw sqlFault('contradiction', place, 'a column cannot be NULL and NOT NULL', 'keep one of them');
        nullable = says;
      } else checks.push(this.check(constraint, place));
    }
    return {
      name: checkedName(node.colname ?? '', 'column', at),
      type,
      nullable: nullable ?? true,
      checks,
      at,
    };
  }

  private check(node: Constraint, at: Position): Expression {
    if (node.contype !== 'CONSTR_CHECK' || !node.raw_expr) {
      const [name, hint] = CONSTRAINTS[node.contype ?? ''] ?? ['this constraint', 'use NOT NULL and CHECK'];
      throw unsupported(at, name, hint);
    }
    this.only(node, ['contype', 'conname', 'is_enforced', 'initially_valid', 'raw_expr'], 'CHECK', at);
    if (!node.is_enforced) throw unsupported(at, 'CHECK … NOT ENFORCED', 'leave NOT ENFORCED out');
    return this.expressions.read(node.raw_expr, at);
  }
}

const CONSTRAINTS: Readonly<Record<string, readonly [string, string]>> = {
  CONSTR_PRIMARY: [
    'PRIMARY KEY',
    'write NOT NULL; uniqueness over several parties cannot be checked at home',
  ],
  CONSTR_UNIQUE: ['UNIQUE', 'leave it out; uniqueness over several parties cannot be checked at home'],
  CONSTR_FOREIGN: ['a foreign key', 'leave it out'],
  CONSTR_DEFAULT: ['DEFAULT', 'leave it out: an empty cell is NULL'],
  CONSTR_IDENTITY: ['GENERATED AS IDENTITY', 'leave it out'],
  CONSTR_GENERATED: ['a generated column', 'compute it in the SELECT'],
  CONSTR_EXCLUSION: ['EXCLUDE', 'leave it out'],
};

/** PostgreSQL cuts longer names to 63 bytes without a word: one of that length may have been cut. */
const CUT_NAME_BYTES = 63;

function checkedName(name: string, what: string, at: Position): string {
  if (utf8.encode(name).length >= CUT_NAME_BYTES)
    throw sqlFault(
      'name-too-long',
      at,
      `this ${what} name has ${CUT_NAME_BYTES} bytes or more`,
      'shorten it',
    );
  return name;
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
      (expression.kind === 'column' && expression.name === read.name),
  );
}

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
    case 'cast':
      return defaultName(expression.of);
    default:
      return '?column?';
  }
}
