/**
 * Owns the one way from a descriptor's program to what is computed, whatever its kind. A pure function of its arguments: every
 * role compiles the program itself and compares the plan's digest. Must never see a row.
 */
import { unpackCircuit } from '../circuits/packed.ts';
import { compileQuery, declaredTables } from '../sql/compile.ts';
import { compileCircuit } from './circuit-plan.ts';
import { compilePlan, participantsOf, tablesOf } from './compile-plan.ts';
import type { CompiledProgram, Declared, Participants } from './compiled.ts';
import { unpackProgram } from './packed-plan.ts';
import type { Program } from './program.ts';

/** Throws `sql.*`, `circuit.*`, `program.*` or `plan.*`; exit code 65. */
export async function compileProgram(program: Program, participants: Participants): Promise<CompiledProgram> {
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
export async function declaredOf(program: Program): Promise<Declared> {
  switch (program.kind) {
    case 'sql':
      return { form: 'rows', tables: await declaredTables(program.text) };
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
