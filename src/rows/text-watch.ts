/**
 * Owns what is looked at in a file's bytes on their way to the CSV parser: lines that are too long, NUL bytes, broken UTF-8,
 * each with its line. Passes the bytes on as they are. Must never hold more than one chunk.
 */
import { isUtf8 } from 'node:buffer';
import { Transform, type TransformCallback } from 'node:stream';
import type { MpcError, Place } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { rowsFault } from './faults.ts';

const NEWLINE = 10;

export class TextWatch extends Transform {
  readonly #place: Place;
  /** Line of the next byte, from 1, and characters of that line so far. */
  #line = 1;
  #characters = 0;
  /** Place in the file of the next byte, and the bytes before it that begin a character. */
  #offset = 0;
  #begun: Buffer = Buffer.alloc(0);

  constructor(place: Place) {
    super();
    this.#place = place;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const fault = this.#textFault(chunk) ?? this.#lineFault(chunk);
    this.#offset += chunk.length;
    if (fault) done(fault);
    else done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    done(this.#begun.length > 0 ? this.#notUtf8(this.#offset - this.#begun.length, this.#line) : null);
  }

  #textFault(chunk: Buffer): MpcError | undefined {
    const nul = chunk.indexOf(0);
    if (nul >= 0)
      return this.#fault(
        'nul',
        'the file holds a NUL byte',
        this.#lineAt(chunk, nul),
        'save it as plain CSV text',
      );
    const text = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk]);
    const whole = text.length - unfinished(text);
    if (!isUtf8(text.subarray(0, whole))) {
      const bad = firstBad(text);
      const ahead = text.length - chunk.length;
      return this.#notUtf8(this.#offset - ahead + bad, this.#lineAt(chunk, Math.max(bad - ahead, 0)));
    }
    this.#begun = Buffer.from(text.subarray(whole));
    return undefined;
  }

  #lineFault(chunk: Buffer): MpcError | undefined {
    let start = 0;
    while (start <= chunk.length) {
      const found = chunk.indexOf(NEWLINE, start);
      const end = found < 0 ? chunk.length : found;
      // Bytes bound characters: whole short lines, nearly all, need no counting.
      const whole = this.#characters === 0 && found >= 0 && end - start <= LIMITS.lineCharacters;
      if (!whole) this.#characters += characters(chunk, start, end);
      if (this.#characters > LIMITS.lineCharacters)
        return this.#fault(
          'line-too-long',
          `a line is longer than ${LIMITS.lineCharacters} characters`,
          this.#line,
          'the closing quote of a cell may be missing before it',
        );
      if (found < 0) return undefined;
      this.#line += 1;
      this.#characters = 0;
      start = found + 1;
    }
    return undefined;
  }

  #notUtf8(byte: number, line: number): MpcError {
    return this.#fault(
      'not-utf8',
      `the file is not valid UTF-8 at byte ${byte + 1}`,
      line,
      'save it with the encoding UTF-8',
    );
  }

  #lineAt(chunk: Buffer, end: number): number {
    let line = this.#line;
    for (let at = chunk.indexOf(NEWLINE); at >= 0 && at < end; at = chunk.indexOf(NEWLINE, at + 1)) line += 1;
    return line;
  }

  #fault(code: string, message: string, line: number, hint: string): MpcError {
    return rowsFault(code, message, { ...this.#place, line }, hint);
  }
}

/** Characters (code points) that begin in a range of bytes. */
function characters(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if ((bytes[at]! & 0xc0) !== 0x80) count += 1;
  return count;
}

/** Bytes at the end that begin a character whose rest may come with the next chunk. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? back : 0;
  }
  return 0;
}

/** The first byte from which the text is no longer valid: found by halving, as validity of prefixes is monotone. */
function firstBad(bytes: Buffer): number {
  let [valid, invalid] = [0, bytes.length];
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    const prefix = bytes.subarray(0, middle);
    if (isUtf8(prefix.subarray(0, middle - unfinished(prefix)))) valid = middle;
    else invalid = middle;
  }
  return valid - unfinished(bytes.subarray(0, valid));
}
