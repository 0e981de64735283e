/**
 * Owns reading one table's file against its declaration: header, shape, every cell, the number of rows.
 * Columns of the file that the table does not declare are passed over and never leave this file.
 */
import type { Place } from '../base/errors.ts';
import type { ColumnSpecification, TableSpecification } from '../sql/specification.ts';
import { readCell } from './cells.ts';
import { readCsv, rowsFault } from './csv.ts';

export interface TableFile {
  readonly file: string;
  readonly table: TableSpecification;
  readonly party?: string | undefined;
  /** More rows are refused. */
  readonly maxRows?: number | undefined;
}

/** A row's integers in the order of the declared columns; null for NULL. The array is used again for the next row. */
export type OnRow = (row: number, values: readonly (bigint | null)[]) => void;

/** Reads every row; returns their number. Throws `rows.*` (exit code 65) with file, line and column. */
export async function readTable({ file, table, party, maxRows }: TableFile, onRow: OnRow): Promise<number> {
  const place: Place = { ...(party === undefined ? {} : { party }), file };
  const values: (bigint | null)[] = table.columns.map(() => null);
  let places: number[] | undefined;
  let width = 0;
  let rows = 0;
  for await (const { line, cells } of readCsv(file, party)) {
    if (places === undefined) {
      places = placesOf(table.columns, cells, place);
      width = cells.length;
      continue;
    }
    if (cells.length !== width)
      throw rowsFault(
        'ragged',
        `the line has ${cells.length} cells, the header has ${width}`,
        { ...place, line },
        'every line needs a cell for every column',
      );
    if (maxRows !== undefined && rows >= maxRows)
      throw rowsFault(
        'too-many',
        `there are more than ${maxRows} rows`,
        { ...place, line },
        'agree on a larger limit, or bring fewer rows',
      );
    for (const [at, column] of table.columns.entries())
      values[at] = integerOf(column, cells[places[at] ?? -1] ?? '', { ...place, line, column: column.name });
    onRow(rows, values);
    rows++;
  }
  if (places === undefined)
    throw rowsFault(
      'empty',
      'the file is empty',
      place,
      `its first line must name the columns: ${namesOf(table.columns)}`,
    );
  return rows;
}

/** Where each declared column stands in the file. */
function placesOf(
  columns: readonly ColumnSpecification[],
  header: readonly string[],
  place: Place,
): number[] {
  const names = header.map((name) => name.trim());
  const missing = columns.filter(({ name }) => !names.includes(name));
  const hint = `the first line must name the columns: ${namesOf(columns)}`;
  if (missing.length > 0)
    throw rowsFault('header', `the header lacks ${namesOf(missing)}`, { ...place, line: 1 }, hint);
  const double = columns.find(({ name }) => names.indexOf(name) !== names.lastIndexOf(name));
  if (double !== undefined)
    throw rowsFault(
      'header',
      `the header names ${double.name} twice`,
      { ...place, line: 1, column: double.name },
      hint,
    );
  return columns.map(({ name }) => names.indexOf(name));
}

function integerOf(column: ColumnSpecification, cell: string, place: Place): bigint | null {
  if (cell === '') {
    if (column.nullable) return null;
    throw rowsFault(
      'null',
      'the cell is empty, the column is NOT NULL',
      place,
      'fill it in, or agree to allow NULL',
    );
  }
  const reading = readCell(column, cell);
  if (reading.ok) return reading.value;
  throw rowsFault(reading.code, reading.message, place, reading.hint);
}

const namesOf = (columns: readonly ColumnSpecification[]): string =>
  columns.map(({ name }) => name).join(',');
