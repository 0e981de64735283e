/**
 * Owns the paths of the parties of one collaboration: register, withdraw, who is in, what each brings, what came of it.
 * Must never take what only a party's own key may say: approvals and uploads are in the log with its signature, or not at all.
 */
import { z } from 'zod';
import type { Body } from '../../coordination/chapter.ts';
import type { Collaboration } from '../../coordination/collaboration.ts';
import { inputParties } from '../../coordination/descriptor.ts';
import { resultIds } from '../../coordination/sources.ts';
import { callerOf } from '../http/caller.ts';
import { isKnown, wantedVersions } from '../http/conditional.ts';
import type { Routes } from '../http/face.ts';
import { HttpRefusal } from '../http/problem.ts';
import {
  byCollaboration,
  byParty,
  changing,
  collaborationIdSchema,
  digestSchema,
  idempotent,
  problems,
  reading,
} from '../schemas.ts';
import type { Replica } from './seams.ts';
import type { Specifications } from './specification.ts';
import { specificationSchema } from './told.ts';
import { collaborationSchema, inputPartiesOf, inputPartySchema, statusSchema, type Views } from './views.ts';
import { changed, commandIdOf, known, mustBe, say } from './writes.ts';

const inputPartiesSchema = z.object({ items: z.array(inputPartySchema) }).meta({ id: 'InputParties' });

