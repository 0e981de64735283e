/**
 * Owns the bytes of frames: what travels on the bus, and what stands inside the seal. All numbers are big endian.
 * Must never believe a length, and never throw: what does not parse exactly is a refusal, and cheap. A parsed frame is a
 * view of what was read: it is lent, like that.
 *
 *   all      version 1 | type 1 | zero 2
 *   knock    topic 16                                                    please greet me; not signed, so only a hint
 *   hello    topic 16 | ephemeral 32 | signature 64                      initiator to responder
 *   welcome  topic 16 | the hello's ephemeral 32 | ephemeral 32 | signature 64
 *   sealed   zero 4 | session 16 | counter 8 | ciphertext | tag 16       both ways; what stands before is authenticated
 *
 * Inside the seal, so that a chunk starts at a multiple of 8 of memory of its own:
 *   kind 1 | flags 1 | zero 2 | window 4 | wanted 8 | received 8 | held 8 | number 8 | chunk | proof 64 (by flag)
 */
import { LIMITS } from '../base/limits.ts';
import { KEY_BYTES, TAG_BYTES } from './primitives.ts';
import type { Refusal } from './refusals.ts';

const VERSION = 1;
const TYPES = { knock: 1, hello: 2, welcome: 3, sealed: 4 } as const;
const PREFIX_BYTES = 4;
export const TOPIC_BYTES = 16;
export const SESSION_BYTES = 16;
export const SIGNATURE_BYTES = 64;
export const HEADER_BYTES = 32;
export const RECORD_BYTES = 40;

const TOPIC_END = PREFIX_BYTES + TOPIC_BYTES;
const HELLO_BYTES = TOPIC_END + KEY_BYTES + SIGNATURE_BYTES;
const WELCOME_BYTES = TOPIC_END + 2 * KEY_BYTES + SIGNATURE_BYTES;

/** Chunk numbers and counters stay below this: they are exact in a JavaScript number, and never come near it. */
export const NUMBER_LIMIT = 2 ** 48;

export interface Knock {
  readonly type: 'knock';
  readonly topic: Uint8Array;
}

export interface Hello {
  readonly type: 'hello';
  readonly topic: Uint8Array;
  readonly ephemeral: Uint8Array;
  readonly signature: Uint8Array;
  /** The whole frame: a repetition is known by it. */
  readonly bytes: Uint8Array;
}

