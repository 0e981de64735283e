/**
 * Owns the paths of collaborations as a whole: create, discover, look at, cancel.
 * Must never let a caller act for a party that it is not.
 */
import { z } from 'zod';
import { hex } from '../../base/bytes.ts';
import { digestOf, type Json } from '../../base/canonical.ts';
import { LIMITS } from '../../base/limits.ts';
import {
  type Descriptor,
  descriptorDigest,
  descriptorSchema,
  collaborationId as idOf,
} from '../../coordination/descriptor.ts';
import { partiesOfResult } from '../../coordination/sources.ts';
import { type Made, madeFor } from '../../duties/queries.ts';
import { programSchema } from '../../programs/program.ts';
import { callerOf } from '../http/caller.ts';
import { isKnown, wantedVersions } from '../http/conditional.ts';
import type { Routes } from '../http/face.ts';
import {
  byCollaboration,
  changing,
  collaborationIdSchema,
  idempotent,
  partySchema,
  problems,
  reading,
  timeSchema,
} from '../schemas.ts';
import { Pages, textOnce } from './pages.ts';
import type { Describe, Replica } from './seams.ts';
import {
  collaborationSchema,
  computeConfigSchema,
  statusSchema,
  summarySchema,
  type Views,
} from './views.ts';
import { changed, commandIdOf, known, say } from './writes.ts';

const newSchema = z
  .strictObject({
    program: z.union([
      z.string().min(1).max(LIMITS.sqlBytes).meta({ description: 'SQL' }),
      programSchema.meta({ description: 'SQL, a packed circuit, or a packed plan' }),
    ]),
    inputs: z
      .array(
        z.strictObject({ party: partySchema, table: partySchema, maxRows: z.int().min(1).max(LIMITS.rows) }),
      )
      .max(LIMITS.parties * 16)
      .default([])
      .meta({ description: 'Who may bring at most how many rows to which table' }),
    sources: z
      .array(
        z.strictObject({ table: partySchema, result: z.string().regex(/^[0-9a-f]{20}\.[1-9][0-9]{0,2}$/) }),
      )
      .max(16)
      .default([])
      .meta({
        description: 'Earlier results that are read as rows of a table: the ids that `result-ids` tells',
      }),
    outputs: z.array(partySchema).min(1).max(LIMITS.parties).meta({ description: 'Who learns the result' }),
    minGroupSize: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1)
      .meta({ description: 'Smaller groups stay hidden' }),
    minimum: descriptorSchema.shape.minimum.default(null).meta({
      description:
        'The fewest input parties it may start with, and how long the others are waited for; null: all',
    }),
    reruns: descriptorSchema.shape.reruns.default(0),
    resultUses: descriptorSchema.shape.resultUses.default(0),
    roundTripMs: z.int().min(0).max(LIMITS.roundTripMs).default(0),
    deadline: timeSchema.meta({ description: 'When it expires unless it has finished' }),
  })
  .meta({ id: 'NewCollaboration' });

const createdSchema = z
  .object({ collaboration: collaborationSchema, disclosure: z.array(z.string()) })
  .meta({ id: 'CreatedCollaboration' });

const PAGE = 100;
const pageSchema = z
  .object({
    items: z.array(summarySchema),
    next: collaborationIdSchema.nullable().meta({ description: 'Ask with `after` for what follows' }),
  })
  .meta({ id: 'Collaborations' });

export interface CollaborationRoutes {
  readonly replica: () => Replica;
  readonly describe: Describe;
  readonly views: Views;
}

