/**
 * Owns the reading of expressions: PostgreSQL's syntax tree -> our statement tree, one case for each node we know.
 * Must never guess: a node, function, operator or field that is not named here is refused with its place.
 */
import type {
  A_Expr,
  BoolExpr,
  CaseExpr,
  FuncCall,
  Node,
  TypeName as RawTypeName,
  TypeCast,
} from 'libpg-query';
import { AGGREGATES, FUNCTIONS, OWN_FIELDS, PAIRS } from './call-names.ts';
import { type Position, type SourceText, sqlFault, unsupported } from './faults.ts';
import { numberLiteral, parseDate } from './literals.ts';
import { kindOf, placeOf, refuseOthers } from './parse.ts';
import { readPercentile } from './read-percentile.ts';
import { readType } from './read-types.ts';
import type {
  AggregateName,
  ArithmeticOperator,
  ComparisonOperator,
  Expression,
  TypeName,
} from './statement.ts';

/** Nesting of a query's expressions: beyond it nobody can read them (and the reader's own stack is bounded). */
const DEPTH = 200;

const ARITHMETIC: readonly string[] = ['+', '-', '*', '/', '%'] satisfies ArithmeticOperator[];
const COMPARISONS: readonly string[] = ['=', '<>', '<', '<=', '>', '>='] satisfies ComparisonOperator[];

/** PostgreSQL's node kinds for people. */
const NODE_NAMES: Readonly<Record<string, readonly [string, string]>> = {
  SubLink: ['a subquery', 'open one collaboration for each SELECT'],
  A_ArrayExpr: ['an array', 'use IN (…)'],
  ArrayExpr: ['an array', 'use IN (…)'],
  ParamRef: ['a parameter', 'write the value itself'],
  A_Indirection: ['a subscript or field', 'use plain columns'],
  RowExpr: ['a row value', 'compare column by column'],
  CollateClause: ['COLLATE', 'leave it out: text is compared for equality only'],
  GroupingFunc: ['GROUPING', 'use one SELECT for each grouping'],
  SQLValueFunction: ['CURRENT_DATE and the like', "write the date itself: DATE '2026-01-31'"],
  SetToDefault: ['DEFAULT', 'write the value itself'],
};

const OPERATOR_KINDS: Readonly<Record<string, readonly [string, string]>> = {
  AEXPR_LIKE: ['LIKE', 'use IN with the values meant'],
  AEXPR_ILIKE: ['ILIKE', 'use IN with the values meant'],
  AEXPR_SIMILAR: ['SIMILAR TO', 'use IN with the values meant'],
  AEXPR_DISTINCT: ['IS DISTINCT FROM', 'use <> and IS NULL'],
  AEXPR_NOT_DISTINCT: ['IS NOT DISTINCT FROM', 'use = and IS NULL'],
  AEXPR_OP_ANY: ['ANY', 'use IN (…)'],
  AEXPR_OP_ALL: ['ALL', 'use AND'],
  AEXPR_BETWEEN_SYM: ['BETWEEN SYMMETRIC', 'write BETWEEN smaller AND larger'],
  AEXPR_NOT_BETWEEN_SYM: ['BETWEEN SYMMETRIC', 'write BETWEEN smaller AND larger'],
};

export class ExpressionReader {
  private readonly source: SourceText;

  constructor(source: SourceText) {
    this.source = source;
  }

