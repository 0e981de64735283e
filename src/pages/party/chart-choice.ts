/**
 * Owns which charts fit a result: bars for groups, ranges where a column says how far values spread, points with a line for a regression.
 * A pure function of the result, the query's text, and the reader's own rows, where this tab still has them.
 */
import type { Result } from './service.ts';

type Table = Result['table'];
type Column = Table['columns'][number];
type Cell = Table['rows'][number][number];

/** The reader's own rows as they were looked at in this tab: for a chart beside the result, nowhere else. */
export interface OwnRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Bar {
  readonly label: string;
  /** The second grouping column's value, where there is one. */
  readonly series: string;
  readonly value: number | null;
  readonly text: string;
}

export interface Range {
  readonly label: string;
  readonly low: number;
  readonly high: number;
  readonly middle: number | null;
  readonly text: string;
}

export interface Line {
  readonly label: string;
  readonly slope: number;
  readonly intercept: number;
}

export type Chart = { readonly name: string } & (
  | { readonly kind: 'bars'; readonly bars: readonly Bar[]; readonly series: readonly string[] }
  | { readonly kind: 'ranges'; readonly ranges: readonly Range[]; readonly note: string }
  | {
      readonly kind: 'points';
      readonly x: string;
      readonly y: string;
      readonly points: readonly (readonly [number, number])[];
      readonly pointsNote: string;
      readonly lines: readonly Line[];
      readonly from: number;
      readonly to: number;
    }
);

/** More groups than a page can show side by side. */
const MOST_GROUPS = 60;

const isNumeric = ({ type }: Column): boolean => type === 'integer' || type === 'decimal';
const isCount = ({ name }: Column): boolean => /^(count|people|n|rows)$|_?count(_\d+)?$/i.test(name);

/** The most telling first; none where a table says it all. */
export function chartsOf({ columns, rows }: Table, query: string, ownRows: readonly OwnRows[] = []): Chart[] {
  const keys = keysOf(columns, rows);
  const values = columns.map((_, at) => at).filter((at) => isNumeric(columns[at]!) && !keys.includes(at));
  const regression = regressionOf({ columns, rows }, keys, query, ownRows);
  if (rows.length > MOST_GROUPS) return regression;
  const ranges = rangesOf({ columns, rows }, keys, values);
  const known = [...values].sort((a, b) => Number(isCount(columns[a]!)) - Number(isCount(columns[b]!)));
  const isLine = (at: number): boolean => /slope|intercept|_r2$/i.test(columns[at]!.name);
  const bars =
    rows.length < 2 || keys.length === 0
      ? []
      : known.filter((at) => !isLine(at)).map((at) => barsOf({ columns, rows }, keys, at));
  return [...regression, ...ranges, ...bars];
}

/** Columns that name a row's group: what is no number; otherwise a first column whose numbers are all different. */
export function keysOf(columns: readonly Column[], rows: readonly (readonly Cell[])[]): number[] {
  const named = columns.map((_, at) => at).filter((at) => !isNumeric(columns[at]!));
  if (named.length > 0 || columns.length < 2 || rows.length < 2) return named;
  const isKey = columns[0]!.type === 'integer' && new Set(rows.map(([cell]) => cell)).size === rows.length;
  return isKey ? [0] : [];
}

function barsOf({ columns, rows }: Table, keys: readonly number[], value: number): Chart {
  // Two keys: one names the bars of a group, the one with fewer values tells them apart by colour.
  const [first, second, ...more] = keys;
  const hasSeries = second !== undefined && more.length === 0 && distinct(rows, second).length <= 4;
  const label = (row: readonly Cell[]): string => labelOf(row, hasSeries ? [first!] : keys, columns);
  return {
    kind: 'bars',
    name: columns[value]!.name,
    series: hasSeries ? distinct(rows, second).map((cell) => keyText(cell, columns[second]!)) : [],
    bars: rows.map((row) => ({
      label: label(row),
      series: hasSeries ? keyText(row[second]!, columns[second]!) : '',
      value: numberOf(row[value]!),
      text: cellText(row[value]!, columns[value]!),
    })),
  };
}

const LOW = /(^|_)(lower|low|least|min|minimum|lowest|p05|p10|p25|q1)(_|$)/i;
const HIGH = /(^|_)(upper|high|most|max|maximum|highest|p95|p90|p75|q3)(_|$)/i;
const MIDDLE = /(^|_)(avg|average|mean|median|middle|p50|q2)(_|$)/i;
const SPREAD = /(^|_)(stddev|std|deviation|stddev_samp|stddev_pop)(_|$)/i;

