/**
 * Owns the reading of FROM: declared tables, subqueries and names that WITH gives, one or several joined. Several become one list of
 * declared tables and of subqueries that group, each under an alias of its own, in which every column names its table's alias.
 *
 * Inner joins are one product of rows and one set of conditions, in any order; so their conditions are only kept beside the tables. A LEFT JOIN
 * of a single table may trade places with inner joins before and after it:  a x (b LEFT JOIN c ON p) = (a x b) LEFT JOIN c ON p.
 * Must never ignore a clause: each one is read or refused with its place.
 */
import type { JoinExpr, Node, RangeSubselect, SelectStmt } from 'libpg-query';
import { type Position, type SourceText, sqlFault, unsupported } from './faults.ts';
import { type ProjectedColumn, type Projection, projectionOf, substitution } from './inline.ts';
import { kindOf, placeOf, refuseOthers } from './parse.ts';
import type { ExpressionReader } from './read-expressions.ts';
import { tableName } from './read-tables.ts';
import type {
  Expression,
  Join,
  SelectColumn,
  SelectStatement,
  TableDeclaration,
  TableReference,
} from './statement.ts';
import { conjuncts } from './walk.ts';

/** Projections by the name that WITH gives them. */
export type Named = Map<string, { readonly projection: Projection; readonly at: Position; used: boolean }>;

export interface From {
  readonly table: TableReference;
  /** What the name stands for, where it is no declared table; of several tables, all they have together. */
  readonly source?: Projection;
}

export interface FromOptions {
  readonly source: SourceText;
  readonly expressions: ExpressionReader;
  /** Those declared so far. */
  readonly tables: readonly TableDeclaration[];
  /** Reads a subquery. */
  readonly select: (node: SelectStmt, at: Position, named: Named, depth: number) => SelectStatement;
}

/** What a part of FROM stands for. The first table has no condition. */
interface Part {
  readonly columns: readonly ProjectedColumn[];
  readonly tables: readonly Join[];
  readonly where: readonly Expression[];
  readonly unread: readonly Expression[];
}

const LEFT_HINT = 'write tables LEFT JOIN table ON condition, one LEFT JOIN after the other';
const UNNAMED = 'the subquery';

export class FromReader {
  private readonly options: FromOptions;
  /** Aliases given to tables of joins, in the whole text. */
  private readonly aliases = new Set<string>();

  constructor(options: FromOptions) {
    this.options = options;
  }

  declared(name: string): TableDeclaration | undefined {
    return this.options.tables.find((table) => table.name === name);
  }

  read(clause: readonly Node[], at: Position, named: Named, depth: number): From {
    const [first, second] = clause;
    if (!first) throw sqlFault('no-table', at, 'the SELECT has no FROM', 'name the declared table');
    if (!second && !('JoinExpr' in first)) return this.single(first, at, named, depth);
    const parts = clause.map((node) => this.part(node, at, named, depth));
    const whole = parts.reduce((left, right) => {
      requireNames(left, right);
      return beside(left, right, []);
    });
    const [start, ...joins] = whole.tables;
    const [where, ...others] = whole.where;
    const condition: Expression | undefined =
      where && others.length > 0 ? { kind: 'and', of: whole.where, at: where.at } : where;
    const source = {
      columns: whole.columns,
      from: start!.table,
      joins,
      ...(condition ? { where: condition } : {}),
      unread: whole.unread,
    };
    return { table: start!.table, source };
  }

  /** The columns that FROM has, by their own names. */
  names({ table, source }: From): string[] {
    return (source?.columns ?? this.declared(table.table)?.columns ?? []).map(({ name }) => name);
  }

  /** What a star lists. */
  allColumns({ table, source }: From, at: Position): (SelectColumn & { star: true })[] {
    const listed = source?.columns.filter(({ merged }) => !merged) ?? this.requireDeclared(table).columns;
    return listed.map((column) => {
      const { name } = column;
      const place = source ? column.at : at;
      const of = 'of' in column ? column.of : undefined;
      const expression: Expression = {
        kind: 'column',
        name,
        at: column.at,
        ...(of === undefined ? {} : { table: of }),
      };
      return { name, expression, at: place, star: true };
    });
  }