  /** Throws `sql.unsupported`, `sql.too-deep`, `sql.bad-literal`. `outer` is the place to name where a node has none. */
  read(node: Node, outer: Position, depth = 0): Expression {
    const at = placeOf(this.source, node, outer);
    if (depth > DEPTH)
      throw sqlFault(
        'too-deep',
        at,
        `expressions are nested more than ${DEPTH} deep`,
        'simplify the expression',
      );
    const inner = (child: Node | undefined): Expression => {
      if (!child) throw unsupported(at, 'an expression with a missing part', 'complete it');
      return this.read(child, at, depth + 1);
    };
    if ('A_Const' in node) return this.constant(node.A_Const, at);
    if ('ColumnRef' in node) return this.column(node.ColumnRef, at);
    if ('A_Expr' in node) return this.operator(node.A_Expr, at, inner);
    if ('BoolExpr' in node) return this.boolean(node.BoolExpr, at, inner);
    if ('FuncCall' in node) return this.call(node.FuncCall, at, inner);
    if ('CaseExpr' in node) return this.choice(node.CaseExpr, at, inner);
    if ('TypeCast' in node) return this.cast(node.TypeCast, at, inner);
    if ('CoalesceExpr' in node) {
      this.only(node.CoalesceExpr, ['args'], 'COALESCE', at);
      return { kind: 'coalesce', of: (node.CoalesceExpr.args ?? []).map(inner), at };
    }
    if ('MinMaxExpr' in node) {
      this.only(node.MinMaxExpr, ['op', 'args'], 'GREATEST or LEAST', at);
      const of = (node.MinMaxExpr.args ?? []).map(inner);
      return { kind: 'extreme', greatest: node.MinMaxExpr.op === 'IS_GREATEST', of, at };
    }
    if ('NullTest' in node) {
      this.only(node.NullTest, ['arg', 'nulltesttype'], 'IS NULL', at);
      const test: Expression = { kind: 'isNull', of: inner(node.NullTest.arg), at };
      return node.NullTest.nulltesttype === 'IS_NULL' ? test : { kind: 'not', of: test, at };
    }
    if ('BooleanTest' in node) {
      this.only(node.BooleanTest, ['arg', 'booltesttype'], 'IS TRUE', at);
      return truthTest(node.BooleanTest.booltesttype ?? '', inner(node.BooleanTest.arg), at);
    }
    const [name, hint] = NODE_NAMES[kindOf(node)] ?? [
      `this expression (${kindOf(node)})`,
      'use + - * /, comparisons, AND, OR, NOT, CASE, COALESCE and aggregates',
    ];
    throw unsupported(at, name, hint);
  }

  private only(fields: object, known: readonly string[], what: string, at: Position): void {
    refuseOthers(fields, known, what, (inside) => placeOf(this.source, inside, at));
  }

  private constant(node: Extract<Node, { A_Const: unknown }>['A_Const'], at: Position): Expression {
    if (node.isnull) return { kind: 'null', at };
    if (node.boolval) return { kind: 'boolean', value: node.boolval.boolval ?? false, at };
    if (node.sval) return { kind: 'text', value: node.sval.sval ?? '', at };
    if (node.ival)
      return { kind: 'number', value: BigInt(node.ival.ival ?? 0), scale: 0, decimal: false, at };
    const literal = numberLiteral(node.fval?.fval ?? '');
    if (literal) return { kind: 'number', ...literal, at };
    throw sqlFault(
      'bad-literal',
      at,
      'this literal is not an exact number of at most 18 decimals',
      'write numbers as 12 or 12.50, without exponent',
    );
  }

  private column(node: { readonly fields?: Node[] }, at: Position): Expression & { kind: 'column' } {
    const names = (node.fields ?? []).map((field) => ('String' in field ? field.String.sval : undefined));
    const [first, second] = names;
    if (names.includes(undefined))
      throw unsupported(
        at,
        '*',
        'name the columns; every row would be revealed: use aggregates such as COUNT(*)',
      );
    if (names.length > 2 || first === undefined)
      throw unsupported(at, 'a schema name', 'write column or table.column');
    return second === undefined
      ? { kind: 'column', name: first, at }
      : { kind: 'column', table: first, name: second, at };
  }

