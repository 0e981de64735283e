/**
 * Owns the envelopes of one election at one server: those on the disk, and the recent ones at hand.
 * Must never say that it has one that is not on the disk.
 */

import type { BallotSizes } from '../ballot/election-type.ts';
import { hex } from '../base/bytes.ts';
import { type Envelope, encodeEnvelope, envelopeBytes, readEnvelope } from '../election/envelope.ts';
import type { BoxStore, StoredEnvelope } from './store.ts';

/** Bytes of envelopes kept at hand: what was just taken is prepared soon. */
const AT_HAND_BYTES = 32 * 1024 * 1024;
/** Bytes written in one transaction: the next ones need not wait for long. */
const WRITTEN_BYTES = 4 * 1024 * 1024;

interface Writing {
  readonly envelope: Envelope;
  readonly isMine: boolean;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

export class Envelopes {
  readonly #store: BoxStore;
  readonly #election: string;
  readonly #sizes: BallotSizes;
  readonly #atHand = new Map<string, Envelope>();
  readonly #most: number;
  readonly #mostWritten: number;
  #pending: Writing[] = [];
  #isWriting = false;

  constructor(store: BoxStore, election: string, sizes: BallotSizes) {
    this.#store = store;
    this.#election = election;
    this.#sizes = sizes;
    const bytes = envelopeBytes(sizes);
    this.#most = Math.max(16, Math.floor(AT_HAND_BYTES / bytes));
    this.#mostWritten = Math.max(1, Math.floor(WRITTEN_BYTES / bytes));
  }

  /** Resolves when it is on the disk: all that come while the disk is busy are written together. */
  keep(envelope: Envelope, isMine: boolean): Promise<void> {
    return new Promise((done, failed) => {
      this.#pending.push({ envelope, isMine, done, failed });
      void this.#write();
    });
  }

  /** Those of these digests that are here, in their order; undefined in the places of others. */
  async find(contents: readonly Uint8Array[]): Promise<(Envelope | undefined)[]> {
    const names = contents.map(hex.encode);
    const missing = contents.filter((_, at) => !this.#atHand.has(names[at] ?? ''));
    const read = new Map<string, Envelope>();
    if (missing.length > 0)
      for (const bytes of await this.#store.envelopes(this.#election, missing)) {
        const envelope = readEnvelope(this.#sizes, bytes);
        read.set(hex.encode(envelope.contents), envelope);
      }
    return names.map((name) => this.#atHand.get(name) ?? read.get(name));
  }

  async has(contents: Uint8Array): Promise<boolean> {
    const [found] = await this.find([contents]);
    return found !== undefined;
  }

  /** What a crash left unboxed, and more: everything voters gave to this server. */
  async mine(): Promise<Envelope[]> {
    const all = await this.#store.mine(this.#election);
    return all.map((bytes) => readEnvelope(this.#sizes, bytes));
  }

  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#pending.length > 0) {
      const part = this.#pending.splice(0, this.#mostWritten);
      try {
        await this.#store.keep(this.#election, part.map(rowOf));
        for (const { envelope, done } of part) {
          this.#remember(envelope);
          done();
        }
      } catch (error) {
        for (const { failed } of part) failed(error);
      }
    }
    this.#isWriting = false;
  }

  #remember(envelope: Envelope): void {
    this.#atHand.set(hex.encode(envelope.contents), envelope);
    for (const oldest of this.#atHand.keys()) {
      if (this.#atHand.size <= this.#most) return;
      this.#atHand.delete(oldest);
    }
  }
}

const rowOf = ({ envelope, isMine }: Writing): StoredEnvelope => ({
  contents: envelope.contents,
  bytes: encodeEnvelope(envelope),
  isMine,
});
