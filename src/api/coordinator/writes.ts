/**
 * Owns the way of a request that changes something into the log, and of the log's answer back: said once for each idempotency
 * key, refused with the state that forbids it, 503 while the log cannot take it.
 */
import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EXIT, MpcError } from '../../base/errors.ts';
import { statusOf } from '../../base/status.ts';
import type { Body } from '../../coordination/chapter.ts';
import type { Collaboration } from '../../coordination/collaboration.ts';
import { derivedCommandId } from '../../coordination/commands.ts';
import type { Reply } from '../../coordination/reply.ts';
import type { Caller } from '../http/caller.ts';
import { isKnown } from '../http/conditional.ts';
import { AGAIN_S } from '../http/faults.ts';
import { HttpRefusal } from '../http/problem.ts';
import type { Replica } from './seams.ts';
import type { Rendered } from './views.ts';

export interface Keyed {
  readonly headers: { readonly 'idempotency-key'?: string | undefined };
}

/** The id of what a request has said: equal for every retry with one key, unforeseeable without one. */
export const commandIdOf = (request: Keyed, { account }: Caller, ...what: readonly string[]): string =>
  derivedCommandId(['request', account, ...what, keyOf(request)]);

/** What retries of one request have in common. */
export const keyOf = ({ headers }: Keyed): string =>
  headers['idempotency-key'] ?? randomBytes(16).toString('hex');

export async function say(
  replica: Replica,
  caller: Caller,
  body: Body,
  id: string,
): Promise<Reply & { ok: true }> {
  return accepted(replica, await replica.say(caller, body, id), body.collaboration);
}

function accepted(replica: Replica, reply: Reply, about: unknown): Reply & { ok: true } {
  if (reply.ok) return reply;
  if ('again' in reply) throw new HttpRefusal(503, reply.error, { retryAfterS: AGAIN_S });
  const status = statusOf(reply.error);
  const state = typeof about === 'string' ? replica.collaboration(about)?.status : undefined;
  throw new HttpRefusal(status, reply.error, status === 409 && state !== undefined ? { state } : {});
}

/** What a change has made of it, the version in the answer's head. */
export function changed(
  { view, version }: Rendered,
  request: FastifyRequest,
  reply: FastifyReply,
): Rendered['view'] {
  isKnown(request, reply, version);
  return view;
}

export function known(replica: Replica, id: string): Collaboration {
  const collaboration = replica.collaboration(id);
  if (collaboration !== undefined) return collaboration;
  throw new MpcError('collaboration.unknown', `there is no collaboration ${id}`, {
    hint: 'check its id, or ask again: a replica may be a moment behind',
    exitCode: EXIT.badData,
  });
}

/** Only a party's own account speaks for the party. */
export function mustBe({ account }: Caller, party: string): void {
  if (account === party) return;
  throw new HttpRefusal(403, {
    code: 'party.not-allowed',
    message: `the account ${account} does not speak for ${party}`,
    hint: `log in as ${party}`,
  });
}