  private operator(node: A_Expr, at: Position, inner: (child: Node | undefined) => Expression): Expression {
    this.only(
      node,
      ['kind', 'name', 'lexpr', 'rexpr', 'rexpr_list_start', 'rexpr_list_end'],
      'an operator',
      at,
    );
    const name = (node.name ?? []).map((part) => ('String' in part ? part.String.sval : '?')).join('.');
    const list = (): Expression[] =>
      node.rexpr && 'List' in node.rexpr ? (node.rexpr.List.items ?? []).map(inner) : [];
    const negated = (negative: boolean, of: Expression): Expression =>
      negative ? { kind: 'not', of, at } : of;
    switch (node.kind) {
      case 'AEXPR_OP':
        break;
      case 'AEXPR_IN':
        if (!node.rexpr || !('List' in node.rexpr)) break;
        return negated(name === '<>', { kind: 'in', of: inner(node.lexpr), list: list(), at });
      case 'AEXPR_BETWEEN':
      case 'AEXPR_NOT_BETWEEN': {
        const of = inner(node.lexpr);
        const [lo, hi] = list();
        if (!lo || !hi) break;
        const both: Expression[] = [
          { kind: 'compare', operator: '>=', left: of, right: lo, at },
          { kind: 'compare', operator: '<=', left: of, right: hi, at },
        ];
        return negated(node.kind === 'AEXPR_NOT_BETWEEN', { kind: 'and', of: both, at });
      }
      case 'AEXPR_NULLIF': {
        const left = inner(node.lexpr);
        const when: Expression = { kind: 'compare', operator: '=', left, right: inner(node.rexpr), at };
        return { kind: 'case', branches: [{ when, result: { kind: 'null', at } }], otherwise: left, at };
      }
      default: {
        const [what, hint] = OPERATOR_KINDS[node.kind ?? ''] ?? [
          `the operator ${name}`,
          'use + - * / % or a comparison',
        ];
        throw unsupported(at, what, hint);
      }
    }
    if (!node.lexpr && name === '-') return { kind: 'negate', of: inner(node.rexpr), at };
    if (!node.lexpr && name === '+') return inner(node.rexpr);
    if (node.lexpr && ARITHMETIC.includes(name)) {
      const operator = name as ArithmeticOperator; // just checked against the list of them
      return { kind: 'arithmetic', operator, left: inner(node.lexpr), right: inner(node.rexpr), at };
    }
    if (node.lexpr && COMPARISONS.includes(name)) {
      const operator = name as ComparisonOperator; // just checked against the list of them
      return { kind: 'compare', operator, left: inner(node.lexpr), right: inner(node.rexpr), at };
    }
    throw unsupported(at, `the operator ${name}`, 'use + - * / % or a comparison');
  }

  private boolean(node: BoolExpr, at: Position, inner: (child: Node | undefined) => Expression): Expression {
    this.only(node, ['boolop', 'args'], 'a condition', at);
    const of = (node.args ?? []).map(inner);
    if (node.boolop === 'NOT_EXPR' && of[0]) return { kind: 'not', of: of[0], at };
    return { kind: node.boolop === 'AND_EXPR' ? 'and' : 'or', of, at };
  }

  private choice(node: CaseExpr, at: Position, inner: (child: Node | undefined) => Expression): Expression {
    this.only(node, ['arg', 'args', 'defresult'], 'CASE', at);
    const subject = node.arg ? inner(node.arg) : undefined;
    const branches = (node.args ?? []).map((branch) => {
      if (!('CaseWhen' in branch)) throw unsupported(at, 'this CASE', 'write CASE WHEN … THEN … ELSE … END');
      const test = inner(branch.CaseWhen.expr);
      const when: Expression = subject
        ? { kind: 'compare', operator: '=', left: subject, right: test, at: test.at }
        : test;
      return { when, result: inner(branch.CaseWhen.result) };
    });
    return {
      kind: 'case',
      branches,
      otherwise: node.defresult ? inner(node.defresult) : { kind: 'null', at },
      at,
    };
  }

  private cast(node: TypeCast, at: Position, inner: (child: Node | undefined) => Expression): Expression {
    this.only(node, ['arg', 'typeName'], 'CAST', at);
    const type = this.type(node.typeName, at);
    const of = inner(node.arg);
    if (type.name !== 'date' || of.kind !== 'text') return { kind: 'cast', of, type, at };
    return dateLiteral(of.value, of.at);
  }

