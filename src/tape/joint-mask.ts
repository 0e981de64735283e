/**
 * Owns masks as the dealer knows them: r = r_A + r_B (bits: XOR), both parts straight from their keystreams, a piece at a
 * time. Must never hold either server's part as a whole: a piece stays in the cache, a million elements do not.
 */
import type { Kind } from '../gates/gate.ts';
import { xor } from '../ring/bits.ts';
import { add } from '../ring/ring.ts';
import type { Words } from '../ring/words.ts';
import type { Keystream } from './keystream.ts';

/** Fills `out` with the sum of both keystreams' words of that lane, from word `offset` on. Padding bits are not cleared. */
export function jointMask(
  out: Words,
  kind: Kind,
  keystreams: readonly [Keystream, Keystream],
  node: number,
  lane: number,
  offset = 0,
): Words {
  const combine = kind === 'ring' ? add : xor;
  const [a, b] = keystreams;
  a.pieces(node, lane, offset, out.length, (left, at) => {
    b.pieces(node, lane, offset + at, left.length, (right) => {
      combine(out.subarray(at, at + left.length), left, right);
    });
  });
  return out;
}