/** From the lowest to the highest, or a mean and its standard deviation to both sides. */
function rangesOf({ columns, rows }: Table, keys: readonly number[], values: readonly number[]): Chart[] {
  const find = (pattern: RegExp): number | undefined => values.find((at) => pattern.test(columns[at]!.name));
  const [low, high, middle, spread] = [find(LOW), find(HIGH), find(MIDDLE), find(SPREAD)];
  const label = (row: readonly Cell[]): string =>
    keys.length === 0 ? 'all rows' : labelOf(row, keys, columns);
  if (low !== undefined && high !== undefined) {
    const ranges = rows.flatMap((row): Range[] => {
      const [from, to] = [numberOf(row[low]!), numberOf(row[high]!)];
      if (from === null || to === null) return [];
      const text = `${cellText(row[low]!, columns[low]!)} to ${cellText(row[high]!, columns[high]!)}`;
      return [
        {
          label: label(row),
          low: from,
          high: to,
          middle: middle === undefined ? null : numberOf(row[middle]!),
          text,
        },
      ];
    });
    const note = `${columns[low]!.name} to ${columns[high]!.name}${middle === undefined ? '' : `; the dot is ${columns[middle]!.name}`}`;
    return ranges.length === 0
      ? []
      : [{ kind: 'ranges', name: `${columns[low]!.name} to ${columns[high]!.name}`, ranges, note }];
  }
  if (middle === undefined || spread === undefined) return [];
  const ranges = rows.flatMap((row): Range[] => {
    const [mean, deviation] = [numberOf(row[middle]!), numberOf(row[spread]!)];
    if (mean === null || deviation === null) return [];
    const text = `${cellText(row[middle]!, columns[middle]!)} ± ${cellText(row[spread]!, columns[spread]!)}`;
    return [{ label: label(row), low: mean - deviation, high: mean + deviation, middle: mean, text }];
  });
  const name = `${columns[middle]!.name} ± ${columns[spread]!.name}`;
  return ranges.length === 0 ? [] : [{ kind: 'ranges', name, ranges, note: name }];
}

const REGRESSION = /REGR_SLOPE\s*\(\s*([a-z_]\w*)\s*,\s*([a-z_]\w*)\s*\)/i;

/** A line over the range that its query declares for x, with the reader's own rows where they are known here. */
function regressionOf(
  { columns, rows }: Table,
  keys: readonly number[],
  query: string,
  ownRows: readonly OwnRows[],
): Chart[] {
  const find = (pattern: RegExp): number =>
    columns.findIndex(({ name, type }) => pattern.test(name) && type !== 'text');
  const [slope, intercept] = [find(/slope/i), find(/intercept/i)];
  const [, y, x] = REGRESSION.exec(query) ?? [];
  if (slope < 0 || intercept < 0 || y === undefined || x === undefined) return [];
  const lines = rows.flatMap((row): Line[] => {
    const [m, b] = [numberOf(row[slope]!), numberOf(row[intercept]!)];
    return m === null || b === null ? [] : [{ label: labelOf(row, keys, columns), slope: m, intercept: b }];
  });
  const points = pointsOf(ownRows, x, y);
  const declared = new RegExp(`\\b${x}\\s+BETWEEN\\s+(-?[\\d.]+)\\s+AND\\s+(-?[\\d.]+)`, 'i').exec(query);
  const xs = points.map(([at]) => at);
  const [from, to] =
    declared === null ? [Math.min(...xs), Math.max(...xs)] : [Number(declared[1]), Number(declared[2])];
  if (lines.length === 0 || !Number.isFinite(from) || !Number.isFinite(to) || from >= to) return [];
  const pointsNote = points.length === 0 ? '' : 'points: your own rows, which only this tab shows';
  return [{ kind: 'points', name: `${y} by ${x}`, x, y, points, pointsNote, lines, from, to }];
}

function pointsOf(ownRows: readonly OwnRows[], x: string, y: string): [number, number][] {
  return ownRows.flatMap(({ columns, rows }) => {
    const [atX, atY] = [columns.indexOf(x), columns.indexOf(y)];
    if (atX < 0 || atY < 0) return [];
    return rows.flatMap((row): [number, number][] => {
      const [cellX, cellY] = [row[atX] ?? '', row[atY] ?? ''];
      return cellX === '' || cellY === '' ? [] : [[Number(cellX), Number(cellY)]];
    });
  });
}

const distinct = (rows: readonly (readonly Cell[])[], column: number): Cell[] => [
  ...new Set(rows.map((row) => row[column]!)),
];

const numberOf = (cell: Cell): number | null => (cell === null || cell === '' ? null : Number(cell));

const labelOf = (row: readonly Cell[], keys: readonly number[], columns: readonly Column[]): string =>
  keys.map((at) => keyText(row[at]!, columns[at]!)).join(', ');

/** What names a group: a year is no quantity. */
export const keyText = (cell: Cell, column: Column): string =>
  typeof cell === 'number' ? String(cell) : cellText(cell, column);

/** A cell as people read it: numbers with all their decimals, a dash where there is no value. */
export function cellText(cell: Cell, { type, scale }: Column): string {
  if (cell === null) return '–';
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  if (type !== 'integer' && type !== 'decimal') return String(cell);
  // A number too large for JSON comes as text, which keeps all of its digits here.
  return new Intl.NumberFormat('en', { minimumFractionDigits: scale, maximumFractionDigits: scale }).format(
    cell as number,
  );
}
