/**
 * Owns reading a program from its file: SQL text, a circuit in Bristol Fashion (with --bits), or a TypeScript program (by its
 * ending). Must never take one for another in silence.
 */
import { readFileSync, statSync } from 'node:fs';
import { EXIT, MpcError } from '../../src/base/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { parseBristol } from '../../src/circuits/bristol.ts';
import { packCircuit } from '../../src/circuits/packed.ts';
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
