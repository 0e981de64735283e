/**
 * Owns telling apart what a broker sends: messages that have a receiver here are handed to it, all else is passed on to
 * the client, in order and as it came. NATS client protocol: lines that end in CR LF; after MSG and HMSG follow as many
 * bytes as the line's last field says, and CR LF.
 * Must never keep a byte it was lent, nor read a payload for a line.
 *
 * A payload that lies in one piece is handed over where it lies; one that is cut by the end of a read is put together in a
 * buffer that is used again. So a message is copied once at most, and nothing is allocated for it.
 */

import { concatBytes } from '../base/bytes.ts';
import { copied } from './copied.ts';

/** Takes a message's payload, which is lent: it is overwritten once this returns. */
export type Receiver = (payload: Uint8Array) => void;

export interface WireOptions {
  /** By the number of the subscription, which every message names. */
  readonly receiverOf: (subscription: number) => Receiver | undefined;
  /** Bytes for the client, of their own memory. */
  readonly passOn: (bytes: Uint8Array) => void;
}

/** Longer lines do not come: a broker's information is the longest, and knows its limit. */
const MOST_LINE_BYTES = 1024 * 1024;
/** What the client accepts, too. */
const MOST_PAYLOAD_BYTES = 64 * 1024 * 1024;
const NEWLINE = 0x0a;
const LETTER_H = 0x48;
const LETTER_M = 0x4d;
const END_BYTES = 2;
const LEAST_FIELDS = 4;
const ascii = new TextDecoder('latin1');

export class Wire {
  readonly #options: WireOptions;
  /** The beginning of a line of which the rest has not come. */
  #line: Uint8Array | undefined;
  /** Payload bytes to come that the client gets, with their line end. */
  #passing = 0;
  /** Whose payload is to come, and how much of it is here. */
  #subscription: number | undefined;
  #size = 0;
  #filled = 0;
  #whole = new Uint8Array(0);
  /** Bytes to come of the line end after it. */
  #ending = 0;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  /** Takes what was read, which is lent. Throws an Error on what no broker says: the connection is of no use then. */
  take(bytes: Uint8Array): void {
    let passFrom = 0;
    for (let at = 0; at < bytes.length; ) {
      if (this.#passing > 0) {
        const length = Math.min(this.#passing, bytes.length - at);
        this.#passing -= length;
        at += length;
      } else if (this.#subscription !== undefined) {
        at = passFrom = this.#takePayload(this.#subscription, bytes, at);
      } else if (this.#ending > 0) {
        this.#ending--;
        passFrom = ++at;
      } else {
        const newline = bytes.indexOf(NEWLINE, at);
        const end = newline < 0 ? bytes.length : newline + 1;
        const begun = this.#line;
        const line =
          begun === undefined ? bytes.subarray(at, end) : concatBytes(begun, bytes.subarray(at, end));
        if (line.length > MOST_LINE_BYTES) throw new Error('the broker sends a line without an end');
        if (newline >= 0) this.#readLine(line);
        const isForClient = newline >= 0 && this.#subscription === undefined;
        if (!isForClient) this.#pass(bytes, passFrom, at);
        else if (begun !== undefined) this.#options.passOn(line);
        if (!isForClient || begun !== undefined) passFrom = end;
        this.#line = newline < 0 ? copied(line) : undefined;
        at = end;
      }
    }
    this.#pass(bytes, passFrom, bytes.length);
  }

  #pass(bytes: Uint8Array, from: number, to: number): void {
    if (to > from) this.#options.passOn(copied(bytes.subarray(from, to)));
  }

  /** MSG subject subscription [reply] size; with headers HMSG, their size before the whole, and for the client. */
  #readLine(line: Uint8Array): void {
    const isPlain = line[0] === LETTER_M;
    if (!isPlain && !(line[0] === LETTER_H && line[1] === LETTER_M)) return;
    const fields = ascii.decode(line).split(' ');
    const size = Number.parseInt(fields.at(-1) ?? '', 10);
    if (fields.length < LEAST_FIELDS || !(size >= 0 && size <= MOST_PAYLOAD_BYTES))
      throw new Error('the broker sends a message of no size');
    const subscription = Number.parseInt(fields[2] ?? '', 10);
    if (!isPlain || this.#options.receiverOf(subscription) === undefined) {
      this.#passing = size + END_BYTES;
      return;
    }
    this.#subscription = subscription;
    this.#size = size;
    this.#filled = 0;
  }

  /** Where the payload ends, or what was read. */
  #takePayload(subscription: number, bytes: Uint8Array, at: number): number {
    const end = Math.min(at + this.#size - this.#filled, bytes.length);
    const isInOnePiece = end - at === this.#size;
    if (!isInOnePiece) {
      if (this.#whole.length < this.#size) this.#whole = new Uint8Array(this.#size);
      this.#whole.set(bytes.subarray(at, end), this.#filled);
      this.#filled += end - at;
      if (this.#filled < this.#size) return end;
    }
    this.#subscription = undefined;
    this.#ending = END_BYTES;
    this.#options.receiverOf(subscription)?.(
      isInOnePiece ? bytes.subarray(at, end) : this.#whole.subarray(0, this.#size),
    );
    return end;
  }
}
