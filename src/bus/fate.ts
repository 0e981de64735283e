/**
 * Owns what happens to one message on the memory bus: lost, doubled, delayed or overtaken, decided by a seed.
 * The fate depends on who says it to whom on which subject and how many came before it there, and on nothing else: the
 * same conversation meets the same faults, however the rest of the world is scheduled.
 * Must never be used for anything secret: the generator is small and predictable.
 */

/** Probabilities are 0 to 1. */
export interface Faults {
  readonly drop?: number;
  readonly duplicate?: number;
  /** Each copy waits for a whole number of milliseconds between these, both included. */
  readonly delayMs?: readonly [number, number];
  /** The chance that later messages of the same sender to the same receiver overtake this one. */
  readonly reorder?: number;
}

export interface Copy {
  readonly delayMs: number;
  readonly overtaken: boolean;
}

/** How long a message that is to be overtaken is held back beyond the longest delay, at most. */
const HOLD_MS = 5;

/** The copies that arrive of the message that `path` names; none when it is lost. */
export function fateOf(seed: string, path: string, faults: Faults): readonly Copy[] {
  const draw = seededDraws(`${seed}\n${path}`);
  const lost = draw() < (faults.drop ?? 0);
  const count = draw() < (faults.duplicate ?? 0) ? 2 : 1;
  if (lost) return [];
  const [least, most] = faults.delayMs ?? [0, 0];
  return Array.from({ length: count }, () => {
    const delayMs = least + Math.floor(draw() * (most - least + 1));
    const overtaken = draw() < (faults.reorder ?? 0);
    const heldMs = 1 + Math.floor(draw() * HOLD_MS);
    return overtaken ? { delayMs: most + heldMs, overtaken } : { delayMs, overtaken };
  });
}

/** Uniform numbers in [0, 1) that the text decides: FNV-1a into the state of mulberry32 (T. Ettinger, 2017). */
export function seededDraws(text: string): () => number {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}
