/**
 * Owns hashing and checking passwords: scrypt (RFC 7914) in node's thread pool, a salt for each.
 * Must never keep, print or log a password, nor block the thread that serves everyone.
 *
 * The hash goes into the log, which every party's broker keeps. So the password is first keyed with a secret that only
 * coordinators have (HMAC-SHA256): whoever reads the log alone cannot even try passwords.
 */
import { createHmac, scrypt } from 'node:crypto';
import { equalBytes, utf8 } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';
import { BOUNDS } from './bounds.ts';

/** OWASP's "Password Storage" asks for N = 2^15 with r = 8 and p = 3 (or 2^17 with p = 1): 32 MiB at a time. */
const COST_BITS = 15;
const BLOCK = 8;
const LANES = 3;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** A little above 128 N r, which node's default does not allow. */
const MEMORY_BYTES = 64 * 1024 * 1024;

/** Throws `password.too-short`, `password.too-long`. */
export function checkPassword(password: string): string {
  const { length } = utf8.encode(password);
  if (length < BOUNDS.shortestPassword)
    throw badPassword('password.too-short', `fewer than ${BOUNDS.shortestPassword} bytes`);
  if (length > BOUNDS.longestPassword)
    throw badPassword('password.too-long', `more than ${BOUNDS.longestPassword} bytes`);
  return password;
}

/**
 * `scrypt$15$8$3$<salt>$<hash>`, base64url. About a third of a second of one thread. `occasion` is an unforeseeable id of this
 * choice of a password: the salt follows from it, so that a retry says the same.
 */
export async function hashPassword(password: string, pepper: Uint8Array, occasion: string): Promise<string> {
  const salt = saltOf(pepper, occasion);
  const hash = await derived(password, pepper, salt);
  return ['scrypt', COST_BITS, BLOCK, LANES, base64url(salt), base64url(hash)].join('$');
}

/** Whether the password is the one that was hashed. False for a hash of other costs. */
export async function passwordFits(password: string, pepper: Uint8Array, hashed: string): Promise<boolean> {
  const [, bits, block, lanes, salt, hash] = hashed.split('$');
  if (bits !== `${COST_BITS}` || block !== `${BLOCK}` || lanes !== `${LANES}`) return false;
  const found = await derived(password, pepper, fromBase64url(salt ?? ''));
  return equalBytes(found, fromBase64url(hash ?? ''));
}

const saltOf = (pepper: Uint8Array, occasion: string): Uint8Array =>
  new Uint8Array(createHmac('sha256', pepper).update(`salt ${occasion}`).digest().subarray(0, SALT_BYTES));

/** Characters that people type in two ways count as one: Unicode's NFC. */
function derived(password: string, pepper: Uint8Array, salt: Uint8Array): Promise<Uint8Array> {
  const keyed = createHmac('sha256', pepper)
    .update(`password ${password.normalize('NFC')}`, 'utf8')
    .digest();
  return new Promise((resolve, reject) => {
    const costs = { N: 2 ** COST_BITS, r: BLOCK, p: LANES, maxmem: MEMORY_BYTES };
    scrypt(keyed, salt, HASH_BYTES, costs, (error, key) => {
      keyed.fill(0);
      if (error === null) resolve(new Uint8Array(key));
      else reject(error);
    });
  });
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const fromBase64url = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'));

const badPassword = (code: string, what: string): MpcError =>
  new MpcError(code, `the password has ${what}`, {
    hint: `use ${BOUNDS.shortestPassword} to ${BOUNDS.longestPassword} bytes: several words are easiest to remember`,
    exitCode: EXIT.badData,
  });
