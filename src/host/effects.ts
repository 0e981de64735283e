/**
 * Owns the one effect that every role needs: waiting for an absolute time, which a restart does not push back.
 */
import type { Clock } from '../base/clock.ts';
import type { EffectContext } from './host.ts';

/** Timers take 31 bits of milliseconds; a later deadline is waited for in parts. */
const LONGEST_SLEEP_MS = 24 * 3600 * 1000;

/** Resolves when the clock has reached `deadlineMs`; rejects when the state is left first. */
export function awaitDeadline(clock: Clock) {
  return async ({ input, signal }: EffectContext<{ readonly deadlineMs: number }>): Promise<void> => {
    for (let left = input.deadlineMs - clock.now(); left > 0; left = input.deadlineMs - clock.now())
      await clock.sleep(Math.min(left, LONGEST_SLEEP_MS), signal);
  };
}
