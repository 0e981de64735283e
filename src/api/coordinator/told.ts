/**
 * Owns what of a compiled program parties are told: what it reveals, and what the rows of each table must look like. Plain data,
 * and its form over HTTP.
 */
import { z } from 'zod';
import type { CompiledProgram } from '../../programs/compiled.ts';
import type { ColumnSpecification } from '../../sql/specification.ts';
import { digestSchema, partySchema, timeSchema } from '../schemas.ts';

const columnSchema = z.object({
  name: z.string(),
  type: z.enum(['integer', 'decimal', 'text', 'boolean', 'date']),
  scale: z.int().meta({ description: 'Decimals' }),
  least: z
    .string()
    .optional()
    .meta({ description: 'Smallest value, in units of 10^-scale (dates: days since 1970)' }),
  most: z.string().optional(),
  values: z.array(z.string()).optional().meta({ description: 'All values that a text may have' }),
  nullable: z.boolean(),
});

export const specificationSchema = z
  .object({
    party: partySchema,
    digest: digestSchema,
    deadline: timeSchema,
    disclosure: z.array(z.string()).meta({ description: 'Who learns what, in words' }),
    tables: z.array(
      z.object({
        table: z.string(),
        maxRows: z.int(),
        exact: z.boolean().meta({ description: 'It must be just so many rows' }),
        header: z
          .string()
          .meta({ description: 'First line of the CSV; empty where lines of bits are brought' }),
        columns: z.array(columnSchema),
        bits: z.int().optional().meta({ description: "Of a circuit's input: bits in each line" }),
      }),
    ),
  })
  .meta({ id: 'InputSpecification' });

export type InputSpecification = z.infer<typeof specificationSchema>;

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