  private requireDeclared({ table, at }: TableReference): TableDeclaration {
    const declared = this.declared(table);
    if (declared) return declared;
    throw sqlFault('unknown-table', at, `there is no table ${table}`, 'declare it with CREATE TABLE');
  }

  private only(fields: object, known: readonly string[], what: string, at: Position): void {
    refuseOthers(fields, known, what, (inside) => placeOf(this.options.source, inside, at));
  }

  private single(node: Node, at: Position, named: Named, depth: number): From {
    const place = placeOf(this.options.source, node, at);
    if ('RangeSubselect' in node) return this.subquery(node.RangeSubselect, place, named, depth);
    if (!('RangeVar' in node)) throw unsupported(place, `FROM with ${kindOf(node)}`, 'name declared tables');
    const table = tableName(this.options.source, node.RangeVar, place);
    const alias = node.RangeVar.alias;
    if (alias) this.only(alias, ['aliasname'], 'an alias', place);
    const common = named.get(table);
    if (common) common.used = true;
    return {
      table: { table, alias: alias?.aliasname ?? table, at: place },
      ...(common ? { source: common.projection } : {}),
    };
  }

  private subquery(node: RangeSubselect, at: Position, named: Named, depth: number): From {
    this.only(node, ['subquery', 'alias'], 'a subquery', at);
    if (!node.subquery || !('SelectStmt' in node.subquery))
      throw unsupported(at, 'this subquery', 'write (SELECT …) AS name');
    const { alias } = node;
    if (alias) this.only(alias, ['aliasname'], 'an alias', at);
    const select = this.options.select(node.subquery.SelectStmt, at, named, depth + 1);
    const name = alias?.aliasname ?? UNNAMED;
    return { table: { table: name, alias: name, at }, source: projectionOf(select) };
  }

  private part(node: Node, at: Position, named: Named, depth: number): Part {
    if ('JoinExpr' in node) return this.join(node.JoinExpr, at, named, depth);
    const { table, source } = this.single(node, at, named, depth);
    if (source) return this.projected(source, table);
    const { columns } = this.requireDeclared(table);
    const alias = this.fresh(table.alias);
    return {
      columns: columns.map(({ name }) => ({
        name,
        expression: { kind: 'column', table: alias, name, at: table.at },
        at: table.at,
        star: true,
        of: table.alias,
      })),
      tables: [{ table: { ...table, alias }, isOuter: false, on: [], at: table.at }],
      where: [],
      unread: [],
    };
  }

  /** The projection's tables under new aliases, since it may be used more than once. */
  private projected(projection: Projection, { alias: of, at }: TableReference): Part {
    const { from, joins } = projection;
    const renamed = new Map(
      [from, ...joins.map(({ table }) => table)].map((table) => [
        table,
        this.fresh(table.groups && joins.length === 0 ? of : table.alias),
      ]),
    );
    const columns = [...renamed].flatMap(([table, alias]) =>
      (table.groups ?? this.requireDeclared(table)).columns.map(
        ({ name }): ProjectedColumn => ({
          name,
          expression: { kind: 'column', table: alias, name, at },
          at,
          of: table.alias,
        }),
      ),
    );
    const { of: whole } = substitution({ columns }, from.alias);
    const tables = [{ table: from, isOuter: false, on: [], at: from.at }, ...joins].map((join) => ({
      ...join,
      table: { ...join.table, alias: renamed.get(join.table)! },
      on: join.on.map(whole),
    }));
    return {
      columns: projection.columns.map((column) => {
        const expression = whole(column.expression);
        const free = column.star || expression.kind === 'column';
        return { name: column.name, expression, at: column.at, of, ...(free ? { star: true } : {}) };
      }),
      tables,
      where: conjuncts(projection.where).map(whole),
      unread: projection.unread.map(whole),
    };
  }

