/**
 * Owns the way from a query's text to everything the participants agree on: plan, input specification, result and
 * disclosure. A pure function of its arguments: every role compiles the text itself and compares digests.
 * Must never see a row.
 */
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { PlanBuilder } from '../plan/builder.ts';
import type { Slice } from '../plan/plan.ts';
import { cheaperPlan } from './choose-plan.ts';
import { RowScope } from './columns.ts';
import { declareTable } from './declare.ts';
import { disclosureOf } from './disclosure.ts';
import { sqlFault } from './faults.ts';
import { readStatements } from './read-statements.ts';
import { lowerSelect } from './select.ts';
import type { CompiledQuery, TableSpecification } from './specification.ts';
import type { SelectStatement, Statements } from './statement.ts';

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
}

/** Rows of one party are padded to whole groups of 64, the words of a bit vector. */
const ROW_GROUP = 64;

/**
 * Compiles CREATE TABLE statements and one SELECT. Asynchronous because the parser is WebAssembly, loaded once.
 * Throws `sql.*` with line and column in `place`; exit code 65.
 */
export async function compileQuery(text: string, options: CompileOptions): Promise<CompiledQuery> {
  const { tables, statements } = await declarations(text);
  const { select } = statements;
  const table = tables.find(({ name }) => name === select.from.table);
  if (!table)
    throw sqlFault(
      'unknown-table',
      select.from.at,
      `there is no table ${select.from.table}`,
      'declare it with CREATE TABLE',
    );
  const unused = statements.tables.find(({ name }) => name !== table.name);
  if (unused)
    throw sqlFault(
      'unused-table',
      unused.at,
      `the SELECT does not read table ${unused.name}`,
      'remove its declaration',
    );
  const inputs = checkedInputs(options.inputs, table);
  const slices = inputs.map(
    ({ party, maxRows }): Slice => ({ party, capacity: Math.ceil(maxRows / ROW_GROUP) * ROW_GROUP }),
  );
  const length = slices.reduce((sum, { capacity }) => sum + capacity, 0);
  const maxRows = inputs.reduce((sum, input) => sum + input.maxRows, 0);
  const { plan, result } = cheaperPlan((prefer) => {
    const builder = new PlanBuilder();
    builder.table(table.name, slices);
    const rows = new RowScope(builder, table, rootOf(select).from.alias, length, maxRows);
    const written = lowerSelect(select, { rows, minGroupSize: options.minGroupSize, prefer });
    return { plan: builder.build(), result: written };
  });
  const disclosure = disclosureOf(select, {
    table,
    result,
    outputs: options.outputs ?? [],
    minGroupSize: options.minGroupSize,
    sorts: plan.nodes.some(({ operation }) => operation.op === 'sort'),
  });
  return { plan, tables, result, disclosure };
}

/** The innermost SELECT, which reads the declared table. */
const rootOf = (select: SelectStatement): SelectStatement =>
  select.from.groups ? rootOf(select.from.groups) : select;

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

/** The inputs by party. Throws `sql.bad-input` where they do not fit the query. */
function checkedInputs(inputs: readonly QueryInput[], table: TableSpecification): QueryInput[] {
  const refused = (message: string, hint: string) =>
    new MpcError('sql.bad-input', message, { exitCode: EXIT.badData, hint });
  for (const { party, table: name, maxRows } of inputs) {
    if (name !== table.name)
      throw refused(
        `${party} is to bring rows of ${name}, which the query does not read`,
        `its table is ${table.name}`,
      );
    if (!Number.isSafeInteger(maxRows) || maxRows < 1)
      throw refused(`the row limit of ${party} is not a whole number of at least 1`, 'correct the row limit');
  }
  const sorted = [...inputs].sort((a, b) => (a.party < b.party ? -1 : a.party > b.party ? 1 : 0));
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
  return sorted;
}
