/**
 * Owns the paths of a party's client service: approve a descriptor, hand in rows, see how far it is, fetch the result.
 * Must never pass a row on unless its descriptor's digest was approved, and never answer another party's path.
 */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { MpcError } from '../../base/errors.ts';
import type { Collaboration } from '../../coordination/collaboration.ts';
import { inputParties } from '../../coordination/descriptor.ts';
import { noticeSchema } from '../../coordination/notice.ts';
import { accountKeysSchema } from '../../directory/requests.ts';
import type { Specifications } from '../coordinator/specification.ts';
import { specificationSchema } from '../coordinator/told.ts';
import { collaborationSchema, computeConfigSchema, type Views } from '../coordinator/views.ts';
import type { Routes } from '../http/face.ts';
import { HttpRefusal } from '../http/problem.ts';
import {
  byCollaboration,
  byParty,
  collaborationIdSchema,
  digestSchema,
  partySchema,
  problems,
} from '../schemas.ts';
import { csvOf } from './csv-out.ts';
import { bounded, ownOf, partOf, partSchema, tableOf } from './party.ts';
import { notApproved, notAReceiver, notServed, notYet, otherDigest, tooLate } from './refusals.ts';
import { rowsSchema, streamed, takesRows } from './rows-body.ts';
import type { PartyDesk } from './seams.ts';

const toApproveSchema = z
  .object({
    collaboration: collaborationSchema,
    specification: specificationSchema,
    descriptor: computeConfigSchema.shape.descriptor,
  })
  .meta({
    id: 'Invitation',
    description: 'What approving means: read it, compare the digest with the others',
  });

const resultSchema = z
  .object({
    collaboration: collaborationIdSchema,
    disclosure: z.array(z.string()),
    table: z.object({
      columns: z.array(z.object({ name: z.string(), type: z.string(), scale: z.int() })),
      rows: z.array(z.array(z.union([z.number(), z.string(), z.boolean(), z.null()]))),
    }),
  })
  .meta({ id: 'Result' });

export interface ClientRoutes {
  readonly desk: () => PartyDesk;
  readonly views: Views;
  readonly specifications: Specifications;
}

