/**
 * Owns how a replica of the coordinator stands behind its face: the follower that answers questions, the service that takes commands,
 * the log that both depend on.
 */

import type { Clock } from '../../base/clock.ts';
import { MpcError, reportOf } from '../../base/errors.ts';
import type { Log } from '../../bus/bus.ts';
import { collaborationChange, collaborationsIn } from '../../coordination/collaborations.ts';
import type { Follower } from '../../coordination/follower.ts';
import type { Trust } from '../../coordination/records.ts';
import type { CoordinatorService } from '../../coordination/service.ts';
import type { DirectoryService } from '../../directory/service.ts';
import type { ElectionDesk } from './elections.ts';
import type { CoordinatorFace } from './open.ts';
import type { Replica } from './seams.ts';

export interface ReplicaParts {
  readonly deployment: string;
  readonly trust: Trust;
  readonly clock: Clock;
  readonly follower: Follower;
  readonly service: CoordinatorService;
  readonly log: Log;
  readonly directory: DirectoryService;
  readonly elections?: ElectionDesk;
}

/** The log has that long to say that it is there. */
const LOG_MS = 2_000;

/** Hands the face its replica and everything that the log tells from now on. The returned function ends that. */
export function serveReplica(face: Pick<CoordinatorFace, 'serve' | 'hear'>, parts: ReplicaParts): () => void {
  const { follower } = parts;
  const entries = follower.onEntry((applied) => {
    for (const one of applied) {
      const change = collaborationChange(one);
      if (change === undefined || one.command === undefined) continue;
      const { sequence, index, timeMs, command } = one;
      const { collaboration } = change;
      face.hear({ sequence, index, timeMs, kind: command.body.kind, author: command.author, collaboration });
    }
  });
  face.serve(replicaOf(parts));
  return () => entries.unsubscribe();
}

function replicaOf({
  deployment,
  trust,
  clock,
  follower,
  service,
  log,
  directory,
  elections,
}: ReplicaParts): Replica {
  const { collaboration, collaborations } = collaborationsIn(follower.state);
  return {
    deployment,
    trust,
    sequence: () => follower.state.sequence,
    collaboration,
    collaborations,
    directory,
    elections,
    authenticate: async (token) => {
      try {
        return await directory.authenticate(token);
      } catch (error) {
        if (error instanceof MpcError && error.code.startsWith('session.')) return undefined;
        throw error;
      }
    },
    say: ({ account, session }, body, id) => service.vouch({ id, author: `party-${account}`, session, body }),
    logFault: async () => {
      try {
        await soon(log.last(), clock);
        return undefined;
      } catch (error) {
        return reportOf(error);
      }
    },
  };
}

function soon<Value>(answer: Promise<Value>, clock: Clock): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(LOG_MS, () =>
      reject(new MpcError('log.silent', 'the log does not answer', { hint: 'check the brokers' })),
    );
    answer.then(resolve, reject).finally(cancel);
  });
}
