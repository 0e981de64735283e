/**
 * Owns the list of those who may vote: 32-byte Ed25519 keys in an order that gives each voter a number, and its root.
 * Must never hold who the keys belong to: that is the registrar's to know.
 */
import { concatBytes } from '../base/bytes.ts';
import { merkleRoot } from './merkle.ts';

const KEY_BYTES = 32;
/** Keys in one command: 175 kB of text, far below what a command may have. */
export const VOTERS_PER_COMMAND = 4096;

export const packVoters = (keys: readonly Uint8Array[]): string =>
  Buffer.from(concatBytes(...keys)).toString('base64url');

/** Undefined for a text that is not exactly what `packVoters` makes of one key or more. */
export function unpackVoters(text: string): Uint8Array[] | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length === 0 || bytes.length % KEY_BYTES !== 0 || bytes.toString('base64url') !== text)
    return undefined;
  return Array.from(
    { length: bytes.length / KEY_BYTES },
    (_, at) => new Uint8Array(bytes.subarray(at * KEY_BYTES, (at + 1) * KEY_BYTES)),
  );
}

export const votersRoot = (keys: readonly Uint8Array[]): string => merkleRoot(keys);
