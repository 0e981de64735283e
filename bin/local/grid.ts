/**
 * Owns how columns are laid out on a screen: aligned where they fit, long texts in several lines where they do not, one record
 * a block where a table is too wide for even that. Widths are those of terminals: East Asian characters take two places.
 * Must never cut anything off, break a number, or send a terminal what it would take for a command.
 */
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';
import type { Screen } from './screen.ts';

export interface Grid {
  readonly columns: readonly { readonly name: string; readonly isNumber?: boolean }[];
  readonly rows: readonly (readonly string[])[];
}

const GAP = 2;
/** A column of texts is not made narrower: words would fall to pieces. */
const NARROWEST = 10;

/** Lines without an end of line; headed by the names of the columns. */
export function gridLines({ columns, rows }: Grid, screen: Screen): string[] {
  const names = columns.map(({ name }) => printable(name));
  const cells = rows.map((row) => columns.map((_, at) => printable(row[at] ?? '')));
  const natural = columns.map((_, at) => Math.max(...[names, ...cells].map((row) => stringWidth(row[at]!))));
  const widths = fitting(
    natural,
    columns.map(({ isNumber }) => isNumber === true),
    screen.columns,
  );
  if (widths === undefined) return recordLines(names, cells, screen);
  const place = (row: readonly string[]): string[] =>
    stacked(
      row.map((text, at) => (columns[at]?.isNumber === true ? [text] : wrapped(text, widths[at]!))),
      (text, at) =>
        columns[at]?.isNumber === true ? padStart(text, widths[at]!) : padEnd(text, widths[at]!),
    );
  return [
    ...place(names).map((line) => screen.style('bold', line)),
    screen.style('dim', widths.map((width) => '-'.repeat(width)).join(' '.repeat(GAP))),
    ...cells.flatMap(place),
  ];
}

/** How wide each column may be; undefined where they do not fit side by side. */
function fitting(
  natural: readonly number[],
  areNumbers: readonly boolean[],
  most: number | undefined,
): readonly number[] | undefined {
  const gaps = GAP * (natural.length - 1);
  if (most === undefined || sum(natural) + gaps <= most) return natural;
  const texts = natural.filter((_, at) => !areNumbers[at]);
  let left = most - gaps - sum(natural.filter((_, at) => areNumbers[at]));
  // The narrow ones get what they need, the others share what is left of it.
  let sharing = texts.length;
  for (const width of texts.sort((a, b) => a - b)) {
    if (width * sharing > left) break;
    left -= width;
    sharing--;
  }
  const widest = Math.floor(left / Math.max(1, sharing));
  if (sharing === 0 || widest < NARROWEST) return undefined;
  return natural.map((width, at) => (areNumbers[at] ? width : Math.min(width, widest)));
}

/** One line a value, under a line for each record. */
function recordLines(
  names: readonly string[],
  cells: readonly (readonly string[])[],
  screen: Screen,
): string[] {
  const most = screen.columns ?? Number.POSITIVE_INFINITY;
  const wide = Math.min(Math.max(...names.map((name) => stringWidth(name))), Math.floor(most / 3));
  return cells.flatMap((row, at) => [
    screen.style(
      'dim',
      `-- ${at + 1} ${'-'.repeat(Math.max(0, Math.min(most, 40) - 4 - String(at + 1).length))}`,
    ),
    ...row.flatMap((text, column) =>
      stacked([wrapped(names[column]!, wide), wrapped(text, most - wide - GAP)], (part, side) =>
        side === 0 ? screen.style('bold', padEnd(part, wide)) : part,
      ),
    ),
  ]);
}

/** Cells of several lines beside each other. */
function stacked(
  parts: readonly (readonly string[])[],
  place: (text: string, column: number) => string,
): string[] {
  const height = Math.max(...parts.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    parts
      .map((lines, at) => place(lines[line] ?? '', at))
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
}

const wrapped = (text: string, width: number): string[] =>
  stringWidth(text) <= width ? [text] : wrapAnsi(text, width, { hard: true }).split('\n');

const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - stringWidth(text)));
const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - stringWidth(text))) + text;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** What steers a terminal or turns the direction of writing is shown as its code: texts come from other parties. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