const endpointSchema = z
  .strictObject({
    notify: z
      .string()
      .max(500)
      .regex(/^https?:\/\/[^\s/?#@\\]+[^\s?#@\\]*$/, 'write http(s)://host/path')
      .optional()
      .meta({ description: 'Where `PUT <notify>/notify/<collaboration>` tells of changes' }),
  })
  .nullish()
  .meta({ id: 'Registration' });

const confirmationSchema = z
  .strictObject({
    secretIds: z.array(digestSchema).length(1).meta({ description: 'Digest of the masked rows' }),
  })
  .meta({ id: 'UploadConfirmation' });

const confirmedSchema = z
  .object({
    collaboration: collaborationIdSchema,
    party: z.string(),
    secretIds: z.array(digestSchema),
    status: statusSchema,
  })
  .meta({ id: 'ConfirmedUpload' });

const resultIdsSchema = z
  .object({
    collaboration: collaborationIdSchema,
    status: statusSchema,
    resultIds: z
      .array(z.string())
      .meta({ description: 'Names of the results that both servers hold: sources of later collaborations' }),
  })
  .meta({ id: 'ResultIds' });

export interface PartyRoutes {
  readonly replica: () => Replica;
  readonly specifications: Specifications;
  readonly views: Views;
}

export function partyRoutes(app: Routes, { replica, specifications, views }: PartyRoutes): void {
  app.put(
    '/collaboration/:cid/register-input-party/:pid',
    {
      schema: {
        operationId: 'registerInputParty',
        summary: 'A party takes part with rows; answers what they must look like and what approving reveals',
        tags: ['parties'],
        params: byParty,
        headers: idempotent,
        body: endpointSchema,
        response: { 200: specificationSchema, ...problems(403, 404, 409, 415, 422) },
      },
    },
    async (request) => {
      const { cid, pid } = request.params;
      const caller = callerOf(request);
      mustBe(caller, pid);
      const here = replica();
      const collaboration = known(here, cid);
      const { notify } = request.body ?? {};
      const body: Body = {
        kind: 'register',
        collaboration: cid,
        as: 'input',
        ...(notify === undefined ? {} : { notify }),
      };
      await say(here, caller, body, commandIdOf(request, caller, 'register input', cid));
      return specifications.of(collaboration, pid, here.collaboration);
    },
  );

  app.delete(
    '/collaboration/:cid/register-input-party/:pid',
    {
      schema: {
        operationId: 'withdrawInputParty',
        summary: 'A party takes its part back before the start: registration, approval, rows',
        tags: ['parties'],
        params: byParty,
        headers: changing,
        response: { 200: collaborationSchema, ...problems(403, 404, 409, 412, 422) },
      },
    },
    async (request, reply) => {
      const { cid, pid } = request.params;
      const caller = callerOf(request);
      mustBe(caller, pid);
      const here = replica();
      const before = known(here, cid);
      const { attempt } = before.lifecycle.context;
      const body: Body = { kind: 'withdraw', collaboration: cid, attempt, ...wantedVersions(request) };
      await say(here, caller, body, commandIdOf(request, caller, 'withdraw', cid));
      return reply.code(200).send(changed(views.of(known(here, cid)), request, reply));
    },
  );

  app.put(
    '/collaboration/:cid/register-output-party/:pid',
    {
      schema: {
        operationId: 'registerOutputParty',
        summary: 'A party takes part as a receiver of the result; `notify` is where it is told of changes',
        tags: ['parties'],
        params: byParty,
        headers: changing,
        body: endpointSchema,
        response: { 200: collaborationSchema, ...problems(403, 404, 409, 412, 415, 422) },
      },
    },
    async (request, reply) => {
      const { cid, pid } = request.params;
      const caller = callerOf(request);
      mustBe(caller, pid);
      const here = replica();
      known(here, cid);
      const { notify } = request.body ?? {};
      const body: Body = {
        kind: 'register',
        collaboration: cid,
        as: 'output',
        ...(notify === undefined ? {} : { notify }),
        ...wantedVersions(request),
      };
      await say(here, caller, body, commandIdOf(request, caller, 'register output', cid));
      return reply.code(200).send(changed(views.of(known(here, cid)), request, reply));
    },
  );

  app.get(
    '/collaboration/:cid/input-parties',
    {
      schema: {
        operationId: 'listInputParties',
        summary: 'Who brings rows, and how far each is',
        tags: ['parties'],
        params: byCollaboration,
        headers: reading,
        response: { 200: inputPartiesSchema, 304: z.null(), ...problems(404) },
      },
    },
    async (request, reply) => {
      const collaboration = known(replica(), request.params.cid);
      if (isKnown(request, reply, views.of(collaboration).version)) return reply.send(null);
      return { items: inputPartiesOf(collaboration) };
    },
  );

  app.put(
    '/confirm-upload/:cid/:pid',
    {
      schema: {
        operationId: 'confirmUpload',
        summary:
          'Are these rows of the party at both servers? Its own client says so in the log, with its key',
        tags: ['parties'],
        params: byParty,
        body: confirmationSchema,
        response: { 200: confirmedSchema, ...problems(403, 404, 409, 413, 415, 422) },
      },
    },
    async (request) => {
      const { cid, pid } = request.params;
      mustBe(callerOf(request), pid);
      const collaboration = known(replica(), cid);
      mustBring(collaboration, pid);
      const [rows = ''] = request.body.secretIds;
      const { status, lifecycle } = collaboration;
      const uploaded = lifecycle.context.uploads[pid];
      if (uploaded !== rows) throw unconfirmed(uploaded, status);
      return { collaboration: cid, party: pid, secretIds: [rows], status };
    },
  );

  app.get(
    '/collaboration/:cid/result-ids',
    {
      schema: {
        operationId: 'listResultIds',
        summary: 'The masked results that both servers hold',
        tags: ['parties'],
        params: byCollaboration,
        headers: reading,
        response: { 200: resultIdsSchema, 304: z.null(), ...problems(404) },
      },
    },
    async (request, reply) => {
      const collaboration = known(replica(), request.params.cid);
      if (isKnown(request, reply, views.of(collaboration).version)) return reply.send(null);
      const { id, status } = collaboration;
      return { collaboration: id, status, resultIds: resultIds(collaboration) };
    },
  );
}

function mustBring({ id, descriptor }: Collaboration, party: string): void {
  if (inputParties(descriptor).includes(party)) return;
  throw new HttpRefusal(403, {
    code: 'collaboration.not-an-input-party',
    message: `${party} brings no rows to collaboration ${id}`,
    hint: 'its descriptor names those who do',
  });
}

const unconfirmed = (uploaded: string | undefined, state: string): HttpRefusal =>
  new HttpRefusal(
    409,
    uploaded === undefined
      ? {
          code: 'collaboration.not-uploaded',
          message: "the party's key has not confirmed an upload yet",
          hint: 'its client confirms by itself once both servers have the rows: ask again',
        }
      : {
          code: 'collaboration.second-upload',
          message: "the party's key has confirmed other rows",
          hint: 'rows cannot be changed: create a new collaboration',
        },
    { state },
  );
