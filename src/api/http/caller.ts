/**
 * Owns who is asking: the bearer token of a request, and what stands behind it.
 * Must never keep a token, nor let one into a log or an error.
 */
import type { FastifyRequest } from 'fastify';
import { HttpRefusal } from './problem.ts';

/** An account with a session that has not ended. */
export interface Caller {
  /** Its name; a party's account has the party's name. */
  readonly account: string;
  /** SHA-256 of the session's token, hexadecimal: what a command taken for this caller names. */
  readonly session: string;
  /** Milliseconds since the epoch. */
  readonly expiresMs: number;
  /** Messages up to this number have been shown at the place that asks. */
  readonly acknowledged: number;
}

/** Undefined for a token that is nobody's, or whose session has ended. */
export type Authenticate = (token: string) => Promise<Caller | undefined> | Caller | undefined;

declare module 'fastify' {
  interface FastifyRequest {
    /** Null before a token was seen and found good. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** Paths that anybody may ask, without a token. */
    readonly open?: boolean;
  }
}

/** Characters of a token: 32 random bytes in base64url with a prefix at most. */
const TOKEN = /^Bearer +([A-Za-z0-9._~+/=-]{16,256})$/i;

export function tokenOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  return TOKEN.exec(headers.authorization ?? '')?.[1];
}

/** The caller of a path that is not open. */
export function callerOf({ caller }: Pick<FastifyRequest, 'caller'>): Caller {
  if (caller === null) throw noSession();
  return caller;
}

export const noSession = (): HttpRefusal =>
  new HttpRefusal(401, {
    code: 'session.none',
    message: 'this path needs a token of a session that has not ended',
    hint: 'log in, and send `Authorization: Bearer <token>`',
  });
