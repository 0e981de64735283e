/**
 * Owns oneHot: a key in 0..D-1 -> its D bits [key = g]; a ring wire to a share. No round of its own, D bits of tape an element.
 *
 * D is a power of two, so that reduction mod D commutes with reduction mod 2^64: key = k^ - r (mod D). Hence
 *   [key = g] = [r = k^ - g (mod D)] = onehot(r mod D) at entry (k^ - g) mod D.
 * The dealer shares the one-hot of r mod D (XOR, D bits); k^ is public, so each server turns its share into place by
 * itself. Keys outside 0..D-1 count as reduced mod D. Generalises the one-time truth tables of Ishai et al. (2013).
 * On planes (entry t of all elements of a block): plane g of the result starts as entry -g mod D and is then rotated by
 * k^, one bit of k^ at a time: where bit b of k^ is set, plane g takes what plane g - 2^b held. D log D plane operations.
 *
 * Who sees what: the dealer r; a server k^ and a uniform share of the one-hot; nothing is sent.
 *
 * Layout: lane b holds block b's D planes. The result's plane g is bits g n to g n + n of n elements.
 */
import { LIMITS } from '../base/limits.ts';
import { copyBits } from '../ring/bits.ts';
import type { Block } from '../ring/bitslice.ts';
import { bitPlanes, blocksOf, planesOf } from '../ring/bitslice.ts';
import { oneHotPlanes } from '../ring/digits.ts';
import type { Words } from '../ring/words.ts';
import { bitWords, newBits } from '../ring/words.ts';
import { local, maskOf, oneRingWire, requireShape, wireOf } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

/** Bits of a block's planes: 256 KiB, which stays in the second-level cache. */
const BLOCK_BITS = 2 ** 21;
const blocks = (domain: number, length: number) => blocksOf(length, Math.min(BLOCK_BITS / domain, 2 ** 16));
const laneBits = (domain: number, block: Block): number => domain * 32 * block.words;

export const oneHotGate: Gate<OperationOf<'oneHot'>> = {
  op: 'oneHot',

  infer({ domain }, inputs) {
    const key = oneRingWire(inputs, 'oneHot');
    requireDomain(domain, 'oneHot');
    return { kind: 'bits', form: 'share', length: domain * key.length };
  },

  cost: ({ domain }, inputs) => ({
    rounds: 0,
    bytesOnline: 0,
    bytesTape: domain * 4 * bitWords(inputs[0]!.length),
  }),

  lanes: ({ domain }, inputs) =>
    blocks(domain, inputs[0]!.length).map((block) => ({
      lane: block.index,
      kind: 'bits',
      length: laneBits(domain, block),
    })),

  deal({ domain }, inputs, masks, tape) {
    const r = maskOf(masks[0]);
    for (const block of blocks(domain, inputs[0]!.length)) {
      const table = new Uint32Array(domain * block.words);
      oneHotPlanes(table, bitPlanes(r, block, Math.log2(domain)), block.words);
      tape.dealBits(block.index, table, laneBits(domain, block));
    }
    return undefined;
  },

  evaluate({ domain }, inputs, values, tape) {
    const { length } = inputs[0]!;
    const { masked } = wireOf(values[0]);
    const share = newBits(domain * length);
    for (const block of blocks(domain, length)) {
      const table = tape.dealtBits(block.index, laneBits(domain, block));
      const placed = rotate(table, bitPlanes(masked, block, Math.log2(domain)), domain);
      placed.forEach((plane, g) => {
        copyBits(share, g * length + block.start, plane, 0, block.length);
      });
    }
    return local({ form: 'share', share });
  },

  clear({ domain }, inputs, values) {
    const { length } = inputs[0]!;
    const out = newBits(domain * length);
    for (let i = 0; i < length; i++) {
      const at = (values[0]![2 * i]! & (domain - 1)) * length + i;
      out[at >>> 5] = out[at >>> 5]! | (1 << (at & 31));
    }
    return out;
  },
};

/** Throws `plan.bad-shape` unless the domain is a power of two that the limits allow. */
export function requireDomain(domain: number, op: string): void {
  requireShape(
    Number.isInteger(domain) && domain >= 1 && domain <= LIMITS.domain && (domain & (domain - 1)) === 0,
    op,
    `domain is a power of two up to ${LIMITS.domain}`,
  );
}

/** Planes g = 0..domain-1, each entry (key - g) mod domain of the table, the key given by its bit planes. */
function rotate(table: Words, keyPlanes: Words, domain: number): readonly Words[] {
  const entries = planesOf(table, domain);
  const words = table.length / domain;
  let from = entries.map((_, g) => entries[-g & (domain - 1)]!);
  let into = planesOf(new Uint32Array(table.length), domain);
  let spare = planesOf(new Uint32Array(table.length), domain);
  for (let bit = 0; 1 << bit < domain; bit++) {
    const key = keyPlanes.subarray(bit * words, (bit + 1) * words);
    for (let g = 0; g < domain; g++) {
      const stay = from[g]!;
      const come = from[(g - (1 << bit)) & (domain - 1)]!;
      const out = into[g]!;
      for (let w = 0; w < words; w++) out[w] = stay[w]! ^ (key[w]! & (stay[w]! ^ come[w]!));
    }
    from = [...into];
    [into, spare] = [spare, into];
  }
  return from;
}
