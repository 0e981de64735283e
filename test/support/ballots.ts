/**
 * Owns ballots for tests: seeded randomness, all three servers of an election in a row, and forged ballots.
 * Must never be used outside tests: it holds what no one server may.
 */

import {
  type BallotType,
  type Outcome,
  type Prepared,
  SERVERS,
  type Sharded,
} from '../../src/ballot/election-type.ts';
import type { RandomSource } from '../../src/base/random.ts';
import { splitmix } from './splitmix.ts';

export const CONTEXT = new TextEncoder().encode('election of the board');
export const VERIFY_KEY = new Uint8Array(32).map((_, k) => 7 * k + 1);

export interface Draws {
  readonly bytes: RandomSource;
  /** A whole number from 0 to below - 1. */
  readonly below: (below: number) => number;
}

export function draws(seed: number): Draws {
  const next = splitmix(seed);
  return {
    bytes: (length) => new Uint8Array(length).map(() => Number(next() & 255n)),
    below: (below) => Number(next() % BigInt(below)),
  };
}

/** One ballot through all three servers: their output shares, or why it was refused. */
export function verified(
  type: BallotType,
  ballot: Sharded,
  nonce: Uint8Array,
  contexts: readonly Uint8Array[] = [CONTEXT, CONTEXT, CONTEXT],
): readonly Uint8Array[] | { readonly refused: string } {
  const prepared: Prepared[] = [];
  for (let server = 0; server < SERVERS; server++) {
    const report = { nonce, publicShare: ballot.publicShare, inputShare: ballot.inputShares[server]! };
    const [made] = type.prepare(server, VERIFY_KEY, contexts[server]!, [report]);
    if ('refusal' in made!) return { refused: made.refusal.code };
    prepared.push(made!.value);
  }
  const [combined] = type.combine(contexts[0]!, [prepared.map(({ verifierShare }) => verifierShare)]);
  if ('refusal' in combined!) return { refused: combined.refusal.code };
  const message = combined!.value;
  const finished = prepared.map(({ state }): Outcome<Uint8Array> => type.finish(state, message));
  const outShares: Uint8Array[] = [];
  for (const one of finished) {
    if ('refusal' in one) return { refused: one.refusal.code };
    outShares.push(one.value);
  }
  return outShares;
}
