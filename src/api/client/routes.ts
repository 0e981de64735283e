/**
 * Owns the paths of a party's client service: approve a descriptor, hand in rows, see how far it is, fetch the result.
 * Must never pass a row on unless its descriptor's digest was approved, and never answer another party's path.
 */
import type { Readable } from 'node:stream';
import type { FastifySchema, FastifySchemaCompiler } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { EXIT, MpcError } from '../../base/errors.ts';
import type { Collaboration } from '../../coordination/collaboration.ts';
import { inputParties, participantsOf } from '../../coordination/descriptor.ts';
import { noticeSchema } from '../../coordination/notice.ts';
import { accountKeysSchema } from '../coordinator/accounts.ts';
import { type Specifications, specificationSchema } from '../coordinator/specification.ts';
import { collaborationSchema, statusSchema, type Views } from '../coordinator/views.ts';
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
import { notApproved, notAReceiver, notHere, notServed, notYet, otherDigest, tooLate } from './refusals.ts';
import type { PartyDesk } from './seams.ts';

const partSchema = z
  .object({
    collaboration: collaborationIdSchema,
    digest: digestSchema,
    party: partySchema,
    status: statusSchema,
    approved: z.boolean().meta({ description: "This party's people have approved the descriptor" }),
    tables: z.array(z.object({ table: z.string(), maxRows: z.int(), given: z.boolean() })),
    part: z.string().nullable().meta({ description: 'How far this party is; null before it takes part' }),
    secretId: digestSchema
      .nullable()
      .meta({ description: 'Digest of its masked rows, once both servers have them' }),
  })
  .meta({ id: 'Part' });

const toApproveSchema = z
  .object({ collaboration: collaborationSchema, specification: specificationSchema })
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

/** Bytes of one table's rows. */
const ROWS_BYTES = 4 * 1024 ** 3;

export interface ClientRoutes {
  readonly desk: () => PartyDesk;
  readonly views: Views;
  readonly specifications: Specifications;
}

export function clientRoutes(app: Routes, { desk, views, specifications }: ClientRoutes): void {
  /** A collaboration that this party takes part in. */
  const own = (id: string): Collaboration => {
    const collaboration = desk().collaboration(id);
    if (collaboration === undefined)
      throw new MpcError('collaboration.unknown', `there is no collaboration ${id}`, {
        hint: 'check its id and the deployment of this client',
        exitCode: EXIT.badData,
      });
    const { party } = desk();
    if (!participantsOf(collaboration.descriptor).some((address) => address === `party-${party}`))
      throw notHere(party, id);
    return collaboration;
  };
  const mustServe = (party: string): void => {
    if (party !== desk().party) throw notServed(party);
  };
  const partOf = (collaboration: Collaboration): z.infer<typeof partSchema> => {
    const here = desk();
    const { id, digest, status, descriptor, lifecycle } = collaboration;
    return {
      collaboration: id,
      digest,
      party: here.party,
      status,
      approved: here.hasApproved(collaboration),
      tables: descriptor.inputs
        .filter(({ party }) => party === here.party)
        .map(({ table, maxRows }) => ({ table, maxRows, given: here.hasRows(collaboration, table) })),
      part: here.states(collaboration)?.join(', ') ?? null,
      secretId: lifecycle.context.uploads[here.party] ?? null,
    };
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
      return { collaboration: views.of(collaboration).view, specification };
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
      return partOf(collaboration);
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
    // Rows are streamed to the disk: a table may be larger than memory.
    rows.removeAllContentTypeParsers();
    rows.addContentTypeParser(['text/csv', 'text/plain', 'application/octet-stream'], (_, payload, done) =>
      done(null, payload),
    );
    (rows as unknown as Routes).post(
      '/secrets/:cid/:pid',
      {
        bodyLimit: ROWS_BYTES,
        validatorCompiler: describeBodyOnly,
        schema: {
          operationId: 'giveRows',
          summary:
            "This party's rows of one table, as CSV. They are checked here, masked here, and leave masked",
          consumes: ['text/csv'],
          body: z.string().meta({ description: 'A header line, then a row a line' }),
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
        return reply.code(202).send(partOf(desk().collaboration(cid) ?? collaboration));
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
    async (request) => partOf(own(request.params.cid)),
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

/** A body that is described, not validated: it is a stream, and the rows are checked against the descriptor. */
const describeBodyOnly: FastifySchemaCompiler<FastifySchema> = ({ httpPart, ...route }) =>
  httpPart === 'body'
    ? (value: unknown) => ({ value })
    : // The schema is one of zod's, as everywhere here.
      validatorCompiler({ ...route, httpPart } as Parameters<typeof validatorCompiler>[0]);

/** Rows cannot join what has begun. */
const BEFORE_START: readonly string[] = ['open', 'registering', 'collecting'];

function tableOf({ descriptor, id }: Collaboration, party: string, named: string | undefined): string {
  const tables = descriptor.inputs.filter((input) => input.party === party).map(({ table }) => table);
  const [first, ...more] = tables;
  if (first === undefined)
    throw new HttpRefusal(403, {
      code: 'collaboration.not-an-input-party',
      message: `${party} brings no rows to collaboration ${id}`,
      hint: 'its descriptor names those who do',
    });
  if (named === undefined && more.length === 0) return first;
  if (named !== undefined && tables.includes(named)) return named;
  throw new HttpRefusal(
    400,
    {
      code: 'request.malformed',
      message: `name one of the tables ${tables.join(', ')}`,
      hint: 'add ?table=…',
    },
    { faults: [{ path: 'querystring.table', message: `one of ${tables.join(', ')}` }] },
  );
}

/** The bytes of a body, up to its bound. */
async function* bounded(body: Readable): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ROWS_BYTES)
      throw new HttpRefusal(413, {
        code: 'request.too-large',
        message: `a table has at most ${ROWS_BYTES} bytes`,
        hint: 'leave out what the query does not use',
      });
    yield chunk;
  }
}

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
