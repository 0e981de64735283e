/**
 * Owns the step from a descriptor to what is computed: every role compiles the program itself and compares the digest,
 * so that nobody runs or masks for a plan that the program does not say. Must never run a plan whose digest differs.
 */
import { digestOf } from '../base/canonical.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Descriptor } from '../coordination/descriptor.ts';
import { planDigest, validatePlan } from '../plan/check.ts';
import { type PlanCost, planCost } from '../plan/cost.ts';
import { compileProgram } from '../programs/compile.ts';
import type { CompiledProgram } from '../programs/compiled.ts';

export type Query = CompiledProgram & { readonly cost: PlanCost };

/** Queries that are remembered: a standing role is asked the same few again and again. */
const REMEMBERED = 64;

/**
 * Compiles what a descriptor says and checks it against the plan digest in it. Remembers what it compiled: for a descriptor, and
 * for all that differ from it in nothing a program is compiled with.
 */
export class Queries {
  readonly #byDescriptor = new Newest<Promise<Query>>(REMEMBERED);
  readonly #byProgram = new Newest<Promise<Query>>(REMEMBERED);

  /** Throws `descriptor.wrong-plan`, `plan.*`, `program.*`, `circuit.*` or `sql.*`. */
  of(digest: string, descriptor: Descriptor): Promise<Query> {
    return this.#byDescriptor.of(digest, () => {
      const { nonce: _nonce, keys: _keys, deadlineMs: _deadlineMs, ...compiled } = descriptor;
      return this.#byProgram.of(digestOf('compiled', compiled), () => compileDescriptor(compiled));
    });
  }
}

/** What was asked for last, so many. */
class Newest<Item> {
  readonly #most: number;
  readonly #items = new Map<string, Item>();

  constructor(most: number) {
    this.#most = most;
  }

  of(key: string, make: () => Item): Item {
    const item = this.#items.get(key) ?? make();
    this.#items.delete(key);
    this.#items.set(key, item);
    const [oldest] = this.#items.keys();
    if (this.#items.size > this.#most && oldest !== undefined) this.#items.delete(oldest);
    return item;
  }
}

type Compiled = Omit<Descriptor, 'nonce' | 'keys' | 'deadlineMs'>;

async function compileDescriptor(descriptor: Compiled): Promise<Query> {
  const compiled = await compileProgram(descriptor.program, descriptor);
  validatePlan(compiled.plan, LIMITS);
  const digest = planDigest(compiled.plan);
  if (digest !== descriptor.plan)
    throw new MpcError(
      'descriptor.wrong-plan',
      `this program compiles to plan ${digest.slice(0, 12)}, the descriptor says ${descriptor.plan.slice(0, 12)}`,
      {
        hint: 'all parties must run the same version of mpc: compare mpc --version',
        exitCode: EXIT.protocol,
      },
    );
  return { ...compiled, cost: planCost(compiled.plan) };
}
