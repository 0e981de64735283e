/**
 * Owns the way from a query's text to PostgreSQL's own syntax tree, and the tools every reader of that tree shares.
 *
 * The parser is `libpg-query` 18: PostgreSQL's grammar itself, compiled to WebAssembly. It was chosen over
 * reimplementations such as pgsql-ast-parser because it accepts exactly what PostgreSQL accepts, keeps the place of every
 * node, and is one small module without further dependencies.
 *
 * Must never let a clause pass unread: `refuseOthers` refuses every field that a reader did not name.
 */
import { loadModule, type Node, parse, SqlError } from 'libpg-query';
import { utf8 } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { type Position, SourceText, sqlFault, unsupported } from './faults.ts';

/** One statement of the text with the place where it starts. */
export interface ParsedStatement {
  readonly node: Node;
  readonly at: Position;
}

/** Parses a text. Throws `sql.too-long`, `sql.syntax`. */
export async function parseText(
  text: string,
): Promise<{ source: SourceText; statements: ParsedStatement[] }> {
  const start = { line: 1, column: 1 };
  const bytes = utf8.encode(text);
  if (bytes.length > LIMITS.sqlBytes)
    throw sqlFault('too-long', start, `a query has at most ${LIMITS.sqlBytes} bytes`, 'shorten the query');
  const source = new SourceText(text);
  const nul = bytes.indexOf(0);
  if (nul >= 0)
    throw sqlFault(
      'syntax',
      source.at(nul),
      'the text holds a NUL character',
      'save the query as plain UTF-8 text',
    );
  await loadModule();
  const { stmts = [] } = await parse(text).catch((error: unknown) => {
    throw syntaxFault(source, error);
  });
  const statements = stmts.flatMap(({ stmt, stmt_location }) =>
    stmt ? [{ node: stmt, at: source.at(firstToken(bytes, stmt_location ?? 0)) }] : [],
  );
  return { source, statements };
}

function syntaxFault(source: SourceText, error: unknown): Error {
  if (!(error instanceof SqlError))
    return sqlFault('syntax', source.at(0), 'the query cannot be parsed', 'write it with less nesting');
  const offset = error.sqlDetails?.cursorPosition ?? 0;
  return sqlFault(
    'syntax',
    source.atCharacter(Math.max(offset, 0)),
    error.message,
    'the text must be valid PostgreSQL: CREATE TABLE statements, then one SELECT',
  );
}

/** Skips white space and comments, which PostgreSQL counts to the statement that follows. */
function firstToken(bytes: Uint8Array, from: number): number {
  const rest = Buffer.from(bytes.subarray(from)).toString('latin1');
  const skipped = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/.exec(rest);
  return from + (skipped?.[0].length ?? 0);
}

/** Kind and fields of a node such as `{ A_Const: {…} }`. */
export function kindOf(node: Node): string {
  return Object.keys(node)[0] ?? 'nothing';
}

/** The place of a node: its own, else the first one inside it, else `otherwise`. */
export function placeOf(source: SourceText, node: unknown, otherwise: Position): Position {
  const offset = firstLocation(node);
  return offset === undefined ? otherwise : source.at(offset);
}

function firstLocation(node: unknown): number | undefined {
  if (node === null || typeof node !== 'object') return undefined;
  const own = 'location' in node ? node.location : undefined;
  if (typeof own === 'number' && own >= 0) return own;
  const inner = Object.values(node).flatMap((child) => firstLocation(child) ?? []);
  return inner.length === 0 ? undefined : Math.min(...inner);
}

/** Clauses by their field in PostgreSQL's tree, for people: [name, what to do instead]. */
const CLAUSES: Readonly<Record<string, readonly [string, string]>> = {
  intoClause: ['INTO', 'the result goes to the output parties'],
  groupDistinct: ['GROUP BY DISTINCT', 'write GROUP BY'],
  windowClause: ['WINDOW', 'use GROUP BY'],
  valuesLists: ['VALUES', 'the rows come from the input parties'],
  limitOffset: ['OFFSET', 'the output party can cut its result'],
  limitCount: ['LIMIT', 'the output party can cut its result; every row of it would be revealed anyway'],
  limitOption: ['FETCH FIRST … WITH TIES', 'the output party can cut its result'],
  lockingClause: ['FOR UPDATE', 'leave it out'],
  recursive: ['WITH RECURSIVE', 'leave RECURSIVE out'],
  aliascolnames: ['a list of column names', 'name the columns in the SELECT with AS'],
  lateral: ['LATERAL', 'leave it out'],
  larg: ['UNION, INTERSECT or EXCEPT', 'open one collaboration for each SELECT'],
  op: ['UNION, INTERSECT or EXCEPT', 'open one collaboration for each SELECT'],
  over: ['a window function', 'use GROUP BY'],
  agg_order: ['ORDER BY inside an aggregate', 'leave it out'],
  agg_within_group: ['WITHIN GROUP', 'use COUNT, SUM, AVG, MIN or MAX'],
  func_variadic: ['VARIADIC', 'leave it out'],
  inhRelations: ['INHERITS or PARTITION OF', 'declare the columns themselves'],
  partspec: ['PARTITION BY', 'leave it out'],
  options: ['WITH (…)', 'leave it out'],
  oncommit: ['ON COMMIT', 'leave it out'],
  tablespacename: ['TABLESPACE', 'leave it out'],
  accessMethod: ['USING', 'leave it out'],
  if_not_exists: ['IF NOT EXISTS', 'write CREATE TABLE name (…)'],
  ofTypename: ['OF type', 'declare the columns themselves'],
  collClause: ['COLLATE', 'leave it out: text is compared for equality only'],
  compression: ['COMPRESSION', 'leave it out'],
  storage_name: ['STORAGE', 'leave it out'],
  is_no_inherit: ['NO INHERIT', 'leave it out'],
  schemaname: ['a schema name', 'write the table name alone'],
  catalogname: ['a database name', 'write the table name alone'],
  relpersistence: ['TEMPORARY or UNLOGGED', 'write CREATE TABLE'],
  arrayBounds: ['an array type', 'use one column for each element'],
  setof: ['SETOF', 'leave it out'],
  pct_type: ['%TYPE', 'name the type'],
  colnames: ['a list of column aliases', 'leave it out'],
  indirection: ['an indirection', 'name the column'],
};

/** Refuses every field of a node that its reader does not name. `what` names the node for people. */
export function refuseOthers(
  fields: object,
  known: readonly string[],
  what: string,
  place: (inside: unknown) => Position,
): void {
  for (const [field, value] of Object.entries(fields)) {
    if (known.includes(field) || field === 'location') continue;
    const [name, hint] = CLAUSES[field] ?? [`${what} with ${field}`, 'leave it out'];
    throw unsupported(place(value), name, hint);
  }
}
