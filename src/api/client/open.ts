/**
 * Owns how a party's client service is put together: on this machine only, for whoever holds its token.
 */
import { z } from 'zod';
import { MpcError } from '../../base/errors.ts';
import { Specifications } from '../coordinator/specification.ts';
import { statusSchema, Views } from '../coordinator/views.ts';
import { type Face, type FaceOptions, openFace } from '../http/face.ts';
import { type PageFile, pageRoutes } from '../http/page-files.ts';
import { systemRoutes } from '../http/system.ts';
import { problems } from '../schemas.ts';
import { lookingRoutes } from './looking.ts';
import { messageRoutes } from './messages.ts';
import { clientRoutes } from './routes.ts';
import type { PartyDesk } from './seams.ts';
import { votingRoutes } from './voting.ts';

/** Of a table that is larger than memory, over the loopback. */
const UPLOAD_MS = 3_600_000;

export interface ClientFace extends Face {
  /** The client has caught up: until then everything that needs it is answered 503. */
  serve(desk: PartyDesk): void;
}

const systemStatusSchema = z
  .object({
    deployment: z.string(),
    party: z.string(),
    sequence: z.int().meta({ description: 'The last entry of the log that was applied here' }),
    parts: z.array(z.object({ collaboration: z.string(), status: statusSchema, part: z.string() })),
  })
  .meta({ id: 'ClientStatus' });

export async function openClientFace(
  options: Pick<FaceOptions, 'authenticate' | 'requestsPerMinute' | 'onTrouble' | 'tls'> & {
    /** The party's page, by its files. */
    readonly page?: ReadonlyMap<string, PageFile>;
  },
): Promise<ClientFace> {
  let serving: PartyDesk | undefined;
  const desk = (): PartyDesk => {
    if (serving === undefined) throw new MpcError(STARTING.code, STARTING.message, { hint: 'ask again' });
    return serving;
  };
  const face = await openFace(
    {
      ...options,
      requestMs: UPLOAD_MS,
      title: 'mpc client service',
      description:
        "A party's own service, at home: rows are checked and masked here, and results combined here. Nothing else sees them.",
    },
    (app) => {
      pageRoutes(app, options.page ?? new Map());
      systemRoutes(app, async () => (serving === undefined ? STARTING : undefined));
      const views = new Views();
      clientRoutes(app, { desk, views, specifications: new Specifications() });
      lookingRoutes(app, { desk, views });
      votingRoutes(app, () => desk().elections);
      messageRoutes(app, desk);
      app.get(
        '/sys-status',
        {
          schema: {
            operationId: 'systemStatus',
            summary: 'How far this client is in what it takes part in',
            tags: ['system'],
            response: { 200: systemStatusSchema, ...problems() },
          },
        },
        async () => {
          const here = desk();
          const parts = here.collaborations().flatMap((collaboration) => {
            const part = here.states(collaboration)?.join(', ');
            const { id, status } = collaboration;
            return part === undefined ? [] : [{ collaboration: id, status, part }];
          });
          return { deployment: here.deployment, party: here.party, sequence: here.sequence(), parts };
        },
      );
    },
  );
  return {
    ...face,
    serve: (caughtUp) => {
      serving = caughtUp;
    },
  };
}

const STARTING = { code: 'log.starting', message: 'this client is still catching up with the log' } as const;
