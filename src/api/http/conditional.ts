/**
 * Owns requests that depend on what the caller saw before: ETag with If-None-Match (nothing new: 304) and If-Match (somebody
 * else was faster: 412).
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpRefusal } from './problem.ts';

/** Names the answer's version; true when the caller has it already, and the 304 is set. */
export function isKnown(request: FastifyRequest, reply: FastifyReply, version: string): boolean {
  const tag = `"${version}"`;
  void reply.header('etag', tag).header('cache-control', 'private, no-cache');
  if (!names(request.headers['if-none-match'], tag)) return false;
  void reply.code(304);
  return true;
}

/** Throws a 412 when the caller names a version, and it is not this one. */
export function mustMatch({ headers }: Pick<FastifyRequest, 'headers'>, version: string): void {
  const wanted = headers['if-match'];
  if (wanted === undefined || names(wanted, `"${version}"`)) return;
  throw new HttpRefusal(412, {
    code: 'request.changed-meanwhile',
    message: 'it is not what you saw any more',
    hint: 'get it again, look at what has changed, and repeat with its new ETag',
  });
}

/** Weak and strong tags are compared alike: what they name is the same content. */
function names(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((part) => ['*', tag, `W/${tag}`].includes(part.trim()));
}
