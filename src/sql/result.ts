/**
 * Owns how plan outputs become the table an output party reads: groups in declared order, hidden ones left out, NULLs
 * where the plan says so. Runs at the output party only. Must never round: a cell is exact, or it is text.
 */
import { assert } from '../base/errors.ts';
import { formatDate, formatDecimal } from './literals.ts';
import type { Cell, ResultColumn, ResultOrder, ResultSpecification, ResultTable } from './specification.ts';

/** One output of a plan in the clear (src/engine/result.ts makes them). */
export type QueryOutput =
  | { readonly name: string; readonly kind: 'ring'; readonly values: readonly bigint[] }
  | { readonly name: string; readonly kind: 'bits'; readonly values: readonly boolean[] };

/** Digits that every double holds exactly and prints back as they were. */
const EXACT_DIGITS = 15;

/** A cell's exact content before it becomes JSON: what ORDER BY compares. */
type Content = bigint | string | boolean | null;

/** The answer. Asserts that the outputs are those of the specification's plan. */
export function tableOf(result: ResultSpecification, outputs: readonly QueryOutput[]): ResultTable {
  const named = new Map(outputs.map((output) => [output.name, output]));
  const bits = (name: string): readonly boolean[] => {
    const output = named.get(name);
    assert(output?.values.length === result.rows, 'the outputs are those of the query');
    return output.kind === 'bits' ? output.values : output.values.map((value) => value === 1n);
  };
  const shown = result.shown === undefined ? undefined : bits(result.shown);
  const contents = result.columns.map(({ source, values }): readonly Content[] => {
    if (source.from === 'key') return source.values;
    const output = named.get(source.value);
    assert(output?.values.length === result.rows, 'the outputs are those of the query');
    const known = source.known === undefined ? undefined : bits(source.known);
    return output.values.map((value, row) => {
      if (known && !known[row]) return null;
      return values ? (values[Number(value)] ?? null) : value;
    });
  });
  const rows = Array.from({ length: result.rows }, (_, row) => row).filter((row) => shown?.[row] ?? true);
  for (const order of [...(result.order ?? [])].reverse()) rows.sort(byColumn(result, contents, order));
  return {
    columns: result.columns.map(({ name, type, scale }) => ({ name, type, scale })),
    rows: rows.map((row) => result.columns.map((column, at) => cellOf(column, contents[at]![row] ?? null))),
  };
}

/** NULL apart, numbers by value, texts by code unit, false before true. Sorting is stable. */
function byColumn(
  result: ResultSpecification,
  contents: readonly (readonly Content[])[],
  order: ResultOrder,
) {
  const { type } = result.columns[order.column]!;
  const keys = contents[order.column]!.map((content) =>
    typeof content === 'string' ? keyOf(content, type) : content,
  );
  return (a: number, b: number): number => {
    const [x, y] = [keys[a] ?? null, keys[b] ?? null];
    if (x === null || y === null) return x === y ? 0 : (x === null) === order.nullsFirst ? -1 : 1;
    return (x < y ? -1 : x > y ? 1 : 0) * (order.descending ? -1 : 1);
  };
}

/** A public text of a numeric column as the number it writes. */
function keyOf(text: string, type: ResultColumn['type']): bigint | string {
  return type === 'integer' || type === 'decimal' ? BigInt(text.replace('.', '')) : text;
}

function cellOf({ type, scale }: ResultColumn, content: Content): Cell {
  if (content === null || typeof content === 'boolean') return content;
  if (type === 'boolean') return content === 'true' || content === 1n;
  if (type === 'date') return typeof content === 'bigint' ? formatDate(Number(content)) : content;
  if (type === 'text') return String(content);
  return numberCell(typeof content === 'bigint' ? formatDecimal(content, scale) : content, type);
}

/** A JSON number where reading it back gives the same digits, else text. */
function numberCell(text: string, type: 'integer' | 'decimal'): Cell {
  const value = Number(text);
  if (type === 'integer') return Number.isSafeInteger(value) ? value : text;
  return text.replace(/^-|\./g, '').replace(/^0+/, '').length <= EXACT_DIGITS ? value : text;
}
