/**
 * Owns the queries whose cost is drawn against rows: one of each kind, with the sizes it is made for.
 */
import { compileQuery } from '../src/sql/compile.ts';
import { SURVEY_SQL } from './whole-run.ts';
import type { Workload } from './workloads.ts';

export interface ScaledQuery {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly workload: (rows: number) => Promise<Workload>;
}

const PARTIES = ['a', 'b'] as const;
const TABLE = `CREATE TABLE t (x INTEGER NOT NULL CHECK (x BETWEEN 0 AND 1000000), y INTEGER NOT NULL CHECK (y BETWEEN 0 AND 1000000));`;

const powers = (last: number): number[] => Array.from({ length: last - 2 }, (_, at) => 10 ** (at + 3));

const ORDERS = `CREATE TABLE customers (id INTEGER NOT NULL PRIMARY KEY CHECK (id BETWEEN 0 AND 1000000), region INTEGER NOT NULL CHECK (region BETWEEN 0 AND 3));
CREATE TABLE orders (customer INTEGER NOT NULL CHECK (customer BETWEEN 0 AND 1000000), amount INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 1000000));`;

/** A query over one table that two parties bring in equal parts, or over two tables of equal size, one of each. */
const over =
  (tables: readonly [string, string?], sql: string) =>
  async (rows: number): Promise<Workload> => {
    const inputs = PARTIES.map((party, at) => ({
      party,
      table: tables[at] ?? tables[0],
      maxRows: rows / PARTIES.length,
    }));
    const { plan } = await compileQuery(sql, { inputs, outputs: ['analyst'], minGroupSize: 1 });
    return { name: sql, elements: rows, plan };
  };

export const SCALED: readonly ScaledQuery[] = [
  { name: 'grouped average', sizes: powers(7), workload: over(['cps'], SURVEY_SQL) },
  {
    name: 'filter',
    sizes: powers(7),
    workload: over(['t'], `${TABLE} SELECT SUM(y) FROM t WHERE x < 500000`),
  },
  { name: 'sort', sizes: powers(5), workload: over(['t'], `${TABLE} SELECT MEDIAN(x) FROM t`) },
  {
    name: 'join',
    sizes: powers(5),
    workload: over(
      ['customers', 'orders'],
      `${ORDERS} SELECT region, SUM(amount) FROM orders JOIN customers ON customer = id GROUP BY region`,
    ),
  },
  {
    name: 'groups of any value',
    sizes: powers(5),
    workload: over(['t'], `${TABLE} SELECT x, COUNT(*), SUM(y) FROM t GROUP BY x HAVING COUNT(*) >= 5`),
  },
];
