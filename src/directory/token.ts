/**
 * Owns session tokens: what they look like, and the digest by which everyone but their holder knows them.
 * Must never let a token into a record, a log or an error.
 */
import { hex, sha256, utf8 } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';

/** The beginning tells programs that search for leaked secrets what they have found. */
const TOKEN = /^mpc_[A-Za-z0-9_-]{43}$/;

export const newToken = (random: RandomSource): string =>
  `mpc_${Buffer.from(random(32)).toString('base64url')}`;

/** SHA-256, hexadecimal. A token has 256 bits: no salt and no slow hash are needed. Throws `session.malformed`. */
export function tokenDigest(token: string): string {
  if (!TOKEN.test(token))
    throw new MpcError('session.malformed', 'this is no session token', {
      hint: 'sign in to get one',
      exitCode: EXIT.noPermission,
    });
  return hex.encode(sha256(utf8.encode(`mpc/1 session token\n${token}`)));
}
