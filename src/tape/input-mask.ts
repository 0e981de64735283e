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
  const whole = new Uint32Array(
    wordsOf(
      kind,
      slices.reduce((sum, slice) => sum + slice.capacity, 0),
    ),
  );
  let at = 0;
  for (const { party, capacity } of slices) {
    assert(capacity % 64 === 0, 'a slice is a multiple of 64 rows');
    whole.set(inputMask(inputSeed(serverSeed, party), node, kind, capacity), at);
    at += wordsOf(kind, capacity);
  }
  return whole;
}

/** The mask r = r_A + r_B (bits: XOR) of two shares, into a new vector. Also masks a value: the same operation. */
export function combine(kind: Kind, left: Words, right: Words): Words {
  const out = new Uint32Array(left.length);
  return kind === 'ring' ? add(out, left, right) : xor(out, left, right);
}
