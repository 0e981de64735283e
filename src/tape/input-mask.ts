/**
 * Owns the masks of inputs. Each party's slice of an input node is masked by the keystreams of two sub-seeds, one from
 * each server's seed: told those two sub-seeds, a party can make all of its own masks and no one else's.
 * Must never hand a party the server's seed itself.
 */
import { assert } from '../base/errors.ts';
import type { Kind } from '../gates/gate.ts';
import { xor } from '../ring/bits.ts';
import { add } from '../ring/ring.ts';
import type { Words } from '../ring/words.ts';
import { wordsOf } from '../ring/words.ts';
import { jointMask } from './joint-mask.ts';
import { INPUT, Keystream } from './keystream.ts';
import type { Seed } from './seed.ts';
import { inputSeed } from './seed.ts';

/** One party's rows in a table; `capacity` is a multiple of 64, so that slices of bits are whole words. */
export interface InputSlice {
  readonly party: string;
  readonly capacity: number;
}

/** One server's share of the mask of one party's slice of input node `node`: what that party's sub-seed expands to. */
export function inputMask(subSeed: Seed, node: number, kind: Kind, length: number): Words {
  const keystream = new Keystream(subSeed, INPUT);
  return kind === 'ring' ? keystream.ring(node, 0, length) : keystream.bits(node, 0, length);
}

/** One server's share of the whole input node's mask: the slices' masks one after another. */
export function wholeInputMask(
  serverSeed: Seed,
  slices: readonly InputSlice[],
  node: number,
  kind: Kind,
): Words {
  const whole = wholeMask(slices, kind);
  for (const { party, words } of partsOf(slices, kind, whole)) {
    new Keystream(inputSeed(serverSeed, party), INPUT).fill(words, node, 0);
  }
  return whole;
}

/** The whole input node's mask, which the dealer alone knows: the sum (bits: XOR) of both servers' shares. */
export function jointInputMask(
  serverSeeds: readonly [Seed, Seed],
  slices: readonly InputSlice[],
  node: number,
  kind: Kind,
): Words {
  const whole = wholeMask(slices, kind);
  for (const { party, words } of partsOf(slices, kind, whole)) {
    const [a, b] = serverSeeds;
    const keystreams = [a, b].map((seed) => new Keystream(inputSeed(seed, party), INPUT));
    jointMask(words, kind, [keystreams[0]!, keystreams[1]!], node, 0);
  }
  return whole;
}

function wholeMask(slices: readonly InputSlice[], kind: Kind): Words {
  const rows = slices.reduce((sum, slice) => sum + slice.capacity, 0);
  return new Uint32Array(wordsOf(kind, rows));
}

/** The slices' places in a whole mask, one after another. Capacities are multiples of 64, so bits have no padding. */
function partsOf(
  slices: readonly InputSlice[],
  kind: Kind,
  whole: Words,
): { readonly party: string; readonly words: Words }[] {
  let at = 0;
  return slices.map(({ party, capacity }) => {
    assert(capacity % 64 === 0, 'a slice is a multiple of 64 rows');
    const words = whole.subarray(at, at + wordsOf(kind, capacity));
    at += words.length;
    return { party, words };
  });
}

/** The mask r = r_A + r_B (bits: XOR) of two shares, into a new vector. Also masks a value: the same operation. */
export function combine(kind: Kind, left: Words, right: Words): Words {
  const out = new Uint32Array(left.length);
  return kind === 'ring' ? add(out, left, right) : xor(out, left, right);
}
