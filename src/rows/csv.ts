/**
 * Owns reading a CSV file record by record, with exact complaints: what is wrong, in which line. RFC 4180 by csv-parse; this
 * file adds what a hostile or broken file needs: bounds, valid UTF-8, no NUL.
 * Must never read a whole file, nor a whole line that is too long, into memory; nor repeat a cell in a message.
 */
import { createReadStream, statSync } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { EXIT, MpcError, type Place } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

export interface CsvRecord {
  /** Where it starts, 1 for the first line of the file. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** Throws `rows.*`, exit code 65, naming file and line. */
export async function* readCsv(file: string, party?: string): AsyncGenerator<CsvRecord> {
  const place: Place = { ...(party === undefined ? {} : { party }), file };
  refuseUnreadable(file, place);
  // csv-parse tells where a record ends; the next one starts there.
  const parser = parse({
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LIMITS.lineCharacters,
    info: true,
  });
  const source = createReadStream(file);
  const text = new TextWatch(place);
  source.on('data', (bytes) => {
    try {
      if (!parser.write(text.take(bytes as Uint8Array))) {
        // a stream without an encoding gives bytes
        source.pause();
        parser.once('drain', () => source.resume());
      }
    } catch (error) {
      source.destroy();
      parser.destroy(error as Error); // only `take` throws here, and only MpcErrors
    }
  });
  source.on('end', () => {
    try {
      text.end();
      parser.end();
    } catch (error) {
      parser.destroy(error as Error); // as above
    }
  });
  source.on('error', (error) =>
    parser.destroy(rowsFault('unreadable', error.message, place, 'check the file and its permissions')),
  );
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) // `info: true` gives both
      yield { line: info.lines - record.reduce((sum, cell) => sum + newlines(cell), 0), cells: record };
  } catch (error) {
    throw error instanceof CsvError ? faultOfParser(error, place) : error;
  } finally {
    source.destroy();
    parser.destroy();
  }
}

/** A fault of the rows: always the same exit code, always a place. */
export function rowsFault(code: string, message: string, place: Place, hint: string): MpcError {
  return new MpcError(`rows.${code}`, message, { place, hint, exitCode: EXIT.badData });
}

function refuseUnreadable(file: string, place: Place): void {
  let isFile: boolean;
  try {
    isFile = statSync(file).isFile();
  } catch {
    throw rowsFault('no-file', 'there is no such file', place, 'check the path');
  }
  if (!isFile) throw rowsFault('no-file', 'this is not a file', place, 'name a CSV file');
}

/** Looks at the bytes on their way: lines that are too long, NUL, broken UTF-8, each with its line. */
class TextWatch {
  readonly #place: Place;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #line = 1;
  #lineBytes = 0;

  constructor(place: Place) {
    this.#place = place;
  }

  take(bytes: Uint8Array): string {
    const firstLine = this.#line;
    let start = 0;
    for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
      this.#measure(end - start);
      this.#line++;
      this.#lineBytes = 0;
      start = end + 1;
    }
    this.#measure(bytes.length - start);
    const nul = bytes.indexOf(0);
    if (nul >= 0)
      throw this.#fault(
        'nul',
        'the file holds a NUL byte',
        firstLine + countNewlines(bytes, nul),
        'save it as plain CSV text',
      );
    return this.#decode(() => this.#decoder.decode(bytes, { stream: true }), bytes, firstLine);
  }

  end(): void {
    this.#decode(() => this.#decoder.decode(), new Uint8Array(0), this.#line);
  }

  #measure(more: number): void {
    this.#lineBytes += more;
    if (this.#lineBytes > LIMITS.lineCharacters)
      throw this.#fault(
        'line-too-long',
        `a line is longer than ${LIMITS.lineCharacters} bytes`,
        this.#line,
        'a quote may be missing before it',
      );
  }

  #decode(decode: () => string, bytes: Uint8Array, firstLine: number): string {
    try {
      return decode();
    } catch {
      throw this.#fault(
        'not-utf8',
        'the file is not valid UTF-8',
        firstBadLine(bytes, firstLine),
        'save it with the encoding UTF-8',
      );
    }
  }

  #fault(code: string, message: string, line: number, hint: string): MpcError {
    return rowsFault(code, message, { ...this.#place, line }, hint);
  }
}

/** The first line of these bytes that does not decode; a character cut at the border belongs to the first or last line. */
function firstBadLine(bytes: Uint8Array, firstLine: number): number {
  let line = firstLine;
  let start = 0;
  for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
    // The first line may begin inside a character that an earlier piece began.
    const piece = start === 0 ? bytes.subarray(firstBoundary(bytes), end) : bytes.subarray(start, end);
    if (!decodes(piece)) return line;
    line++;
    start = end + 1;
  }
  return line;
}

function firstBoundary(bytes: Uint8Array): number {
  let at = 0;
  while (at < 3 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at++;
  return at;
}

function decodes(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function faultOfParser(error: CsvError, place: Place): MpcError {
  const line = typeof error.lines === 'number' ? error.lines : undefined;
  const where = { ...place, ...(line === undefined ? {} : { line }) };
  if (error.code === 'CSV_MAX_RECORD_SIZE')
    return rowsFault(
      'line-too-long',
      `a record is longer than ${LIMITS.lineCharacters} characters`,
      where,
      'a quote may be missing before it',
    );
  if (error.code === 'CSV_QUOTE_NOT_CLOSED')
    return rowsFault('quote', 'a quoted cell does not end', where, 'add the closing quote');
  if (error.code === 'INVALID_OPENING_QUOTE' || error.code === 'CSV_INVALID_CLOSING_QUOTE')
    return rowsFault(
      'quote',
      'a quote stands in the middle of a cell',
      where,
      'quote the whole cell and double the quotes inside',
    );
  return rowsFault(
    'malformed',
    `this is not CSV (${error.code})`,
    where,
    'save the file as comma-separated text',
  );
}

const newlines = (cell: string): number => cell.split('\n').length - 1;

function countNewlines(bytes: Uint8Array, end: number): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0 && at < end; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}
