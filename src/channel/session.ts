/**
 * Owns one session: two keys, two counters, and which of the peer's counters have been seen.
 * Must never seal twice under one counter, nor open twice what came twice.
 *
 * The nonce is the 64-bit counter after four zero bytes; each direction has its own key. Additional data are the frame's
 * header (version, type, session, counter) and the transcript's hash, which binds both identities and the topic.
 * Repetitions are found with a sliding window over counters (RFC 6479), since the bus may reorder.
 */
import { MpcError } from '../base/errors.ts';
import { copied } from '../bus/copied.ts';
import {
  HEADER_BYTES,
  NUMBER_LIMIT,
  parseRecord,
  RECORD_BYTES,
  type Sealed,
  type SealedRecord,
  writeHeader,
  writeRecord,
} from './frames.ts';
import type { SessionKeys } from './handshake.ts';
import { NONCE_BYTES, open, seal } from './primitives.ts';
import type { Refusal } from './refusals.ts';

/** Counters that may arrive out of order: as many chunks as a window holds, and their acknowledgements. */
const REPLAY_BITS = 4096;
/** Below this, one call of the cipher on a small copy is quicker than two. */
const SMALL_BYTES = 4096;

export class Session {
  readonly id: Uint8Array;
  /** The handshake frame that made it, to know its repetitions: a copy, since frames are lent. */
  readonly origin: Uint8Array;
  /** The initiator's signature: rides on every seal until the peer has been heard here. */
  proof: Uint8Array | undefined;
  /** A valid frame of the peer has come in this session. */
  isHeard = false;
  /** The counter of the newest status taken from this session. */
  newestStatus = -1;
  readonly #keys: SessionKeys;
  readonly #sendAdditional: Uint8Array;
  readonly #receiveAdditional: Uint8Array;
  readonly #nonce = new Uint8Array(NONCE_BYTES);
  readonly #seen = new Uint32Array(REPLAY_BITS / 32);
  #counter = 0;
  #highest = -1;

  constructor(keys: SessionKeys, origin: Uint8Array, proof?: Uint8Array) {
    this.id = keys.id;
    this.origin = copied(origin);
    this.proof = proof;
    this.#keys = keys;
    this.#sendAdditional = new Uint8Array(HEADER_BYTES + keys.transcript.length);
    this.#sendAdditional.set(keys.transcript, HEADER_BYTES);
    this.#receiveAdditional = this.#sendAdditional.slice();
  }

  /** Frames that went either way under these keys. */
  get frames(): number {
    return this.#counter + this.#highest + 1;
  }

  /** A frame in pieces, each of memory of its own. Throws `channel.worn-out` when the counter is at its end. */
  seal(record: SealedRecord): Uint8Array[] {
    const counter = this.#counter++;
    if (counter >= NUMBER_LIMIT)
      throw new MpcError(
        'channel.worn-out',
        'this session has sealed as many frames as its keys are good for',
        {
          hint: 'restart this role: a new session begins',
        },
      );
    const header = new Uint8Array(HEADER_BYTES);
    writeHeader(new DataView(header.buffer), this.id, counter);
    this.#sendAdditional.set(header);
    const key = this.#keys.sendKey;
    return [header, ...seal(key, this.#nonceOf(counter), this.#sendAdditional, plainParts(record))];
  }

  /** The record in a frame of this session. A refused frame leaves no trace. */
  open({ header, counter, body }: Sealed): SealedRecord | Refusal {
    if (this.#wasSeen(counter)) return 'channel.replayed';
    this.#receiveAdditional.set(header);
    const plain = open(this.#keys.receiveKey, this.#nonceOf(counter), this.#receiveAdditional, body);
    if (plain === undefined) return 'channel.bad-seal';
    this.#markSeen(counter);
    return parseRecord(plain) ?? 'channel.malformed';
  }

  erase(): void {
    this.#keys.sendKey.fill(0);
    this.#keys.receiveKey.fill(0);
  }

  #nonceOf(counter: number): Uint8Array {
    const view = new DataView(this.#nonce.buffer);
    view.setUint32(4, Math.floor(counter / 2 ** 32));
    view.setUint32(8, counter >>> 0);
    return this.#nonce;
  }

  #wasSeen(counter: number): boolean {
    if (counter > this.#highest) return false;
    if (this.#highest - counter >= REPLAY_BITS) return true;
    const bit = counter % REPLAY_BITS;
    return (this.#seen[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }

  #markSeen(counter: number): void {
    const skipped = Math.min(counter - this.#highest - 1, REPLAY_BITS);
    for (let step = 1; step <= skipped; step++) this.#setSeen((this.#highest + step) % REPLAY_BITS, false);
    this.#highest = Math.max(this.#highest, counter);
    this.#setSeen(counter % REPLAY_BITS, true);
  }

  #setSeen(bit: number, seen: boolean): void {
    const mask = 1 << (bit & 31);
    if (seen) this.#seen[bit >>> 5]! |= mask;
    else this.#seen[bit >>> 5]! &= ~mask;
  }
}

/** What is sealed: the record's beginning, its chunk, its proof; one piece where they are small. */
function plainParts(record: SealedRecord): Uint8Array[] {
  const rest = [record.chunk, record.proof].filter((part) => part !== undefined);
  const restBytes = rest.reduce((sum, part) => sum + part.length, 0);
  const isSmall = RECORD_BYTES + restBytes <= SMALL_BYTES;
  const start = new Uint8Array(RECORD_BYTES + (isSmall ? restBytes : 0));
  writeRecord(new DataView(start.buffer), record);
  if (!isSmall) return [start, ...rest];
  let at = RECORD_BYTES;
  for (const part of rest) {
    start.set(part, at);
    at += part.length;
  }
  return [start];
}
