/**
 * Owns the step from a program and named participants to a descriptor that everyone can approve.
 */
import { type RandomSource, systemRandom } from '../../src/base/random.ts';
import { buildDescriptor, type Descriptor } from '../../src/coordination/descriptor.ts';
import { planDigest, validatePlan } from '../../src/plan/check.ts';
import { type PlanCost, planCost } from '../../src/plan/cost.ts';
import { estimatePlan, type PlanEstimate } from '../../src/plan/estimate.ts';
import { compileProgram } from '../../src/programs/compile.ts';
import type { CompiledProgram } from '../../src/programs/compiled.ts';
import type { Program } from '../../src/programs/program.ts';
import type { StoredRows } from '../../src/sql/stored.ts';

export interface CollaborationParts {
  readonly program: Program;
  readonly inputs: readonly { readonly party: string; readonly table: string; readonly maxRows: number }[];
  readonly outputs: readonly string[];
  /** Earlier results that are read as rows of tables; none where absent. */
  readonly stored?: readonly StoredRows[];
  readonly minGroupSize: number;
  /** Assumed between the two servers; 0 where absent. */
  readonly roundTripMs?: number;
  readonly keys: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  /** As in the descriptor; there null, 0 and 0 where absent. */
  readonly minimum?: Descriptor['minimum'];
  readonly reruns?: number;
  readonly resultUses?: number;
  /** Where the nonce comes from. */
  readonly random?: RandomSource;
}

export interface Described {
  readonly descriptor: Descriptor;
  readonly query: CompiledProgram;
  readonly cost: PlanCost;
  readonly estimate: PlanEstimate;
}

/** Compiles the program and builds its descriptor. Throws as `compileProgram` does, `plan.*` and `descriptor.*`. */
export async function describeCollaboration(parts: CollaborationParts): Promise<Described> {
  const { roundTripMs = 0, random = systemRandom } = parts;
  const query = await compileProgram(parts.program, { ...parts, roundTripMs });
  validatePlan(query.plan);
  const sources = (parts.stored ?? []).map(({ table, result, parties }) => ({
    table,
    result,
    parties: [...parties],
  }));
  const descriptor = buildDescriptor({
    ...parts,
    sources,
    roundTripMs,
    random,
    plan: planDigest(query.plan),
  });
  const estimate = estimatePlan(query.plan, { roundTripMs });
  return { descriptor, query, cost: planCost(query.plan), estimate };
}
