/**
 * Owns the short way from SQL text and rows in the test to an answer: compile, lay the rows out, run the clear interpreter.
 * Lays rows out by itself, independently of src/rows, from the same description of inputs.
 */
import assert from 'node:assert/strict';
import sqlite3 from 'sqlite3';
import { evaluateClear } from '../../src/engine/clear.ts';
import type { PlanResult } from '../../src/engine/result.ts';
import { planInputs, validatePlan } from '../../src/plan/check.ts';
import { withFunctionKeys } from '../../src/plan/choose.ts';
import type { InputOperation, NodeId, Plan } from '../../src/plan/plan.ts';
import { type Words, wordsOf } from '../../src/ring/words.ts';
import { compileQuery } from '../../src/sql/compile.ts';
import { tableOf } from '../../src/sql/result.ts';
import type { CompiledQuery, ResultTable, TableSpecification } from '../../src/sql/specification.ts';
import { runPlan } from '../engine/two-servers.ts';

/** Values in a column's own units (cents for DECIMAL(9,2), codes for texts, days for dates); null for NULL. */
export type Row = readonly (bigint | null)[];
export type Parties = Readonly<Record<string, readonly Row[]>>;

export interface RunOptions {
  readonly minGroupSize?: number;
  /** More room than rows, for every party. */
  readonly spare?: number;
  /** Compare with two servers, which must give the same. */
  readonly twoServers?: boolean;
}

export interface Run {
  readonly query: CompiledQuery;
  readonly table: ResultTable;
  readonly outputs: readonly PlanResult[];
}

/** Compiles for these parties' rows and computes the answer in the clear. */
export async function runClear(sql: string, parties: Parties, options: RunOptions = {}): Promise<Run> {
  const name = /CREATE TABLE (\w+)/.exec(sql)?.[1] ?? assert.fail('the text declares a table');
  const inputs = Object.entries(parties).map(([party, rows]) => ({
    party,
    table: name,
    maxRows: Math.max(1, rows.length + (options.spare ?? 3)),
  }));
  const query = await compileQuery(sql, {
    inputs,
    outputs: ['analyst'],
    minGroupSize: options.minGroupSize ?? 1,
  });
  validatePlan(query.plan);
  const plain = layOut(query.plan, query.tables[0]!, parties);
  const outputs = evaluateClear(query.plan, plain);
  // By function keys, a comparison sees no more bits of a value than its proven range has: the proofs must hold.
  assert.deepEqual(evaluateClear(withFunctionKeys(query.plan, Number.POSITIVE_INFINITY), plain), outputs);
  if (options.twoServers) assert.deepEqual((await runPlan(query.plan, plain)).results, outputs);
  return { query, table: tableOf(query.result, outputs), outputs };
}

/** The same with two servers and a dealer in memory: asserts that they give what the clear interpreter gives. */
export async function runBothWays(sql: string, parties: Parties, options: RunOptions = {}): Promise<Run> {
  const run = await runClear(sql, parties, options);
  const { plan, tables } = run.query;
  const { results } = await runPlan(plan, layOut(plan, tables[0]!, parties));
  assert.deepEqual(results, run.outputs);
  return run;
}

/** The words of every input node, parties' rows one after another. */
export function layOut(plan: Plan, table: TableSpecification, parties: Parties): Map<NodeId, Words> {
  return new Map(planInputs(plan).map(({ node, input }) => [node, columnWords(plan, input, table, parties)]));
}

/** The words of one column of a table, parties' rows one after another. */
export function columnWords(
  plan: Plan,
  input: InputOperation,
  { name: table, columns }: TableSpecification,
  parties: Parties,
): Words {
  const words = new Uint32Array(wordsOf(input.kind, input.length));
  const wide = new BigInt64Array(words.buffer, 0, input.kind === 'ring' ? input.length : 0);
  const column = columns.findIndex(({ name }) => name === input.column);
  let start = 0;
  for (const { party, capacity } of plan.tables.find(({ name }) => name === table)!.slices) {
    parties[party]!.forEach((row, at) => {
      const value = column < 0 ? 1n : row[column]!;
      const coded = input.encoding === 'known' ? (value === null ? 0n : 1n) : (value ?? 0n);
      if (input.kind === 'ring') wide[start + at] = coded;
      else if (coded === 1n) words[(start + at) >>> 5]! |= 1 << ((start + at) & 31);
    });
    start += capacity;
  }
  return words;
}

/** Rows dealt out to parties in turn. */
export function dealOut<T>(rows: readonly T[], count: number): Record<string, T[]> {
  const names = Array.from({ length: count }, (_, at) => `party-${at}`);
  return Object.fromEntries(names.map((name, at) => [name, rows.filter((_, row) => row % count === at)]));
}

/** SQLite in memory, for what PostgreSQL and SQLite agree on. */
export class Oracle {
  private readonly database = new sqlite3.Database(':memory:');

  run(sql: string, values: readonly unknown[] = []): Promise<void> {
    return new Promise((resolve, reject) => {
      this.database.run(sql, values, (error) => (error ? reject(error) : resolve()));
    });
  }

  rows(sql: string): Promise<Record<string, unknown>[]> {
    return new Promise((resolve, reject) => {
      this.database.all(sql, (error, rows) =>
        error ? reject(error) : resolve(rows as Record<string, unknown>[]),
      ); // the driver says unknown
    });
  }

  /** Inserts many rows at once. */
  async insert(table: string, rows: readonly (readonly unknown[])[]): Promise<void> {
    for (let at = 0; at < rows.length; at += 100) {
      const part = rows.slice(at, at + 100);
      const marks = part.map((row) => `(${row.map(() => '?').join(',')})`).join(',');
      await this.run(`INSERT INTO ${table} VALUES ${marks}`, part.flat());
    }
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.database.close((error) => (error ? reject(error) : resolve()));
    });
  }
}

/** How many times a plan sorts. */
export const sortsOf = ({ nodes }: Plan): number =>
  nodes.filter(({ operation: { op } }) => op === 'sort' || op === 'sampleSort').length;
