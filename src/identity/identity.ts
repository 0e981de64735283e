/**
 * Owns making, reading and keeping identities, and the fingerprint by which two people compare a key.
 * Must never print a seed, nor read one from a file that others may read.
 */
import { hkdfSync } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { inspect } from 'node:util';
import { sha256, utf8 } from '../base/bytes.ts';
import { assert, EXIT, MpcError } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import type { Identity, PublicKey } from './keys.ts';
import { base32, decodePublicKey, decodeSeed, encodePublicKey, encodeSeed } from './nkey.ts';
import { type SigningKey, signingKey } from './signing.ts';

const SEED_BYTES = 32;
const OWNER_ONLY = 0o600;
/** A key file holds one line of 58 characters; what is longer is something else. */
const FILE_BYTES = 256;

/** Shows its public key whatever is asked of it. The seed leaves only into a file of its owner's. */
class NkeyIdentity implements Identity {
  readonly publicKey: PublicKey;
  readonly #seed: Uint8Array;
  readonly #key: SigningKey;

  constructor(seed: Uint8Array) {
    this.#seed = seed.slice();
    this.#key = signingKey(seed);
    this.publicKey = encodePublicKey(this.#key.publicKey);
  }

  sign(message: Uint8Array): Uint8Array {
    return this.#key.sign(message);
  }

  toJSON(): { readonly publicKey: PublicKey } {
    return { publicKey: this.publicKey };
  }

  [inspect.custom](): string {
    return `Identity(${this.publicKey})`;
  }

  static secretLine(identity: NkeyIdentity): Uint8Array {
    return utf8.encode(`${encodeSeed(identity.#seed)}\n`);
  }

  static secretFor(identity: NkeyIdentity, purpose: string): Uint8Array {
    const info = utf8.encode(`mpc/1 ${purpose}`);
    return new Uint8Array(hkdfSync('sha256', identity.#seed, new Uint8Array(0), info, SEED_BYTES));
  }
}

export function createIdentity(random: RandomSource): Identity {
  const seed = random(SEED_BYTES);
  assert(seed.length === SEED_BYTES, 'the random source gives as many bytes as it is asked for');
  return new NkeyIdentity(seed);
}

/**
 * 32 secret bytes for one purpose, always the same for the same identity: HKDF-SHA256 of its seed (RFC 5869), so that none
 * of them tells of the seed or of another purpose's. Whoever asks erases them.
 */
export function secretFor(identity: Identity, purpose: string): Uint8Array {
  assert(identity instanceof NkeyIdentity, 'only identities made here have secrets of their own');
  return NkeyIdentity.secretFor(identity, purpose);
}

/** Reads `SU…`. Throws `identity.malformed`, which never repeats the text. */
export function identityFromSeed(text: string): Identity {
  const seed = decodeSeed(text);
  if (seed === undefined) throw malformed('this text is not a user seed');
  return new NkeyIdentity(seed);
}

/**
 * Reads a key file. Throws `identity.missing`, `identity.permissions` when its group or others may read or write it,
 * `identity.malformed`, `identity.unreadable`.
 */
export function loadIdentity(path: string): Identity {
  return readIdentity(path, 0o077);
}

/**
 * As `loadIdentity`, of a credential that the service manager has made for this process: where it lets the service's user in by
 * an access list, that shows as a group's right to read.
 */
export function loadCredentialIdentity(path: string): Identity {
  return readIdentity(path, 0o037);
}

/** `closed`: the mode bits that must not be set. */
function readIdentity(path: string, closed: number): Identity {
  const file = openKeyFile(path);
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw malformed(`${path} is not a file`, path);
    if ((status.mode & closed) !== 0)
      throw new MpcError(
        'identity.permissions',
        `the key file ${path} is open to other users of this machine`,
        {
          hint: `run chmod 600 ${path}; if others may have read it, make a new key and enrol that`,
          place: { file: path },
          exitCode: EXIT.noPermission,
        },
      );
    const bytes = Buffer.alloc(FILE_BYTES);
    const seed = decodeSeed(bytes.toString('latin1', 0, readSync(file, bytes)).trim());
    bytes.fill(0);
    if (seed === undefined) throw malformed(`the key file ${path} does not hold a user seed`, path);
    return new NkeyIdentity(seed);
  } finally {
    closeSync(file);
  }
}

/** Writes a new key file, mode 600, on the disk when it returns. Throws `identity.exists`, `identity.unwritable`. */
export function saveIdentity(path: string, identity: Identity): void {
  assert(identity instanceof NkeyIdentity, 'only identities made here can be saved');
  const file = attempt(path, () => openSync(path, 'wx', OWNER_ONLY));
  try {
    attempt(path, () => {
      fchmodSync(file, OWNER_ONLY);
      const line = NkeyIdentity.secretLine(identity);
      writeFileSync(file, line);
      line.fill(0);
      fsyncSync(file);
    });
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Writes, or writes again, the file (mode 600) from which a nats-server takes the seed that it joins another one with. */
export function saveBrokerLogin(path: string, identity: Identity): void {
  assert(identity instanceof NkeyIdentity, 'only identities made here can be saved');
  const file = attempt(path, () => openSync(path, 'w', OWNER_ONLY));
  try {
    fchmodSync(file, OWNER_ONLY);
    const line = NkeyIdentity.secretLine(identity);
    writeFileSync(file, 'nkey: ');
    writeFileSync(file, line);
    line.fill(0);
  } finally {
    closeSync(file);
  }
}

/** A key's `spoken` fingerprint. */
export const fingerprint = (publicKey: PublicKey): string => spoken(decodePublicKey(publicKey));

/**
 * 100 bits of the SHA-256 as five groups of four letters and digits, to compare by voice: enough that nobody finds
 * something else of a given fingerprint, and none of the characters sound or look alike (no 0, 1, 8, 9).
 */
export function spoken(bytes: Uint8Array): string {
  const text = base32(sha256(bytes)).slice(0, 20).toLowerCase();
  return text.match(/.{4}/g)!.join('-');
}

function openKeyFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENOENT')
      throw new MpcError('identity.missing', `there is no key file ${path}`, {
        hint: `make one with: mpc key ${path}`,
        place: { file: path },
        exitCode: EXIT.noInput,
      });
    throw new MpcError('identity.unreadable', `the key file ${path} cannot be read (${codeOf(error)})`, {
      hint: 'let the user who runs this role own the file',
      place: { file: path },
      exitCode: EXIT.noPermission,
    });
  }
}

function attempt<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (codeOf(error) === 'EEXIST')
      throw new MpcError('identity.exists', `${path} is there already`, {
        hint: 'choose another name: a key file is never overwritten',
        place: { file: path },
        exitCode: EXIT.ioError,
      });
    throw new MpcError('identity.unwritable', `the key file ${path} cannot be written (${codeOf(error)})`, {
      hint: 'check that its folder exists and is yours, and that the disk has room',
      place: { file: path },
      exitCode: EXIT.ioError,
    });
  }
}

function malformed(message: string, path?: string): MpcError {
  return new MpcError('identity.malformed', message, {
    hint: 'a seed is SU and 56 of A-Z and 2-7, alone on its line; restore the file from your backup',
    ...(path === undefined ? {} : { place: { file: path } }),
    exitCode: EXIT.badData,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
