/**
 * Owns how answers look to people: result tables, figures of a plan, sizes and durations.
 */
import wrapAnsi from 'wrap-ansi';
import type { Cell, ResultTable } from '../../src/sql/specification.ts';
import { gridLines } from './grid.ts';
import type { Screen } from './screen.ts';

/** A result as aligned text that fits the screen: numbers to the right, NULL as an empty cell. */
export function tableText({ columns, rows }: ResultTable, screen: Screen): string {
  const grid = {
    columns: columns.map(({ name, type }) => ({ name, isNumber: type === 'integer' || type === 'decimal' })),
    rows: rows.map((row) => row.map((cell, at) => cellText(cell, columns[at]?.scale ?? 0))),
  };
  return [...gridLines(grid, screen), `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`].join('\n');
}

/** Sentences, broken between words where the screen ends. */
export function proseText(lines: readonly string[], { columns }: Screen): string {
  const text = lines.join('\n');
  return columns === undefined ? text : wrapAnsi(text, columns, { hard: true, trim: false });
}

/** A circuit's result: a line for each instance, its values one after the other. */
export function linesText({ rows }: ResultTable): string {
  return rows.map((row) => row.join(' ')).join('\n');
}

/** Numbers with all of their decimals; larger ones are exact texts already. */
function cellText(cell: Cell, scale: number): string {
  if (cell === null) return '';
  return typeof cell === 'number' ? cell.toFixed(scale) : String(cell);
}

/** In the unit that needs the fewest digits. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** What the servers send each other. */
export function trafficText({ bytesOnline, bytesOnlineB }: TrafficFigures): string {
  const [fromA, fromB] = [bytesText(bytesOnline), bytesText(bytesOnlineB)];
  return fromA === fromB
    ? `${fromA} from each server to the other`
    : `${fromA} from server A, ${fromB} from server B`;
}

/** What the dealer makes for the servers. */
export function tapeText({ bytesTape, bytesTapeA }: TapeFigures): string {
  const more = bytesTapeA === 0 ? '' : ` for server B, ${bytesText(bytesTapeA)} for server A`;
  return `${bytesText(bytesTape)} of tape${more}`;
}

/** Which gates compare, and what that was decided by. */
export function comparisonsText({ byDigits, byKeys }: ComparisonFigures, roundTripMs: number): string {
  if (byDigits + byKeys === 0) return 'nothing is compared';
  const ways = [
    byDigits === 0 ? '' : `${byDigits} by digits (2 rounds)`,
    byKeys === 0 ? '' : `${byKeys} by function keys (no round)`,
  ];
  const distance = roundTripMs === 0 ? 'in one place' : `${roundTripMs} ms apart, there and back`;
  return `comparisons: ${ways.filter(Boolean).join(', ')}, for servers ${distance}`;
}

/** A duration of which nobody promises more than one digit. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Number(ms.toPrecision(1))} ms`;
  return ms < 120_000 ? `${Number((ms / 1000).toPrecision(2))} s` : `${Math.round(ms / 60_000)} min`;
}

interface ComparisonFigures {
  readonly byDigits: number;
  readonly byKeys: number;
}

interface TapeFigures {
  readonly bytesTape: number;
  readonly bytesTapeA: number;
}

interface TrafficFigures {
  readonly bytesOnline: number;
  readonly bytesOnlineB: number;
}
