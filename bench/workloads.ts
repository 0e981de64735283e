/**
 * Owns what is measured: plans with inputs, small enough to read, large enough to tell. Inputs are made up; what a run
 * takes does not depend on them.
 */
import { randomFillSync } from 'node:crypto';
import { aes128 } from '../examples/aes/circuit.mjs';
import { parseBristol } from '../src/circuits/bristol.ts';
import { packCircuit } from '../src/circuits/packed.ts';
import { PlanBuilder } from '../src/plan/builder.ts';
import { divideFloor } from '../src/plan/compose/divide.ts';
import { multiplyFixed } from '../src/plan/compose/fixed-point.ts';
import { matrixProduct } from '../src/plan/compose/matrix.ts';
import { sortRows } from '../src/plan/compose/sort.ts';
import { squareRoot } from '../src/plan/compose/square-root.ts';
import type { Plan } from '../src/plan/plan.ts';
import { compileProgram } from '../src/programs/compile.ts';
import { compileQuery } from '../src/sql/compile.ts';
import { SURVEY_SQL } from './whole-run.ts';

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

/** One number of many rows: what it holds in memory must not grow with them. */
function sumOfProducts(elements: number): Workload {
  const builder = new PlanBuilder();
  builder.table('t', ONE_TABLE(elements));
  const x = builder.input({ table: 't', column: 'x', encoding: 'value', kind: 'ring' });
  const y = builder.input({ table: 't', column: 'y', encoding: 'value', kind: 'ring' });
  builder.output('z', builder.dot(x, y));
  return { name: `sum of ${elements} products`, elements, plan: builder.build() };
}

function comparisons(elements: number): Workload {
  const builder = new PlanBuilder();
  builder.table('t', ONE_TABLE(elements));
  const x = builder.input({ table: 't', column: 'x', encoding: 'value', kind: 'ring' });
  builder.output('z', builder.lessThanZero(x));
  return { name: `${elements} comparisons`, elements, plan: builder.build() };
}

function equalityTests(elements: number): Workload {
  const builder = new PlanBuilder();
  builder.table('t', ONE_TABLE(elements));
  const x = builder.input({ table: 't', column: 'x', encoding: 'value', kind: 'ring' });
  builder.output('z', builder.equalsZero(x));
  return { name: `${elements} equality tests`, elements, plan: builder.build() };
}

/** What rounds cost: each multiplication needs the one before it. */
function chain(elements: number): Workload {
  const builder = new PlanBuilder();
  builder.table('t', ONE_TABLE(1));
  const x = builder.input({ table: 't', column: 'x', encoding: 'value', kind: 'ring' });
  let product = builder.slice(x, 0, 1);
  const factor = builder.slice(x, 1, 1);
  for (let step = 0; step < elements; step++) product = builder.multiply(product, factor);
  builder.output('z', product);
  return { name: `${elements} multiplications in a row`, elements, plan: builder.build() };
}

function oneComparison(): Workload {
  const builder = new PlanBuilder();
  builder.table('t', ONE_TABLE(1));
  const x = builder.input({ table: 't', column: 'x', encoding: 'value', kind: 'ring' });
  builder.output('z', builder.lessThanZero(builder.slice(x, 0, 1)));
  return { name: '1 comparison', elements: 1, plan: builder.build() };
}

/** Two square matrices, `side` by `side`. */
function matrices(side: number): Workload {
  const builder = new PlanBuilder();
  builder.table('t', ONE_TABLE(side * side));
  const x = builder.input({ table: 't', column: 'x', encoding: 'value', kind: 'ring' });
  const y = builder.input({ table: 't', column: 'y', encoding: 'value', kind: 'ring' });
  builder.output('z', matrixProduct(builder, x, y, { rows: side, inner: side, columns: side }));
  return { name: `matrix product of side ${side}`, elements: side * side, plan: builder.build() };
}

/** Numbers of 31 bits with 16 after the point. */
function fixedPointMultiplications(elements: number): Workload {
  const builder = new PlanBuilder();
  builder.table('t', ONE_TABLE(elements));
  const [x, y] = ['x', 'y'].map((column) => ({
    value: builder.input({ table: 't', column, encoding: 'value', kind: 'ring' }),
    lo: -(2n ** 30n),
    hi: 2n ** 30n,
  }));
  builder.output('z', multiplyFixed(builder, x!, y!, 16).value);
  return { name: `${elements} fixed-point multiplications`, elements, plan: builder.build() };
}

/** Exact integer quotients of 31 bits by 16 bits. */
function divisions(elements: number): Workload {
  const builder = new PlanBuilder();
  builder.table('t', ONE_TABLE(elements));
  const n = builder.input({ table: 't', column: 'n', encoding: 'value', kind: 'ring' });
  const d = builder.input({ table: 't', column: 'd', encoding: 'value', kind: 'ring' });
  const quotient = divideFloor(
    builder,
    { value: n, lo: 0n, hi: 2n ** 31n - 1n },
    { value: d, lo: 1n, hi: 2n ** 16n - 1n },
  );
  builder.output('z', quotient.value);
  return { name: `${elements} divisions, 31 by 16 bits`, elements, plan: builder.build() };
}

/** Exact square roots of numbers of 40 bits. */
function squareRoots(elements: number): Workload {
  const builder = new PlanBuilder();
  builder.table('t', ONE_TABLE(elements));
  const x = builder.input({ table: 't', column: 'x', encoding: 'value', kind: 'ring' });
  builder.output('z', squareRoot(builder, { value: x, lo: 0n, hi: 2n ** 40n - 1n }).value);
  return { name: `${elements} square roots of 40 bits`, elements, plan: builder.build() };
}

/** Rows of a 20-bit key, sorted by it. */
function sorting(elements: number): Workload {
  const builder = new PlanBuilder();
  builder.table('t', ONE_TABLE(elements));
  const value = builder.input({ table: 't', column: 'x', encoding: 'value', kind: 'ring' });
  const [sorted] = sortRows(builder, [{ value, lo: 0n, hi: 2n ** 20n - 1n }], [value]);
  if (sorted) builder.output('z', sorted);
  return { name: `sort of ${elements} rows`, elements, plan: builder.build() };
}

/** The survey's grouped average: 28,155 rows of three parties. */
async function groupedAverage(): Promise<Workload> {
  const rows = 28_155;
  const inputs = ['a', 'b', 'c'].map((party) => ({ party, table: 'cps', maxRows: rows / 3 }));
  const { plan } = await compileQuery(SURVEY_SQL, { inputs, outputs: ['analyst'], minGroupSize: 1 });
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
    comparisons(1_000_000),
    equalityTests(10_000),
    oneComparison(),
    chain(1_000),
    matrices(256),
    fixedPointMultiplications(100_000),
    divisions(100_000),
    squareRoots(100_000),
    sumOfProducts(10_000_000),
    sorting(1_000),
    sorting(10_000),
    sorting(100_000),
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
