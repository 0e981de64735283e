/**
 * Owns the generated queries: expressions, conditions, aggregates, groups and subqueries over one table full of NULLs. Equal seeds give
 * equal cases. Decimals are multiples of a quarter, which floating point holds exactly.
 */
import type { Row } from '../sql/support.ts';
import { Expressions } from './expressions.ts';
import { type Joined, joinedOf } from './joins.ts';

/** Where a query's rows come from: always called t, with the same columns. */
type Source =
  | { readonly form: 'table' }
  | {
      readonly form: 'subquery' | 'with';
      readonly columns: string;
      readonly where: string | undefined;
      /** By what its rows are grouped; undefined where they are not. */
      readonly groupBy: string | undefined;
    };

/** A column of the answer besides the keys. */
export interface Output {
  readonly text: string;
  /** What SQLite is asked instead of a percentile: the values as a JSON list. */
  readonly list?: string;
  /** Which of them, in order, is meant. */
  readonly fraction?: number;
}

/** A query in parts, so that a failing one can be made smaller. */
export interface Query {
  readonly form: 'grouped' | 'distinct';
  readonly keys: readonly string[];
  /** Whether GROUP BY names the keys, rather than repeating them. */
  readonly named: boolean;
  readonly outputs: readonly Output[];
  readonly where: string | undefined;
  readonly having: string | undefined;
  readonly source: Source;
  /** ORDER BY, the answer's columns with their directions, and LIMIT: an order of whole rows, so that ties are nobody's choice. */
  readonly first: { readonly directions: readonly string[]; readonly limit: number } | undefined;
}

export interface Case {
  readonly query: Query;
  readonly rows: readonly Row[];
  readonly parties: number;
  /** What the table is joined with. */
  readonly joined?: Joined | undefined;
}

/** The case of a seed. */
export function caseOf(seed: number): Case {
  const writer = new Writer(seed);
  const count = [0, 1, 5, 40, 70][writer.below(5)]!;
  const parties = 1 + writer.below(3);
  const query = writer.query();
  const rows = Array.from({ length: count }, () => writer.row());
  return { query, rows, parties, joined: joinedOf(seed) };
}

/** The query for us, or as SQLite is asked. */
export function textOf(
  { form, keys, named, outputs, where, having, source, first }: Query,
  forSqlite = false,
): string {
  const inner =
    source.form === 'table'
      ? ''
      : `SELECT ${source.columns} FROM t${clause('WHERE', source.where)}${clause('GROUP BY', source.groupBy)}`;
  const from = source.form === 'table' ? 't' : source.form === 'with' ? 's AS t' : `(${inner}) AS t`;
  const before = source.form === 'with' ? `WITH s AS (${inner}) ` : '';
  const by = keys.map((key, at) => (named ? `k${at}` : key)).join(', ');
  const group = form === 'grouped' && keys.length > 0 ? ` GROUP BY ${by}` : '';
  const distinct = form === 'distinct' ? 'DISTINCT ' : '';
  const values = outputs.map(({ text, list }) => (forSqlite ? (list ?? text) : text));
  const list = [...keys.map((key, at) => `${key} AS k${at}`), ...values].join(', ');
  const columns = keys.length + outputs.length;
  const order = first?.directions.slice(0, columns).map((direction, at) => `${at + 1} ${direction}`);
  const limit = first && order ? ` ORDER BY ${order.join(', ')} LIMIT ${first.limit}` : '';
  return `${before}SELECT ${distinct}${list} FROM ${from}${clause('WHERE', where)}${group}${clause('HAVING', having)}${limit}`;
}

const clause = (name: string, condition: string | undefined): string =>
  condition === undefined ? '' : ` ${name} ${condition}`;

export const TABLE = `CREATE TABLE t (
  a INTEGER CHECK (a BETWEEN -20 AND 20),
  b INTEGER NOT NULL CHECK (b BETWEEN 0 AND 4),
  d DECIMAL(4, 2) CHECK (d BETWEEN -10 AND 10),
  c TEXT CHECK (c IN ('x', 'y', 'z')),
  f BOOLEAN,
  g BOOLEAN NOT NULL
);`;

class Writer extends Expressions {
  /** MEDIAN or PERCENTILE_CONT: SQLite has neither, and gives the values to be put in order here. */
  percentile(at: number): Output {
    const of = this.number(1);
    const filter = this.below(3) === 0 ? ` FILTER (WHERE ${this.condition(1)})` : '';
    const list = `json_group_array(${of})${filter} AS p${at}`;
    if (this.below(2) === 0) return { text: `MEDIAN(${of})${filter} AS p${at}`, list, fraction: 0.5 };
    const fraction = this.below(11) / 10;
    const descending = this.below(2) === 0;
    const text = `PERCENTILE_CONT(${fraction}) WITHIN GROUP (ORDER BY ${of}${descending ? ' DESC' : ''})${filter} AS p${at}`;
    return { text, list, fraction: descending ? 1 - fraction : fraction };
  }

