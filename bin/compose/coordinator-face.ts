/**
 * Owns how the HTTP face of a coordinator is put together. Loaded only where a configuration has an [api] section: the libraries
 * behind it take longer to load than all the rest.
 */
import { type CoordinatorFace, openCoordinatorFace } from '../../src/api/coordinator/open.ts';
import type { Describe, Specified } from '../../src/api/coordinator/seams.ts';
import { type ApiConfig, readTls } from '../../src/config/api-config.ts';
import { LimitedThread } from '../../src/duties/limited-thread.ts';
import type { CompileAnswer, CompileJob } from '../compile-worker.ts';
import { listening } from './listening.ts';
import type { Runtime } from './runtime.ts';

/** What the thread that compiles runs: the source, or beside this in the bundle. */
const COMPILER = new URL(
  import.meta.url.endsWith('.ts') ? '../compile-source.mjs' : './compile-worker.js',
  import.meta.url,
);
/** Of one program of somebody else's: far more than those take that can be computed on in a day. */
const LIMITS = { jobMs: 30_000, startMs: 120_000, heapMb: 1024, waiting: 64, waitingOfOne: 8 };

/** Listens from now on; answers 503 until the replica has caught up. */
export async function coordinatorFace(runtime: Runtime, api: ApiConfig): Promise<CoordinatorFace> {
  const { troubles, parts } = runtime;
  const thread = new LimitedThread<CompileJob, CompileAnswer>(COMPILER, LIMITS, parts.clock);
  const face = await openCoordinatorFace({
    requestsPerMinute: api.requestsPerMinute,
    tls: readTls(api),
    // Each kind of job has its own kind of answer.
    describe: async (described, by) =>
      (await thread.run({ what: 'describe', parts: described }, by)) as Awaited<ReturnType<Describe>>,
    specify: async (specified, by) =>
      (await thread.run({ what: 'specify', parts: specified }, by)) as Specified,
    onTrouble: (report, about) => troubles.note(report, about),
  });
  await listening(face, api, parts.logger);
  return {
    ...face,
    close: async () => {
      await face.close();
      await thread.stop();
    },
  };
}
