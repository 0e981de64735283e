/**
 * Owns what a party's page looks at: everything that the party takes part in, as it changes, and a file before it is handed in.
 * Must never keep a file that is only looked at, nor count looking at one as approving anything.
 */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { placeSchema } from '../../base/problem.ts';
import type { Collaboration } from '../../coordination/collaboration.ts';
import { collaborationSchema, type Views } from '../coordinator/views.ts';
import { type EventStream, openEvents } from '../http/events.ts';
import type { Routes } from '../http/face.ts';
import { byParty, partySchema, problems } from '../schemas.ts';
import { postOf } from './messages.ts';
import { bounded, ownOf, partOf, partSchema, tableOf, takesPart } from './party.ts';
import { notServed } from './refusals.ts';
import { rowsSchema, streamed, takesRows } from './rows-body.ts';
import type { PartyDesk } from './seams.ts';

/** Collaborations shown at once, the newest first: a page is for people. */
const SHOWN = 500;

/** Messages that come within so long are told of at once. */
const TOGETHER_MS = 50;

const shownSchema = z
  .object({ collaboration: collaborationSchema, part: partSchema })
  .meta({ id: 'TakingPart', description: 'A collaboration, and how far this party is in it' });

const overviewSchema = z
  .object({
    deployment: z.string(),
    party: partySchema,
    collaborations: z.array(shownSchema).meta({ description: `The newest first, ${SHOWN} at most` }),
  })
  .meta({ id: 'Overview' });

const reviewSchema = z
  .object({
    table: z.string(),
    rows: z.int().meta({ description: 'Rows that fit' }),
    columns: z.array(z.string()),
    preview: z.array(z.array(z.string())).meta({ description: 'Cells of the first rows that fit' }),
    passedOver: z.array(z.string()).meta({ description: 'Columns of the file that nobody asked for' }),
    faults: z.array(
      z.object({
        code: z.string(),
        message: z.string(),
        hint: z.string().optional(),
        place: placeSchema.optional(),
      }),
    ),
    hasMore: z.boolean().meta({ description: 'There are more faults than these' }),
  })
  .meta({ id: 'Review', description: 'What stands in a file, and what is wrong with it' });

export interface LookingRoutes {
  readonly desk: () => PartyDesk;
  readonly views: Views;
}

export function lookingRoutes(app: Routes, { desk, views }: LookingRoutes): void {
  const shown = (collaboration: Collaboration): z.infer<typeof shownSchema> => ({
    collaboration: views.of(collaboration).view,
    part: partOf(desk(), collaboration),
  });
  const overview = (): z.infer<typeof overviewSchema> => {
    const here = desk();
    const own = here.collaborations().filter((collaboration) => takesPart(here, collaboration));
    const newest = [...own].sort((a, b) => b.createdMs - a.createdMs).slice(0, SHOWN);
    return { deployment: here.deployment, party: here.party, collaborations: newest.map(shown) };
  };

  app.get(
    '/collaborations',
    {
      schema: {
        operationId: 'listOwn',
        summary: 'What this party is asked for and takes part in, and how far each is',
        tags: ['approvals'],
        response: { 200: overviewSchema, ...problems() },
      },
    },
    async () => overview(),
  );

  app.get(
    '/events',
    {
      schema: {
        operationId: 'watchOwn',
        summary:
          'Server-sent events: `all` and `post` first, then `one` for each collaboration that has changed, and `post` for messages',
        description: 'Each `data` is JSON: of `all` an Overview, of `one` a TakingPart, of `post` a Post.',
        tags: ['approvals'],
        response: {
          200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
          ...problems(),
        },
      },
    },
    (request, reply) => {
      const here = desk();
      const all = overview();
      let [sent, unwatch] = [0, () => {}];
      const stream: EventStream = openEvents(request, reply, () => unwatch());
      const say = (name: string, data: unknown): void => stream.send({ id: String(sent++), name, data });
      say('all', all);
      say('post', postOf(here));
      let timer: NodeJS.Timeout | undefined;
      const unheard = here.post.watch(() => {
        timer ??= setTimeout(() => {
          timer = undefined;
          say('post', postOf(here));
        }, TOGETHER_MS);
      });
      const unseen = here.watch((id) => {
        const collaboration = here.collaboration(id);
        if (collaboration !== undefined && takesPart(here, collaboration)) say('one', shown(collaboration));
      });
      unwatch = () => {
        clearTimeout(timer);
        unheard();
        unseen();
      };
      if (stream.ended) unwatch();
    },
  );

  app.register(async (rows) => {
    streamed(rows).post(
      '/check/:cid/:pid',
      {
        ...takesRows,
        schema: {
          ...rowsSchema,
          operationId: 'checkRows',
          summary: "Looks at a table's rows: what fits, and what does not by line and column. Keeps nothing",
          tags: ['rows'],
          params: byParty,
          querystring: z.strictObject({
            table: partySchema.optional().meta({ description: 'Needed where this party brings several' }),
          }),
          response: { 200: reviewSchema, ...problems(403, 404, 413, 415) },
        },
      },
      async (request) => {
        const { cid, pid } = request.params;
        const here = desk();
        if (pid !== here.party) throw notServed(pid);
        const collaboration = ownOf(here, cid);
        const table = tableOf(collaboration, pid, request.query.table);
        const body = bounded(request.body as unknown as Readable); // rows-body.ts hands the stream on
        const { columns, preview, passedOver, faults, ...counts } = await here.look(
          collaboration,
          table,
          body,
        );
        return {
          ...counts,
          table,
          columns: [...columns],
          preview: preview.map((cells) => [...cells]),
          passedOver: [...passedOver],
          faults: faults.map(({ code, message, hint, place }) => ({
            code,
            message,
            ...(hint === undefined ? {} : { hint }),
            ...(place === undefined ? {} : { place: lineOf(place) }),
          })),
        };
      },
    );
  });
}

/** Where the rows lie for a moment is nobody's business. */
const lineOf = ({
  line,
  column,
}: {
  line?: number;
  column?: number | string;
}): z.infer<typeof placeSchema> => ({
  ...(line === undefined ? {} : { line }),
  ...(column === undefined ? {} : { column }),
});
