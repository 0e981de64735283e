/**
 * Builds coordinator replicas and submitters on a bus, and ends them with the test.
 */
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { ErrorReport } from '../../src/base/errors.ts';
import type { Bus } from '../../src/bus/bus.ts';
import type { Address } from '../../src/bus/subjects.ts';
import type { CommandBody } from '../../src/coordination/bodies.ts';
import { type Follower, type FollowOptions, followLog } from '../../src/coordination/follower.ts';
import { type CoordinatorService, startCoordinatorService } from '../../src/coordination/service.ts';
import { type SubmitOptions, type Submitted, submitCommand } from '../../src/coordination/submit.ts';
import { DEPLOYMENT, identityOf, rules } from './world.ts';

/** Pauses end in the next turn of the loop; everything else is the real clock. */
export const hurriedClock: Clock = {
  ...systemClock,
  sleep: (_, signal) => systemClock.sleep(0, signal),
};

/** A test that hangs ends with this. */
export const patience = (): AbortSignal => AbortSignal.timeout(10_000);

export const follow = (bus: Bus, options: Partial<FollowOptions> = {}): Promise<Follower> =>
  followLog({ bus, ...rules, ...options });

export interface Replica {
  readonly follower: Follower;
  readonly service: CoordinatorService;
  readonly troubles: readonly { readonly report: ErrorReport; readonly from: string }[];
  stop(): Promise<void>;
}

export async function startReplica(bus: Bus, options: Partial<FollowOptions> = {}): Promise<Replica> {
  const follower = await follow(bus, options);
  await follower.caughtUp;
  const troubles: { report: ErrorReport; from: string }[] = [];
  const service = await startCoordinatorService({
    bus,
    ...rules,
    identity: identityOf('coordinator'),
    clock: systemClock,
    follower,
    onTrouble: (report, from) => troubles.push({ report, from }),
  });
  return {
    follower,
    service,
    troubles,
    stop: async () => {
      await service.stop();
      follower.stop();
    },
  };
}

export const submit = (
  bus: Bus,
  me: Address,
  body: CommandBody,
  id: string,
  options: Partial<SubmitOptions> = {},
): Promise<Submitted> =>
  submitCommand(
    {
      bus,
      deployment: DEPLOYMENT,
      identity: identityOf(me),
      me,
      clock: hurriedClock,
      signal: patience(),
      requestTimeoutMs: 60,
      ...options,
    },
    body,
    id,
  );