export function collaborationRoutes(app: Routes, { replica, describe, views }: CollaborationRoutes): void {
  const pages = new Pages(views);
  // What is asked for most is of its schema's type, and not held against the schema once more for every answer; and what is answered
  // again, because nothing has changed, is not written anew either.
  const text = textOnce();
  const asTyped = () => text;
  app.post(
    '/collaboration',
    {
      schema: {
        operationId: 'createCollaboration',
        summary:
          'Compile a program, fix its descriptor with the enrolled keys, and open a collaboration on it',
        tags: ['collaborations'],
        headers: idempotent,
        body: newSchema,
        response: { 201: createdSchema, ...problems(403, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { program, deadline, sources, ...fixed } = request.body;
      const here = replica();
      const id = commandIdOf(request, caller, 'create');
      // From the id: the same request at another replica makes the same descriptor, so that it is the same collaboration.
      const nonce = hex.decode(digestOf('nonce', id).slice(0, 32));
      const { descriptor, disclosure } = await describe(
        {
          ...readBy(here, sources),
          program: typeof program === 'string' ? { kind: 'sql', text: program } : program,
          ...fixed,
          deadlineMs: Date.parse(deadline),
          nonce,
          keys: here.trust,
        },
        caller.account,
      );
      await say(here, caller, { kind: 'create', descriptor: descriptor as unknown as Json }, id); // its schema's type: JSON
      const collaboration = known(here, idOf(descriptorDigest(descriptor)));
      const view = changed(views.of(collaboration), request, reply);
      return reply
        .code(201)
        .header('location', `/collaboration/${collaboration.id}`)
        .send({ collaboration: view, disclosure: [...disclosure] });
    },
  );

  app.get(
    '/collaboration',
    {
      schema: {
        operationId: 'listCollaborations',
        summary: 'The collaborations, by id',
        tags: ['collaborations'],
        querystring: z.strictObject({
          status: statusSchema.optional(),
          party: partySchema
            .optional()
            .meta({ description: 'Those in which it brings rows or learns the result' }),
          after: collaborationIdSchema.optional(),
          limit: z.coerce.number().int().min(1).max(PAGE).default(PAGE),
        }),
        response: { 200: pageSchema, ...problems() },
      },
    },
    async ({ query }, reply) => {
      void reply.type('application/json; charset=utf-8');
      return pages.of(replica(), query) as never; // a page of its schema's type, as the bytes that are sent
    },
  );

  app.get(
    '/collaboration/:cid',
    {
      serializerCompiler: asTyped,
      schema: {
        operationId: 'getCollaboration',
        summary: 'One collaboration: its state, who takes part, what it waits for',
        tags: ['collaborations'],
        params: byCollaboration,
        headers: reading,
        response: { 200: collaborationSchema, 304: z.null(), ...problems(404) },
      },
    },
    async (request, reply) => {
      const { view, version } = views.of(known(replica(), request.params.cid));
      return isKnown(request, reply, version) ? reply.send(null) : view;
    },
  );

  app.delete(
    '/collaboration/:cid',
    {
      schema: {
        operationId: 'cancelCollaboration',
        summary: 'Its creator takes it back before it has started',
        tags: ['collaborations'],
        params: byCollaboration,
        headers: changing,
        response: { 200: collaborationSchema, ...problems(403, 404, 409, 412, 422) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const here = replica();
      const { cid } = request.params;
      known(here, cid);
      await say(
        here,
        caller,
        { kind: 'cancel', collaboration: cid, ...wantedVersions(request) },
        commandIdOf(request, caller, 'cancel', cid),
      );
      return reply.code(200).send(changed(views.of(known(here, cid)), request, reply));
    },
  );

  app.post(
    '/collaboration/:cid/rerun',
    {
      schema: {
        operationId: 'rerunCollaboration',
        summary: 'Its creator asks for another attempt, on fresh randomness and new uploads',
        tags: ['collaborations'],
        params: byCollaboration,
        headers: changing,
        body: z.strictObject({ attempt: z.int().min(2).meta({ description: "The new attempt's number" }) }),
        response: { 200: collaborationSchema, ...problems(403, 404, 409, 412, 415, 422) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const here = replica();
      const { cid } = request.params;
      const { attempt } = request.body;
      known(here, cid);
      await say(
        here,
        caller,
        { kind: 'rerun', collaboration: cid, attempt, ...wantedVersions(request) },
        commandIdOf(request, caller, 'rerun', cid),
      );
      return reply.code(200).send(changed(views.of(known(here, cid)), request, reply));
    },
  );

  app.get(
    '/collaboration/:cid/compute-config',
    {
      schema: {
        operationId: 'getComputeConfig',
        summary:
          'The descriptor: program, plan digest, inputs, outputs, keys, bounds. Whoever approves it checks its digest',
        tags: ['collaborations'],
        params: byCollaboration,
        headers: reading,
        response: { 200: computeConfigSchema, 304: z.null(), ...problems(404) },
      },
    },
    async (request, reply) => {
      const { digest, descriptor } = known(replica(), request.params.cid);
      return isKnown(request, reply, digest) ? reply.send(null) : { digest, descriptor };
    },
  );
}

/** Earlier results with those whose rows are in them, and what made them. Throws `result.unknown`. */
function readBy(
  { collaboration }: Replica,
  named: readonly { readonly table: string; readonly result: string }[],
): { readonly sources: Descriptor['sources']; readonly made: Made } {
  const sources = named.map(({ table, result }) => ({
    table,
    result,
    parties: partiesOfResult({ collaboration }, result),
  }));
  return { sources, made: madeFor({ sources }, collaboration) };
}
