/**
 * Owns XofTurboShake128 as Prio3 uses it: what a seed is expanded for is bound to a usage, the application's context and a binder.
 * Must never expand one seed twice for different things under the same binding.
 *
 * Source: VDAF draft 20, sections 6.2.1 (the XOF), 6.2.3 (domain separation) and 7.2 (usages). A message is: the domain separation
 * tag's length (2 bytes) and the tag; the seed's length (1 byte) and the seed; the binder. Each usage has a *frame* in the memory where
 * its message stands ready but for seed and binder, right before a *body*: the binder's end where that is long, so that a body which
 * is in place already (a share that is hashed) is not copied.
 */
import { assert } from '../base/errors.ts';
import type { Layout } from './layout.ts';

export const SEED_BYTES = 32;
export const NONCE_BYTES = 16;

/** The draft's version in the tag: drafts that change the computation change it. */
const VERSION = 18;
const CLASS_VDAF = 0;
const TAG_BYTES = 8;
/** Contexts are names: longer ones are refused, though the draft would take 64 KiB. */
export const MAX_CONTEXT_BYTES = 1024;

/** The usages' numbers, and how many bytes of binder stand before the body. */
const USAGES = {
  /** Binder: the server. */
  measurementShare: { usage: 1, binderBytes: 1 },
  /** Binder: number of proofs, the server. */
  proofShare: { usage: 2, binderBytes: 2 },
  /** Binder: number of proofs. */
  jointRandomness: { usage: 3, binderBytes: 1 },
  /** Binder: number of proofs. */
  proveRandomness: { usage: 4, binderBytes: 1 },
  /** Binder: number of proofs, the nonce. */
  queryRandomness: { usage: 5, binderBytes: 1 + NONCE_BYTES },
  /** Binder: all servers' parts, which are the body. */
  jointRandSeed: { usage: 6, binderBytes: 0 },
  /** Binder: the server, the nonce; the share of the measurement, which is the body. */
  jointRandPart: { usage: 7, binderBytes: 1 + NONCE_BYTES },
} as const;

export type Usage = keyof typeof USAGES;

export class Frame {
  readonly usage: number;
  /** Places. */
  readonly seed: number;
  readonly binder: number;
  readonly body: number;
  /** Bytes of the whole message. */
  bytes = 0;
  /** Place of the message's first byte. */
  start = 0;
  readonly #bodyBytes: number;

  /** A body of `bodyBytes`, with `more` bytes after it that are no part of the message. */
  constructor(layout: Layout, name: Usage, bodyBytes: number, more = 0) {
    const { usage, binderBytes } = USAGES[name];
    this.usage = usage;
    layout.takeBytes(2 + TAG_BYTES + MAX_CONTEXT_BYTES + 1 + SEED_BYTES + binderBytes);
    this.body = layout.takeBytes(bodyBytes + more);
    this.binder = this.body - binderBytes;
    this.seed = this.binder - SEED_BYTES;
    this.#bodyBytes = bodyBytes;
  }

  /** Writes what stands before the seed. */
  bind(memory: Uint8Array, algorithm: number, context: Uint8Array): void {
    assert(context.length <= MAX_CONTEXT_BYTES, 'the context is a short name');
    const head = new Uint8Array(2 + TAG_BYTES + context.length + 1);
    const view = new DataView(head.buffer);
    view.setUint16(0, TAG_BYTES + context.length, true);
    view.setUint8(2, VERSION);
    view.setUint8(3, CLASS_VDAF);
    view.setUint32(4, algorithm);
    view.setUint16(8, this.usage);
    head.set(context, 2 + TAG_BYTES);
    view.setUint8(head.length - 1, SEED_BYTES);
    this.start = this.seed - head.length;
    this.bytes = this.body + this.#bodyBytes - this.start;
    memory.set(head, this.start);
  }
}
