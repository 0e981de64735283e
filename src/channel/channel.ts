/**
 * Owns the face of the channel: a stream of numbered chunks each way between two participants, ordered, resumable,
 * flow-controlled and sealed end to end. The broker sees sizes and addresses.
 * Must never lose its place: a receiver names the next number it wants, and the sender repeats from there.
 */

import type { Clock } from '../base/clock.ts';
import type { ErrorReport } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import type { Bus } from '../bus/bus.ts';
import type { Address, Purpose } from '../bus/subjects.ts';
import type { Identity, PublicKey } from '../identity/keys.ts';

/** A deterministic, random-access sender's side: asking twice for a number gives the same bytes. */
export interface ChunkSource {
  /** The chunk of that number (at most LIMITS.chunkBytes), waiting until it exists; undefined past the last one. */
  chunk(index: number): Promise<Uint8Array | undefined>;
}

export interface ChunkSink {
  /** The next number this side wants; 0 at first, after a restart what is durable already. */
  wanted(): number;
  /** Takes chunk `wanted()`; durable (as far as the sink promises) when it resolves. */
  accept(chunk: Uint8Array): Promise<void>;
  /** All chunks have been accepted. Called at least once. */
  finished(): Promise<void>;
}

/** What both ends must agree on; bound into every seal. */
export interface ChannelTopic {
  readonly deployment: string;
  readonly collaboration: string;
  readonly purpose: Purpose;
  /** Digest of the collaboration's descriptor. */
  readonly descriptor: string;
  readonly attempt: number;
}

export interface ChannelOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly identity: Identity;
  readonly me: Address;
  readonly peer: Address;
  readonly peerKey: PublicKey;
  readonly topic: ChannelTopic;
  readonly outgoing?: ChunkSource;
  readonly incoming?: ChunkSink;
  /** Refused frames (typed), for counting and logging; never fatal to the channel. */
  readonly onTrouble?: (report: ErrorReport) => void;
  /** The peer answers / has been silent for too long. */
  readonly onPresence?: (present: boolean) => void;
}

/** What a channel has moved so far. */
export interface Traffic {
  /** Bytes of chunks (plaintext), each counted once. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Bytes on the bus, everything counted: handshakes, acknowledgements, repetitions. */
  readonly sentFrameBytes: number;
  readonly receivedFrameBytes: number;
  /** Chunks sent again. */
  readonly repeatedChunks: number;
  readonly refusedFrames: number;
}

export interface Channel {
  /**
   * Resolves when everything outgoing is acknowledged and everything incoming accepted. Rejects when the source or the
   * sink fails (with its error), or with `channel.closed`. A channel that is done still answers until it is closed.
   */
  readonly done: Promise<void>;
  readonly traffic: Traffic;
  close(): void;
}
