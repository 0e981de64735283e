/**
 * Owns what a coordinator compiles of others: descriptors from programs, and what parties are told of them. Remembers what it compiled.
 */
import type { Describe, DescribeParts, Specified, SpecifyParts } from '../../src/api/coordinator/seams.ts';
import { toldOf } from '../../src/api/coordinator/told.ts';
import { Queries } from '../../src/duties/queries.ts';
import { describeCollaboration } from './collaboration.ts';

export class Compiler {
  readonly #queries = new Queries();

  readonly describe = async ({ nonce, sources, made, ...parts }: DescribeParts): ReturnType<Describe> => {
    const stored = await this.#queries.stored({ sources }, (id) => made.get(id));
    const { descriptor, query } = await describeCollaboration({ ...parts, stored, random: () => nonce });
    return { descriptor, disclosure: query.disclosure };
  };

  readonly specify = async ({ digest, descriptor, made }: SpecifyParts): Promise<Specified> =>
    toldOf(await this.#queries.of(digest, descriptor, (id) => made.get(id)));
}
