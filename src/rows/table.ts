/**
 * Owns reading one table's file against its declaration: header, shape, every cell, the number of rows.
 * Columns of the file that the table does not declare are passed over and never leave this file: a slip in a declared
 * name cannot hide there, because every declared column must be in the header.
 */
import type { MpcError, Place } from '../base/errors.ts';
import type { ColumnSpecification, TableSpecification } from '../sql/specification.ts';
import { type CellReader, cellReader, type Units } from './cells.ts';
import { readCsv } from './csv.ts';
import { rowsFault } from './faults.ts';
import { KeyedRows } from './keys.ts';

export interface TableFile {
  readonly file: string;
  readonly table: TableSpecification;
  readonly party?: string | undefined;
  /** More rows are refused. */
  readonly maxRows?: number | undefined;
  /** Told of every fault in a row; the row is left out, and reading goes on. Without it the first fault is thrown. */
  readonly onFault?: (fault: MpcError) => void;
}

/**
 * A row's integers in the order of the declared columns; null for NULL. The array is used again for the next row. `text` gives a
 * declared column's cell as it stands in the file.
 */
export type OnRow = (
  row: number,
  values: readonly (Units | null)[],
  text: (column: number) => string,
) => void;

/** What was read of a file besides its cells. */
export interface TableRead {
  readonly rows: number;
  /** Columns of the file that the table does not declare: they never leave it. */
  readonly passedOver: readonly string[];
  /** Of each key of the table, the rows' numbers in ascending order of it. */
  readonly orders: readonly Uint32Array[];
}

/**
 * Reads every row. An empty cell is NULL; lines without anything are passed over where a row has
 * several columns. Throws `rows.*` (exit code 65) with file, line and column.
 */
export async function readTable(
  { file, table, party, maxRows, onFault }: TableFile,
  onRow: OnRow,
): Promise<TableRead> {
  const place = { ...(party === undefined ? {} : { party }), file };
  const reader = new RowReader(table.columns, place, onFault);
  const keys = (table.keys ?? []).map((key) => new KeyedRows(table, key));
  let rows = 0;
  await readCsv(place, (line, cells) => {
    if (!reader.take(line, cells)) return;
    if (maxRows !== undefined && rows >= maxRows)
      throw rowsFault(
        'too-many',
        `there are more than ${maxRows} rows`,
        { ...place, line },
        'agree on a larger limit, or bring fewer rows',
      );
    for (const key of keys) key.add(line, reader.values);
    onRow(rows, reader.values, reader.text);
    rows += 1;
  });
  if (!reader.started)
    throw rowsFault(
      'empty',
      'the file is empty',
      place,
      `its first line must name the columns: ${namesOf(table.columns)}`,
    );
  return { rows, passedOver: reader.passedOver, orders: keys.map((key) => key.order(place)) };
}

class RowReader {
  /** The row taken last. */
  readonly values: (Units | null)[];
  started = false;
  private readonly columns: readonly ColumnSpecification[];
  private readonly readers: readonly CellReader[];
  private readonly place: Place;
  private places: readonly number[] = [];
  private width = 0;
  passedOver: readonly string[] = [];
  private cells: readonly string[] = [];
  private readonly onFault: (fault: MpcError) => void;
  private fits = true;

  constructor(
    columns: readonly ColumnSpecification[],
    place: Place,
    onFault: (fault: MpcError) => void = thrown,
  ) {
    this.onFault = onFault;
    this.columns = columns;
    this.readers = columns.map(cellReader);
    this.place = place;
    this.values = columns.map(() => null);
  }

  /** A cell of the row taken last, as it stands in the file. */
  readonly text = (column: number): string => this.cells[this.places[column]!]!;

  /** Reads a record; false for the header, for a line without anything, and for a row with a fault. */
  take(line: number, cells: readonly string[]): boolean {
    if (!this.started) {
      this.places = placesOf(this.columns, cells, { ...this.place, line });
      this.width = cells.length;
      this.passedOver = cells.filter((_, at) => !this.places.includes(at)).map((name) => name.trim());
      this.started = true;
      return false;
    }
    if (cells.length !== this.width) {
      if (cells.length === 1 && cells[0] === '') return false;
      this.onFault(
        rowsFault(
          'ragged',
          `the line has ${cells.length} cells, the header has ${this.width}`,
          { ...this.place, line },
          'every line needs a cell for every column',
        ),
      );
      return false;
    }
    this.cells = cells;
    this.fits = true;
    for (let at = 0; at < this.columns.length; at++)
      this.values[at] = this.value(at, cells[this.places[at]!]!, line);
    return this.fits;
  }

  private refuse(fault: MpcError): null {
    this.fits = false;
    this.onFault(fault);
    return null;
  }

  private value(at: number, cell: string, line: number): Units | null {
    const column = this.columns[at]!;
    const place = (): Place => ({ ...this.place, line, column: column.name });
    if (cell === '') {
      if (column.nullable) return null;
      return this.refuse(
        rowsFault(
          'null',
          'the cell is empty, the column is NOT NULL',
          place(),
          'fill it in, or agree to allow NULL',
        ),
      );
    }
    const value = this.readers[at]!(cell);
    if (typeof value !== 'object') return value;
    return this.refuse(rowsFault(value.code, value.message, place(), value.hint));
  }
}

const thrown = (fault: MpcError): never => {
  throw fault;
};

/** Where each declared column stands in the file. */
function placesOf(
  columns: readonly ColumnSpecification[],
  header: readonly string[],
  place: Place,
): number[] {
  const names = header.map((name) => name.trim());
  const missing = columns.filter(({ name }) => !names.includes(name));
  const separated = names.length === 1 && /[;\t|]/.test(names[0]!);
  const hint = separated
    ? 'separate the columns with commas'
    : `the first line must name the columns: ${namesOf(columns)}`;
  if (missing.length > 0) throw rowsFault('header', `the header lacks ${namesOf(missing)}`, place, hint);
  const double = columns.find(({ name }) => names.indexOf(name) !== names.lastIndexOf(name));
  if (double !== undefined)
    throw rowsFault(
      'header',
      `the header names ${double.name} twice`,
      { ...place, column: double.name },
      hint,
    );
  return columns.map(({ name }) => names.indexOf(name));
}

const namesOf = (columns: readonly ColumnSpecification[]): string =>
  columns.map(({ name }) => name).join(',');
