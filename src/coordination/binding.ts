/**
 * Owns what a server ties its tape to before it opens anything: one descriptor, one attempt, one set of inputs.
 * Must never depend on the order in which rows arrived: both servers must get the same digest.
 */
import { digestOf } from '../base/canonical.ts';

export interface Bound {
  /** Digest of the descriptor. */
  readonly descriptor: string;
  readonly attempt: number;
  /** Digest of the masked rows, by input party. */
  readonly rows: Readonly<Record<string, string>>;
}

export function bindingDigest({ descriptor, attempt, rows }: Bound): string {
  const inputs = Object.keys(rows)
    .sort()
    .map((party) => [party, rows[party] ?? null]);
  return digestOf('binding', { descriptor, attempt, inputs });
}
