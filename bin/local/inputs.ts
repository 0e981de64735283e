/**
 * Owns who brings what to a program, as the command line says it; and checking the files before anything is started.
 */
import { resolve } from 'node:path';
import { assert, EXIT, MpcError } from '../../src/base/errors.ts';
import { valueName } from '../../src/programs/circuit-plan.ts';
import type { Declared, ProgramInput } from '../../src/programs/compiled.ts';
import { checkCsv } from '../../src/rows/check.ts';
import { checkLines } from '../../src/rows/lines.ts';
import { parseInput } from './arguments.ts';

export interface Assigned {
  readonly party: string;
  readonly table: string;
  /** What stands behind `=`: a file, or a number of rows. */
  readonly value: string;
}

export interface PartyFile {
  readonly party: string;
  readonly table: string;
  readonly file: string;
  readonly maxRows: number;
}

/** Which table each `party[:table]=value` means. Throws `usage.input`. */
export function assignInputs(declared: Declared, texts: readonly string[]): Assigned[] {
  if (texts.length === 0)
    throw new MpcError('usage.input', 'no party brings rows', {
      hint: 'add --input party=file',
      exitCode: EXIT.usage,
    });
  return texts.map((text, at) => {
    const { party, table: named, value } = parseInput(text);
    const possible = tablesFor(declared, party, at);
    const table = named === undefined ? possible[0] : possible.find((name) => name === named);
    if (table === undefined || (named === undefined && possible.length > 1))
      throw new MpcError(
        'usage.input',
        `${JSON.stringify(text)} does not name one of ${nameAll(declared, party)}`,
        {
          hint: 'write --input party:table=file',
          exitCode: EXIT.usage,
        },
      );
    return { party, table, value };
  });
}

/** The tables that the input at this place of the command line may mean. */
function tablesFor(declared: Declared, party: string, at: number): string[] {
  switch (declared.form) {
    case 'rows':
      return declared.tables.map(({ name }) => name);
    case 'plan':
      return declared.inputs.filter((input) => input.party === party).map(({ table }) => table);
    case 'bits':
      return at < declared.inputs.length ? [valueName(at)] : [];
  }
}

function nameAll(declared: Declared, party: string): string {
  if (declared.form === 'bits') return `the circuit's ${declared.inputs.length} input values, in their order`;
  if (declared.form === 'rows') return `the tables ${declared.tables.map(({ name }) => name).join(', ')}`;
  const names = tablesFor(declared, party, 0);
  return names.length === 0
    ? `the parties ${[...new Set(declared.inputs.map((input) => input.party))].join(', ')}`
    : `the tables of ${party}: ${names.join(', ')}`;
}

/**
 * Reads and checks every party's file. `rows`: most rows each party may bring, where that is not for the program or its files to
 * say. Throws `rows.*` and `usage.input`.
 */
export async function checkFiles(
  declared: Declared,
  texts: readonly string[],
  rows: number | undefined,
): Promise<PartyFile[]> {
  const files: PartyFile[] = [];
  for (const { party, table: name, value } of assignInputs(declared, texts)) {
    const file = resolve(value);
    if (declared.form === 'bits') {
      const width = declared.inputs[files.length] ?? 0;
      files.push({ party, table: name, file, maxRows: await checkLines({ party, file: value, width }) });
      continue;
    }
    const table = declared.tables.find((candidate) => candidate.name === name);
    assert(table !== undefined, 'an assigned table is declared');
    const fixed =
      declared.form === 'plan' ? declared.inputs.find((input) => input.table === name)?.maxRows : rows;
    const count = await checkCsv({ party, file: value, table, maxRows: fixed });
    files.push({ party, table: name, file, maxRows: fixed ?? roomFor(count) });
  }
  return files;
}

/** A row limit that hides the exact count behind its first two digits. */
function roomFor(count: number): number {
  const step = 10 ** Math.max(1, String(count).length - 2);
  return Math.max(step, Math.ceil(count / step) * step);
}

/** What `--input party[:table]=rows` says. Throws `usage.input`. */
export function inputsOf(declared: Declared, texts: readonly string[]): ProgramInput[] {
  return assignInputs(declared, texts).map(({ party, table, value }) => {
    const maxRows = Number(value);
    if (!Number.isSafeInteger(maxRows) || maxRows < 1)
      throw new MpcError('usage.input', `${JSON.stringify(value)} is no row limit for ${party}`, {
        hint: 'write --input acme=10000',
        exitCode: EXIT.usage,
      });
    return { party, table, maxRows };
  });
}
