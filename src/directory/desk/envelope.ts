/**
 * Owns the form in which an account's requests, a coordinator's answers and pushed mail cross the bus, both directions, both sides.
 * Must never let a broker read a token, a password or whom somebody looks up, nor have it answer in a coordinator's place.
 *
 *   key       "which replica are you, and which key has it?" challenge (16 bytes), answered in the clear as
 *             {replica, key, signature}: the coordinator's enrolled key over {deployment, challenge, replica, key}
 *   request   1 | id (16 bytes) | HPKE, base mode, to that key (info: what it is; additional data: the context) of {secret, asked}
 *   reply     AES-256-GCM, reply key, nonce 0
 *   frame n   n (8 bytes) | AES-256-GCM, mail key, nonce n: what is pushed while a lease lasts, from 1 without gaps
 *   renewal m m (8 bytes) | AES-256-GCM, renewal key, nonce m: that its reader is there, and how far it has come
 *
 *   context = {deployment, from, replica, key, id}
 *   reply key | mail key | renewal key = HKDF-SHA256(secret, info: the context)
 *
 * A replica's key pair lives in its memory for minutes (keys.ts), so that whoever gets hold of the coordinator's seed later cannot
 * read what was recorded; the challenge keeps a broker from handing out an old one. `secret` (32 bytes) is fresh in every request:
 * whoever can answer has opened it, and so has that private key, and so is a coordinator; it is what RFC 9180, section 9.8, does by
 * exporting. Each key seals one direction, each nonce once. An answer to another request, or one of another place, does not open.
 * A request that is repeated is refused by the replica that it was for, and opens at no other.
 *
 * What a broker sees: who asks (the login's name, not the account's), when, which replica, about how much, and that mail came. It can
 * withhold and end; it cannot read, change, invent, or tell of another key of somebody's. Texts are padded, to blur what is asked.
 */
import { concatBytes, utf8 } from '../../base/bytes.ts';
import { canonicalJson } from '../../base/canonical.ts';
import type { RandomSource } from '../../base/random.ts';
import type { Address } from '../../bus/subjects.ts';
import { hkdfSha256, KEY_BYTES, NONCE_BYTES, open, seal } from '../../channel/primitives.ts';
import { type SealedContext, type SealingPublicKey, sealTo } from '../../identity/sealing.ts';

const VERSION = 1;
export const ID_BYTES = 16;
const NUMBER_BYTES = 8;
const HEAD_BYTES = 1 + ID_BYTES;
const PADDED_TO = 512;
export const SECRET_BYTES = 32;
/** The longest sealed message in a request, and the longest mail: text in text, sealed. */
export const REQUEST_BYTES = 96 * 1024;

/** The signed statement of a replica's key has this label. */
export const DESK_KEY = 'directory desk';

export const deskKeyText = (said: {
  readonly deployment: string;
  readonly challenge: string;
  readonly replica: string;
  readonly key: SealingPublicKey;
}): string => canonicalJson({ ...said });

/** Where a request belongs. */
export interface Place {
  readonly deployment: string;
  readonly from: Address;
  readonly replica: string;
  /** The replica's key that it is sealed to. */
  readonly key: SealingPublicKey;
  /** Hexadecimal. */
  readonly id: string;
}

export const contextOf = (place: Place): Uint8Array => utf8.encode(canonicalJson({ ...place }));

export const requestContext = (place: Place): SealedContext => ({
  info: 'mpc/1 directory request',
  additional: contextOf(place),
});

/** Throws `sealing.key`. `secret` is the conversation's, see `Conversation`. */
export function requestBytes(
  place: Place,
  said: { readonly secret: Uint8Array; readonly asked: object },
  random: RandomSource,
): Uint8Array {
  const secret = Buffer.from(said.secret).toString('base64url');
  const sealed = sealTo(place.key, requestContext(place), padded({ secret, asked: said.asked }), random);
  return concatBytes(new Uint8Array([VERSION]), Buffer.from(place.id, 'hex'), sealed);
}

/** Undefined for what is no request of this version. */
export function parseRequest(
  data: Uint8Array,
): { readonly id: string; readonly sealed: Uint8Array } | undefined {
  if (data.length <= HEAD_BYTES || data[0] !== VERSION) return undefined;
  return { id: Buffer.from(data.subarray(1, HEAD_BYTES)).toString('hex'), sealed: data.subarray(HEAD_BYTES) };
}

/** What is sealed between one asker and one replica after one request. Both sides have one. */
export class Conversation {
  readonly #context: Uint8Array;
  readonly #reply: Uint8Array;
  readonly #mail: Uint8Array;
  readonly #renewal: Uint8Array;

  constructor(place: Place, secret: Uint8Array) {
    this.#context = contextOf(place);
    const info = concatBytes(utf8.encode('mpc/1 directory keys\n'), this.#context);
    const keys = hkdfSha256(secret, new Uint8Array(0), info, 3 * KEY_BYTES);
    const key = (at: number): Uint8Array => keys.slice(at * KEY_BYTES, (at + 1) * KEY_BYTES);
    [this.#reply, this.#mail, this.#renewal] = [key(0), key(1), key(2)];
    keys.fill(0);
  }

  /** Once only. */
  sealReply(value: object): Uint8Array {
    return this.#seal(this.#reply, 0, value);
  }

  /** Undefined unless the replica has said it. */
  openReply(sealed: Uint8Array): unknown {
    return this.#open(this.#reply, 0, sealed);
  }

  /** Each number once. */
  sealFrame(number: number, value: object): Uint8Array {
    return concatBytes(numberBytes(number), this.#seal(this.#mail, number, value));
  }

  openFrame(data: Uint8Array): Numbered | undefined {
    return this.#openNumbered(this.#mail, data);
  }

  /** Each number once. */
  sealRenewal(number: number, value: object): Uint8Array {
    return concatBytes(numberBytes(number), this.#seal(this.#renewal, number, value));
  }

  openRenewal(data: Uint8Array): Numbered | undefined {
    return this.#openNumbered(this.#renewal, data);
  }

  #seal(key: Uint8Array, number: number, value: object): Uint8Array {
    return concatBytes(...seal(key, nonceOf(number), this.#context, [padded(value)]));
  }

  #open(key: Uint8Array, number: number, sealed: Uint8Array): unknown {
    const opened = open(key, nonceOf(number), this.#context, sealed);
    return opened === undefined ? undefined : jsonIn(opened);
  }

  #openNumbered(key: Uint8Array, data: Uint8Array): Numbered | undefined {
    if (data.length < NUMBER_BYTES) return undefined;
    const number = numberIn(data);
    if (!Number.isSafeInteger(number)) return undefined;
    const value = this.#open(key, number, data.subarray(NUMBER_BYTES));
    return value === undefined ? undefined : { number, value };
  }
}

export interface Numbered {
  readonly number: number;
  readonly value: unknown;
}

/** JSON with white space behind it. */
function padded(value: object): Uint8Array {
  const text = utf8.encode(JSON.stringify(value));
  const bytes = new Uint8Array(Math.ceil(text.length / PADDED_TO) * PADDED_TO).fill(0x20);
  bytes.set(text);
  return bytes;
}

/** Undefined for what is no JSON. */
export function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

function numberBytes(number: number): Uint8Array {
  const bytes = new Uint8Array(NUMBER_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
  return bytes;
}

const numberIn = (data: Uint8Array): number =>
  Number(new DataView(data.buffer, data.byteOffset, NUMBER_BYTES).getBigUint64(0));

function nonceOf(number: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  nonce.set(numberBytes(number), NONCE_BYTES - NUMBER_BYTES);
  return nonce;
}