  private call(node: FuncCall, at: Position, inner: (child: Node | undefined) => Expression): Expression {
    const known = ['funcname', 'args', 'agg_filter', 'agg_star', 'funcformat'];
    const parts = (node.funcname ?? []).map((part) => ('String' in part ? (part.String.sval ?? '') : ''));
    const name = parts[0] === 'pg_catalog' ? parts.slice(1).join('.') : parts.join('.');
    if (!FUNCTIONS.includes(name))
      throw unsupported(
        at,
        `the function ${name.toUpperCase()}`,
        `use ${FUNCTIONS.join(', ').toUpperCase()}, COALESCE or NULLIF`,
      );
    this.only(node, [...known, ...(OWN_FIELDS[name] ?? ['agg_distinct'])], `${name.toUpperCase()}(…)`, at);
    const args = (node.args ?? []).map(inner);
    const [first, second] = args;
    const filter = node.agg_filter ? { filter: inner(node.agg_filter) } : {};
    if (name === 'percentile_cont')
      return { ...readPercentile(this.source, node, args, at, inner), ...filter };
    if (AGGREGATES.includes(name)) {
      const aggregate = name as AggregateName; // just checked against the list of them
      const star = node.agg_star === true;
      const wanted = PAIRS.includes(name) ? 2 : 1;
      if (star ? aggregate !== 'count' : args.length !== wanted)
        throw sqlFault(
          'bad-call',
          at,
          `${name.toUpperCase()} takes ${wanted === 1 ? 'one argument' : 'two arguments, y and x'}`,
          'COUNT alone also takes *',
        );
      const distinct = node.agg_distinct === true && aggregate !== 'min' && aggregate !== 'max';
      if (distinct && aggregate !== 'count')
        throw unsupported(at, `DISTINCT inside ${name.toUpperCase()}`, 'leave DISTINCT out, or count');
      return {
        kind: 'aggregate',
        name: aggregate,
        ...(first ? { argument: first } : {}),
        ...(second ? { second } : {}),
        ...(distinct ? { distinct: true } : {}),
        ...(name === 'median' ? { fraction: { numerator: 1n, denominator: 2n } } : {}),
        ...filter,
        at,
      };
    }
    if (node.agg_filter || node.agg_star || node.agg_distinct)
      throw sqlFault(
        'bad-call',
        at,
        `${name.toUpperCase()} is not an aggregate`,
        'FILTER, DISTINCT and * go with aggregates',
      );
    if (name === 'round' && first && args.length <= 2) {
      const digits = second === undefined ? 0 : wholeNumber(second);
      if (digits === undefined || digits < 0 || digits > 18)
        throw sqlFault('bad-call', second?.at ?? at, 'ROUND takes 0 to 18 decimals', 'write ROUND(x, 2)');
      return { kind: 'round', of: first, digits, at };
    }
    if (name === 'abs' && first && args.length === 1) return { kind: 'absolute', of: first, at };
    if (name === 'sign' && first && args.length === 1) return { kind: 'sign', of: first, at };
    if (name === 'mod' && first && second && args.length === 2)
      return { kind: 'arithmetic', operator: '%', left: first, right: second, at };
    if (name === 'extract' && first?.kind === 'text' && second) return extracted(first.value, second, at);
    throw sqlFault(
      'bad-call',
      at,
      `${name.toUpperCase()} does not take ${args.length} arguments`,
      'ABS and SIGN take 1, MOD 2, ROUND 1 or 2',
    );
  }

  private type(raw: RawTypeName | undefined, at: Position): TypeName {
    return readType(raw, at, this.source);
  }
}

function extracted(field: string, of: Expression, at: Position): Expression {
  if (field === 'year') return { kind: 'year', of, at };
  throw unsupported(at, `EXTRACT of ${field.toUpperCase()}`, 'EXTRACT(YEAR FROM d), or compare with dates');
}

/** A date literal. Throws `sql.bad-literal`. */
export function dateLiteral(text: string, at: Position): Expression & { kind: 'date' } {
  const days = parseDate(text);
  if (days === undefined) throw sqlFault('bad-literal', at, 'this is not a date', "write '2026-01-31'");
  return { kind: 'date', value: BigInt(days), at };
}

function wholeNumber(expression: Expression): number | undefined {
  return expression.kind === 'number' && expression.scale === 0 ? Number(expression.value) : undefined;
}

function truthTest(test: string, of: Expression, at: Position): Expression {
  const not = (inner: Expression): Expression => ({ kind: 'not', of: inner, at });
  switch (test) {
    case 'IS_TRUE':
      return { kind: 'isTrue', of, at };
    case 'IS_NOT_TRUE':
      return not({ kind: 'isTrue', of, at });
    case 'IS_FALSE':
      return { kind: 'isFalse', of, at };
    case 'IS_NOT_FALSE':
      return not({ kind: 'isFalse', of, at });
    case 'IS_UNKNOWN':
      return { kind: 'isNull', of, at };
    case 'IS_NOT_UNKNOWN':
      return not({ kind: 'isNull', of, at });
    default:
      throw unsupported(at, test, 'use IS TRUE, IS FALSE or IS UNKNOWN');
  }
}