export function clientRoutes(app: Routes, { desk, views, specifications }: ClientRoutes): void {
  const own = (id: string): Collaboration => ownOf(desk(), id);
  const mustServe = (party: string): void => {
    if (party !== desk().party) throw notServed(party);
  };

  app.get(
    '/approve/:cid',
    {
      schema: {
        operationId: 'getInvitation',
        summary: 'What this party is asked to approve: who learns what, and what its rows must look like',
        tags: ['approvals'],
        params: byCollaboration,
        response: { 200: toApproveSchema, ...problems(403, 404) },
      },
    },
    async (request) => {
      const collaboration = own(request.params.cid);
      const specification = await specifications.of(collaboration, desk().party, desk().collaboration);
      const { descriptor } = collaboration;
      return { collaboration: views.of(collaboration).view, specification, descriptor };
    },
  );

  app.put(
    '/approve/:cid',
    {
      schema: {
        operationId: 'approve',
        summary: 'Approve a descriptor by its digest. Rows go to approved digests only',
        tags: ['approvals'],
        params: byCollaboration,
        body: z.strictObject({ digest: digestSchema }),
        response: { 200: partSchema, ...problems(403, 404, 409, 415) },
      },
    },
    async (request) => {
      const collaboration = own(request.params.cid);
      await approve(collaboration, request.body.digest);
      return partOf(desk(), collaboration);
    },
  );

  async function approve(collaboration: Collaboration, digest: string): Promise<void> {
    if (collaboration.digest !== digest) throw otherDigest(collaboration);
    if (desk().hasApproved(collaboration)) return;
    if (
      !BEFORE_START.includes(collaboration.status) &&
      inputParties(collaboration.descriptor).includes(desk().party)
    )
      throw tooLate(collaboration);
    await desk().approve(collaboration);
  }

  app.register(async (rows) => {
    streamed(rows).post(
      '/secrets/:cid/:pid',
      {
        ...takesRows,
        schema: {
          ...rowsSchema,
          operationId: 'giveRows',
          summary:
            "This party's rows of one table, as CSV. They are checked here, masked here, and leave masked",
          tags: ['rows'],
          params: byParty,
          querystring: z.strictObject({
            table: partySchema.optional().meta({ description: 'Needed where this party brings several' }),
            approve: digestSchema
              .optional()
              .meta({ description: 'Approves the descriptor of that digest, too' }),
          }),
          response: { 202: partSchema, ...problems(403, 404, 409, 413, 415) },
        },
      },
      async (request, reply) => {
        const { cid, pid } = request.params;
        mustServe(pid);
        const collaboration = own(cid);
        const { approve: digest } = request.query;
        if (digest !== undefined && digest !== collaboration.digest) throw otherDigest(collaboration);
        if (digest === undefined && !desk().hasApproved(collaboration)) throw notApproved(collaboration);
        if (!BEFORE_START.includes(collaboration.status) || collaboration.lifecycle.context.closed)
          throw tooLate(collaboration);
        const table = tableOf(collaboration, pid, request.query.table);
        await desk().bring(collaboration, table, bounded(request.body as unknown as Readable)); // the parser above hands the stream on
        if (digest !== undefined) await approve(collaboration, digest);
        return reply.code(202).send(partOf(desk(), desk().collaboration(cid) ?? collaboration));
      },
    );
  });

  app.get(
    '/secrets/:cid',
    {
      schema: {
        operationId: 'getPart',
        summary: "How far this party's part is",
        tags: ['rows'],
        params: byCollaboration,
        response: { 200: partSchema, ...problems(403, 404) },
      },
    },
    async (request) => partOf(desk(), own(request.params.cid)),
  );

  app.delete(
    '/approve/:cid',
    {
      schema: {
        operationId: 'withdraw',
        summary: "Take this party's part back before the start: its approval, and its rows at both servers",
        tags: ['approvals'],
        params: byCollaboration,
        response: { 200: partSchema, ...problems(403, 404, 409) },
      },
    },
    async (request) => {
      const { cid } = request.params;
      await desk().withdraw(own(cid));
      return partOf(desk(), own(cid));
    },
  );

  app.get(
    '/result/:cid/:pid',
    {
      schema: {
        operationId: 'getResult',
        summary: 'The result that this party is entitled to, as JSON or, asked for `text/csv`, as CSV',
        tags: ['results'],
        params: byParty,
        headers: z.looseObject({ accept: z.string().max(1000).optional() }),
        response: {
          200: {
            description: 'The result',
            content: { 'application/json': { schema: resultSchema }, 'text/csv': { schema: z.string() } },
          },
          ...problems(403, 404, 406, 409),
        },
      },
    },
    async (request, reply) => {
      const { cid, pid } = request.params;
      mustServe(pid);
      const collaboration = own(cid);
      if (!collaboration.descriptor.outputs.includes(pid)) throw notAReceiver(pid, cid);
      const result = desk().result(collaboration);
      if (result === undefined) throw notYet(collaboration);
      const form = wanted(request.headers.accept);
      if (form === 'csv')
        return reply
          .serializer((text: unknown) => String(text))
          .type('text/csv; charset=utf-8; header=present')
          .send(csvOf(result.table));
      const { disclosure, table } = result;
      return reply.type('application/json; charset=utf-8').send({
        collaboration: cid,
        disclosure: [...disclosure],
        table: { columns: [...table.columns], rows: table.rows.map((row) => [...row]) },
      });
    },
  );

  app.get(
    '/account-keys',
    {
      schema: {
        operationId: 'getAccountKeys',
        summary:
          "This party's public keys, signed: a coordinator registers the party's account with them (`keys`)",
        description: 'They count for some minutes.',
        tags: ['system'],
        response: { 200: accountKeysSchema, ...problems() },
      },
    },
    () => desk().accountKeys(),
  );

  app.put(
    '/notify/:cid',
    {
      config: { open: true },
      schema: {
        operationId: 'notify',
        summary: 'A coordinator tells of a change: signed by its key, believed only as far as the log agrees',
        tags: ['system'],
        security: [],
        params: byCollaboration,
        body: noticeSchema.meta({ id: 'Notice' }),
        response: { 204: z.null(), ...problems(403, 404, 413, 415) },
      },
    },
    async (request, reply) => {
      if (request.body.collaboration !== request.params.cid)
        throw new MpcError('request.other-collaboration', 'path and body name different collaborations', {
          hint: 'name the same in both',
        });
      desk().hear(request.body);
      return reply.code(204).send(null);
    },
  );
}

/** Rows cannot join what has begun. */
const BEFORE_START: readonly string[] = ['open', 'registering', 'collecting'];

function wanted(accept = '*/*'): 'json' | 'csv' {
  const types = accept.split(',').map((part) => part.split(';', 1)[0]?.trim().toLowerCase());
  for (const type of types) {
    if (type === 'text/csv' || type === 'text/*') return 'csv';
    if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'json';
  }
  throw new HttpRefusal(406, {
    code: 'request.form',
    message: 'a result comes as application/json or text/csv',
    hint: 'send one of them as Accept',
  });
}
