/**
 * Owns how long to wait before something that failed is tried again: doubling, bounded, spread by chance.
 * Must never give up: what was committed is sent one day.
 */
import type { RandomSource } from '../base/random.ts';

const FIRST_DELAY_MS = 100;
/** A peer that came back is reached again within half a minute. */
const LONGEST_DELAY_MS = 30_000;

/** `attempt` is 1 after the first failure. Between half and all of the doubled delay, so that peers do not retry in step. */
export function retryDelayMs(attempt: number, random: RandomSource): number {
  const full = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS);
  const chance = (random(1)[0] ?? 0) / 256;
  return Math.round(full * (0.5 + chance / 2));
}

/** Failures 1, 2, 4, 8, ... are worth a report; the others would only fill the log. */
export function isWorthAReport(attempt: number): boolean {
  return Number.isInteger(Math.log2(attempt));
}
