/**
 * Owns the incoming half: chunks are held until their turn and handed to the sink one at a time, in order, once.
 * Must never hold more than the window, nor say it has what its sink has not accepted.
 */
import type { ChunkSink } from './channel.ts';
import type { Refusal } from './refusals.ts';
import type { ChannelSettings } from './settings.ts';

export interface ReceiverOptions {
  readonly sink: ChunkSink;
  readonly settings: ChannelSettings;
  /** The sink has accepted this many bytes more, or has finished. */
  readonly onProgress: (bytes: number) => void;
  /** The sink failed: nothing more can be accepted. */
  readonly onFailure: (error: unknown) => void;
}

export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #held = new Map<number, Uint8Array>();
  #heldBytes = 0;
  #wanted: number;
  #received: number;
  #total: number | undefined;
  #isFinished = false;
  #isDelivering = false;
  #isStopped = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#wanted = options.sink.wanted();
    this.#received = this.#wanted;
  }

  /** The next number that the sink has not accepted; past the end once it has finished. */
  get wanted(): number {
    return this.#isFinished ? this.#wanted + 1 : this.#wanted;
  }

  get received(): number {
    return Math.max(this.#received, this.wanted);
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Bytes held for the sink. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Which of the 64 chunks after `received` are held. */
  get held(): readonly [number, number] {
    const words: [number, number] = [0, 0];
    if (this.#held.size === this.#received - this.#wanted) return words;
    for (let bit = 0; bit < 64; bit++)
      if (this.#held.has(this.#received + 1 + bit)) words[bit >>> 5]! |= 1 << (bit & 31);
    return [words[0] >>> 0, words[1] >>> 0];
  }

  /** Takes a chunk, or says why not; `repeated` when it is here already and the peer has not heard so. */
  takeChunk(number: number, chunk: Uint8Array): Refusal | 'repeated' | undefined {
    const { windowBytes, windowChunks } = this.#options.settings;
    if (number < this.#received || this.#held.has(number)) return 'repeated';
    if (this.#total !== undefined && number >= this.#total) return 'channel.bad-end';
    const isNext = number === this.#wanted;
    if (number >= this.#wanted + windowChunks || (!isNext && this.#heldBytes + chunk.length > windowBytes))
      return 'channel.beyond-window';
    this.#held.set(number, chunk);
    this.#heldBytes += chunk.length;
    while (this.#held.has(this.#received)) this.#received++;
    this.#deliver();
    return undefined;
  }

  takeEnd(total: number): Refusal | 'repeated' | undefined {
    if (this.#total === total) return 'repeated';
    const isBeyond = [...this.#held.keys()].some((number) => number >= total);
    if (this.#total !== undefined || total < this.#received || isBeyond) return 'channel.bad-end';
    this.#total = total;
    this.#deliver();
    return undefined;
  }

  stop(): void {
    this.#isStopped = true;
    this.#held.clear();
  }

  #deliver(): void {
    if (this.#isDelivering || this.#isStopped) return;
    this.#isDelivering = true;
    this.#run().catch(this.#options.onFailure);
  }

  async #run(): Promise<void> {
    const { sink, onProgress } = this.#options;
    for (;;) {
      const chunk = this.#held.get(this.#wanted);
      if (chunk === undefined) break;
      await sink.accept(chunk);
      if (this.#isStopped) return;
      this.#held.delete(this.#wanted);
      this.#heldBytes -= chunk.length;
      this.#wanted++;
      onProgress(chunk.length);
    }
    if (this.#wanted === this.#total && !this.#isFinished) {
      await sink.finished();
      if (this.#isStopped) return;
      this.#isFinished = true;
      onProgress(0);
    }
    this.#isDelivering = false;
  }
}
