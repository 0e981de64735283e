/**
 * Owns the paths of accounts and sessions: register, sign in and out, look others up, change and delete one's own.
 * Must never answer a token but to the one who has just signed in, nor a password or key's proof to anybody.
 */
import { z } from 'zod';
import { derivedCommandId } from '../../coordination/commands.ts';
import { BOUNDS } from '../../directory/bounds.ts';
import { accountName } from '../../directory/names.ts';
import {
  accountKeysSchema,
  lifetimeMs,
  loginSchema,
  newAccountSchema,
  PATTERN_CHARACTERS,
  password,
  proofSchema,
} from '../../directory/requests.ts';
import type { DirectoryService } from '../../directory/service.ts';
import type { LoginRequest, Proof } from '../../directory/views.ts';
import { callerOf } from '../http/caller.ts';
import type { Routes } from '../http/face.ts';
import { idempotent, problems } from '../schemas.ts';
import { keyOf } from './writes.ts';

const sessionSchema = z
  .object({
    account: accountName,
    token: z
      .string()
      .optional()
      .meta({ description: 'Only where it was made here: keep it, nobody can tell it again' }),
    expiresMs: z.int(),
    acknowledged: z.int().meta({ description: 'Messages up to this number have been shown at this place' }),
  })
  .meta({ id: 'Session' });

const accountSchema = z
  .object({
    account: accountName,
    born: z.int().meta({ description: 'Another number is another owner of the name' }),
    createdMs: z.int(),
    party: z.boolean().meta({ description: "The name is an enrolled party's, and its key has agreed" }),
    keys: z.object({ signing: z.string(), sealing: z.string() }).nullable(),
    places: z.int().meta({ description: 'Where it is signed in now' }),
  })
  .meta({ id: 'Account' });

const accountsSchema = z
  .object({ accounts: z.array(accountSchema), next: accountName.nullable() })
  .meta({ id: 'Accounts' });

const tags = ['accounts'];

export function accountRoutes(app: Routes, directory: () => DirectoryService): void {
  app.post(
    '/account',
    {
      config: { open: true },
      schema: {
        operationId: 'registerAccount',
        summary: 'A new account, with a password, keys, or both',
        tags,
        security: [],
        headers: idempotent,
        body: newAccountSchema,
        response: { 201: accountSchema, ...problems(403, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const id = derivedCommandId(['register account', keyOf(request)]);
      const { account, password: chosen, keys } = request.body;
      const made = await directory().register(
        {
          account,
          ...(chosen === undefined ? {} : { password: chosen }),
          ...(keys === undefined ? {} : { keys }),
        },
        id,
      );
      return reply.code(201).send(made);
    },
  );

  app.get(
    '/account',
    {
      schema: {
        operationId: 'listAccounts',
        summary: 'Accounts by name; `*` stands for any characters, `?` for one',
        tags,
        querystring: z.strictObject({
          pattern: z.string().min(1).max(PATTERN_CHARACTERS).optional(),
          after: accountName.optional(),
          limit: z.coerce.number().int().min(1).max(BOUNDS.page).default(BOUNDS.page),
        }),
        response: { 200: accountsSchema, ...problems() },
      },
    },
    async ({ query: { pattern, after, limit } }) => {
      const { accounts, next } = directory().list({
        limit,
        ...(pattern === undefined ? {} : { pattern }),
        ...(after === undefined ? {} : { after }),
      });
      return { accounts: [...accounts], next: next ?? null };
    },
  );

  app.get(
    '/account/:account',
    {
      schema: {
        operationId: 'getAccount',
        summary: 'One account and its public keys',
        tags,
        params: z.object({ account: accountName }),
        response: { 200: accountSchema, ...problems(404) },
      },
    },
    (request) => directory().account(request.params.account),
  );

  app.patch(
    '/account',
    {
      schema: {
        operationId: 'changeAccount',
        summary: "Change one's password or keys. All other sessions end",
        tags,
        body: z
          .strictObject({
            password: password.nullable().optional(),
            keys: accountKeysSchema.optional(),
            proof: proofSchema,
          })
          .meta({ id: 'AccountChange' }),
        response: { 204: z.null(), ...problems(403, 409, 413, 415) },
      },
    },
    async (request, reply) => {
      const { proof, password: chosen, keys } = request.body;
      await directory().change(
        callerOf(request),
        { ...(chosen === undefined ? {} : { password: chosen }), ...(keys === undefined ? {} : { keys }) },
        proof satisfies Proof,
      );
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/account',
    {
      schema: {
        operationId: 'deleteAccount',
        summary: "Delete one's account. Messages that it has not got are dropped, and their senders told",
        tags,
        body: z.strictObject({ proof: proofSchema }),
        response: { 204: z.null(), ...problems(403, 409, 413, 415) },
      },
    },
    async (request, reply) => {
      await directory().delete(callerOf(request), request.body.proof);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/session',
    {
      config: { open: true },
      schema: {
        operationId: 'login',
        summary: "Sign in by password, or by what the account's key has signed",
        tags,
        security: [],
        body: loginSchema,
        response: { 201: sessionSchema, ...problems(404, 409, 413, 415) },
      },
    },
    async (request, reply) => {
      // An absent member and one that is undefined are the same to the service.
      const { session: _, ...opened } = await directory().login(request.body as LoginRequest);
      return reply.code(201).send(opened);
    },
  );

  app.get(
    '/session',
    {
      schema: {
        operationId: 'getSession',
        summary: 'Whose session this is, and how long it lasts',
        tags,
        response: { 200: sessionSchema, ...problems() },
      },
    },
    async (request) => {
      const { account, expiresMs, acknowledged } = callerOf(request);
      return { account, expiresMs, acknowledged };
    },
  );

  app.put(
    '/session',
    {
      schema: {
        operationId: 'renewSession',
        summary: 'Stay signed in',
        tags,
        body: z.strictObject({ lifetimeMs: lifetimeMs.default(BOUNDS.sessionMs) }),
        response: { 200: sessionSchema, ...problems(415) },
      },
    },
    async (request) => {
      const { session: _, ...renewed } = await directory().renew(callerOf(request), request.body.lifetimeMs);
      return renewed;
    },
  );

  app.delete(
    '/session',
    {
      schema: {
        operationId: 'logout',
        summary: 'Sign out here',
        tags,
        response: { 204: z.null(), ...problems() },
      },
    },
    async (request, reply) => {
      await directory().logout(callerOf(request));
      return reply.code(204).send(null);
    },
  );
}
