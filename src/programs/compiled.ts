/**
 * Owns what a program of any kind compiles to: its plan, what each party must bring, how the result is read and by whom, and
 * what everyone agrees to reveal. All of it public, all of it a pure function of the program and its named participants.
 */
import { assert } from '../base/errors.ts';
import type { Plan } from '../plan/plan.ts';
import type { CompiledQuery, ResultColumn, TableSpecification } from '../sql/specification.ts';
import type { StoredRows } from '../sql/stored.ts';

export interface ProgramInput {
  readonly party: string;
  readonly table: string;
  /** Most rows this party may bring; where rows are exact (circuits, plans), how many it brings. */
  readonly maxRows: number;
}

export interface Participants {
  readonly inputs: readonly ProgramInput[];
  /** Names of the parties that learn the result, or parts of it. */
  readonly outputs: readonly string[];
  /** Groups of fewer rows stay hidden: for SQL only. */
  readonly minGroupSize: number;
  /** Earlier results that are read as rows of tables, and the fewest parties it may start with: for SQL only. */
  readonly stored?: readonly StoredRows[];
  readonly minimum?: { readonly parties: number } | null;
  /** Assumed between the two servers, 0 where absent: which gates compare in SQL depends on it. */
  readonly roundTripMs?: number;
}

/** Where the bits of a circuit's input value come from: a file of one line an instance. */
export interface BitsInput extends ProgramInput {
  /** Bits of one instance. */
  readonly width: number;
}

/** What a circuit runs over: see instances.ts. */
export interface BitsSpecification {
  readonly inputs: readonly BitsInput[];
  /** Bits of each output value. */
  readonly outputs: readonly number[];
  readonly instances: number;
}

interface Compiled {
  readonly plan: Plan;
  /** Sentences: who learns what. */
  readonly disclosure: readonly string[];
}

/** Rows of CSV files in, a table out that every output party reads. */
export interface CompiledRows extends CompiledQuery {
  readonly form: 'rows';
}

/** A vector that a plan's program reveals, and to whom. */
export interface Reveal {
  readonly column: ResultColumn;
  readonly length: number;
  readonly to: readonly string[];
}

/** Rows of CSV files in, exactly as many as agreed; vectors out, each for its own receivers. */
export interface CompiledPlan extends Compiled {
  readonly form: 'plan';
  readonly tables: readonly TableSpecification[];
  readonly reveals: readonly Reveal[];
}

/** Lines of bits in, lines of bits out. */
export interface CompiledBits extends Compiled {
  readonly form: 'bits';
  readonly bits: BitsSpecification;
}

export type CompiledProgram = CompiledRows | CompiledPlan | CompiledBits;

/** What can be said of a program before anybody takes part: what its files must look like. */
export type Declared =
  | { readonly form: 'rows'; readonly tables: readonly TableSpecification[] }
  | {
      readonly form: 'plan';
      readonly tables: readonly TableSpecification[];
      /** The program names its own participants. */
      readonly inputs: readonly ProgramInput[];
      readonly receivers: readonly string[];
    }
  | { readonly form: 'bits'; readonly inputs: readonly number[]; readonly outputs: readonly number[] };

/** The plan as one output party sees it: with those outputs alone that it learns. */
export function planFor(compiled: CompiledProgram, party: string): Plan {
  if (compiled.form !== 'plan') return compiled.plan;
  const { plan, reveals } = compiled;
  const own = reveals.filter(({ to }) => to.includes(party)).map(({ column }) => column.name);
  assert(own.length > 0, 'an output party learns at least one output');
  return { ...plan, outputs: plan.outputs.filter(({ name }) => own.includes(name)) };
}
