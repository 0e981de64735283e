/**
 * Owns what a party is told when it registers: the CSV header, the types and bounds of every column, its row limits, the
 * digest it will approve, and what approving reveals. Compiled from the descriptor, as every participant does itself.
 */
import { z } from 'zod';
import { EXIT, MpcError } from '../../base/errors.ts';
import type { Collaboration } from '../../coordination/collaboration.ts';
import { type Find, Queries } from '../../duties/queries.ts';
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

/** Compiled programs kept: enough for those that parties register for at a time. */
const KEPT = 64;

export class Specifications {
  readonly #compiled = new Map<string, Promise<CompiledProgram>>();

  /** `find` gives the collaborations whose results are read. Throws what compiling throws: the descriptor was made by another version then. */
  async of(collaboration: Collaboration, party: string, find: Find): Promise<InputSpecification> {
    const { digest, descriptor } = collaboration;
    const compiled = await this.#compile(collaboration, find);
    const tables = descriptor.inputs
      .filter((input) => input.party === party)
      .map(({ table, maxRows }) => ({ table, maxRows, ...shapeOf(compiled, table) }));
    return {
      party,
      digest,
      deadline: new Date(descriptor.deadlineMs).toISOString(),
      disclosure: [...compiled.disclosure],
      tables,
    };
  }

  #compile({ digest, descriptor }: Collaboration, find: Find): Promise<CompiledProgram> {
    const known = this.#compiled.get(digest);
    if (known !== undefined) return known;
    const compiling = new Queries().of(digest, descriptor, find);
    compiling.catch(() => this.#compiled.delete(digest));
    this.#compiled.set(digest, compiling);
    for (const oldest of this.#compiled.keys()) {
      if (this.#compiled.size <= KEPT) break;
      this.#compiled.delete(oldest);
    }
    return compiling;
  }
}

type Shape = Omit<InputSpecification['tables'][number], 'table' | 'maxRows'>;

function shapeOf(compiled: CompiledProgram, name: string): Shape {
  if (compiled.form === 'bits') {
    const input = compiled.bits.inputs.find(({ table }) => table === name);
    return { exact: true, header: '', columns: [], ...(input === undefined ? {} : { bits: input.width }) };
  }
  const table = compiled.tables.find((candidate) => candidate.name === name);
  if (table === undefined)
    throw new MpcError('descriptor.table', `the program has no table ${name}`, { exitCode: EXIT.badData });
  return {
    exact: compiled.form === 'plan',
    header: table.columns.map((column) => column.name).join(','),
    columns: table.columns.map(columnOf),
  };
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
