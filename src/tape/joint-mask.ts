/**
 * Owns masks as the dealer knows them: r = r_A + r_B (bits: XOR), both parts straight from their keystreams, a piece at a
 * time. Must never hold either server's part as a whole: a piece stays in the cache, a million elements do not.
 */
import type { Kind } from '../gates/gate.ts';
import { xor } from '../ring/bits.ts';
import { add } from '../ring/ring.ts';
import type { Words } from '../ring/words.ts';
import { type Keystream, PIECE_WORDS } from './keystream.ts';

/** Fills `out` with the sum of both keystreams' words of that lane, from its first word on. Padding bits are not cleared. */
export function jointMask(
  out: Words,
  kind: Kind,
  keystreams: readonly [Keystream, Keystream],
  node: number,
  lane: number,
): Words {
  const combine = kind === 'ring' ? add : xor;
  for (let at = 0; at < out.length; at += PIECE_WORDS) {
    const part = out.subarray(at, at + PIECE_WORDS);
    const [left, right] = keystreams.map((keystream) => keystream.words(node, lane, at, part.length));
    combine(part, left!, right!);
  }
  return out;
}