  private join(node: JoinExpr, outer: Position, named: Named, depth: number): Part {
    const at = placeOf(this.options.source, node.rarg, outer);
    if (node.isNatural) throw unsupported(at, 'NATURAL JOIN', 'name the columns: JOIN … USING (…)');
    if (node.alias) throw unsupported(at, 'a name for a whole join', 'name its tables, each by itself');
    if (node.jointype !== 'JOIN_INNER' && node.jointype !== 'JOIN_LEFT')
      throw unsupported(
        at,
        node.jointype === 'JOIN_RIGHT' ? 'RIGHT JOIN' : 'FULL JOIN',
        'write LEFT JOIN, with the table whose rows all stay on its left',
      );
    this.only(node, ['jointype', 'larg', 'rarg', 'quals', 'usingClause'], 'JOIN', at);
    if (!node.larg || !node.rarg) throw unsupported(at, 'this JOIN', 'write table JOIN table ON condition');
    const left = this.part(node.larg, outer, named, depth);
    const right = this.part(node.rarg, outer, named, depth);
    requireNames(left, right);
    const using = this.using(node, left, right, at);
    const on = node.quals ? conjuncts(this.options.expressions.read(node.quals, at)) : [];
    const merged = right.columns.map(
      (column): ProjectedColumn =>
        using.some(({ right: shared }) => shared === column) ? { ...column, merged: true } : column,
    );
    const { of: whole } = substitution({ columns: [...left.columns, ...right.columns] }, UNNAMED);
    const conditions = [...using.map(({ condition }) => condition), ...on.map(whole)];
    const other = { ...right, columns: merged };
    return node.jointype === 'JOIN_LEFT'
      ? beside(left, optional(other, at), conditions)
      : beside(left, other, conditions);
  }

  /** The equalities that USING means. */
  private using({ usingClause = [] }: JoinExpr, left: Part, right: Part, at: Position) {
    return usingClause.map((node) => {
      const name = 'String' in node ? (node.String.sval ?? '') : '';
      const reference: Expression = { kind: 'column', name, at };
      const [l, r] = [left, right].map(({ columns }) => {
        const side = substitution({ columns }, UNNAMED);
        const expression = side.of(reference);
        return { expression, column: [...side.used][0]! };
      });
      const condition: Expression = {
        kind: 'compare',
        operator: '=',
        left: l!.expression,
        right: r!.expression,
        at,
      };
      return { condition, right: r!.column };
    });
  }

  /** The alias itself for the first table that is called so, else one with a number. */
  private fresh(alias: string): string {
    let name = alias;
    for (let number = 2; this.aliases.has(name); number++) name = `${alias}_${number}`;
    this.aliases.add(name);
    return name;
  }
}

/** Refuses two tables of one FROM that are called alike. */
function requireNames(left: Part, right: Part): void {
  const names = new Set(left.columns.map(({ of }) => of));
  const twice = right.columns.find(({ of }) => of !== UNNAMED && names.has(of));
  if (!twice) return;
  throw sqlFault(
    'duplicate-table',
    twice.at,
    `two tables of this FROM are called ${twice.of}`,
    'give one of them an alias: table AS name',
  );
}

/** The right side of a LEFT JOIN: one table, perhaps of its rows only those that a subquery chooses. */
function optional(part: Part, at: Position): Part {
  const [only, second] = part.tables;
  if (second || !only) throw unsupported(at, 'LEFT JOIN with a join on its right', LEFT_HINT);
  const computed = part.columns.find(({ expression }) => expression.kind !== 'column');
  if (computed)
    throw unsupported(
      computed.at,
      'a computed column in a subquery on the right of LEFT JOIN',
      'compute it in the outer SELECT',
    );
  return { ...part, tables: [{ ...only, isOuter: true, on: part.where }], where: [] };
}

/** Both parts' tables, the conditions at the first of the right part. */
function beside(left: Part, right: Part, on: readonly Expression[]): Part {
  const [first, ...others] = right.tables;
  return {
    columns: [...left.columns, ...right.columns],
    tables: [...left.tables, { ...first!, on: [...on, ...first!.on] }, ...others],
    where: [...left.where, ...right.where],
    unread: [...left.unread, ...right.unread],
  };
}
