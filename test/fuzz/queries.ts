/**
 * Owns the generated queries: expressions, conditions, aggregates, groups and subqueries over one table full of NULLs. Equal seeds give
 * equal cases. Decimals are multiples of a quarter, which floating point holds exactly.
 */
import type { Row } from '../sql/support.ts';
import { type Joined, joinedOf } from './joins.ts';

/** Where a query's rows come from: always called t, with the same columns. */
type Source =
  | { readonly form: 'table' }
  | {
      readonly form: 'subquery' | 'with';
      readonly columns: string;
      readonly where: string | undefined;
    };

/** A query in parts, so that a failing one can be made smaller. */
export interface Query {
  readonly form: 'grouped' | 'distinct';
  readonly keys: readonly string[];
  readonly outputs: readonly string[];
  readonly where: string | undefined;
  readonly having: string | undefined;
  readonly source: Source;
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

export function textOf({ form, keys, outputs, where, having, source }: Query): string {
  const inner =
    source.form === 'table' ? '' : `SELECT ${source.columns} FROM t${clause('WHERE', source.where)}`;
  const from = source.form === 'table' ? 't' : source.form === 'with' ? 's AS t' : `(${inner}) AS t`;
  const before = source.form === 'with' ? `WITH s AS (${inner}) ` : '';
  const group = form === 'grouped' && keys.length > 0 ? ` GROUP BY ${keys.join(', ')}` : '';
  const distinct = form === 'distinct' ? 'DISTINCT ' : '';
  const list = [...keys, ...outputs].join(', ');
  return `${before}SELECT ${distinct}${list} FROM ${from}${clause('WHERE', where)}${group}${clause('HAVING', having)}`;
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
export const TEXTS = ['x', 'y', 'z'];

/** mulberry32: small, seeded, the same everywhere. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Writer {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = generator(seed);
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  one<T>(...choices: readonly (() => T)[]): T {
    return choices[this.below(choices.length)]!();
  }

  integer(depth: number): string {
    if (depth === 0)
      return this.one(
        () => 'a',
        () => 'b',
        () => `${this.below(9) - 4}`,
      );
    const next = () => this.integer(depth - 1);
    return this.one(
      () => this.integer(0),
      () =>
        `(${next()} ${this.one(
          () => '+',
          () => '-',
          () => '*',
        )} ${next()})`,
      () => `(${this.integer(0)} / ${this.integer(0)})`,
      () => `(- ${next()})`,
      () => `ABS(${next()})`,
      () => `SIGN(${next()})`,
      () => `(${this.integer(0)} % ${this.integer(0)})`,
      () => `GREATEST(COALESCE(${next()}, 1), COALESCE(${this.integer(0)}, -2))`,
      () => `LEAST(COALESCE(${next()}, 0), b, COALESCE(${this.integer(0)}, 3))`,
      () => `COALESCE(${next()}, ${next()})`,
      () => `NULLIF(${next()}, ${this.integer(0)})`,
      () =>
        `CASE WHEN ${this.condition(1)} THEN ${next()} WHEN ${this.condition(0)} THEN ${next()} ELSE ${next()} END`,
      () => `CASE WHEN ${this.condition(1)} THEN ${next()} END`,
    );
  }

  number(depth: number): string {
    return this.one(
      () => this.integer(depth),
      () => 'd',
      () =>
        `(d ${this.one(
          () => '+',
          () => '-',
          () => '*',
        )} ${this.integer(0)})`,
      () => `COALESCE(d, ${this.integer(0)})`,
      () => `CASE WHEN ${this.condition(0)} THEN d ELSE ${this.integer(0)} END`,
    );
  }

  condition(depth: number): string {
    const compare = () => this.one(...['=', '<>', '<', '<=', '>', '>='].map((sign) => () => sign));
    if (depth === 0)
      return this.one(
        () => 'f',
        () => 'g',
        () => `(${this.number(0)} ${compare()} ${this.number(0)})`,
        () =>
          `(c ${this.one(
            () => '=',
            () => '<>',
          )} '${TEXTS[this.below(3)]}')`,
        () =>
          `(c ${this.one(
            () => 'IN',
            () => 'NOT IN',
          )} ('${TEXTS[this.below(2)]}', 'z'))`,
        () =>
          `(a IN (1, ${this.below(9)}, ${this.one(
            () => 'NULL',
            () => '-3',
            () => 'b',
          )}))`,
        () =>
          `(${this.one(
            () => 'a',
            () => 'c',
            () => 'd',
            () => 'f',
          )} IS ${this.one(
            () => '',
            () => 'NOT ',
          )}NULL)`,
        () =>
          `(d ${this.one(
            () => '',
            () => 'NOT ',
          )}BETWEEN -2.5 AND ${this.integer(0)})`,
        () =>
          `(f = ${this.one(
            () => 'g',
            () => 'TRUE',
            () => 'FALSE',
          )})`,
      );
    const next = () => this.condition(depth - 1);
    return this.one(
      () => this.condition(0),
      () => `(${next()} AND ${next()})`,
      () => `(${next()} OR ${next()} OR ${next()})`,
      () => `(NOT ${next()})`,
      () =>
        `(${next()} IS ${this.one(
          () => 'TRUE',
          () => 'FALSE',
          () => 'NOT TRUE',
          () => 'NOT FALSE',
          () => 'NULL',
        )})`,
      () => `(${this.number(depth)} ${compare()} ${this.number(depth)})`,
    );
  }

  aggregate(): string {
    const filter = () =>
      this.one(
        () => '',
        () => '',
        () => ` FILTER (WHERE ${this.condition(1)})`,
      );
    return this.one(
      () => `COUNT(*)${filter()}`,
      () =>
        `COUNT(${this.one(
          () => 'c',
          () => 'f',
          () => 'a',
          () => this.number(1),
        )})${filter()}`,
      () =>
        `COUNT(DISTINCT ${this.one(
          () => 'c',
          () => 'f',
          () => 'g',
          () => 'b',
        )})${filter()}`,
      () => `SUM(${this.number(2)})${filter()}`,
      () => `MIN(${this.number(1)})${filter()}`,
      () => `MAX(${this.number(1)})${filter()}`,
    );
  }

  output(): string {
    return this.one(
      () => this.aggregate(),
      () => this.aggregate(),
      () =>
        `(${this.aggregate()} ${this.one(
          () => '+',
          () => '-',
        )} ${this.aggregate()})`,
      () => `COALESCE(${this.aggregate()}, 7)`,
      () => `CASE WHEN ${this.aggregate()} > ${this.below(9)} THEN ${this.aggregate()} ELSE 0 END`,
      () =>
        `(COUNT(*) * 100 / COUNT(${this.one(
          () => 'a',
          () => 'd',
          () => 'c',
        )}))`,
      () => `(${this.aggregate()} > ${this.aggregate()})`,
    );
  }

  query(): Query {
    const keys = ['c', 'f', 'g', 'b'].filter(() => this.below(3) === 0);
    const condition = () => (this.below(2) === 0 ? this.condition(2) : undefined);
    if (keys.length > 0 && this.below(12) === 0)
      return {
        form: 'distinct',
        keys,
        outputs: [],
        where: condition(),
        having: undefined,
        source: this.source(),
      };
    const outputs = Array.from({ length: 1 + this.below(3) }, (_, at) => `${this.output()} AS o${at}`);
    if (this.below(3) === 0)
      outputs.push(
        `AVG(${this.one(
          () => 'a',
          () => 'd',
          () => 'b',
          () => '(a * b)',
        )}) AS about`,
      );
    const where = condition();
    const having =
      keys.length > 0 && this.below(3) === 0
        ? `COUNT(*) > ${this.below(6)} OR ${this.aggregate()} > 3`
        : undefined;
    return { form: 'grouped', keys, outputs, where, having, source: this.source() };
  }

  /** The table itself, or a projection and filter of it under the same names. */
  private source(): Source {
    if (this.below(3) > 0) return { form: 'table' };
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
    return { form: this.below(2) === 0 ? 'subquery' : 'with', columns: columns.join(', '), where };
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
