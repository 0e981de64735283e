/**
 * Owns reading a CSV file record by record, with exact complaints: what is wrong, in which line. RFC 4180 by csv-parse; this
 * file and text-watch.ts add what a hostile or broken file needs: bounds, valid UTF-8, no NUL.
 * Must never read a whole file, nor a whole line that is too long, into memory; nor repeat a cell in a message.
 */
import { createReadStream, statSync } from 'node:fs';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import type { MpcError, Place } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { rowsFault } from './faults.ts';
import { TextWatch } from './text-watch.ts';

/** Called for each record in order, the header first. `line` is where it starts, 1 for the first line of the file. */
export type OnRecord = (line: number, cells: readonly string[]) => void;

/** A record of several lines, as bytes: no single line that is allowed is longer. */
const RECORD_BYTES = 4 * LIMITS.lineCharacters;

/** Resolves after the last record. Throws what `onRecord` throws, and `rows.*` (exit code 65) naming file and line. */
export async function readCsv(place: Place & { readonly file: string }, onRecord: OnRecord): Promise<void> {
  refuseUnreadable(place);
  let line = 1;
  const parser = parse({
    bom: true,
    relax_column_count: true,
    record_delimiter: ['\r\n', '\n'],
    max_record_size: RECORD_BYTES,
    // Records are taken here, inside the parser, one at a time: no queue of them, no object for each.
    on_record: (cells: string[]) => {
      const start = line;
      line += 1 + linesInside(cells);
      onRecord(start, cells);
      return null;
    },
  });
  const nothing = new Writable({ objectMode: true, write: (_, __, done) => done() });
  try {
    await pipeline(createReadStream(place.file), new TextWatch(place), parser, nothing);
  } catch (error) {
    if (error instanceof CsvError) throw faultOfParser(error, { ...place, line });
    if (isSystemError(error))
      throw rowsFault(
        'unreadable',
        `the file cannot be read (${error.code})`,
        place,
        'check the file and its permissions',
      );
    throw error;
  }
}

function refuseUnreadable(place: Place & { readonly file: string }): void {
  const stats = statSync(place.file, { throwIfNoEntry: false });
  if (!stats) throw rowsFault('no-file', 'there is no such file', place, 'check the path');
  if (!stats.isFile()) throw rowsFault('no-file', 'this is not a file', place, 'name a CSV file');
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && 'code' in error;

/** Line ends inside quoted cells. */
function linesInside(cells: readonly string[]): number {
  let count = 0;
  for (const cell of cells) {
    for (let at = cell.indexOf('\n'); at >= 0; at = cell.indexOf('\n', at + 1)) count += 1;
  }
  return count;
}

function faultOfParser(error: CsvError, place: Place): MpcError {
  if (error.code === 'CSV_MAX_RECORD_SIZE')
    return rowsFault(
      'line-too-long',
      `a record is longer than ${RECORD_BYTES} bytes`,
      place,
      'the closing quote of a cell may be missing',
    );
  if (error.code === 'CSV_QUOTE_NOT_CLOSED')
    return rowsFault('quote', 'a quoted cell does not end', place, 'add the closing quote');
  if (error.code === 'INVALID_OPENING_QUOTE' || error.code === 'CSV_INVALID_CLOSING_QUOTE')
    return rowsFault(
      'quote',
      'a quote stands in the middle of a cell',
      place,
      'quote the whole cell and double the quotes inside',
    );
  return rowsFault(
    'malformed',
    `this is not CSV (${error.code})`,
    place,
    'save the file as comma-separated text',
  );
}
