/**
 * Owns what a cell of a declared column may hold, as text, and the integer it stands for: exact, without floating point.
 * Must never repeat the cell in a message: rows are private, even in a log at home.
 */
import type { ColumnSpecification } from '../sql/specification.ts';

/** A cell's integer (scaled decimal, code, 0 or 1, days), or what is wrong with it: a code of `rows.*` and a sentence. */
export type CellReading =
  | { readonly ok: true; readonly value: bigint }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly hint: string };

const TRUE = new Set(['true', 't', 'yes', 'y', 'on', '1']);
const FALSE = new Set(['false', 'f', 'no', 'n', 'off', '0']);
const DAY_MS = 86_400_000;

/** Reads a cell that is not empty. */
export function readCell(column: ColumnSpecification, cell: string): CellReading {
  switch (column.type) {
    case 'integer':
    case 'decimal':
      return readNumber(column, cell.trim());
    case 'text': {
      const code = column.values?.indexOf(cell) ?? -1;
      if (code >= 0) return good(BigInt(code));
      return bad(
        'not-in-enumeration',
        'the value is none of those allowed',
        `allowed are ${(column.values ?? []).slice(0, 20).join(', ')}`,
      );
    }
    case 'boolean': {
      const word = cell.trim().toLowerCase();
      if (TRUE.has(word)) return good(1n);
      if (FALSE.has(word)) return good(0n);
      return bad('not-boolean', 'the value is neither true nor false', 'write true or false');
    }
    case 'date':
      return readDate(column, cell.trim());
  }
}

function readNumber(column: ColumnSpecification, cell: string): CellReading {
  const match = /^([+-]?)(\d{1,30})(?:\.(\d{0,30}))?$/.exec(cell);
  if (match === null)
    return bad(
      'not-a-number',
      'the value is not a number',
      'write digits, with a point before decimals and no separators',
    );
  const [, sign, whole = '', decimals = ''] = match;
  const fraction = decimals.replace(/0+$/, '');
  if (fraction.length > column.scale)
    return bad(
      'too-many-decimals',
      column.scale === 0
        ? 'the value has decimals, the column is whole numbers'
        : `the value has more than ${column.scale} decimals`,
      'round it first',
    );
  const units = BigInt(whole + fraction.padEnd(column.scale, '0'));
  return inRange(column, sign === '-' ? -units : units);
}

function readDate(column: ColumnSpecification, cell: string): CellReading {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(cell);
  const [year = 0, month = 0, day = 0] = (match ?? []).slice(1).map(Number);
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, day);
  if (match === null || time.getUTCMonth() !== month - 1 || time.getUTCDate() !== day)
    return bad('not-a-date', 'the value is not a date', 'write it as YYYY-MM-DD');
  return inRange(column, BigInt(time.getTime() / DAY_MS));
}

function inRange({ lo, hi }: ColumnSpecification, value: bigint): CellReading {
  if (value >= lo && value <= hi) return good(value);
  return bad(
    'out-of-range',
    'the value is outside the declared range',
    'correct it, or agree on another CHECK with the other parties',
  );
}

const good = (value: bigint): CellReading => ({ ok: true, value });
const bad = (code: string, message: string, hint: string): CellReading => ({
  ok: false,
  code,
  message,
  hint,
});
