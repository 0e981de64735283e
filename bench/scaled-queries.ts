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

/** A query over one table that two parties bring in equal parts. */
const over =
  (table: string, sql: string) =>
  async (rows: number): Promise<Workload> => {
    const inputs = PARTIES.map((party) => ({ party, table, maxRows: rows / PARTIES.length }));
    const { plan } = await compileQuery(sql, { inputs, outputs: ['analyst'], minGroupSize: 1 });
    return { name: sql, elements: rows, plan };
  };

export const SCALED: readonly ScaledQuery[] = [
  { name: 'grouped average', sizes: powers(7), workload: over('cps', SURVEY_SQL) },
  { name: 'filter', sizes: powers(7), workload: over('t', `${TABLE} SELECT SUM(y) FROM t WHERE x < 500000`) },
  { name: 'sort', sizes: powers(5), workload: over('t', `${TABLE} SELECT MEDIAN(x) FROM t`) },
];
