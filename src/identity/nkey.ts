/**
 * Owns the text form of Ed25519 keys: NATS nkeys of the user kind (seed `SU…`, public `U…`).
 * Must never accept a text with two readings: what decodes must encode back to the same characters.
 *
 *   public  base32( 0xa0 | key[32] | crc )              56 characters
 *   seed    base32( 0x95 0x00 | seed[32] | crc )        58 characters
 * crc is CRC-16/XMODEM of what stands before it, little endian; base32 is RFC 4648 without padding. The first bytes are
 * chosen so that the texts begin with `U` and `SU` (nats-io/nkeys, README, "Encoding").
 */
import { concatBytes, equalBytes } from '../base/bytes.ts';
import { EXIT, MpcError } from '../base/errors.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const PUBLIC_PREFIX = new Uint8Array([0xa0]);
const SEED_PREFIX = new Uint8Array([0x95, 0x00]);
const KEY_BYTES = 32;

export function encodePublicKey(key: Uint8Array): string {
  return encode(PUBLIC_PREFIX, key);
}

/** The 32 bytes of a public key. Throws `identity.public-key`. */
export function decodePublicKey(text: string): Uint8Array {
  const key = decode(PUBLIC_PREFIX, text);
  if (key === undefined)
    throw new MpcError('identity.public-key', 'this is not a public user key', {
      hint: 'a public key is U and 55 of A-Z and 2-7; copy it again, whole',
      exitCode: EXIT.badData,
    });
  return key;
}

export function encodeSeed(seed: Uint8Array): string {
  return encode(SEED_PREFIX, seed);
}

/** The 32 bytes of a seed, or undefined: the caller knows where the text came from, and must not repeat it. */
export function decodeSeed(text: string): Uint8Array | undefined {
  return decode(SEED_PREFIX, text);
}

/** RFC 4648 base32 without padding. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let pending = 0;
  let bits = 0;
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[(pending >>> (bits - 5)) & 31];
    pending &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + ALPHABET[(pending << (5 - bits)) & 31];
}

function encode(prefix: Uint8Array, key: Uint8Array): string {
  const body = concatBytes(prefix, key);
  return base32(concatBytes(body, checksum(body)));
}

function decode(prefix: Uint8Array, text: string): Uint8Array | undefined {
  if (text.length !== Math.ceil(((prefix.length + KEY_BYTES + 2) * 8) / 5)) return undefined;
  const bytes = fromBase32(text);
  if (bytes === undefined) return undefined;
  const body = bytes.subarray(0, -2);
  const fits =
    equalBytes(body.subarray(0, prefix.length), prefix) && equalBytes(bytes.subarray(-2), checksum(body));
  return fits ? body.slice(prefix.length) : undefined;
}

/** Undefined for other characters, and for bits after the last byte that are not zero: those would be a second reading. */
function fromBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let pending = 0;
  let bits = 0;
  let at = 0;
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return undefined;
    pending = (pending << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = pending >>> bits;
      pending &= (1 << bits) - 1;
    }
  }
  return pending === 0 ? bytes : undefined;
}

/** What the CRC's upper byte turns into, eight bits further. */
const CRC_STEPS = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
  return crc;
});

function checksum(bytes: Uint8Array): Uint8Array {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ CRC_STEPS[(crc >>> 8) ^ byte]!;
  return new Uint8Array([crc & 0xff, crc >>> 8]);
}
