/**
 * Owns who watches over a role's process: the service manager, where there is one.
 */
import { attend } from '../../src/observe/attendant.ts';
import { serviceManager } from '../../src/observe/notify.ts';
import { Pulse } from '../../src/observe/pulse.ts';
import type { Runtime } from './runtime.ts';

/** Resolves when the role has ended and everyone has been told. */
export async function watchOver(runtime: Runtime): Promise<void> {
  const manager = serviceManager(process.env, process.pid);
  if (manager === undefined) return;
  const { clock } = runtime.parts;
  const over = new AbortController();
  void runtime.drained.then(() => over.abort());
  await attend({
    manager,
    clock,
    vitals: () => runtime.vitals,
    pulse: new Pulse(),
    logEnds: () => runtime.logEnds(),
    signal: over.signal,
  });
}
