/**
 * Owns watching one `mpc run`: the page that shows it, the file that keeps it.
 */
import { brokerAccess } from '../../src/config/brokers.ts';
import { loadIdentity } from '../../src/identity/identity.ts';
import { recordTo } from '../../src/inspect/run-file.ts';
import { type Deployment, keyPath } from './deployment.ts';
import { showInspector, watchRoles } from './inspector.ts';

export interface RunWatch {
  /** Resolves when the run is interrupted, where there is a page to look at; at once without. */
  stay(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** Everyone in the deployment tells the coordinator's key. */
export async function watchRun(
  { directory, name, nats, trust }: Deployment,
  { inspect, record }: { readonly inspect?: boolean; readonly record?: string },
): Promise<RunWatch> {
  const me = 'coordinator';
  const { journal, stop } = await watchRoles({
    access: brokerAccess({ nats }),
    deployment: name,
    me,
    identity: loadIdentity(keyPath(directory, me)),
    roles: Object.keys(trust),
    signal: new AbortController().signal,
  });
  const recording = record === undefined ? undefined : recordTo(record, name, journal);
  const page =
    inspect === true ? await showInspector(journal, { deployment: name, isLive: true }) : undefined;
  if (page !== undefined) process.stderr.write(`watch it at ${page.url}\n`);
  return {
    stay: async (signal) => {
      if (page === undefined || signal.aborted) return;
      process.stderr.write('the page stays until Ctrl-C\n');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    },
    stop: async () => {
      await stop();
      recording?.close();
      await page?.close();
    },
  };
}
