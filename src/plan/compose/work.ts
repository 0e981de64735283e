/**
 * Owns how two ways to the same exact result are compared before either is written: by what they compute, open and wait for. Must
 * depend on public sizes alone, and on no clock: all participants compile the same plan.
 */

/** What one element takes, but for the rounds, which all elements share. */
export interface Work {
  /** Comparisons, each with the selection that it decides. */
  readonly comparisons: number;
  /** Ring elements opened. */
  readonly openings: number;
  readonly rounds: number;
}

/** Weights as measured: a comparison counts as two openings, a round of two servers as some two thousand. */
const OPENINGS_A_COMPARISON = 2;
const OPENINGS_A_ROUND = 2000;

/** Work on a vector of `length` elements, in openings. */
export function total({ comparisons, openings, rounds }: Work, length: number): number {
  return length * (OPENINGS_A_COMPARISON * comparisons + openings) + OPENINGS_A_ROUND * rounds;
}
