/**
 * Owns how the HTTP face of a coordinator is put together. Loaded only where a configuration has an [api] section: the libraries
 * behind it take longer to load than all the rest.
 */
import { type CoordinatorFace, openCoordinatorFace } from '../../src/api/coordinator/open.ts';
import { type ApiConfig, readTls } from '../../src/config/api-config.ts';
import { describeCollaboration } from '../local/collaboration.ts';
import { listening } from './listening.ts';
import type { Runtime } from './runtime.ts';

/** Listens from now on; answers 503 until the replica has caught up. */
export async function coordinatorFace(runtime: Runtime, api: ApiConfig): Promise<CoordinatorFace> {
  const { troubles, parts } = runtime;
  const face = await openCoordinatorFace({
    requestsPerMinute: api.requestsPerMinute,
    tls: readTls(api),
    describe: async ({ nonce, ...described }) => {
      const { descriptor, query } = await describeCollaboration({ ...described, random: () => nonce });
      return { descriptor, disclosure: query.disclosure };
    },
    onTrouble: (report, about) => troubles.note(report, about),
  });
  await listening(face, api, parts.logger);
  return face;
}