  query(): Query {
    const keys = Array.from({ length: this.below(4) }, () => this.key());
    const condition = () => (this.below(2) === 0 ? this.condition(2) : undefined);
    const named = this.below(2) === 0;
    if (keys.length > 0 && this.below(12) === 0)
      return {
        form: 'distinct',
        keys,
        named,
        outputs: [],
        where: condition(),
        having: undefined,
        source: this.source(),
        first: this.first(keys.length),
      };
    const outputs: Output[] = Array.from({ length: 1 + this.below(3) }, (_, at) => ({
      text: `${this.output()} AS o${at}`,
    }));
    const first = keys.length > 0 ? this.first(keys.length + outputs.length) : undefined;
    // What is not exact, or in no column of SQLite's, cannot be put in order.
    if (!first && this.below(3) === 0)
      outputs.push({
        text: `AVG(${this.one(
          () => 'a',
          () => 'd',
          () => 'b',
          () => '(a * b)',
        )}) AS about`,
      });
    if (!first && this.below(4) === 0)
      outputs.push(...Array.from({ length: 1 + this.below(2) }, (_, at) => this.percentile(at)));
    const where = condition();
    const having =
      keys.length > 0 && this.below(3) === 0
        ? this.one(
            () => `COUNT(*) > ${this.below(6)} OR ${this.aggregate()} > 3`,
            () => `COUNT(*) >= ${this.below(4)}`,
            () => `${1 + this.below(3)} < COUNT(*) AND ${this.aggregate()} <= ${this.below(9)}`,
          )
        : undefined;
    return { form: 'grouped', keys, named, outputs, where, having, source: this.source(), first };
  }

  private first(columns: number): Query['first'] {
    if (this.below(4) > 0) return undefined;
    const direction = () =>
      `${this.one(
        () => 'ASC',
        () => 'DESC',
      )} NULLS ${this.one(
        () => 'FIRST',
        () => 'LAST',
      )}`;
    return { directions: Array.from({ length: columns }, direction), limit: 1 + this.below(5) };
  }

  /** The table itself, or a projection and filter or groups of it under the same names. */
  private source(): Source {
    if (this.below(3) > 0) return { form: 'table' };
    if (this.below(3) === 0) return this.groups();
    const columns = [
      this.one(
        () => 'a',
        () => `${this.integer(1)} AS a`,
      ),
      'b',
      this.one(
        () => 'd',
        () => '(d - 1) AS d',
        () => 'COALESCE(d, a) AS d',
      ),
      'c',
      this.one(
        () => 'f',
        () => 'f',
        () => 't.f AS f',
      ),
      'g',
    ];
    const where = this.below(2) === 0 ? this.condition(1) : undefined;
    return this.derived(columns, where, undefined);
  }

  private groups(): Source {
    const keys = new Set(['c', 'f', 'g']);
    const keyOr = (name: string, ...others: readonly string[]) => {
      const chosen = this.below(others.length + 1);
      if (chosen === 0) keys.add(name);
      return chosen === 0 ? name : `${others[chosen - 1]} AS ${name}`;
    };
    const columns = [
      keyOr('a', 'MAX(a)', 'MIN(a - b)', '(COUNT(*) - COUNT(a))'),
      keyOr('b', 'COUNT(*)', 'MAX(b)'),
      keyOr('d', 'MIN(d)', 'MAX(d - 1)'),
      ...['c', 'f', 'g'],
    ];
    const where = this.below(2) === 0 ? this.condition(0) : undefined;
    return this.derived(columns, where, [...keys].join(', '));
  }

  private derived(
    columns: readonly string[],
    where: string | undefined,
    groupBy: string | undefined,
  ): Source {
    const form = this.below(2) === 0 ? 'subquery' : 'with';
    return { form, columns: columns.join(', '), where, groupBy };
  }

  row(): Row {
    const maybe = (value: () => bigint) => (this.below(3) === 0 ? null : value());
    return [
      maybe(() => BigInt(this.below(41) - 20)),
      BigInt(this.below(5)),
      maybe(() => BigInt(25 * (this.below(81) - 40))),
      maybe(() => BigInt(this.below(3))),
      maybe(() => BigInt(this.below(2))),
      BigInt(this.below(2)),
    ];
  }
}
