/**
 * Owns the step from a query and named participants to a descriptor that everyone can approve.
 */
import { systemRandom } from '../../src/base/random.ts';
import { buildDescriptor, type Descriptor } from '../../src/coordination/descriptor.ts';
import { planDigest } from '../../src/plan/check.ts';
import { type PlanCost, planCost } from '../../src/plan/cost.ts';
import { estimatePlan, type PlanEstimate } from '../../src/plan/estimate.ts';
import { compileQuery } from '../../src/sql/compile.ts';
import type { CompiledQuery } from '../../src/sql/specification.ts';

export interface CollaborationParts {
  readonly sql: string;
  readonly inputs: readonly { readonly party: string; readonly table: string; readonly maxRows: number }[];
  readonly outputs: readonly string[];
  readonly minGroupSize: number;
  /** Assumed between the two servers; 0 where absent. */
  readonly roundTripMs?: number;
  readonly keys: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
}

export interface Described {
  readonly descriptor: Descriptor;
  readonly query: CompiledQuery;
  readonly cost: PlanCost;
  readonly estimate: PlanEstimate;
}

/** Compiles the query and builds its descriptor. Throws `sql.*`, `plan.*` and `descriptor.*`. */
export async function describeCollaboration(parts: CollaborationParts): Promise<Described> {
  const { sql, inputs, outputs, minGroupSize, roundTripMs = 0 } = parts;
  const query = await compileQuery(sql, { inputs, outputs, minGroupSize, roundTripMs });
  const descriptor = buildDescriptor({ ...parts, random: systemRandom, plan: planDigest(query.plan) });
  const estimate = estimatePlan(query.plan, { roundTripMs });
  return { descriptor, query, cost: planCost(query.plan), estimate };
}
