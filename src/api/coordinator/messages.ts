/**
 * Owns the paths of messages: send, read, hear live, acknowledge. What is in a message is sealed to its recipient: nobody here can
 * read it. Must never show a message as delivered before its recipient has acknowledged it.
 */
import { z } from 'zod';
import { BOUNDS } from '../../directory/bounds.ts';
import { accountName } from '../../directory/names.ts';
import { newMessageSchema } from '../../directory/requests.ts';
import type { Mail } from '../../directory/rows.ts';
import type { Seats } from '../../directory/seats.ts';
import type { DirectoryService } from '../../directory/service.ts';
import { type Caller, callerOf } from '../http/caller.ts';
import { openEvents } from '../http/events.ts';
import type { Routes } from '../http/face.ts';
import { problems } from '../schemas.ts';

const number = z.int().min(0);

const mailSchema = z
  .union([
    z.object({
      kind: z.literal('message'),
      number,
      id: z.string(),
      from: accountName,
      timeMs: z.int(),
      sealedTo: z.string(),
      sealed: z.string(),
    }),
    z.object({
      kind: z.literal('undelivered'),
      number,
      timeMs: z.int(),
      account: accountName,
      count: z.int(),
      ids: z.array(z.string()),
    }),
  ])
  .meta({
    id: 'Mail',
    description: 'A message, or the notice that an account was deleted before it got some',
  });

const after = z.coerce
  .number()
  .int()
  .min(0)
  .optional()
  .meta({ description: 'Only those after it; by default what this place has not acknowledged' });
const tags = ['messages'];

export interface MessageRoutes {
  readonly directory: () => DirectoryService;
  readonly seats: Seats;
}

export function messageRoutes(app: Routes, { directory, seats }: MessageRoutes): void {
  app.post(
    '/message',
    {
      schema: {
        operationId: 'sendMessage',
        summary: 'Send a sealed message to an account: kept until it is acknowledged',
        tags,
        body: newMessageSchema,
        response: {
          202: z.object({ number: z.int().meta({ description: "Its place in the recipient's mailbox" }) }),
          ...problems(404, 409, 413, 415, 422),
        },
      },
    },
    async (request, reply) => reply.code(202).send(await directory().send(callerOf(request), request.body)),
  );

  app.get(
    '/message',
    {
      schema: {
        operationId: 'listMessages',
        summary: 'Messages in their order',
        tags,
        querystring: z.strictObject({
          after,
          limit: z.coerce.number().int().min(1).max(BOUNDS.page).default(BOUNDS.page),
        }),
        response: { 200: z.object({ items: z.array(mailSchema) }), ...problems() },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { after: from = caller.acknowledged, limit } = request.query;
      return { items: directory().messages(caller, from, limit).map(shown) };
    },
  );

  app.put(
    '/message/acknowledged',
    {
      schema: {
        operationId: 'acknowledgeMessages',
        summary: 'All messages up to that number have been shown at this place',
        tags,
        body: z.strictObject({ number }),
        response: { 204: z.null(), ...problems(409, 415) },
      },
    },
    async (request, reply) => {
      await directory().acknowledge(callerOf(request), request.body.number);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/message/events',
    {
      schema: {
        operationId: 'followMessages',
        summary:
          'Server-sent events: each message as it comes, by its number. `Last-Event-ID` resumes after that number',
        tags,
        querystring: z.strictObject({ after }),
        headers: z.looseObject({
          'last-event-id': z
            .string()
            .regex(/^\d{1,15}$/, 'send an id that this path gave')
            .optional(),
        }),
        response: {
          200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
          ...problems(),
        },
      },
    },
    (request, reply) => {
      const caller = callerOf(request);
      const last = request.headers['last-event-id'];
      const from = last === undefined ? (request.query.after ?? caller.acknowledged) : Number(last);
      const mail = directory();
      const leave = seats.take(caller);
      const ended = new AbortController();
      const stream = openEvents(request, reply, () => {
        leave();
        ended.abort();
      });
      void follow(mail, caller, from, ended.signal, (one) =>
        stream.send({ id: String(one.number), name: one.kind, data: one }),
      ).finally(() => stream.end());
    },
  );
}

/** Ends with the session, or when the reader has gone. */
async function follow(
  directory: DirectoryService,
  caller: Caller,
  after: number,
  signal: AbortSignal,
  show: (mail: Mail) => void,
): Promise<void> {
  for await (const mail of directory.subscribe(caller, after, signal)) show(mail);
}

const shown = (mail: Mail): z.infer<typeof mailSchema> =>
  mail.kind === 'undelivered' ? { ...mail, ids: [...mail.ids] } : mail;
