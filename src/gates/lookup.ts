/**
 * Owns the gate lookup: x in 0..D-1 -> table[x] for a public table of D ring elements; a ring wire to a share. No round of its own,
 * 8 D bytes of tape an element.
 *
 * One-time truth tables (Ishai, Kushilevitz, Meldgaard, Orlandi, Paskin-Cherniavsky, "On the power of correlated randomness in secure
 * computation", 2013). D is a power of two, so that reduction mod D commutes with reduction mod 2^64: x = x^ - r (mod D). The dealer
 * turns the table by r and shares it, T[j] = table[j - r mod D]. x^ is public, and T[x^ mod D] = table[x]: each server takes that one
 * entry of its share. Elements outside 0..D-1 count as reduced mod D.
 *
 * Who sees what: the dealer r; a server x^ and a uniform share of a table for each element, used once; nothing is sent. `open` under a
 * fresh mask makes a wire of the result, so that equal elements do not show.
 *
 * Layout: lane b holds the tables of block b's elements, one after another.
 */
import type { Block } from '../ring/bitslice.ts';
import { blocksOf } from '../ring/bitslice.ts';
import { ringBlock } from '../ring/blocks.ts';
import { kernels } from '../ring/kernels/kernels.ts';
import { constantOf } from '../ring/ring.ts';
import type { RingVector } from '../ring/words.ts';
import { newRing, ringWords } from '../ring/words.ts';
import { local, maskOf, oneRingWire, requireConstant, requireShape, wireOf } from './forms.ts';
import type { Gate } from './gate.ts';
import { requireDomain } from './one-hot.ts';
import type { OperationOf } from './operations.ts';

/** Ring elements of one lane: 256 KiB. */
const LANE_ELEMENTS = 2 ** 15;

const blocks = (domain: number, length: number): readonly Block[] =>
  blocksOf(length, Math.max(64, Math.min(LANE_ELEMENTS / domain, 2 ** 14)));

/** Room for the tables of any block. */
const roomFor = (domain: number, length: number): RingVector =>
  newRing(Math.min(length, blocks(domain, length)[0]!.length) * domain);

export const lookupGate: Gate<OperationOf<'lookup'>> = {
  op: 'lookup',

  infer({ table }, inputs) {
    const x = oneRingWire(inputs, 'lookup');
    requireShape(Array.isArray(table) && table.length >= 2, 'lookup', 'a table has at least two entries');
    requireDomain(table.length, 'lookup');
    for (const value of table) requireConstant(value, 'lookup');
    return { kind: 'ring', form: 'share', length: x.length };
  },

  cost: ({ table }, inputs) => ({
    rounds: 0,
    bytesOnline: 0,
    bytesTape: 4 * ringWords(inputs[0]!.length * table.length),
  }),

  lanes: ({ table }, inputs) =>
    blocks(table.length, inputs[0]!.length).map(({ index, length }) => ({
      lane: index,
      kind: 'ring',
      length: length * table.length,
    })),

  deal({ table }, inputs, masks, tape) {
    const r = maskOf(masks[0]);
    const once = wordsOf(table);
    const room = roomFor(table.length, inputs[0]!.length);
    for (const { index, start, length } of blocks(table.length, inputs[0]!.length)) {
      const turned = ringBlock(room, 0, length * table.length);
      kernels().turnedTables(turned, ringBlock(r, start, length), once);
      tape.dealRing(index, turned);
    }
    return undefined;
  },

  evaluate({ table }, inputs, values, tape) {
    const { length } = inputs[0]!;
    const { masked } = wireOf(values[0]);
    const share = newRing(length);
    const room = roomFor(table.length, length);
    for (const block of blocks(table.length, length)) {
      const size = block.length * table.length;
      const turned = tape.dealtRing(block.index, size, ringBlock(room, 0, size));
      pick(ringBlock(share, block.start, block.length), turned, ringBlock(masked, block.start, block.length));
    }
    return local({ form: 'share', share });
  },

  clear({ table }, inputs, values) {
    const { length } = inputs[0]!;
    const once = wordsOf(table);
    const tables = newRing(length * table.length);
    for (let i = 0; i < length; i++) tables.set(once, i * once.length);
    return pick(newRing(length), tables, values[0]!);
  },
};

/** The table's elements, low word first. */
function wordsOf(table: readonly string[]): RingVector {
  return Uint32Array.from(
    table.flatMap((value) => {
      const { lo, hi } = constantOf(value);
      return [lo, hi];
    }),
  );
}

/** out[i] = entry (key i mod D) of table i. Keys are public. */
function pick(out: RingVector, tables: RingVector, keys: RingVector): RingVector {
  const words = tables.length / (out.length / 2);
  for (let i = 0, table = 0; i < out.length; i += 2, table += words) {
    const entry = table + ((2 * keys[i]!) & (words - 1));
    out[i] = tables[entry]!;
    out[i + 1] = tables[entry + 1]!;
  }
  return out;
}
