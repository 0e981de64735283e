/**
 * Owns the short way from a query over several tables and rows in the test to an answer. Lays rows out by itself, independently of
 * src/rows: also the order in which a table with a key is brought.
 */
import assert from 'node:assert/strict';
import { evaluateClear } from '../../src/engine/clear.ts';
import { planInputs, validatePlan } from '../../src/plan/check.ts';
import type { NodeId, Plan } from '../../src/plan/plan.ts';
import type { Words } from '../../src/ring/words.ts';
import { compileQuery } from '../../src/sql/compile.ts';
import { tableOf } from '../../src/sql/result.ts';
import type { CompiledQuery, TableSpecification } from '../../src/sql/specification.ts';
import { runPlan } from '../engine/two-servers.ts';
import { columnWords, type Oracle, type Parties, type Row, type Run } from './support.ts';

/** Rows by table and party. */
export type Tables = Readonly<Record<string, Parties>>;

export interface JoinOptions {
  readonly minGroupSize?: number;
  /** Room for more rows than there are, for every party. */
  readonly spare?: number;
  readonly twoServers?: boolean;
}

export async function compileFor(
  sql: string,
  tables: Tables,
  { spare = 3, minGroupSize = 1 }: JoinOptions = {},
): Promise<CompiledQuery> {
  const inputs = Object.entries(tables).flatMap(([table, parties]) =>
    Object.entries(parties).map(([party, rows]) => ({
      party,
      table,
      maxRows: Math.max(1, rows.length + spare),
    })),
  );
  const query = await compileQuery(sql, { inputs, outputs: ['analyst'], minGroupSize });
  validatePlan(query.plan);
  return query;
}

/** Compiles for these rows and computes the answer in the clear; with `twoServers`, asserts that two servers find the same. */
export async function runJoined(sql: string, tables: Tables, options: JoinOptions = {}): Promise<Run> {
  const query = await compileFor(sql, tables, options);
  const plain = layOut(query.plan, query.tables, tables);
  const outputs = evaluateClear(query.plan, plain);
  if (options.twoServers) assert.deepEqual((await runPlan(query.plan, plain)).results, outputs);
  return { query, table: tableOf(query.result, outputs), outputs };
}

export function layOut(
  plan: Plan,
  specifications: readonly TableSpecification[],
  tables: Tables,
): Map<NodeId, Words> {
  const ordered = new Map(
    specifications.map((table) => [
      table.name,
      Object.fromEntries(
        Object.entries(tables[table.name]!).map(([party, rows]) => [party, inOrder(table, rows)]),
      ),
    ]),
  );
  return new Map(
    planInputs(plan).map(({ node, input }) => {
      const table = specifications.find(({ name }) => name === input.table)!;
      return [node, columnWords(plan, input, table, ordered.get(table.name)!)];
    }),
  );
}

/** The rows as their party brings them. */
function inOrder({ columns, order }: TableSpecification, rows: readonly Row[]): readonly Row[] {
  if (!order) return rows;
  const places = order.map((name) => columns.findIndex((column) => column.name === name));
  const isKeyless = (row: Row) => places.some((place) => row[place] === null);
  return [...rows].sort((a, b) => {
    if (isKeyless(a) || isKeyless(b)) return Number(isKeyless(a)) - Number(isKeyless(b));
    const differing = places.find((place) => a[place] !== b[place]);
    return differing === undefined ? 0 : a[differing]! < b[differing]! ? -1 : 1;
  });
}

/** SQLite's answer over the same rows, once the tables are there: cells as they are, in the query's order. */
export async function oracleAnswer(
  oracle: Oracle,
  query: string,
  tables: Tables,
  plain: (table: string, row: Row) => unknown[],
): Promise<unknown[][]> {
  for (const [table, parties] of Object.entries(tables)) {
    await oracle.run(`DELETE FROM ${table}`);
    const rows = Object.values(parties).flat();
    await oracle.insert(
      table,
      rows.map((row) => plain(table, row)),
    );
  }
  return (await oracle.rows(query)).map((row) => Object.values(row));
}

/** Rows without their order, for answers that have none. */
export const unordered = (rows: readonly (readonly unknown[])[]): string[] =>
  rows
    .map((row) => JSON.stringify(row.map((cell) => (typeof cell === 'boolean' ? Number(cell) : cell))))
    .sort();
