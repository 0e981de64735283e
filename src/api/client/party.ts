/**
 * Owns what this party is in a collaboration: whether it takes part at all, how far it is, and which of its tables is meant.
 * Must never show a collaboration to a party that has no part in it.
 */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { EXIT, MpcError } from '../../base/errors.ts';
import type { Collaboration } from '../../coordination/collaboration.ts';
import { participantsOf } from '../../coordination/descriptor.ts';
import { statusSchema } from '../coordinator/views.ts';
import { HttpRefusal } from '../http/problem.ts';
import { collaborationIdSchema, digestSchema, partySchema } from '../schemas.ts';
import { notHere } from './refusals.ts';
import type { PartyDesk } from './seams.ts';

export const partSchema = z
  .object({
    collaboration: collaborationIdSchema,
    digest: digestSchema,
    party: partySchema,
    status: statusSchema,
    approved: z.boolean().meta({ description: "This party's people have approved the descriptor" }),
    tables: z.array(z.object({ table: z.string(), maxRows: z.int(), given: z.boolean() })),
    part: z.string().nullable().meta({ description: 'How far this party is; null before it takes part' }),
    canWithdraw: z.boolean().meta({ description: 'This party can take its part back now' }),
    withdrawn: z.boolean().meta({ description: 'This party has taken its part back' }),
    secretId: digestSchema
      .nullable()
      .meta({ description: 'Digest of its masked rows, once both servers have them' }),
  })
  .meta({ id: 'Part' });

/** Bytes of one table's rows. */
export const ROWS_BYTES = 4 * 1024 ** 3;

export const takesPart = ({ party }: PartyDesk, { descriptor }: Collaboration): boolean =>
  participantsOf(descriptor).some((address) => address === `party-${party}`);

/** A collaboration that this party takes part in. Throws `collaboration.unknown` and `collaboration.not-a-party`. */
export function ownOf(desk: PartyDesk, id: string): Collaboration {
  const collaboration = desk.collaboration(id);
  if (collaboration === undefined)
    throw new MpcError('collaboration.unknown', `there is no collaboration ${id}`, {
      hint: 'check its id and the deployment of this client',
      exitCode: EXIT.badData,
    });
  if (!takesPart(desk, collaboration)) throw notHere(desk.party, id);
  return collaboration;
}

export function partOf(desk: PartyDesk, collaboration: Collaboration): z.infer<typeof partSchema> {
  const { id, digest, status, descriptor, lifecycle } = collaboration;
  return {
    collaboration: id,
    digest,
    party: desk.party,
    status,
    approved: desk.hasApproved(collaboration),
    tables: descriptor.inputs
      .filter(({ party }) => party === desk.party)
      .map(({ table, maxRows }) => ({ table, maxRows, given: desk.hasRows(collaboration, table) })),
    part: desk.states(collaboration)?.join(', ') ?? null,
    canWithdraw: desk.canWithdraw(collaboration),
    withdrawn: lifecycle.context.withdrawn.includes(desk.party),
    secretId: lifecycle.context.uploads[desk.party] ?? null,
  };
}

/** The one table that is meant. Throws unless it is clear, and this party's. */
export function tableOf({ descriptor, id }: Collaboration, party: string, named: string | undefined): string {
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
export async function* bounded(body: Readable): AsyncGenerator<Uint8Array> {
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
