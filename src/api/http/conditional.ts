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

/**
 * The versions that the caller insists on, as a command takes them: the log decides. Nothing where it insists on none (`*`: on
 * any). Throws a 412 where what it names can be no version of ours.
 */
export function wantedVersions({ headers }: Pick<FastifyRequest, 'headers'>): { seen?: string[] } {
  const wanted = headers['if-match'];
  if (wanted === undefined) return {};
  const tags = wanted.split(',').map((part) => part.trim());
  if (tags.includes('*')) return {};
  const seen = tags.flatMap((tag) => /^(?:W\/)?"([0-9a-f]{32})"$/.exec(tag)?.[1] ?? []);
  if (seen.length > 0 && seen.length <= MOST_VERSIONS) return { seen };
  throw new HttpRefusal(412, {
    code: 'request.changed-meanwhile',
    message: 'If-Match names no version that this can be',
    hint: 'send the ETag of what you saw',
  });
}

/** As a command takes at most. */
const MOST_VERSIONS = 8;

/** Weak and strong tags are compared alike: what they name is the same content. */
function names(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((part) => ['*', tag, `W/${tag}`].includes(part.trim()));
}
