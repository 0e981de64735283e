/**
 * Owns the way from a query's text to everything the participants agree on: plan, input specification, result and
 * disclosure. A pure function of its arguments: every role compiles the text itself and compares digests.
 * Must never see a row.
 */
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { PlanBuilder } from '../plan/builder.ts';
import { chooseComparisons } from '../plan/choose.ts';
import { resultSlice, type Slice } from '../plan/plan.ts';
import { cheaperPlan } from './choose-plan.ts';
import { declareTable } from './declare.ts';
import { disclosureOf } from './disclosure.ts';
import { sqlFault } from './faults.ts';
import { requireOneParty } from './keys.ts';
import { readStatements } from './read-statements.ts';
import type { DeclaredTable } from './relation.ts';
import { listed } from './row-words.ts';
import { lowerSelect } from './select.ts';
import type { CompiledQuery, TableSpecification } from './specification.ts';
import type { SelectStatement, Statements, TableDeclaration, TableReference } from './statement.ts';
import { isZeroed, requireFit, type StoredRows, storedDeclaration, storedTable } from './stored.ts';
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
  /** Results that are read as rows, beside those that parties bring. */
  readonly stored?: readonly StoredRows[];
  /** The fewest parties it may start with, where that is fewer than all: see src/engine/held.ts. Null or absent: all. */
  readonly minimum?: { readonly parties: number } | null;
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
  const stored = options.stored ?? [];
  const mayLack = options.minimum != null;
  const { tables, statements } = await declarations(text, stored);
  const sizes = checkedInputs(options.inputs, statements, tables, stored);
  const {
    plan: written,
    result,
    orders,
  } = cheaperPlan((prefer) => {
    const builder = new PlanBuilder();
    for (const [name, size] of sizes) builder.table(name, size.slices, mayLack || size.stored !== undefined);
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
  return { plan, tables: ordered, result, disclosure: disclosed(disclosure, options) };
}

/** The disclosure statement with what it says of rows that are not simply brought by all, before its last sentence. */
function disclosed(sentences: readonly string[], { inputs, stored = [], minimum }: CompileOptions): string[] {
  const parties = new Set(inputs.map(({ party }) => party)).size;
  const more = stored.map(
    ({ table, result, parties: whose }) =>
      `Rows of ${table} are the result ${result}, in which rows of ${listed(whose)} are; it does not leave the servers.`,
  );
  if (minimum != null && minimum.parties < parties)
    more.push(
      `It may start with ${minimum.parties} of the ${parties} parties that bring rows: with which ones, all learn.`,
    );
  return [...sentences.slice(0, -1), ...more, ...sentences.slice(-1)];
}

/** The declared tables that a SELECT and its subqueries read. */
const tablesOf = ({ from, joins }: SelectStatement): TableReference[] =>
  [from, ...joins.map(({ table }) => table)].flatMap((reference) =>
    reference.groups ? tablesOf(reference.groups) : [reference],
  );

/** The declared tables of a query's text: what each party's CSV files must look like. Throws `sql.*`. */
export async function declaredTables(
  text: string,
  stored: readonly StoredRows[] = [],
): Promise<TableSpecification[]> {
  return (await declarations(text, stored)).tables;
}

async function declarations(
  text: string,
  stored: readonly StoredRows[] = [],
): Promise<{ tables: TableSpecification[]; statements: Statements }> {
  const given = stored.map(storedDeclaration);
  const statements = await readStatements(text, given);
  const names = new Set<string>();
  for (const { name, at } of statements.tables) {
    if (names.has(name))
      throw sqlFault('duplicate-table', at, `table ${name} is declared twice`, 'rename one of them');
    names.add(name);
  }
  const tables = statements.tables.map((declaration) => {
    const place = given.indexOf(declaration);
    if (place >= 0) return storedTable(stored[place]!);
    const table = declareTable(declaration);
    const rows = stored.find((candidate) => candidate.table === table.name);
    if (rows !== undefined) requireFit(declaration, table, rows);
    return table;
  });
  return { tables, statements };
}

interface SizedTable extends TableSize {
  readonly slices: readonly Slice[];
}

/** What is brought of each table, in the order of their declarations. Throws `sql.*` where it does not fit the query. */
function checkedInputs(
  inputs: readonly QueryInput[],
  { tables: declared, select }: Statements,
  tables: readonly TableSpecification[],
  stored: readonly StoredRows[],
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
  return new Map(
    declared.map((table) => {
      const rows = stored.find((candidate) => candidate.table === table.name);
      return [table.name, sizedTable(table, inputs, rows)];
    }),
  );
}

/** The inputs of one table by party, and behind them the rows of a result. */
function sizedTable(
  table: TableDeclaration,
  inputs: readonly QueryInput[],
  stored: StoredRows | undefined,
): SizedTable {
  const sorted = inputs
    .filter((input) => input.table === table.name)
    .sort((a, b) => (a.party < b.party ? -1 : a.party > b.party ? 1 : 0));
  if (sorted.length === 0 && stored === undefined)
    throw refused(`nobody brings rows of ${table.name}`, 'name at least one input party');
  const twice = sorted.find(({ party }, at) => party === sorted[at - 1]?.party);
  if (twice)
    throw refused(
      `${twice.party} is named twice for ${table.name}`,
      'give one row limit for each party and table',
    );
  const sources = [
    ...sorted.map(({ party, maxRows }) => ({ party, count: maxRows })),
    ...(stored ? [{ party: resultSlice(stored.result), count: stored.specification.rows }] : []),
  ];
  const rows = sources.reduce((sum, { count }) => sum + count, 0);
  if (rows > LIMITS.rows)
    throw refused(`the row limits add up to ${rows}, ${LIMITS.rows} are allowed`, 'lower the row limits');
  requireOneParty(
    table,
    sorted.map(({ party }) => party),
  );
  const slices = sources.map(
    ({ party, count }): Slice => ({ party, capacity: Math.ceil(count / ROW_GROUP) * ROW_GROUP }),
  );
  let length = 0;
  const parts = slices.map(({ capacity }, at) => {
    const start = length;
    length += capacity;
    return { start, rows: sources[at]!.count };
  });
  const held = stored ? { stored: { isZeroed: isZeroed(stored.specification) } } : {};
  return { slices, length, rows: BigInt(rows), parts, ...held };
}

const refused = (message: string, hint: string): MpcError =>
  new MpcError('sql.bad-input', message, { exitCode: EXIT.badData, hint });
