/**
 * Owns what the committed files must hold: the descriptions and the types that are made from them.
 */
import { documents } from './documents.ts';
import { typesOf } from './types.ts';

export interface Committed {
  /** From the top of the repository. */
  readonly path: string;
  readonly text: string;
}

export async function committed(): Promise<Committed[]> {
  return (await documents()).flatMap(({ name, document }) => [
    { path: `docs/openapi/${name}.json`, text: `${JSON.stringify(document, null, 2)}\n` },
    { path: `src/api/calls/${name}-types.ts`, text: typesOf(name, document) },
  ]);
}
