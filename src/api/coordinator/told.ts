/**
 * Owns what of a compiled program parties are told: what it reveals, and what the rows of each table must look like. Plain data.
 */
import type { CompiledProgram } from '../../programs/compiled.ts';
import type { ColumnSpecification } from '../../sql/specification.ts';
import type { InputSpecification } from './specification.ts';

export type Shape = Omit<InputSpecification['tables'][number], 'table' | 'maxRows'>;

export interface Told {
  readonly disclosure: readonly string[];
  /** By table. */
  readonly tables: Readonly<Record<string, Shape>>;
}

export function toldOf(compiled: CompiledProgram): Told {
  const { disclosure } = compiled;
  if (compiled.form === 'bits') {
    const shape = { exact: true, header: '', columns: [] };
    const tables = compiled.bits.inputs.map(
      ({ table, width }) => [table, { ...shape, bits: width }] as const,
    );
    return { disclosure: [...disclosure], tables: Object.fromEntries(tables) };
  }
  const exact = compiled.form === 'plan';
  const tables = compiled.tables.map(({ name, columns }): [string, Shape] => [
    name,
    { exact, header: columns.map((column) => column.name).join(','), columns: columns.map(columnOf) },
  ]);
  return { disclosure: [...disclosure], tables: Object.fromEntries(tables) };
}

function columnOf({
  name,
  type,
  scale,
  lo,
  hi,
  values,
  nullable,
}: ColumnSpecification): Shape['columns'][number] {
  if (type === 'text')
    return { name, type, scale, nullable, ...(values === undefined ? {} : { values: [...values] }) };
  return { name, type, scale, least: String(lo), most: String(hi), nullable };
}
