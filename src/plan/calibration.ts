/**
 * Owns what work takes on the machine that mpc is measured on, as the constants that estimates and choices are made of.
 * `npm run bench:gates` prints the gates' part anew. Must never be measured while planning: all participants must come
 * to the same plan, so the same version of mpc has the same constants everywhere.
 *
 * Gates: measured with Node 20.20 on one core of a two-core x86-64 machine (2026-11), in memory, best of nine. The rest: fitted to whole
 * runs of the queries of `npm run bench:estimates` on that machine while it did nothing else. Nodes weigh as much as they do
 * because every role compiles the query, and runs most of its code for the first time.
 */

/** Nanoseconds of one unit of a gate's work: by default an element of its inputs and output together. */
export interface GateRate {
  readonly dealerNs: number;
  /** The slower of the two servers. */
  readonly serverNs: number;
  /** A unit is a byte of server B's tape: gates whose work is their tables. */
  readonly isPerTapeByte?: true;
}

/** Gates that are not listed: local work on what is there. */
export const DEFAULT_RATE: GateRate = { dealerNs: 3, serverNs: 5 };

export const GATE_RATES: Readonly<Record<string, GateRate>> = {
  linear: { dealerNs: 1, serverNs: 2 },
  open: { dealerNs: 2.1, serverNs: 3.3 },
  multiply: { dealerNs: 1.5, serverNs: 2.1 },
  dot: { dealerNs: 0.74, serverNs: 2.1 },
  matrixProduct: { dealerNs: 29, serverNs: 91 },
  select: { dealerNs: 2.1, serverNs: 2.4 },
  bitToRing: { dealerNs: 1.7, serverNs: 2.2 },
  and: { dealerNs: 1.2, serverNs: 1.1, isPerTapeByte: true },
  groupSum: { dealerNs: 0.39, serverNs: 0.3, isPerTapeByte: true },
  oneHot: { dealerNs: 1.8, serverNs: 4.3, isPerTapeByte: true },
  lookup: { dealerNs: 0.6, serverNs: 0.25, isPerTapeByte: true },
  truncate: { dealerNs: 4.6, serverNs: 3.2 },
  shuffle: { dealerNs: 7.4, serverNs: 4.7, isPerTapeByte: true },
  sort: { dealerNs: 3.3, serverNs: 5.7, isPerTapeByte: true },
  sampleSort: { dealerNs: 1.5, serverNs: 3, isPerTapeByte: true },
  circuit: { dealerNs: 2.6, serverNs: 6, isPerTapeByte: true },
  lessThanZero: { dealerNs: 0.62, serverNs: 0.46, isPerTapeByte: true },
  equalsZero: { dealerNs: 0.56, serverNs: 0.42, isPerTapeByte: true },
  dcfLessThanZero: { dealerNs: 8, serverNs: 1.3, isPerTapeByte: true },
  dpfEqualsZero: { dealerNs: 7.8, serverNs: 1.3, isPerTapeByte: true },
};

/** What each node takes beside its elements: until both tapes are there, and then on the servers. */
export const NODE_NS = { deal: 300_000, compute: 50_000 } as const;
/** A round between two servers on one machine, through the broker, beside its bytes: handing over, sealing, scheduling. */
export const ROUND_MS = 1.5;
/** Bytes a second from one role to another, sealed, through the broker. */
export const LINK_BYTES_PER_SECOND = 150e6;
/** Bytes of tape a second: written by the dealer, sent, written and read by a server. */
export const TAPE_BYTES_PER_SECOND = 110e6;
/** What comes before and after the work of a phase: roles that start, log entries made durable, handshakes, files synced. */
export const DEAL_MS = 230;
export const COMPUTE_MS = 50;
