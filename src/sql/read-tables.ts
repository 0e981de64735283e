/**
 * Owns the reading of CREATE TABLE: what each party's rows must look like.
 * Must never ignore a clause: each one is read or refused with its place.
 */
import type { Constraint, CreateStmt, Node, RangeVar } from 'libpg-query';
import { utf8 } from '../base/bytes.ts';
import { type Position, type SourceText, sqlFault, unsupported } from './faults.ts';
import { placeOf, refuseOthers } from './parse.ts';
import type { ExpressionReader } from './read-expressions.ts';
import { readType } from './read-types.ts';
import type { ColumnDeclaration, Expression, KeyDeclaration, TableDeclaration } from './statement.ts';

export class TableReader {
  private readonly source: SourceText;
  private readonly expressions: ExpressionReader;

  constructor(source: SourceText, expressions: ExpressionReader) {
    this.source = source;
    this.expressions = expressions;
  }

  /** Throws `sql.*` with the place of what is wrong. */
  read(node: CreateStmt, at: Position): TableDeclaration {
    const { oncommit, ...rest } = node;
    const fields = { ...rest, ...(oncommit === 'ONCOMMIT_NOOP' ? {} : { oncommit }) };
    this.only(fields, ['relation', 'tableElts'], 'CREATE TABLE', at);
    const name = tableName(this.source, node.relation ?? {}, placeOf(this.source, node.relation, at));
    const columns: ColumnDeclaration[] = [];
    const checks: Expression[] = [];
    const keys: KeyDeclaration[] = [];
    for (const element of node.tableElts ?? []) {
      const place = placeOf(this.source, element, at);
      if ('ColumnDef' in element) columns.push(this.columnDeclaration(element.ColumnDef, place, keys));
      else if ('Constraint' in element && isKey(element.Constraint))
        keys.push(this.key(element.Constraint, place));
      else if ('Constraint' in element) checks.push(this.check(element.Constraint, place));
      else throw unsupported(place, 'LIKE in CREATE TABLE', 'declare the columns themselves');
    }
    if (columns.length === 0)
      throw sqlFault('no-columns', at, `table ${name} has no columns`, 'declare at least one');
    return { name, columns, checks, keys, at };
  }

  private columnDeclaration(
    node: Extract<Node, { ColumnDef: unknown }>['ColumnDef'],
    at: Position,
    keys: KeyDeclaration[],
  ): ColumnDeclaration {
    this.only(node, ['colname', 'typeName', 'constraints', 'is_local'], 'a column', at);
    const type = readType(node.typeName, at, this.source);
    const name = checkedName(node.colname ?? '', 'column', at);
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
      } else if (isKey(constraint)) keys.push(this.key(constraint, place, name));
      else checks.push(this.check(constraint, place));
    }
    return { name, type, nullable, checks, at };
  }

  /** `column` is the one it is written at. */
  private key(node: Constraint, at: Position, column?: string): KeyDeclaration {
    const isPrimary = node.contype === 'CONSTR_PRIMARY';
    const what = isPrimary ? 'PRIMARY KEY' : 'UNIQUE';
    this.only(node, ['contype', 'conname', 'is_enforced', 'initially_valid', 'keys'], what, at);
    const named = (node.keys ?? []).flatMap((key) => ('String' in key ? [key.String.sval ?? ''] : []));
    return { columns: column === undefined ? named : [column], isPrimary, at };
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

  private only(fields: object, known: readonly string[], what: string, at: Position): void {
    refuseOthers(fields, known, what, (inside) => placeOf(this.source, inside, at));
  }
}

const isKey = ({ contype }: Constraint): boolean =>
  contype === 'CONSTR_PRIMARY' || contype === 'CONSTR_UNIQUE';

const CONSTRAINTS: Readonly<Record<string, readonly [string, string]>> = {
  CONSTR_FOREIGN: ['a foreign key', 'leave it out'],
  CONSTR_DEFAULT: ['DEFAULT', 'leave it out: an empty cell is NULL'],
  CONSTR_IDENTITY: ['GENERATED AS IDENTITY', 'leave it out'],
  CONSTR_GENERATED: ['a generated column', 'compute it in the SELECT'],
  CONSTR_EXCLUSION: ['EXCLUDE', 'leave it out'],
};

/** PostgreSQL cuts longer names to 63 bytes without a word: one of that length may have been cut. */
const CUT_NAME_BYTES = 63;

export function checkedName(name: string, what: string, at: Position): string {
  if (utf8.encode(name).length >= CUT_NAME_BYTES)
    throw sqlFault(
      'name-too-long',
      at,
      `this ${what} name has ${CUT_NAME_BYTES} bytes or more`,
      'shorten it',
    );
  return name;
}

/** The name of a table that a reference or declaration writes. */
export function tableName(source: SourceText, { relpersistence, ...rest }: RangeVar, at: Position): string {
  const fields = { ...rest, ...(relpersistence === 'p' ? {} : { relpersistence }) };
  refuseOthers(fields, ['relname', 'inh', 'alias'], 'a table name', (inside) => placeOf(source, inside, at));
  const name = checkedName(rest.relname ?? '', 'table', at);
  if (!/^[a-z0-9_]+$/.test(name))
    throw sqlFault('bad-name', at, 'this is not a name a table can have here', 'use a-z, 0-9 and _');
  return name;
}
