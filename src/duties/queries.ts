/**
 * Owns the step from a descriptor to what is computed: every role compiles the text itself and compares the digest, so
 * that nobody runs or masks for a plan that the text does not say. Must never run a plan whose digest differs.
 */
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Descriptor } from '../coordination/descriptor.ts';
import { planDigest, validatePlan } from '../plan/check.ts';
import { type PlanCost, planCost } from '../plan/cost.ts';
import { compileQuery } from '../sql/compile.ts';
import type { CompiledQuery } from '../sql/specification.ts';

export interface Query extends CompiledQuery {
  readonly cost: PlanCost;
}

/** Compiles what a descriptor says and checks it against the plan digest in it. Remembers what it compiled. */
export class Queries {
  readonly #compiled = new Map<string, Promise<Query>>();

  /** Throws `descriptor.wrong-plan`, `plan.*` or `sql.*`. */
  of(digest: string, descriptor: Descriptor): Promise<Query> {
    const known = this.#compiled.get(digest);
    if (known !== undefined) return known;
    const compiling = compileDescriptor(descriptor);
    this.#compiled.set(digest, compiling);
    return compiling;
  }

  forget(digest: string): void {
    this.#compiled.delete(digest);
  }
}

async function compileDescriptor(descriptor: Descriptor): Promise<Query> {
  const { sql, inputs, outputs, minGroupSize, roundTripMs } = descriptor;
  const compiled = await compileQuery(sql, { inputs, outputs, minGroupSize, roundTripMs });
  validatePlan(compiled.plan, LIMITS);
  const digest = planDigest(compiled.plan);
  if (digest !== descriptor.plan)
    throw new MpcError(
      'descriptor.wrong-plan',
      `this query compiles to plan ${digest.slice(0, 12)}, the descriptor says ${descriptor.plan.slice(0, 12)}`,
      {
        hint: 'all parties must run the same version of mpc: compare mpc --version',
        exitCode: EXIT.protocol,
      },
    );
  return { ...compiled, cost: planCost(compiled.plan) };
}
