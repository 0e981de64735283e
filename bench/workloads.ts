/**
 * Owns what is measured: plans with inputs, small enough to read, large enough to tell. Inputs are made up; what a run
 * takes does not depend on them.
 */
import { randomFillSync } from 'node:crypto';
import { aes128 } from '../examples/aes/circuit.mjs';
import { parseBristol } from '../src/circuits/bristol.ts';
import { packCircuit } from '../src/circuits/packed.ts';
import { PlanBuilder } from '../src/plan/builder.ts';
import { sortRows } from '../src/plan/compose/sort.ts';
import type { Plan } from '../src/plan/plan.ts';
import { compileProgram } from '../src/programs/compile.ts';
import { compileQuery } from '../src/sql/compile.ts';

export interface Workload {
  readonly name: string;
  /** Elements of work, for rates. */
  readonly elements: number;
  readonly plan: Plan;
}

const ONE_TABLE = (elements: number) => [{ party: 'p', capacity: Math.ceil(elements / 64) * 64 }];

function multiplications(elements: number): Workload {
  const builder = new PlanBuilder();
  builder.table('t', ONE_TABLE(elements));
  const x = builder.input({ table: 't', column: 'x', encoding: 'value', kind: 'ring' });
  const y = builder.input({ table: 't', column: 'y', encoding: 'value', kind: 'ring' });
  builder.output('z', builder.multiply(x, y));
  return { name: `${elements} multiplications`, elements, plan: builder.build() };
}

function comparisons(elements: number): Workload {
  const builder = new PlanBuilder();
  builder.table('t', ONE_TABLE(elements));
  const x = builder.input({ table: 't', column: 'x', encoding: 'value', kind: 'ring' });
  builder.output('z', builder.lessThanZero(x));
  return { name: `${elements} comparisons`, elements, plan: builder.build() };
}

/** Rows of a 20-bit key, sorted by it. */
function sorting(elements: number): Workload {
  const builder = new PlanBuilder();
  builder.table('t', ONE_TABLE(elements));
  const value = builder.input({ table: 't', column: 'x', encoding: 'value', kind: 'ring' });
  const [sorted] = sortRows(builder, [{ value, lo: 0n, hi: 2n ** 20n - 1n }], [value]);
  if (sorted) builder.output('z', sorted);
  return { name: `${elements} rows sorted by 20 bits`, elements, plan: builder.build() };
}

/** The survey's grouped average: 28,155 rows of three parties. */
async function groupedAverage(): Promise<Workload> {
  const rows = 28_155;
  const sql = `
    CREATE TABLE cps (wage DECIMAL(7,2) NOT NULL CHECK (wage BETWEEN 0 AND 20000),
                      region TEXT NOT NULL CHECK (region IN ('northeast', 'midwest', 'south', 'west')));
    SELECT region, AVG(wage) FROM cps GROUP BY region`;
  const inputs = ['a', 'b', 'c'].map((party) => ({ party, table: 'cps', maxRows: rows / 3 }));
  const { plan } = await compileQuery(sql, { inputs, outputs: ['analyst'], minGroupSize: 1 });
  return { name: `grouped average of ${rows} rows`, elements: rows, plan };
}

/** AES-128 of blocks of one party under a key of another. */
async function encryption(blocks: number): Promise<Workload> {
  const circuit = packCircuit(parseBristol(aes128()));
  const { plan } = await compileProgram(
    { kind: 'circuit', name: 'aes_128', circuit },
    {
      inputs: [
        { party: 'key-holder', table: 'input-1', maxRows: 1 },
        { party: 'data-holder', table: 'input-2', maxRows: blocks },
      ],
      outputs: ['analyst'],
      minGroupSize: 1,
    },
  );
  return { name: `AES-128 of ${blocks} blocks`, elements: blocks, plan };
}

export async function workloads(): Promise<Workload[]> {
  return [
    await groupedAverage(),
    multiplications(1_000_000),
    comparisons(100_000),
    sorting(1_000),
    sorting(10_000),
    await encryption(1_000),
    await encryption(10_000),
  ];
}

/** Uniform words: what masked inputs are. */
export function uniformWords(words: number): Uint32Array {
  const out = new Uint32Array(words);
  randomFillSync(out);
  return out;
}
