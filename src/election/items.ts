/**
 * Owns what the log says of a ballot: who cast it, which of that voter's it is, the digest of what was sealed, and the voter's
 * signature over all that. 106 bytes; from it follow the tracker, the chain over all ballots and the root of those that count.
 * Must never hold anything that tells a choice.
 */
import { concatBytes, hex, sha256, utf8 } from '../base/bytes.ts';
import { assert } from '../base/errors.ts';
import { verifyRaw } from '../identity/signing.ts';
import { merkleRoot } from './merkle.ts';

/** Bytes of the voter's number, of the counter, of the digest, of the signature. */
const NUMBER = 4;
/** Six bytes: milliseconds since the epoch fit. */
const COUNTER = 6;
const DIGEST = 32;
const SIGNATURE = 64;
const STATEMENT = NUMBER + COUNTER + DIGEST;
export const ITEM_BYTES = STATEMENT + SIGNATURE;
export const TRACKER_CHARACTERS = 40;

export interface BoxItem {
  /** The voter's place in the election's list, from 0. */
  readonly voter: number;
  /** Of one voter's ballots the valid one with the highest counts. */
  readonly counter: number;
  /** Digest of the envelope's contents. */
  readonly contents: Uint8Array;
  /** The voter's Ed25519 over `signedStatement`. */
  readonly signature: Uint8Array;
}

/** The bytes of voter, counter and contents: what the signature and the tracker are of. */
function statementOf({ voter, counter, contents }: Omit<BoxItem, 'signature'>): Uint8Array {
  const bytes = Buffer.alloc(STATEMENT);
  bytes.writeUInt32BE(voter, 0);
  bytes.writeUIntBE(counter, NUMBER, COUNTER);
  bytes.set(contents, NUMBER + COUNTER);
  return bytes;
}

/**
 * What a voter signs. It starts with 0xff, which no UTF-8 text holds, so that a key that also logs in at a broker never signs
 * this for it.
 */
export function signedStatement(election: string, item: Omit<BoxItem, 'signature'>): Uint8Array {
  return concatBytes(new Uint8Array([0xff]), utf8.encode(`mpc/1 ballot\n${election}\n`), statementOf(item));
}

/** `key`: the voter's 32 bytes. */
export const isSignedBy = (election: string, key: Uint8Array, item: BoxItem): boolean =>
  verifyRaw(key, signedStatement(election, item), item.signature);

/** 40 hexadecimal digits by which a voter finds the ballot again. */
export function trackerOf(election: string, item: Omit<BoxItem, 'signature'>): string {
  const digest = sha256(utf8.encode(`mpc/1 ballot tracker\n${election}\n`), statementOf(item));
  return hex.encode(digest).slice(0, TRACKER_CHARACTERS);
}

export const itemBytes = (item: BoxItem): Uint8Array => concatBytes(statementOf(item), item.signature);

/** The item at the start of these bytes, which are copied. */
export function readItem(bytes: Uint8Array): BoxItem {
  assert(bytes.length >= ITEM_BYTES, 'an item has all its bytes');
  const view = Buffer.from(bytes.subarray(0, ITEM_BYTES));
  return {
    voter: view.readUInt32BE(0),
    counter: view.readUIntBE(NUMBER, COUNTER),
    contents: new Uint8Array(view.subarray(NUMBER + COUNTER, STATEMENT)),
    signature: new Uint8Array(view.subarray(STATEMENT)),
  };
}

/** Items one after the other, as base64url. */
export const packItems = (items: readonly BoxItem[]): string =>
  Buffer.from(concatBytes(...items.map(itemBytes))).toString('base64url');

/** Undefined for a text that is not exactly what `packItems` makes. */
export function unpackItems(text: string): BoxItem[] | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length % ITEM_BYTES !== 0 || bytes.toString('base64url') !== text) return undefined;
  return Array.from({ length: bytes.length / ITEM_BYTES }, (_, at) =>
    readItem(bytes.subarray(at * ITEM_BYTES)),
  );
}

/** The chain over everything boxed so far, with these items behind it. */
export function chained(chain: string, items: readonly BoxItem[]): string {
  let bytes = hex.decode(chain);
  for (const item of items) bytes = sha256(bytes, itemBytes(item));
  return hex.encode(bytes);
}

/** The chain of an empty box. */
export const firstLink = (election: string): string =>
  hex.encode(sha256(utf8.encode(`mpc/1 box\n${election}`)));

/** A ballot that counts. */
export interface Counted {
  readonly position: number;
  readonly tracker: string;
}

/** Root of the tree over the ballots that count, in the order of their positions. */
export function boxRoot(counted: readonly Counted[]): string {
  return merkleRoot(
    [...counted]
      .sort((a, b) => a.position - b.position)
      .map(({ position, tracker }) => {
        const place = Buffer.alloc(NUMBER);
        place.writeUInt32BE(position);
        return concatBytes(place, hex.decode(tracker));
      }),
  );
}
