/**
 * Owns the data and the second opinion of whole-system tests: made-up payrolls, the survey extracts where they are there,
 * and SQLite's answers on the union of all parties' rows.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sqlite3 from 'sqlite3';

export const ROOT = resolve(import.meta.dirname, '../..');

/** The survey extract, or undefined where it is not there. */
export function surveyLines(): { readonly header: string; readonly rows: readonly string[] } | undefined {
  const file = join(ROOT, '../shared/data/cps1988.csv');
  if (!existsSync(file)) return undefined;
  const [header = '', ...rows] = readFileSync(file, 'utf8').trimEnd().split('\n');
  // The first column only numbers the rows of the original.
  const tail = (line: string): string => line.slice(line.indexOf(',') + 1);
  return { header: tail(header), rows: rows.map(tail) };
}

/** Splits rows over parties by line number and writes one file a party; returns `party=file` arguments. */
export function writeParties(
  directory: string,
  header: string,
  rows: readonly string[],
  parties: number,
): string[] {
  return Array.from({ length: parties }, (_, party) => {
    const file = join(directory, `party${party}.csv`);
    const own = rows.filter((_row, line) => line % parties === party);
    writeFileSync(file, `${[header, ...own].join('\n')}\n`);
    return `party${party}=${file}`;
  });
}

/** SQLite's answer to a SELECT over one table filled from CSV lines; an empty cell is NULL, numbers are numbers. */
export async function sqliteAnswer(
  select: string,
  table: string,
  header: string,
  rows: readonly string[],
): Promise<unknown[][]> {
  const database = new sqlite3.Database(':memory:');
  const columns = header.split(',');
  const all = (sql: string): Promise<Record<string, unknown>[]> =>
    new Promise((done, fail) =>
      database.all<Record<string, unknown>>(sql, (error, found) =>
        error === null ? done(found) : fail(error),
      ),
    );
  try {
    await all(`CREATE TABLE ${table} (${columns.join(', ')})`);
    for (let at = 0; at < rows.length; at += 400) {
      const values = rows.slice(at, at + 400).map((row) => `(${row.split(',').map(literal).join(',')})`);
      await all(`INSERT INTO ${table} VALUES ${values.join(',')}`);
    }
    return (await all(select)).map((row) => Object.values(row));
  } finally {
    await new Promise<void>((done) => database.close(() => done()));
  }
}

function literal(cell: string): string {
  if (cell === '') return 'NULL';
  if (cell === 'true' || cell === 'false') return cell === 'true' ? '1' : '0';
  return Number.isNaN(Number(cell)) ? `'${cell.replaceAll("'", "''")}'` : cell;
}
