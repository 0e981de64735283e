/**
 * Owns how a role's metrics and health are put together. Loaded only where a configuration has an [observe] section.
 */
import { writeFileSync } from 'node:fs';
import { parseListen } from '../../src/config/api-config.ts';
import type { ObserveConfig } from '../../src/config/observe-config.ts';
import { type Endpoint, openEndpoint } from '../../src/observe/endpoint.ts';
import { openMetrics } from '../../src/observe/metrics.ts';
import { Pulse } from '../../src/observe/pulse.ts';
import { whyNotReady } from '../../src/observe/vitals.ts';
import type { Runtime } from './runtime.ts';

/** The log may go on without this role for so long: a crowded machine is no dead one. */
const PATIENCE_MS = 60_000;

/** Throws `observe.cannot-listen`. */
export async function observation(runtime: Runtime, config: ObserveConfig): Promise<Endpoint> {
  const { me, clock, logger } = runtime.parts;
  const address = parseListen(config.listen) ?? { host: '127.0.0.1', port: 0 };
  const pulse = new Pulse();
  let stuckSinceMs: number | undefined;
  const endpoint = await openEndpoint({
    ...address,
    metrics: openMetrics({
      me,
      vitals: () => runtime.vitals,
      logEnds: () => runtime.logEnds(),
      troubles: runtime.troubles.counts,
      load: () => runtime.load,
      meters: runtime.meters,
    }),
    whyNotReady: () => whyNotReady(runtime.vitals),
    whyNotAlive: async () => {
      if (pulse.beat(runtime.vitals.sequence, await runtime.logEnds())) stuckSinceMs = undefined;
      else stuckSinceMs ??= clock.now();
      const isDead = stuckSinceMs !== undefined && clock.now() - stuckSinceMs >= PATIENCE_MS;
      return isDead ? 'the log goes on, and this role does not follow it any more' : undefined;
    },
  });
  logger.info({ url: endpoint.url }, `metrics and health at ${endpoint.url}`);
  if (config.addressFile !== undefined) writeFileSync(config.addressFile, `${endpoint.url}\n`);
  return endpoint;
}
