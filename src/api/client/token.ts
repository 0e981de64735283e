/**
 * Owns the client service's one token: a file that only the party's own user can read. Whoever can read it may act for the party.
 * Must never be short, shared with others' reading rights, or told apart by how long a comparison takes.
 */
import { timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { sha256, utf8 } from '../../base/bytes.ts';
import { EXIT, MpcError } from '../../base/errors.ts';
import type { RandomSource } from '../../base/random.ts';
import type { Authenticate } from '../http/caller.ts';

const OWNER_ONLY = 0o600;
const TOKEN = /^[A-Za-z0-9_-]{32,256}$/;

/** Reads the token, or makes one. Throws `config.token` when others may read the file, or it holds no token. */
export function localToken(file: string, random: RandomSource): string {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${Buffer.from(random(32)).toString('base64url')}\n`, {
      mode: OWNER_ONLY,
      flag: 'wx',
    });
  }
  if ((statSync(file).mode & 0o077) !== 0)
    throw badToken(file, 'others may read or change it', 'chmod 600 it');
  const token = readFileSync(file, 'utf8').trim();
  if (!TOKEN.test(token)) throw badToken(file, 'it holds no token', 'remove it: a new one is made');
  return token;
}

/** Only that token, and it speaks for the party. */
export function tokenOnly(token: string, party: string): Authenticate {
  const expected = digestOf(token);
  return (given) =>
    timingSafeEqual(digestOf(given), expected)
      ? { account: party, session: '', expiresMs: Number.MAX_SAFE_INTEGER, acknowledged: 0 }
      : undefined;
}

const digestOf = (text: string): Uint8Array => sha256(utf8.encode(text));

const badToken = (file: string, why: string, hint: string): MpcError =>
  new MpcError('config.token', `the token file cannot be used: ${why}`, {
    place: { file },
    hint,
    exitCode: EXIT.badConfig,
  });
