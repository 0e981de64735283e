/**
 * Owns what a party is told when it registers: the CSV header, the types and bounds of every column, its row limits, the
 * digest it will approve, and what approving reveals. Compiled from the descriptor, as every participant does itself.
 */
import { EXIT, MpcError } from '../../base/errors.ts';
import type { Collaboration } from '../../coordination/collaboration.ts';
import { type Find, madeFor, Queries } from '../../duties/queries.ts';
import type { Specify } from './seams.ts';
import { type InputSpecification, type Shape, type Told, toldOf } from './told.ts';

/** Compiled programs kept: enough for those that parties register for at a time. */
const KEPT = 64;

export class Specifications {
  readonly #specify: Specify;
  readonly #told = new Map<string, Promise<Told>>();

  /** Compiles here, where nothing else is said. */
  constructor(
    specify: Specify = async ({ digest, descriptor, made }) =>
      toldOf(await new Queries().of(digest, descriptor, (id) => made.get(id))),
  ) {
    this.#specify = specify;
  }

  /** `find` gives the collaborations whose results are read. Throws what compiling throws: the descriptor was made by another version then. */
  async of(collaboration: Collaboration, party: string, find: Find): Promise<InputSpecification> {
    const { digest, descriptor } = collaboration;
    const told = await this.#compile(collaboration, find, party);
    const tables = descriptor.inputs
      .filter((input) => input.party === party)
      .map(({ table, maxRows }) => ({ table, maxRows, ...shapeOf(told, table) }));
    return {
      party,
      digest,
      deadline: new Date(descriptor.deadlineMs).toISOString(),
      disclosure: [...told.disclosure],
      tables,
    };
  }

  #compile({ digest, descriptor }: Collaboration, find: Find, by: string): Promise<Told> {
    const known = this.#told.get(digest);
    if (known !== undefined) return known;
    const compiling = this.#specify({ digest, descriptor, made: madeFor(descriptor, find) }, by);
    compiling.catch(() => this.#told.delete(digest));
    this.#told.set(digest, compiling);
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= KEPT) break;
      this.#told.delete(oldest);
    }
    return compiling;
  }
}

function shapeOf({ tables }: Told, name: string): Shape {
  const shape = tables[name];
  if (shape === undefined)
    throw new MpcError('descriptor.table', `the program has no table ${name}`, { exitCode: EXIT.badData });
  return shape;
}
