/**
 * Owns the descriptions of both faces as they are committed: made from the very routes that serve, by nobody's hand.
 */
import { openClientFace } from '../client/open.ts';
import { openCoordinatorFace } from '../coordinator/open.ts';
import type { Face } from '../http/face.ts';

const nobody = { requestsPerMinute: 1, onTrouble: () => {} };
const never = async (): Promise<never> => {
  throw new Error('a face that is only described serves nobody');
};

interface Described {
  /** Of its file in docs/openapi and of its types in src/api/calls. */
  readonly name: string;
  /** JSON. */
  readonly document: object;
}

export async function documents(): Promise<Described[]> {
  const faces: readonly (readonly [string, Face])[] = [
    ['coordinator', await openCoordinatorFace({ ...nobody, describe: never })],
    ['client', await openClientFace({ ...nobody, authenticate: () => undefined })],
  ];
  const described = faces.map(([name, { app }]) => ({
    name,
    document: JSON.parse(JSON.stringify(app.swagger())),
  }));
  for (const [, face] of faces) await face.close();
  return described;
}
