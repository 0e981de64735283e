/**
 * Owns what the figures are held against: our own targets, and what MP-SPDZ (commit 3a0a7b1, C++, two servers with a dealer,
 * and its three-server honest-majority protocol) took on two cores of the same kind. Its figures are scaled to the
 * machine's rates of the minute, since neither machine is alone.
 */
import type { Rates } from './rates.ts';

export interface Target {
  /** Seconds, online. */
  readonly atMost: number;
  /** MP-SPDZ's seconds: warm, dealer's work included, where both are known. */
  readonly withDealer?: number;
  readonly threeServers?: number;
}

/** By the name of the workload. */
export const TARGETS: Readonly<Record<string, Target>> = {
  '1000000 multiplications': { atMost: 0.05, withDealer: 0.14, threeServers: 0.048 },
  '1000000 comparisons': { atMost: 0.25, withDealer: 1.0, threeServers: 0.35 },
  'matrix product of side 256': { atMost: 0.03, withDealer: 0.12, threeServers: 0.09 },
  '10000 equality tests': { atMost: 0.005, withDealer: 0.011, threeServers: 0.01 },
  'sort of 1000 rows': { atMost: 0.06, withDealer: 2.2, threeServers: 0.38 },
  'sort of 10000 rows': { atMost: 0.3, withDealer: 24, threeServers: 1.5 },
  'sort of 100000 rows': { atMost: 2 },
  'AES-128 of 1000 blocks': { atMost: 0.03, withDealer: 0.065, threeServers: 0.039 },
  'AES-128 of 10000 blocks': { atMost: 0.12, withDealer: 0.27 },
  '100000 fixed-point multiplications': { atMost: 0.03, withDealer: 0.13 },
  '100000 divisions, 31 by 16 bits': { atMost: 0.3, withDealer: 1.33 },
  '1 comparison': { atMost: 0.002, withDealer: 0.0032 },
  '1000 multiplications in a row': { atMost: 0.35, withDealer: 0.31 },
  'grouped average of 28155 rows': { atMost: 0.05 },
};

/** Of the machine MP-SPDZ was measured on, by the same two programs. */
const REFERENCE: Rates = { tcpBytesPerSecond: 1.4 * 1024 ** 3, aes128CtrBytesPerSecond: 4.6e9 };

/** How much longer the same work takes now: the geometric mean of what the network and the cipher take. */
export function slowness(rates: Rates): number {
  const tcp = REFERENCE.tcpBytesPerSecond / rates.tcpBytesPerSecond;
  const aes = REFERENCE.aes128CtrBytesPerSecond / rates.aes128CtrBytesPerSecond;
  return Math.sqrt(tcp * aes);
}
