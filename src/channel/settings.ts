/**
 * Owns the channel's bounds and times, each with its reason. Times go to the injected clock and nowhere else.
 */
import { LIMITS } from '../base/limits.ts';

export interface ChannelSettings {
  /** Bytes of chunks in flight each way; also what a receiver may hold out of order. */
  readonly windowBytes: number;
  /** Chunks in flight each way: bounds the bookkeeping when chunks are tiny. */
  readonly windowChunks: number;
  /** Bytes sent before the peer has first said what it wants: a sender that restarted may be far behind its peer. */
  readonly openingBytes: number;
  /** How long an acknowledgement waits for a chunk to ride on. */
  readonly ackDelayMs: number;
  /**
   * How long a chunk stays unanswered before it is sent again: before anything was measured, and at least, at most. A
   * broker loses nothing while it is connected, and a reconnection asks for what was lost: shorter would answer stalls.
   */
  readonly resendMs: { readonly first: number; readonly least: number; readonly most: number };
  /** A timer that rings this late found the process busy: what it waits for may be here, unread, so it waits once more. */
  readonly lateMs: number;
  /** How soon an unanswered hello or knock is repeated; doubles up to the second figure. */
  readonly handshakeMs: readonly [number, number];
  /** A waiting side that hears nothing asks for a sign of life this often. */
  readonly pingMs: number;
  /** A waiting side calls its peer away after this long without a valid frame. */
  readonly silentMs: number;
  /** Handshake frames looked at each second, and at once: each costs a signature or two. */
  readonly handshakesPerSecond: number;
  readonly handshakeBurst: number;
  /** A knock asks a live session for another at most this often: knocks are not signed. */
  readonly knockEveryMs: number;
  /**
   * Frames after which the initiator makes new keys. 2^24 frames of 2^14 blocks are 2^38 blocks under one key; AES-GCM's
   * advantage is then below 2^-52 (NIST SP 800-38D, appendix B; Luykx and Paterson, 2017).
   */
  readonly rekeyFrames: number;
}

export const defaultSettings: ChannelSettings = {
  windowBytes: LIMITS.windowBytes,
  windowChunks: 1024,
  openingBytes: LIMITS.chunkBytes,
  ackDelayMs: 5,
  resendMs: { first: 500, least: 200, most: 4000 },
  lateMs: 20,
  handshakeMs: [100, 2000],
  pingMs: 1000,
  silentMs: 4000,
  handshakesPerSecond: 20,
  handshakeBurst: 20,
  knockEveryMs: 500,
  rekeyFrames: 2 ** 24,
};
