/**
 * Owns the step from a party's files to plain words for a program of any kind, and the step from a result's outputs to the table
 * that its party reads. Must never let a plain word leave this machine.
 */
import { assert } from '../base/errors.ts';
import { uploadParts } from '../engine/mask.ts';
import type { PlanResult } from '../engine/result.ts';
import type { NodeId } from '../plan/plan.ts';
import type { CompiledPlan, CompiledProgram } from '../programs/compiled.ts';
import { chunksOf, linesOfPlanes } from '../programs/instances.ts';
import type { Words } from '../ring/words.ts';
import { tableOf } from '../sql/result.ts';
import type { ResultTable } from '../sql/specification.ts';
import { encodeRows, type PartyRows } from './encode.ts';
import { encodeLines } from './lines.ts';

export interface PartyFiles {
  readonly party: string;
  readonly files: readonly { readonly table: string; readonly file: string; readonly maxRows: number }[];
}

/** Reads and encodes all files of a party. Throws `rows.*` before anything could be sent. */
export async function prepareFiles(
  compiled: CompiledProgram,
  { party, files }: PartyFiles,
): Promise<PartyRows> {
  const { plan } = compiled;
  if (compiled.form !== 'bits')
    return encodeRows({ plan, tables: compiled.tables, party, files, exact: compiled.form === 'plan' });
  const rows = new Map<NodeId, Words>();
  for (const { node } of uploadParts(plan, party)) {
    const operation = plan.nodes[node]?.operation;
    assert(operation?.op === 'input', 'a part of an upload is an input node');
    const input = compiled.bits.inputs.find(({ table }) => table === operation.table);
    const file = files.find(({ table }) => table === operation.table)?.file;
    assert(input !== undefined && file !== undefined, 'a circuit has a file for each of its values');
    rows.set(node, await encodeLines(file, input));
  }
  return rows;
}

/** The answer as one output party reads it. */
export function resultTable(
  compiled: CompiledProgram,
  party: string,
  outputs: readonly PlanResult[],
): ResultTable {
  if (compiled.form === 'rows') return tableOf(compiled.result, outputs);
  if (compiled.form === 'plan') return vectorsTable(compiled, party, outputs);
  const { outputs: widths, instances } = compiled.bits;
  const rows = chunksOf(instances).flatMap((chunk, index) => {
    const output = outputs[index];
    assert(output?.kind === 'bits', 'the outputs are those of the circuit');
    return linesOfPlanes(output.values, chunk, widths);
  });
  return { columns: widths.map((_, k) => ({ name: `output-${k + 1}`, type: 'text', scale: 0 })), rows };
}

/** The vectors that a party learns, side by side; where one ends before another, its cells are empty. */
function vectorsTable({ reveals }: CompiledPlan, party: string, outputs: readonly PlanResult[]): ResultTable {
  const tables = reveals
    .filter(({ to }) => to.includes(party))
    .map(({ column, length }) => tableOf({ columns: [column], rows: length }, outputs));
  const height = Math.max(...tables.map(({ rows }) => rows.length));
  return {
    columns: tables.flatMap(({ columns }) => columns),
    rows: Array.from({ length: height }, (_, row) => tables.map(({ rows }) => rows[row]?.[0] ?? null)),
  };
}
