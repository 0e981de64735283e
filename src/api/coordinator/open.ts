/**
 * Owns how the coordinator's face is put together. Every replica serves it; which one answers makes no difference.
 */
import { MpcError } from '../../base/errors.ts';
import { Seats } from '../../directory/seats.ts';
import { type Face, type FaceOptions, openFace } from '../http/face.ts';
import { systemRoutes } from '../http/system.ts';
import { accountRoutes } from './accounts.ts';
import { collaborationRoutes } from './collaborations.ts';
import { electionRoutes } from './elections.ts';
import { eventRoutes, type Happening, Happenings } from './events.ts';
import { messageRoutes } from './messages.ts';
import { partyRoutes } from './parties.ts';
import type { Describe, Replica, Specify } from './seams.ts';
import { Specifications } from './specification.ts';
import { statusRoutes } from './status.ts';
import { Views } from './views.ts';

export interface CoordinatorFaceOptions extends Pick<FaceOptions, 'requestsPerMinute' | 'tls' | 'onTrouble'> {
  readonly describe: Describe;
  /** As `Specifications` compile by themselves where it is absent. */
  readonly specify?: Specify;
}

export interface CoordinatorFace extends Face {
  /** Of one account. */
  readonly requestsPerMinute: number;
  /** The replica has caught up: until then everything that needs it is answered 503. */
  serve(replica: Replica): void;
  /** A change of a collaboration that the log has told since `serve`. */
  hear(happening: Happening): void;
}

export async function openCoordinatorFace(options: CoordinatorFaceOptions): Promise<CoordinatorFace> {
  let serving: Replica | undefined;
  const views = new Views();
  const happenings = new Happenings(views);
  const seats = new Seats();
  const replica = (): Replica => {
    if (serving === undefined) throw new MpcError(STARTING.code, STARTING.message, { hint: 'ask again' });
    return serving;
  };
  const face = await openFace(
    {
      ...options,
      authenticate: (token) => replica().authenticate(token),
      title: 'mpc coordinator',
      description:
        'Brings parties together: who computes what with whom, how far it is, and their messages. It never sees a row. ' +
        'Every replica answers alike; on silence or 503 ask another, with the same Idempotency-Key.',
    },
    (app) => {
      systemRoutes(app, async () => (serving === undefined ? STARTING : serving.logFault()));
      statusRoutes(app, replica);
      collaborationRoutes(app, { replica, describe: options.describe, views });
      partyRoutes(app, { replica, specifications: new Specifications(options.specify), views });
      eventRoutes(app, { replica, happenings, views, seats });
      accountRoutes(app, () => replica().directory);
      electionRoutes(app, () => replica().elections);
      messageRoutes(app, { directory: () => replica().directory, seats });
    },
  );
  return {
    ...face,
    requestsPerMinute: options.requestsPerMinute,
    serve: (caughtUp) => {
      serving = caughtUp;
      happenings.startAfter(caughtUp.sequence());
    },
    hear: (happening) => happenings.hear(happening),
  };
}

const STARTING = {
  code: 'coordinator.starting',
  message: 'this replica is still catching up with the log',
} as const;
