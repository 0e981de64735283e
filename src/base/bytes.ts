/**
 * Owns small byte conversions that several layers share.
 * Must never print or compare secrets in a way that leaks them (use `equalBytes` for tags and digests).
 */
import { createHash, timingSafeEqual } from 'node:crypto';

export const utf8 = {
  encode: (text: string): Uint8Array => new TextEncoder().encode(text),
  /** Throws a TypeError on invalid UTF-8. */
  decode: (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes),
};

export const hex = {
  encode: (bytes: Uint8Array): string =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex'),
  decode: (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex')),
};

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** Constant-time equality. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The bytes of a word vector, little endian, without copying. */
export function bytesOfWords(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** A word vector holding a copy of `bytes` (their number must be a multiple of 4): received slices are unaligned. */
export function wordsOfBytes(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(bytes.length / 4);
  bytesOfWords(words).set(bytes);
  return words;
}

/** The words that `bytes` are: over the same memory where they lie aligned, else a copy. */
export function wordsIn(bytes: Uint8Array): Uint32Array {
  return bytes.byteOffset % 4 === 0
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    : wordsOfBytes(bytes);
}
