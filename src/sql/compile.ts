/**
 * Owns the way from a query's text to everything the participants agree on: plan, input specification, result and
 * disclosure. A pure function of its arguments: every role compiles the text itself and compares digests.
 * Must never see a row.
 */
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { PlanBuilder } from '../plan/builder.ts';
import { chooseComparisons } from '../plan/choose.ts';
import type { Slice } from '../plan/plan.ts';
import { cheaperPlan } from './choose-plan.ts';
import { declareTable } from './declare.ts';
import { disclosureOf } from './disclosure.ts';
import { sqlFault } from './faults.ts';
import { requireOneParty } from './keys.ts';
import { readStatements } from './read-statements.ts';
import type { DeclaredTable } from './relation.ts';
import { lowerSelect } from './select.ts';
import type { CompiledQuery, TableSpecification } from './specification.ts';
import type { SelectStatement, Statements, TableDeclaration, TableReference } from './statement.ts';
import type { TableSize } from './table-rows.ts';

export interface QueryInput {
  readonly party: string;
  readonly table: string;
  /** Most rows this party may bring. */
  readonly maxRows: number;
}

export interface CompileOptions {
  readonly inputs: readonly QueryInput[];
  /** Names of the parties that learn the result, for the disclosure statement. */
  readonly outputs?: readonly string[];
  /** Groups of fewer rows stay hidden. */
  readonly minGroupSize: number;
  /** Assumed between the two servers and back; absent where they are in one place. Decides how values are compared. */
  readonly roundTripMs?: number;
}

/** Rows of one party are padded to whole groups of 64, the words of a bit vector. */
const ROW_GROUP = 64;

/**
 * Compiles CREATE TABLE statements and one SELECT. Asynchronous because the parser is WebAssembly, loaded once.
 * Throws `sql.*` with line and column in `place`; exit code 65.
 */
export async function compileQuery(text: string, options: CompileOptions): Promise<CompiledQuery> {
  const { tables, statements } = await declarations(text);
  const sizes = checkedInputs(options.inputs, statements, tables);
  const {
    plan: written,
    result,
    orders,
  } = cheaperPlan((prefer) => {
    const builder = new PlanBuilder();
    for (const [name, { slices }] of sizes) builder.table(name, slices);
    const asked = new Map<string, readonly string[]>();
    const tableOf = ({ table: name }: TableReference): DeclaredTable => ({
      specification: tables.find((table) => table.name === name)!,
      size: sizes.get(name)!,
      orderBy: (key) => {
        if (!asked.has(name)) asked.set(name, key);
        return asked.get(name)!.join() === key.join();
      },
    });
    const { minGroupSize } = options;
    const result = lowerSelect(statements.select, { builder, tableOf, minGroupSize, prefer });
    return { plan: builder.build(), result, orders: asked };
  });
  const plan = chooseComparisons(written, { roundTripMs: options.roundTripMs ?? 0 });
  const disclosure = disclosureOf(statements.select, {
    result,
    outputs: options.outputs ?? [],
    minGroupSize: options.minGroupSize,
    sorts: plan.nodes.some(({ operation }) => operation.op === 'sort' || operation.op === 'sampleSort'),
  });
  const ordered = tables.map((table) => {
    const order = orders.get(table.name);
    return order ? { ...table, order } : table;
  });
  return { plan, tables: ordered, result, disclosure };
}

/** The declared tables that a SELECT and its subqueries read. */
const tablesOf = ({ from, joins }: SelectStatement): TableReference[] =>
  [from, ...joins.map(({ table }) => table)].flatMap((reference) =>
    reference.groups ? tablesOf(reference.groups) : [reference],
  );

/** The declared tables of a query's text: what each party's CSV files must look like. Throws `sql.*`. */
export async function declaredTables(text: string): Promise<TableSpecification[]> {
  return (await declarations(text)).tables;
}

async function declarations(text: string): Promise<{ tables: TableSpecification[]; statements: Statements }> {
  const statements = await readStatements(text);
  const names = new Set<string>();
  for (const { name, at } of statements.tables) {
    if (names.has(name))
      throw sqlFault('duplicate-table', at, `table ${name} is declared twice`, 'rename one of them');
    names.add(name);
  }
  return { tables: statements.tables.map(declareTable), statements };
}

interface SizedTable extends TableSize {
  readonly slices: readonly Slice[];
}

/** What is brought of each table, in the order of their declarations. Throws `sql.*` where it does not fit the query. */
function checkedInputs(
  inputs: readonly QueryInput[],
  { tables: declared, select }: Statements,
  tables: readonly TableSpecification[],
): ReadonlyMap<string, SizedTable> {
  const references = tablesOf(select);
  for (const { table, at } of references)
    if (!tables.some(({ name }) => name === table))
      throw sqlFault('unknown-table', at, `there is no table ${table}`, 'declare it with CREATE TABLE');
  const names = new Set(references.map(({ table }) => table));
  const unused = declared.find(({ name }) => !names.has(name));
  if (unused)
    throw sqlFault(
      'unused-table',
      unused.at,
      `the SELECT does not read table ${unused.name}`,
      'remove its declaration',
    );
  for (const { party, table: name, maxRows } of inputs) {
    if (!names.has(name))
      throw refused(
        `${party} is to bring rows of ${name}, which the query does not read`,
        names.size === 1 ? `its table is ${[...names][0]}` : `its tables are ${[...names].join(', ')}`,
      );
    if (!Number.isSafeInteger(maxRows) || maxRows < 1)
      throw refused(`the row limit of ${party} is not a whole number of at least 1`, 'correct the row limit');
  }
  return new Map(declared.map((table) => [table.name, sizedTable(table, inputs)]));
}

/** The inputs of one table by party. */
function sizedTable(table: TableDeclaration, inputs: readonly QueryInput[]): SizedTable {
  const sorted = inputs
    .filter((input) => input.table === table.name)
    .sort((a, b) => (a.party < b.party ? -1 : a.party > b.party ? 1 : 0));
  if (sorted.length === 0)
    throw refused(`nobody brings rows of ${table.name}`, 'name at least one input party');
  const twice = sorted.find(({ party }, at) => party === sorted[at - 1]?.party);
  if (twice)
    throw refused(
      `${twice.party} is named twice for ${table.name}`,
      'give one row limit for each party and table',
    );
  const rows = sorted.reduce((sum, { maxRows }) => sum + maxRows, 0);
  if (rows > LIMITS.rows)
    throw refused(`the row limits add up to ${rows}, ${LIMITS.rows} are allowed`, 'lower the row limits');
  requireOneParty(
    table,
    sorted.map(({ party }) => party),
  );
  const slices = sorted.map(
    ({ party, maxRows }): Slice => ({ party, capacity: Math.ceil(maxRows / ROW_GROUP) * ROW_GROUP }),
  );
  let length = 0;
  const parts = slices.map(({ capacity }, at) => {
    const start = length;
    length += capacity;
    return { start, rows: sorted[at]!.maxRows };
  });
  return { slices, length, rows: BigInt(rows), parts };
}

const refused = (message: string, hint: string): MpcError =>
  new MpcError('sql.bad-input', message, { exitCode: EXIT.badData, hint });
