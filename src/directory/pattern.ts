/**
 * Owns patterns over names: `*` is any text, `?` any one character, everything else itself.
 * Must never take longer for one pattern than for another: it looks at each character of a name once.
 *
 * A pattern's characters other than `*` are places 0 .. m-1, and a set of places is the bits of one integer. Bit i says
 * "the first i places have been matched"; a character c moves every bit whose place it fits one on, and leaves bits
 * before a `*` where they are besides (Baeza-Yates and Gonnet, "A new approach to text searching", 1992).
 */
import { EXIT, MpcError } from '../base/errors.ts';

const PATTERN_CHARACTERS = 128;

export interface Pattern {
  /** What every match begins with. */
  readonly prefix: string;
  matches(name: string): boolean;
}

/** `count` is told of every character looked at: for tests. Throws `pattern.invalid`. */
export function patternOf(text: string, count: () => void = () => {}): Pattern {
  if (text.length > PATTERN_CHARACTERS)
    throw new MpcError('pattern.invalid', `the pattern has more than ${PATTERN_CHARACTERS} characters`, {
      hint: 'use a shorter one: * is any text, ? any one character',
      exitCode: EXIT.badData,
    });
  const fits = new Map<string, bigint>();
  let anything = 0n;
  let stays = 0n;
  let places = 0n;
  for (const character of text) {
    const place = 1n << places;
    if (character === '*') stays |= place;
    else {
      if (character === '?') anything |= place;
      else fits.set(character, (fits.get(character) ?? 0n) | place);
      places++;
    }
  }
  const whole = 1n << places;
  return {
    prefix: /^[^*?]*/.exec(text)?.[0] ?? '',
    matches: (name) => {
      let reached = 1n;
      for (const character of name) {
        count();
        reached = ((reached & ((fits.get(character) ?? 0n) | anything)) << 1n) | (reached & stays);
        if (reached === 0n) return false;
      }
      return (reached & whole) !== 0n;
    },
  };
}
