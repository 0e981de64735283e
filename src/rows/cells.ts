/**
 * Owns what a cell of a declared column may hold, as text, and the integer it stands for: exact, without rounding.
 * Must never repeat the cell in a message: rows are private, even in a log at home.
 */
import { parseDate, parseDecimal, parseShortDecimal } from '../sql/literals.ts';
import type { ColumnSpecification } from '../sql/specification.ts';

/** A cell's integer in its column's units: a number where that is exact, else a bigint. */
export type Units = number | bigint;

/** What is wrong with a cell: a code below `rows.`, a sentence, and what to do. */
export interface CellFault {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Reads cells of one column that are not empty. */
export type CellReader = (cell: string) => Units | CellFault;

export function cellReader(column: ColumnSpecification): CellReader {
  switch (column.type) {
    case 'integer':
    case 'decimal':
      return numberReader(column);
    case 'text':
      return textReader(column);
    case 'boolean':
      return (cell) => TRUTHS.get(cell) ?? TRUTHS.get(cell.trim().toLowerCase()) ?? NOT_BOOLEAN;
    case 'date': {
      const inRange = rangeOf(column);
      return (cell) => {
        const days = parseDate(cell.trim());
        return days === undefined ? NOT_A_DATE : inRange(days);
      };
    }
  }
}

/** PostgreSQL's words for truth values. */
const TRUTHS = new Map([
  ...['true', 't', 'yes', 'y', 'on', '1'].map((word) => [word, 1] as const),
  ...['false', 'f', 'no', 'n', 'off', '0'].map((word) => [word, 0] as const),
]);

const NOT_BOOLEAN: CellFault = {
  code: 'not-boolean',
  message: 'the value is neither true nor false',
  hint: 'write true or false',
};
const NOT_A_DATE: CellFault = {
  code: 'not-a-date',
  message: 'the value is not a date',
  hint: 'write it as YYYY-MM-DD',
};
const NOT_A_NUMBER: CellFault = {
  code: 'not-a-number',
  message: 'the value is not a number',
  hint: 'write digits, with a point before decimals and no separators',
};
const OUT_OF_RANGE: CellFault = {
  code: 'out-of-range',
  message: 'the value is outside the declared range',
  hint: 'correct it, or agree on another CHECK with the other parties',
};

/** Text without a list of values cannot be computed with: any text will do, and none is kept. */
function textReader({ values }: ColumnSpecification): CellReader {
  if (!values) return () => 0;
  const codes = new Map(values.map((value, code) => [value, code]));
  const shown = values.slice(0, 20).join(', ');
  const fault: CellFault = {
    code: 'not-in-enumeration',
    message: 'the value is none of those allowed',
    hint: `allowed are ${shown}${values.length > 20 ? ', …' : ''}`,
  };
  return (cell) => codes.get(cell) ?? fault;
}

function numberReader(column: ColumnSpecification): CellReader {
  const { scale } = column;
  const inRange = rangeOf(column);
  const tooMany: CellFault = {
    code: 'too-many-decimals',
    message:
      scale === 0
        ? 'the value has decimals, the column is whole numbers'
        : `the value has more than ${scale} decimals`,
    hint: 'round it first',
  };
  return (cell) => {
    const short = parseShortDecimal(cell, scale);
    if (short !== undefined) return inRange(short);
    const value = parseDecimal(cell.trim(), scale);
    if (value === 'too-many-decimals') return tooMany;
    return value === 'not-a-number' ? NOT_A_NUMBER : inRange(value);
  };
}

/** Comparing a number with a bigint is exact, and slower: bounds that are exact as numbers are kept as numbers too. */
function rangeOf({ lo, hi }: ColumnSpecification): (value: Units) => Units | CellFault {
  const safe = Number.isSafeInteger(Number(lo)) && Number.isSafeInteger(Number(hi));
  const [low, high]: [Units, Units] = safe ? [Number(lo), Number(hi)] : [lo, hi];
  return (value) => (value >= low && value <= high ? value : OUT_OF_RANGE);
}