export interface Welcome {
  readonly type: 'welcome';
  readonly topic: Uint8Array;
  /** Of the hello that is answered. */
  readonly answered: Uint8Array;
  readonly ephemeral: Uint8Array;
  readonly signature: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface Sealed {
  readonly type: 'sealed';
  readonly header: Uint8Array;
  readonly session: Uint8Array;
  readonly counter: number;
  /** Ciphertext and tag. */
  readonly body: Uint8Array;
}

export type Frame = Knock | Hello | Welcome | Sealed;

/** A side's place in the stream it receives. */
export interface Status {
  /** The next number it wants: everything before is accepted, durably as far as its sink promises. */
  readonly wanted: number;
  /** Everything before this number is there, accepted or held. */
  readonly received: number;
  /** Bit k: chunk `received + 1 + k` is held. Two 32-bit words, low first. */
  readonly held: readonly [number, number];
  /** Bytes it is willing to have in flight from `wanted` on. */
  readonly window: number;
}

/** What stands inside a seal. Every one carries the status of the side that sent it. */
export interface SealedRecord {
  readonly kind: 'status' | 'data' | 'end';
  /** The sender asks for a status in return. */
  readonly asks: boolean;
  readonly status: Status;
  /** data: the chunk's number; end: how many chunks there are; status: 0. */
  readonly number: number;
  /** data only. */
  readonly chunk?: Uint8Array;
  /** The initiator's signature, until it has heard the responder in this session. */
  readonly proof?: Uint8Array;
}

const KINDS = ['status', 'data', 'end'] as const;
const ASKS = 1;
const PROVES = 2;

export function knockFrame(topic: Uint8Array): Uint8Array {
  return framed(TYPES.knock, topic);
}

export function helloFrame(topic: Uint8Array, ephemeral: Uint8Array, signature: Uint8Array): Uint8Array {
  return framed(TYPES.hello, topic, ephemeral, signature);
}

export function welcomeFrame(
  topic: Uint8Array,
  answered: Uint8Array,
  ephemeral: Uint8Array,
  signature: Uint8Array,
): Uint8Array {
  return framed(TYPES.welcome, topic, answered, ephemeral, signature);
}

/** Writes a sealed frame's header into `out`, which is zero before. */
export function writeHeader(out: DataView, session: Uint8Array, counter: number): void {
  out.setUint8(0, VERSION);
  out.setUint8(1, TYPES.sealed);
  for (let at = 0; at < SESSION_BYTES; at++) out.setUint8(8 + at, session[at]!);
  writeNumber(out, 24, counter);
}

export function parseFrame(bytes: Uint8Array): Frame | Refusal {
  if (bytes.length > LIMITS.messageBytes) return 'channel.oversized';
  if (bytes.length < TOPIC_END) return 'channel.malformed';
  if (bytes[0] !== VERSION) return 'channel.version';
  if (bytes[2] !== 0 || bytes[3] !== 0) return 'channel.malformed';
  if (bytes[1] === TYPES.sealed) return parseSealed(bytes);
  const topic = bytes.subarray(PREFIX_BYTES, TOPIC_END);
  const signature = bytes.subarray(-SIGNATURE_BYTES);
  const key = (index: number) =>
    bytes.subarray(TOPIC_END + index * KEY_BYTES, TOPIC_END + (index + 1) * KEY_BYTES);
  if (bytes[1] === TYPES.knock && bytes.length === TOPIC_END) return { type: 'knock', topic };
  if (bytes[1] === TYPES.hello && bytes.length === HELLO_BYTES)
    return { type: 'hello', topic, ephemeral: key(0), signature, bytes };
  if (bytes[1] === TYPES.welcome && bytes.length === WELCOME_BYTES)
    return { type: 'welcome', topic, answered: key(0), ephemeral: key(1), signature, bytes };
  return 'channel.malformed';
}

function parseSealed(bytes: Uint8Array): Sealed | Refusal {
  const least = HEADER_BYTES + RECORD_BYTES + TAG_BYTES;
  if (bytes.length < least) return 'channel.malformed';
  if (bytes.length > least + LIMITS.chunkBytes + SIGNATURE_BYTES) return 'channel.oversized';
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const counter = readNumber(view, 24);
  if (view.getUint32(4) !== 0 || counter === undefined) return 'channel.malformed';
  return {
    type: 'sealed',
    header: bytes.subarray(0, HEADER_BYTES),
    session: bytes.subarray(8, 8 + SESSION_BYTES),
    counter,
    body: bytes.subarray(HEADER_BYTES),
  };
}

/** Writes everything of a record but its chunk and proof: RECORD_BYTES. */
export function writeRecord(out: DataView, record: SealedRecord): void {
  const { wanted, received, held, window } = record.status;
  out.setUint8(0, KINDS.indexOf(record.kind));
  out.setUint8(1, (record.asks ? ASKS : 0) | (record.proof === undefined ? 0 : PROVES));
  out.setUint16(2, 0);
  out.setUint32(4, window);
  writeNumber(out, 8, wanted);
  writeNumber(out, 16, received);
  out.setUint32(24, held[1]);
  out.setUint32(28, held[0]);
  writeNumber(out, 32, record.number);
}

/** The record in an opened seal; its chunk is a view into `bytes`. Undefined when it is not exactly one. */
export function parseRecord(bytes: Uint8Array): SealedRecord | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kind = KINDS[view.getUint8(0)];
  const flags = view.getUint8(1);
  const [wanted, received, number] = [readNumber(view, 8), readNumber(view, 16), readNumber(view, 32)];
  if (kind === undefined || (flags & ~(ASKS | PROVES)) !== 0 || view.getUint16(2) !== 0) return undefined;
  if (wanted === undefined || received === undefined || number === undefined) return undefined;
  const proves = (flags & PROVES) !== 0;
  const end = bytes.length - (proves ? SIGNATURE_BYTES : 0);
  if (end < RECORD_BYTES || end > RECORD_BYTES + LIMITS.chunkBytes) return undefined;
  if (kind !== 'data' && end !== RECORD_BYTES) return undefined;
  return {
    kind,
    asks: (flags & ASKS) !== 0,
    number,
    status: { wanted, received, window: view.getUint32(4), held: [view.getUint32(28), view.getUint32(24)] },
    ...(kind === 'data' ? { chunk: bytes.subarray(RECORD_BYTES, end) } : {}),
    ...(proves ? { proof: bytes.subarray(end) } : {}),
  };
}

function framed(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, PREFIX_BYTES);
  const bytes = new Uint8Array(length);
  bytes.set([VERSION, type, 0, 0]);
  let at = PREFIX_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function writeNumber(out: DataView, at: number, value: number): void {
  out.setUint32(at, Math.floor(value / 2 ** 32));
  out.setUint32(at + 4, value >>> 0);
}

function readNumber(view: DataView, at: number): number | undefined {
  const value = view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
  return value < NUMBER_LIMIT ? value : undefined;
}
