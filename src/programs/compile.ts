/**
 * Owns the one way from a descriptor's program to what is computed, whatever its kind. A pure function of its arguments: every
 * role compiles the program itself and compares the plan's digest. Must never see a row.
 */
import { EXIT, MpcError } from '../base/errors.ts';
import { unpackCircuit } from '../circuits/packed.ts';
import { compileQuery, declaredTables } from '../sql/compile.ts';
import type { StoredRows } from '../sql/stored.ts';
import { compileCircuit } from './circuit-plan.ts';
import { compilePlan, participantsOf, tablesOf } from './compile-plan.ts';
import type { CompiledProgram, Declared, Participants } from './compiled.ts';
import { unpackProgram } from './packed-plan.ts';
import type { Program } from './program.ts';

/** Throws `sql.*`, `circuit.*`, `program.*` or `plan.*`; exit code 65. */
export async function compileProgram(program: Program, participants: Participants): Promise<CompiledProgram> {
  const { stored = [], minimum } = participants;
  if (program.kind !== 'sql' && (stored.length > 0 || minimum != null))
    throw new MpcError(
      'program.exact',
      stored.length > 0
        ? 'an earlier result can be read by SQL only'
        : 'a circuit or TypeScript program needs all of its parties: its numbers of rows are fixed',
      { hint: 'write the program in SQL, or leave that out', exitCode: EXIT.badData },
    );
  switch (program.kind) {
    case 'sql':
      return { form: 'rows', ...(await compileQuery(program.text, participants)) };
    case 'circuit':
      return compileCircuit(program, participants);
    case 'plan':
      return compilePlan(program, participants);
  }
}

/** What the files of a program must look like. Throws as `compileProgram` does. */
export async function declaredOf(program: Program, stored: readonly StoredRows[] = []): Promise<Declared> {
  switch (program.kind) {
    case 'sql':
      return { form: 'rows', tables: await declaredTables(program.text, stored) };
    case 'circuit': {
      const { inputs, outputs } = unpackCircuit(program.circuit);
      return { form: 'bits', inputs, outputs };
    }
    case 'plan': {
      const written = unpackProgram(program.plan);
      return { form: 'plan', tables: tablesOf(written), ...participantsOf(written) };
    }
  }
}
