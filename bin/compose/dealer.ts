/**
 * Owns how a dealer is put together: its chart, and which duty answers which effect.
 */

import { dealerMachine } from '../../roles/dealer.ts';
import { DealerDuties } from '../../src/duties/dealer-duties.ts';
import { Queries } from '../../src/duties/queries.ts';
import { ATTEMPT } from '../../src/duties/workplace.ts';
import type { EffectContext, Host } from '../../src/host/host.ts';
import { type Accepted, type LogEvent, logEvent, logKey, type RoleParts, type Runtime } from './runtime.ts';
import { commonDeliveries, rootEffects } from './shared.ts';

const ROOT = 'dealer';

export function dealerRole(runtime: Runtime): RoleParts {
  const queries = new Queries();
  const duties = runtime.place.then((place) => new DealerDuties(place, queries));
  return {
    root: { name: ROOT, input: {} },
    machines: { [ROOT]: dealerMachine },
    effects: {
      ...rootEffects(runtime),
      dealTape: async (context: EffectContext<{ collaboration: string }>) => (await duties).dealTape(context),
      deliverTapes: async (context: EffectContext<{ collaboration: string }>) =>
        (await duties).deliverTapes(context),
    },
    deliveries: commonDeliveries(runtime, async (collaboration) => (await duties).shred(collaboration)),
    onApplied: tellDealer,
    stop: async () => (await duties).stop(),
  };
}

async function tellDealer(applied: Accepted, host: Host): Promise<void> {
  const { id, digest } = applied.collaboration;
  const { kind } = applied.command.body;
  if (!HEARD.includes(kind)) return;
  // The dealer's one chart minds many collaborations, so its events name theirs.
  const about = kind === 'create' ? { descriptor: digest, attempt: ATTEMPT } : {};
  const event: LogEvent = { ...logEvent(applied), ...about, collaboration: id };
  await host.send(ROOT, event, logKey(applied));
}

const HEARD: readonly string[] = ['create', 'randomnessReady', 'fail', 'expire', 'cancel'];
