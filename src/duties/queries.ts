/**
 * Owns the step from a descriptor to what is computed: every role compiles the program itself and compares the digest,
 * so that nobody runs or masks for a plan that the program does not say. Must never run a plan whose digest differs.
 *
 * A program that reads an earlier result is compiled with that result's specification, which follows from its own descriptor.
 */
import { digestOf } from '../base/canonical.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Collaboration } from '../coordination/collaboration.ts';
import { type Descriptor, partsOfResultId } from '../coordination/descriptor.ts';
import { planDigest, validatePlan } from '../plan/check.ts';
import { type PlanCost, planCost } from '../plan/cost.ts';
import { compileProgram } from '../programs/compile.ts';
import type { CompiledProgram } from '../programs/compiled.ts';
import type { StoredRows } from '../sql/stored.ts';

export type Query = CompiledProgram & { readonly cost: PlanCost };

/** What of a collaboration says which rows its result has. */
export type Find = (collaboration: string) => Pick<Collaboration, 'digest' | 'descriptor'> | undefined;

/** Collaborations whose results are read, by id: what `Find` may be asked for. */
export type Made = ReadonlyMap<string, Pick<Collaboration, 'digest' | 'descriptor'>>;

/** All that reading these results goes back to. */
export function madeFor({ sources }: Pick<Descriptor, 'sources'>, find: Find): Made {
  const made = new Map<string, Pick<Collaboration, 'digest' | 'descriptor'>>();
  const wanted = sources.map(({ result }) => partsOfResultId(result).collaboration);
  for (let id = wanted.pop(); id !== undefined; id = wanted.pop()) {
    const found = made.has(id) ? undefined : find(id);
    if (found === undefined) continue;
    const { digest, descriptor } = found;
    made.set(id, { digest, descriptor });
    wanted.push(...descriptor.sources.map(({ result }) => partsOfResultId(result).collaboration));
  }
  return made;
}

/** Queries that are remembered: a standing role is asked the same few again and again. */
const REMEMBERED = 64;

/**
 * Compiles what a descriptor says and checks it against the plan digest in it. Remembers what it compiled: for a descriptor, and
 * for all that differ from it in nothing a program is compiled with.
 */
export class Queries {
  readonly #byDescriptor = new Newest<Promise<Query>>(REMEMBERED);
  readonly #byProgram = new Newest<Promise<Query>>(REMEMBERED);

  /**
   * `find` gives the collaborations whose results are read. Throws `descriptor.wrong-plan`, `result.*`, `plan.*`, `program.*`,
   * `circuit.*` or `sql.*`.
   */
  of(digest: string, descriptor: Descriptor, find: Find): Promise<Query> {
    return this.#byDescriptor.of(digest, () => {
      const { nonce: _nonce, keys: _keys, deadlineMs: _deadlineMs, ...compiled } = descriptor;
      return this.#byProgram.of(digestOf('compiled', compiled), async () =>
        compileDescriptor(compiled, await this.stored(descriptor, find)),
      );
    });
  }

  /** What a descriptor's program is compiled with beside the descriptor itself. Throws as `of` does. */
  stored(descriptor: Pick<Descriptor, 'sources'>, find: Find): Promise<StoredRows[]> {
    return Promise.all(
      descriptor.sources.map(async ({ table, result, parties }) => {
        const made = find(partsOfResultId(result).collaboration);
        if (made === undefined) throw unknown(result);
        const query = await this.of(made.digest, made.descriptor, find);
        if (query.form !== 'rows') throw notRows(result);
        return { table, result, parties, specification: query.result };
      }),
    );
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

async function compileDescriptor(descriptor: Compiled, stored: readonly StoredRows[]): Promise<Query> {
  const compiled = await compileProgram(descriptor.program, { ...descriptor, stored });
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

const unknown = (result: string): MpcError =>
  new MpcError('result.unknown', `the log holds no collaboration that made the result ${result}`, {
    hint: 'check the id; the log forgets collaborations long after they ended',
    exitCode: EXIT.unavailable,
  });

const notRows = (result: string): MpcError =>
  new MpcError('result.no-rows', `the result ${result} is not the answer of an SQL query`, {
    hint: 'only rows can be read as a table',
    exitCode: EXIT.badData,
  });
