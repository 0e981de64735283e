/**
 * Owns how a coordinator replica is put together.
 */

import { coordinatorMachine } from '../../roles/coordinator.ts';
import { hex } from '../../src/base/bytes.ts';
import type { Subscription } from '../../src/bus/bus.ts';
import { openReplicaDesk } from '../../src/coordination/replicas.ts';
import { type CoordinatorService, startCoordinatorService } from '../../src/coordination/service.ts';
import { openSnapshotDesk } from '../../src/coordination/snapshot-desk.ts';
import { overdueCommands } from '../../src/coordination/watch-deadlines.ts';
import type { EffectContext } from '../../src/host/host.ts';
import { allChapters } from './chapters.ts';
import { startReplica } from './replica.ts';
import type { RoleParts, Runtime } from './runtime.ts';

const ROOT = 'coordinator';
const DEADLINES_MS = 1_000;

export function coordinatorRole(runtime: Runtime): RoleParts {
  let service: CoordinatorService | undefined;
  let desks: readonly Subscription[] = [];
  const chapters = allChapters(runtime.parts);
  return {
    chapters,
    beginning: (bus) => startReplica(runtime.parts, chapters, bus),
    root: { name: ROOT, input: {} },
    machines: { [ROOT]: coordinatorMachine },
    effects: {
      catchUp: () => runtime.connect(),
      drain: () => runtime.endTalks(),
      serveRequests: async ({ signal }: EffectContext) => {
        const { bus, deployment, identity, trust, clock, follower, troubles } = await runtime.place;
        service = await startCoordinatorService({
          bus,
          deployment,
          trust,
          chapters,
          identity,
          clock,
          follower,
          onTrouble: (report, from) => troubles.note(report, { from }),
        });
        const inHand = (): number => service?.inHand ?? 0;
        const replica = hex.encode(runtime.parts.random(8));
        const desk = {
          bus,
          deployment,
          identity,
          follower,
          replica,
          name: runtime.parts.replica ?? ROOT,
          inHand,
        };
        desks = [openReplicaDesk(desk), openSnapshotDesk(desk)];
        await new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => resolve(), { once: true }),
        );
      },
      watchDeadlines: async ({ signal }: EffectContext) => {
        const { follower, clock } = await runtime.place;
        while (!signal.aborted) {
          for (const { body, commandId } of overdueCommands(follower.state, clock.now()))
            await runtime.submit(body, commandId);
          await clock.sleep(DEADLINES_MS, signal);
        }
      },
    },
    deliveries: {},
    onApplied: async () => {},
    stop: async () => {
      for (const desk of desks) desk.unsubscribe();
      await service?.stop();
    },
  };
}
