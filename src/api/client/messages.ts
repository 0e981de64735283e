/**
 * Owns what the party's people say to others and hear from them, at its own service: its account, conversations, others' keys.
 * Must never let a text into an address, a log or an error, nor trust a key that nobody has compared.
 */
import { z } from 'zod';
import { BOUNDS } from '../../directory/bounds.ts';
import type { Conversation } from '../../directory/client/conversations.ts';
import type { Looked } from '../../directory/client/post.ts';
import { accountName } from '../../directory/names.ts';
import type { Routes } from '../http/face.ts';
import { problems } from '../schemas.ts';
import type { PartyDesk } from './seams.ts';

/** Conversations told of at once, those with the newest word first, and characters of that word: all of it is told with every change. */
const SHOWN = 200;
const PREVIEW = 200;
/** What is read of one at once. */
const PAGE = 200;

const fingerprintSchema = z
  .string()
  .regex(/^[a-z2-7]{4}(-[a-z2-7]{4}){4}$/, 'five groups of four letters and digits');

const withSchema = z
  .string()
  .regex(/^(#[0-9a-f]{20}|[a-z0-9._-]{1,64})$/, "an account's name, or # and a collaboration's id")
  .meta({ description: "An account's name; or # and a collaboration's id: all who take part in it" });

const byConversation = z.object({ with: withSchema });
const byAccount = z.object({ name: accountName });

const saidSchema = z
  .object({
    number: z.int().meta({ description: 'Its place in the history that is kept here' }),
    direction: z.enum(['in', 'out', 'notice']),
    from: z.string(),
    to: z.array(z.string()),
    at: z.iso.datetime(),
    text: z.string(),
    claims: z
      .string()
      .optional()
      .meta({ description: 'A collaboration that its sender names without taking part in it' }),
    fault: z
      .string()
      .optional()
      .meta({ description: 'What is wrong with it: account.key-changed where nobody can say whose it is' }),
  })
  .meta({ id: 'Said' });

const conversationSchema = z
  .object({
    with: withSchema,
    unread: z.int(),
    last: saidSchema.meta({ description: `Of its text ${PREVIEW} characters at most` }),
  })
  .meta({ id: 'ConversationHere' });

export const postSchema = z
  .object({
    state: z.enum(['starting', 'none', 'here', 'away', 'refused']).meta({
      description:
        'none: the account is not registered; away: no coordinator answers; refused: it does not open with the key that is here',
    }),
    account: z.string(),
    fingerprint: fingerprintSchema.meta({ description: "Of this party's own keys, to be compared by voice" }),
    why: z
      .object({ code: z.string(), message: z.string(), hint: z.string().optional() })
      .nullable()
      .meta({ description: 'Why it is not here' }),
    missed: z.int().meta({ description: 'Messages that another place of this account has shown meanwhile' }),
    parties: z.array(z.string()).meta({ description: 'Other parties of this deployment' }),
    conversations: z
      .array(conversationSchema)
      .meta({ description: `The newest word first, ${SHOWN} at most` }),
  })
  .meta({ id: 'Post', description: "This party's place among the accounts" });

const readingSchema = z
  .object({
    with: withSchema,
    said: z.array(saidSchema).meta({ description: `The oldest first, the last ${PAGE} at most` }),
    hasEarlier: z.boolean(),
  })
  .meta({ id: 'Reading' });

const lookedSchema = z
  .object({
    account: z.string(),
    registered: z.boolean(),
    party: z.boolean().meta({ description: 'It is an enrolled party, and its key has agreed' }),
    places: z.int().meta({ description: 'Where it is signed in now' }),
    fingerprint: fingerprintSchema
      .nullable()
      .meta({ description: 'Of the keys that the coordinators tell of now' }),
    known: fingerprintSchema
      .nullable()
      .meta({ description: 'Of the keys that were seen here first, or trusted since' }),
  })
  .meta({ id: 'LookedUp' });

const tags = ['messages'];

export function messageRoutes(app: Routes, desk: () => PartyDesk): void {
  app.get(
    '/conversation',
    {
      schema: {
        operationId: 'getPost',
        summary: "How this party's account stands, and its conversations",
        tags,
        response: { 200: postSchema, ...problems() },
      },
    },
    async () => {
      desk().post.look();
      return postOf(desk());
    },
  );

  app.post(
    '/account',
    {
      schema: {
        operationId: 'registerOwnAccount',
        summary: "Register this party's account at the coordinators, by its own key",
        tags,
        response: { 204: z.null(), ...problems(403, 409) },
      },
    },
    async (_, reply) => {
      await desk().post.register();
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/account/:name',
    {
      schema: {
        operationId: 'lookUp',
        summary: 'Who an account is, and whether its keys are those that are known here',
        tags,
        params: byAccount,
        response: { 200: lookedSchema, ...problems(409) },
      },
    },
    async ({ params: { name } }) => lookedOf(name, await desk().post.account(name)),
  );

  app.put(
    '/account/:name/trust',
    {
      schema: {
        operationId: 'trustKey',
        summary: 'Its owner has read that fingerprint out: its keys are trusted from now on',
        tags,
        params: byAccount,
        body: z.strictObject({ fingerprint: fingerprintSchema }),
        response: { 200: lookedSchema, ...problems(409, 415) },
      },
    },
    async ({ params: { name }, body }) => lookedOf(name, await desk().post.trust(name, body.fingerprint)),
  );

  app.get(
    '/conversation/:with',
    {
      schema: {
        operationId: 'read',
        summary: 'What was said in a conversation, as it is kept here',
        tags,
        params: byConversation,
        response: { 200: readingSchema, ...problems() },
      },
    },
    async (request) => {
      const name = request.params.with;
      const found = desk()
        .post.conversations()
        .find((conversation) => conversation.with === name);
      const said = found?.said ?? [];
      return { with: name, said: said.slice(-PAGE).map(saidOf), hasEarlier: said.length > PAGE };
    },
  );

  app.post(
    '/conversation/:with',
    {
      schema: {
        operationId: 'say',
        summary: 'Say something: sealed here, signed by the key of this party',
        tags,
        params: byConversation,
        body: z.strictObject({
          text: z
            .string()
            .max(BOUNDS.textBytes)
            .meta({ description: `One line, ${BOUNDS.textBytes} bytes at most` }),
        }),
        response: {
          200: z
            .object({ to: z.array(z.string()).meta({ description: 'Stored for them' }) })
            .meta({ id: 'Stored' }),
          ...problems(403, 404, 409, 415),
        },
      },
    },
    async (request) => ({ to: [...(await desk().post.send(request.body.text, request.params.with))] }),
  );

  app.put(
    '/conversation/:with/read',
    {
      schema: {
        operationId: 'markRead',
        summary: 'Everything said in it up to that number has been read',
        tags,
        params: byConversation,
        body: z.strictObject({ number: z.int().min(0) }),
        response: { 204: z.null(), ...problems(415) },
      },
    },
    async (request, reply) => {
      desk().post.markRead(request.params.with, request.body.number);
      return reply.code(204).send(null);
    },
  );
}

export function postOf({ post, party, parties }: PartyDesk): z.infer<typeof postSchema> {
  const { standing, fingerprint, missed } = post;
  const { why } = standing;
  return {
    ...{ state: standing.is, account: party, fingerprint, missed },
    why:
      why === undefined
        ? null
        : {
            code: why.code,
            message: why.message,
            ...(why.hint === undefined ? {} : { hint: why.hint }),
          },
    parties: parties().filter((name) => name !== party),
    conversations: post
      .conversations()
      .slice(0, SHOWN)
      .flatMap(({ with: name, unread, said }) => {
        const last = said.at(-1);
        if (last === undefined) return [];
        const text = [...last.text].slice(0, PREVIEW).join('');
        return [{ with: name, unread, last: saidOf({ ...last, text }) }];
      }),
  };
}

function saidOf({
  to,
  atMs,
  claims,
  fault,
  ...rest
}: Conversation['said'][number]): z.infer<typeof saidSchema> {
  return {
    ...rest,
    to: [...to],
    at: new Date(atMs).toISOString(),
    ...(claims === undefined ? {} : { claims }),
    ...(fault === undefined ? {} : { fault }),
  };
}

const lookedOf = (account: string, looked: Looked | undefined): z.infer<typeof lookedSchema> => ({
  account,
  registered: looked !== undefined,
  party: looked?.view.party ?? false,
  places: looked?.view.places ?? 0,
  fingerprint: looked?.fingerprint ?? null,
  known: looked?.known ?? null,
});
