/**
 * Owns rows that are an earlier result's: which columns they have, of what type and range, by that result's own specification;
 * and whether a declaration fits them. Nobody checks these rows at home, so what is declared must follow from what made them.
 * Must never see a row: the servers alone hold them, as shares.
 */

import { sqlFault, unsupported } from './faults.ts';
import { formatDate, formatDecimal, parseDate, parseDecimal } from './literals.ts';
import type {
  ColumnSpecification,
  ResultColumn,
  ResultSource,
  ResultSpecification,
  TableSpecification,
} from './specification.ts';
import type { TableDeclaration } from './statement.ts';

/** A result that is read as rows of a table. */
export interface StoredRows {
  readonly table: string;
  /** The result's id. */
  readonly result: string;
  /** Parties whose rows are in it. */
  readonly parties: readonly string[];
  readonly specification: ResultSpecification;
}

export interface StoredColumn {
  readonly column: ColumnSpecification;
  readonly source: ResultSource;
  /** Of a public column: each candidate row's integer, undefined for NULL. */
  readonly units?: readonly (bigint | undefined)[];
}

const NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** The columns that a result has as rows; one whose name cannot be a column's, or is another's, is left out. */
export function storedColumns({ columns }: ResultSpecification): StoredColumn[] {
  return columns
    .filter(({ name }, at) => NAME.test(name) && columns.findIndex((other) => other.name === name) === at)
    .map(storedColumn);
}

function storedColumn({ name, type, scale, values, lo, hi, source }: ResultColumn): StoredColumn {
  if (source.from === 'output') {
    const nullable = source.known !== undefined;
    const range = { lo: lo ?? 0n, hi: hi ?? 0n };
    const listed = values === undefined ? {} : { values };
    return { column: { name, type, scale, ...range, nullable, ...listed }, source };
  }
  const texts = [...new Set(source.values.filter((text) => text !== null))];
  const listed = type === 'text' ? (values ?? texts) : undefined;
  const units = source.values.map((text) =>
    text === null ? undefined : unitsOf(text, { type, scale, values: listed }),
  );
  const known = units.filter((value) => value !== undefined);
  const least = known.reduce((a, b) => (a < b ? a : b), known[0] ?? 0n);
  const most = known.reduce((a, b) => (a > b ? a : b), known[0] ?? 0n);
  const range = listed ? { lo: 0n, hi: BigInt(Math.max(listed.length - 1, 0)) } : { lo: least, hi: most };
  const nullable = known.length < units.length;
  return {
    column: { name, type, scale, ...range, nullable, ...(listed ? { values: listed } : {}) },
    source,
    units,
  };
}

function unitsOf(
  text: string,
  { type, scale, values }: Pick<ResultColumn, 'type' | 'scale'> & { values: readonly string[] | undefined },
): bigint {
  if (type === 'text') return BigInt(values?.indexOf(text) ?? 0);
  if (type === 'boolean') return text === 'true' ? 1n : 0n;
  return BigInt(type === 'date' ? (parseDate(text) ?? 0) : (parseDecimal(text, scale) ?? 0));
}

/** Whether absent rows are zeros: values that are public are the same whether the row is there or not. */
export const isZeroed = (result: ResultSpecification): boolean =>
  result.shown === undefined || storedColumns(result).every(({ units }) => units === undefined);

/** The table as if somebody had declared it, for queries that do not. */
export function storedTable({ table, specification }: StoredRows): TableSpecification {
  return { name: table, columns: storedColumns(specification).map(({ column }) => column) };
}

const START = { line: 1, column: 1 };

/** That table in the form that a reader of the SELECT knows tables in. */
export function storedDeclaration(stored: StoredRows): TableDeclaration {
  const columns = storedTable(stored).columns.map(({ name, type, nullable }) => ({
    name,
    type: { name: type, text: type.toUpperCase(), at: START },
    nullable,
    checks: [],
    at: START,
  }));
  return { name: stored.table, columns, checks: [], keys: [], at: START };
}

/**
 * Refuses a declaration that the result's rows might break: every column must be one of the result's, of its type, and allow
 * all that it may hold. Throws `sql.stored-*` with the column's place.
 */
export function requireFit(
  declaration: TableDeclaration,
  { columns }: TableSpecification,
  { result, specification }: StoredRows,
): void {
  const [key] = declaration.keys;
  if (key)
    throw unsupported(key.at, `a key of ${declaration.name}, which is the result ${result},`, 'leave it out');
  const stored = storedColumns(specification);
  columns.forEach((declared, at) => {
    const place = declaration.columns[at]!.at;
    const { column } = stored.find((candidate) => candidate.column.name === declared.name) ?? {};
    if (column === undefined)
      throw sqlFault(
        'stored-column',
        place,
        `the result ${result} has no column ${declared.name}`,
        `it has ${stored.map((candidate) => candidate.column.name).join(', ')}`,
      );
    const objection = objectionTo(declared, column);
    if (objection !== undefined)
      throw sqlFault(
        'stored-type',
        place,
        `${declared.name} does not fit the result ${result}: ${objection}`,
        'declare what the result holds, or leave the table undeclared',
      );
  });
}

function objectionTo(declared: ColumnSpecification, stored: ColumnSpecification): string | undefined {
  const type = ({ type, scale }: ColumnSpecification): string =>
    scale === 0 ? type : `${type} of ${scale} decimals`;
  if (declared.type !== stored.type || declared.scale !== stored.scale) return `it is ${type(stored)}`;
  if (stored.nullable && !declared.nullable) return 'it may be NULL';
  if (stored.type === 'text') {
    const values = stored.values ?? [];
    const fits = values.every((value, code) => declared.values?.[code] === value);
    return fits
      ? undefined
      : `its values are ${values.map((value) => `'${value}'`).join(', ')}, in this order`;
  }
  const shown = (value: bigint): string =>
    stored.type === 'date' ? formatDate(Number(value)) : formatDecimal(value, stored.scale);
  return declared.lo <= stored.lo && declared.hi >= stored.hi
    ? undefined
    : `it may be ${shown(stored.lo)} to ${shown(stored.hi)}`;
}
