/**
 * Owns reading a program from its file: SQL text, a circuit in Bristol Fashion (with --bits), or a TypeScript program (by its
 * ending). Must never take one for another in silence.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { register } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { parseBristol } from '../../src/circuits/bristol.ts';
import { packCircuit } from '../../src/circuits/packed.ts';
import type { ProgramSource } from '../../src/programs/builder.ts';
import { packProgram, type WrittenProgram } from '../../src/programs/packed-plan.ts';
import { type Program, programName } from '../../src/programs/program.ts';

/** Bytes of a circuit's file: a million gates with long numbers. */
const CIRCUIT_BYTES = 48 * 1024 * 1024;

/** Throws `query.*`, `circuit.*` or `program.*`. */
export async function readProgram(
  file: string,
  { bits = false }: { bits?: boolean | undefined },
): Promise<Program> {
  if (bits) {
    const circuit = parseBristol(readText(file, CIRCUIT_BYTES, 'a circuit'), file);
    return { kind: 'circuit', name: programName(file), circuit: packCircuit(circuit) };
  }
  if (/\.[cm]?[jt]s$/.test(file)) {
    const written = await writeProgram(file);
    return { kind: 'plan', name: programName(file), plan: packProgram(written) };
  }
  const text = readText(file, LIMITS.sqlBytes, 'a query');
  if (/^\s*\d+\s+\d+\s*\n/.test(text))
    throw new MpcError('query.is-circuit', 'this looks like a circuit, not like SQL', {
      place: { file },
      hint: 'add --bits to run a circuit in Bristol Fashion',
      exitCode: EXIT.usage,
    });
  return { kind: 'sql', text };
}

/** A file's text, bounded. Throws `query.unreadable` or `query.too-long`. */
function readText(file: string, most: number, what: string): string {
  try {
    if (statSync(file).size > most)
      throw new MpcError('query.too-long', `${what} has at most ${most} bytes`, {
        place: { file },
        exitCode: EXIT.badData,
        ...(what === 'a query' ? { hint: 'a circuit in Bristol Fashion needs --bits' } : {}),
      });
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof MpcError) throw error;
    throw new MpcError('query.unreadable', `${what}'s file cannot be read`, {
      place: { file },
      hint: 'check its path',
      exitCode: EXIT.noInput,
    });
  }
}

/**
 * Runs a TypeScript or JavaScript program's file, which is its author's own code on its author's machine: what leaves it is the
 * plan. Wherever the file is, `mpc` in it is this package. Throws `program.*` and what the program throws.
 */
async function writeProgram(file: string): Promise<WrittenProgram> {
  const path = resolve(file);
  if (!existsSync(path))
    throw new MpcError('query.unreadable', 'there is no such file', {
      place: { file },
      hint: 'check its path',
      exitCode: EXIT.noInput,
    });
  const own = JSON.stringify(import.meta.resolve('mpc'));
  const hook = `export const resolve = (name, context, next) =>
    name === 'mpc' ? { url: ${own}, shortCircuit: true } : next(name, context);`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
  const source = await importProgram(path, file);
  if (!isProgram(source))
    throw new MpcError('program.no-program', 'the file does not export a program', {
      place: { file },
      hint: "write `import { program } from 'mpc'; export default program((t) => { … });`",
      exitCode: EXIT.badData,
    });
  return source.write();
}

async function importProgram(path: string, file: string): Promise<unknown> {
  try {
    const loaded: { readonly default?: unknown } = await import(pathToFileURL(path).href);
    return loaded.default;
  } catch (error) {
    if (error instanceof MpcError) throw error;
    const isUnknown =
      error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION';
    throw new MpcError(
      'program.failed',
      isUnknown ? 'this Node does not run TypeScript' : `the program failed: ${String(error)}`,
      {
        place: { file },
        hint: isUnknown ? 'use Node 22.18 or newer, or write the program as .mjs' : 'correct the program',
        exitCode: EXIT.badData,
      },
    );
  }
}

const isProgram = (value: unknown): value is ProgramSource =>
  typeof value === 'object' && value !== null && 'mpcProgram' in value && value.mpcProgram === 1;
