/**
 * Owns how values of options are read that several commands have.
 */
import { EXIT, MpcError } from '../src/base/errors.ts';
import { LIMITS } from '../src/base/limits.ts';

/** For an option that is repeated. */
export function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** From 0. Throws `usage.number`. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new MpcError('usage.number', `${JSON.stringify(text)} is not a whole number`, {
      exitCode: EXIT.usage,
    });
  return value;
}

/** Throws `usage.number`. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new MpcError('usage.number', `${JSON.stringify(text)} is not a whole number of at least 1`, {
      exitCode: EXIT.usage,
    });
  return value;
}

/** Whole milliseconds, with or without the unit. Throws `usage.round-trip`. */
export function roundTrip(text: string): number {
  const value = /^\d+(ms)?$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  if (!(value <= LIMITS.roundTripMs))
    throw new MpcError(
      'usage.round-trip',
      `${JSON.stringify(text)} is not a number of milliseconds up to ${LIMITS.roundTripMs}`,
      { hint: 'write 40ms', exitCode: EXIT.usage },
    );
  return value;
}
