/**
 * Owns XofTurboShake128 as Prio3 uses it: what a seed is expanded for is bound to a usage, the application's context and a binder.
 * Must never expand one seed twice for different things under the same binding.
 *
 * Source: VDAF draft 20, sections 6.2.1 (the XOF), 6.2.3 (domain separation) and 7.2 (usages). A message is: the domain separation
 * tag's length (2 bytes) and the tag; the seed's length (1 byte) and the seed; the binder. It lies in a *frame*: bytes right before a
 * body, so that a body already in place (a share that is hashed) is not copied.
 */
import { assert } from '../base/errors.ts';

export const SEED_BYTES = 32;
export const NONCE_BYTES = 16;

/** The draft's version in the tag: drafts that change the computation change it. */
const VERSION = 18;
const CLASS_VDAF = 0;

export const USAGE = {
  measurementShare: 1,
  proofShare: 2,
  jointRandomness: 3,
  proveRandomness: 4,
  queryRandomness: 5,
  jointRandSeed: 6,
  jointRandPart: 7,
} as const;

export type Usage = keyof typeof USAGE;

const TAG_BYTES = 8;
/** Contexts are names: longer ones are refused, though the draft would take 64 KiB. */
export const MAX_CONTEXT_BYTES = 1024;
const MAX_BINDER_HEAD_BYTES = 2 + NONCE_BYTES;
/** Bytes to leave before a body. */
export const FRAME_BYTES = 2 + TAG_BYTES + MAX_CONTEXT_BYTES + 1 + SEED_BYTES + MAX_BINDER_HEAD_BYTES;

/** What precedes the seed in the messages of a Prio3 variant under one context. */
export class Frames {
  readonly #heads: Readonly<Record<Usage, Uint8Array>>;

  constructor(algorithm: number, context: Uint8Array) {
    assert(context.length <= MAX_CONTEXT_BYTES, 'the context is a short name');
    const head = (usage: number): Uint8Array => {
      const bytes = new Uint8Array(2 + TAG_BYTES + context.length + 1);
      const view = new DataView(bytes.buffer);
      view.setUint16(0, TAG_BYTES + context.length, true);
      view.setUint8(2, VERSION);
      view.setUint8(3, CLASS_VDAF);
      view.setUint32(4, algorithm);
      view.setUint16(8, usage);
      bytes.set(context, 2 + TAG_BYTES);
      view.setUint8(bytes.length - 1, SEED_BYTES);
      return bytes;
    };
    this.#heads = {
      measurementShare: head(USAGE.measurementShare),
      proofShare: head(USAGE.proofShare),
      jointRandomness: head(USAGE.jointRandomness),
      proveRandomness: head(USAGE.proveRandomness),
      queryRandomness: head(USAGE.queryRandomness),
      jointRandSeed: head(USAGE.jointRandSeed),
      jointRandPart: head(USAGE.jointRandPart),
    };
  }

  /** Writes a frame whose binder is `binder` and then the body at `body`; returns where the message begins. */
  write(
    memory: Uint8Array,
    body: number,
    usage: Usage,
    seed: Uint8Array,
    binder: readonly number[] | Uint8Array,
  ): number {
    const head = this.#heads[usage];
    const binderAt = body - binder.length;
    const start = binderAt - SEED_BYTES - head.length;
    memory.set(head, start);
    memory.set(seed, binderAt - SEED_BYTES);
    memory.set(binder, binderAt);
    return start;
  }
}
