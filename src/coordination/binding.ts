/**
 * Owns what a server ties its tape to before it opens anything: one descriptor, one attempt, one set of inputs; and which
 * tape that is, so that two servers with halves of different tapes never compute together.
 * Must never depend on the order in which rows arrived: both servers must get the same digest.
 */
import { digestOf } from '../base/canonical.ts';

export interface Bound {
  /** Digest of the descriptor. */
  readonly descriptor: string;
  readonly attempt: number;
  /** Name of the tape, the same in both servers' halves. */
  readonly tape: string;
  /** Digest of the masked rows, by input party; and of each earlier result that is read, by its slice's name. */
  readonly rows: Readonly<Record<string, string>>;
}

export function bindingDigest({ descriptor, attempt, tape, rows }: Bound): string {
  const inputs = Object.keys(rows)
    .sort()
    .map((party) => [party, rows[party] ?? null]);
  return digestOf('binding', { descriptor, attempt, tape, inputs });
}
