/**
 * Owns how a dealer is put together: its chart, and which duty answers which effect.
 */

import { dealerMachine } from '../../roles/dealer.ts';
import { DealerDuties } from '../../src/duties/dealer-duties.ts';
import { Queries } from '../../src/duties/queries.ts';
import type { Run } from '../../src/duties/workplace.ts';
import type { EffectContext, Host } from '../../src/host/host.ts';
import { type Accepted, type LogEvent, logEvent, logKey, type RoleParts } from './parts.ts';
import type { Runtime } from './runtime.ts';
import { commonDeliveries, rootEffects } from './shared.ts';

const ROOT = 'dealer';

export function dealerRole(runtime: Runtime): RoleParts {
  const queries = new Queries();
  const duties = runtime.place.then((place) => new DealerDuties(place, queries));
  return {
    root: { name: ROOT, input: {} },
    machines: { [ROOT]: dealerMachine },
    retold: [ROOT],
    effects: {
      ...rootEffects(runtime),
      dealTape: async (context: EffectContext<Run>) => (await duties).dealTape(context),
      deliverTapes: async (context: EffectContext<Run>) => (await duties).deliverTapes(context),
    },
    deliveries: commonDeliveries(runtime, async (run) => (await duties).shred(run)),
    onApplied: tellDealer,
    stop: async () => (await duties).stop(),
  };
}

async function tellDealer(applied: Accepted, host: Host): Promise<void> {
  const { id, digest, lifecycle } = applied.collaboration;
  const { kind } = applied.command.body;
  if (!HEARD.includes(kind)) return;
  // The dealer's one chart minds many collaborations, so its events name theirs.
  const { attempt } = lifecycle.context;
  const about = kind === 'create' || kind === 'rerun' ? { descriptor: digest, attempt } : {};
  const event: LogEvent = { ...logEvent(applied), ...about, collaboration: id };
  await host.send(ROOT, event, logKey(applied));
}

const HEARD: readonly string[] = ['create', 'rerun', 'randomnessReady', 'fail', 'expire', 'cancel'];
