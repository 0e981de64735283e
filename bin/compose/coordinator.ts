/**
 * Owns how a coordinator replica is put together.
 */

import { coordinatorMachine } from '../../roles/coordinator.ts';
import type { CoordinatorFace } from '../../src/api/coordinator/open.ts';
import { serveReplica } from '../../src/api/coordinator/replica.ts';
import { hex } from '../../src/base/bytes.ts';
import { recordLines } from '../../src/box/record-lines.ts';
import type { Subscription } from '../../src/bus/bus.ts';
import { subjects } from '../../src/bus/subjects.ts';
import { collaborationsIn } from '../../src/coordination/collaborations.ts';
import { openReplicaDesk } from '../../src/coordination/replicas.ts';
import { type CoordinatorService, startCoordinatorService } from '../../src/coordination/service.ts';
import { openSnapshotDesk } from '../../src/coordination/snapshot-desk.ts';
import { overdueCommands } from '../../src/coordination/watch-deadlines.ts';
import { openDirectoryDesk } from '../../src/directory/desk/desk.ts';
import { replicaPort } from '../../src/directory/port.ts';
import { DirectoryService } from '../../src/directory/service.ts';
import { ElectionsView } from '../../src/election/rows.ts';
import type { EffectContext } from '../../src/host/host.ts';
import { secretFor } from '../../src/identity/identity.ts';
import type { NotifyRules } from '../../src/notify/allowed.ts';
import { deliverNotices } from '../../src/notify/deliver.ts';
import { systemResolve } from '../../src/notify/put.ts';
import { allChapters, electionChapters } from './chapters.ts';
import type { RoleParts } from './parts.ts';
import { startReplica } from './replica.ts';
import type { Runtime } from './runtime.ts';
import { LifecycleWatch } from './watching.ts';

const ROOT = 'coordinator';
const DEADLINES_MS = 1_000;

/** Nobody is told: the default. */
const TELLS_NOBODY: NotifyRules = { allow: [], allowLocal: false };

/** `face`: its HTTP face, where it has one. `rules`: which endpoints it tells of changes. */
export function coordinatorRole(
  runtime: Runtime,
  face?: CoordinatorFace,
  rules: NotifyRules = TELLS_NOBODY,
): RoleParts {
  let service: CoordinatorService | undefined;
  let directory: DirectoryService | undefined;
  let desks: readonly Subscription[] = [];
  const chapters = allChapters(runtime.parts);
  const { feed } = runtime.parts;
  const watch = feed === undefined ? undefined : new LifecycleWatch(feed);
  return {
    chapters,
    beginning: (bus) => startReplica(runtime.parts, chapters, bus),
    root: { name: ROOT, input: {} },
    machines: { [ROOT]: coordinatorMachine },
    effects: {
      catchUp: () => runtime.connect(),
      drain: () => runtime.endTalks(),
      serveRequests: async ({ signal }: EffectContext) => {
        const { bus, deployment, identity, trust, clock, random, follower, troubles } = await runtime.place;
        // A replica that was interrupted while serving is restored as serving, and then told to boot: that one serves.
        if (signal.aborted) return;
        service = await startCoordinatorService({
          bus,
          deployment,
          trust,
          chapters,
          identity,
          clock,
          follower,
          onTrouble: (report, from, traceId) =>
            troubles.note(report, { from, ...(traceId === undefined ? {} : { trace_id: traceId }) }),
        });
        const log = await bus.log(subjects.logStream(deployment));
        directory = new DirectoryService({
          port: replicaPort({ follower, service, lastEntry: () => log.last() }),
          clock,
          random,
          // All replicas have the coordinator's key, and so the same secret.
          pepper: secretFor(identity, 'passwords'),
        });
        if (face !== undefined) {
          const elections = {
            view: new ElectionsView(follower.state),
            place: { bus, deployment },
            record: (id: string) =>
              recordLines({ log, deployment, trust, chapters: electionChapters({ deployment, trust }) }, id),
          };
          serveReplica(face, { deployment, trust, clock, follower, service, log, directory, elections });
        }
        const inHand = (): number => service?.inHand ?? 0;
        const replica = hex.encode(runtime.parts.random(8));
        const desk = {
          bus,
          deployment,
          identity,
          follower,
          clock,
          replica,
          name: runtime.parts.replica ?? ROOT,
          inHand,
        };
        const accounts = openDirectoryDesk({
          ...desk,
          random,
          directory,
          ...(face === undefined ? {} : { requestsPerMinute: face.requestsPerMinute }),
          descriptorOf: (id) => collaborationsIn(follower.state).collaboration(id)?.descriptor,
          onTrouble: (report, about) => troubles.note(report, about),
        });
        desks = [openReplicaDesk(desk), openSnapshotDesk(desk), accounts];
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
      deliverNotices: async ({ signal }: EffectContext) => {
        const { deployment, identity, clock, random, follower, troubles } = await runtime.place;
        await deliverNotices({
          deployment,
          identity,
          state: collaborationsIn(follower.state),
          submit: (body, id) => runtime.submit(body, id),
          rules,
          resolve: systemResolve,
          clock,
          random,
          onTrouble: (report, about) => troubles.note(report, about),
          signal,
        });
      },
    },
    deliveries: {},
    onApplied: async (applied) => watch?.heard(applied),
    onOther: async (applied) => watch?.heardOther(applied),
    stop: async () => {
      directory?.stop();
      for (const desk of desks) desk.unsubscribe();
      await service?.stop();
    },
  };
}
