/**
 * Owns a result as CSV (RFC 4180), for those who ask for `text/csv`. NULL is an empty field, an empty text is quoted.
 */
import type { ResultTable } from '../../sql/specification.ts';

type Cell = ResultTable['rows'][number][number];

export function csvOf({ columns, rows }: ResultTable): string {
  const lines = [columns.map(({ name }) => textCell(name)), ...rows.map((row) => row.map(cell))];
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
}

function cell(value: Cell): string {
  if (value === null) return '';
  return typeof value === 'string' ? textCell(value) : String(value);
}

const textCell = (text: string): string =>
  text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
