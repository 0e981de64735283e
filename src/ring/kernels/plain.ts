/**
 * Owns the kernels in plain TypeScript: what each one computes, said once where everybody can read it. They serve where WASM
 * SIMD is missing, and tests hold the SIMD ones against them. Must never index memory by a secret, nor branch on one: all of
 * it is straight-line, but for keys that are public.
 *
 * The transpose of 32 x 32 bits is Warren, "Hacker's Delight", section 7-3, run from the other end, since bit 0 is first here.
 */
import { assert } from '../../base/errors.ts';
import { lessAndEqual, oneHotPlanes } from '../digits.ts';
import type { RingVector, Words } from '../words.ts';
import { digitsIn, type Kernels } from './face.ts';
import * as arithmetic from './plain-arithmetic.ts';
import * as elements from './plain-elements.ts';
import { mulMatrices } from './plain-matrices.ts';
import { ONES, type PlaneProgram, ZEROS } from './program.ts';

/** Words of a plane that a program takes at once, so that its planes stay in the cache. */
const PROGRAM_WORDS = 128;
/** Rows whose products are summed before carrying. */
const ROWS_TO_CARRY = 16;

export const plainKernels: Kernels = {
  ...arithmetic,
  ...elements,
  mulMatrices,

  bitPlanes(out, ring, count, words) {
    const length = ring.length / 2;
    const square = new Int32Array(32);
    for (let half = 0; 32 * half < count; half++) {
      const bits = Math.min(32, count - 32 * half);
      for (let word = 0; word < words; word++) {
        const elements = Math.max(0, Math.min(32, length - 32 * word));
        const first = 64 * word + half;
        for (let i = 0; i < elements; i++) square[i] = ring[first + 2 * i]!;
        square.fill(0, elements);
        transposeSquare(square);
        let at = 32 * half * words + word;
        for (let b = 0; b < bits; b++, at += words) out[at] = square[b]!;
      }
    }
  },

  digitOneHots(out, planes, words) {
    const count = digitsIn(out, planes, words);
    for (let j = 0; j < count; j++) {
      oneHotPlanes(part(out, 16 * j, 16, words), part(planes, 4 * j, 4, words), words);
    }
  },

  equalDigits(equal, oneHots, digits, words) {
    const count = digitsIn(oneHots, digits, words);
    for (let j = 0; j < count; j++) {
      const oneHot = part(oneHots, 16 * j, 16, words);
      lessAndEqual(undefined, part(equal, j, 1, words), oneHot, part(digits, 4 * j, 4, words), words);
    }
  },

  compareDigits(less, equal, sign, oneHots, digits, words) {
    const top = digitsIn(oneHots, digits, words) - 1;
    for (let j = 0; j < top; j++) {
      lessAndEqual(
        part(less, j, 1, words),
        j === 0 ? undefined : part(equal, j - 1, 1, words),
        part(oneHots, 16 * j, 16, words),
        part(digits, 4 * j, 4, words),
        words,
      );
    }
    const low = part(oneHots, 16 * top, 8, words);
    const high = part(oneHots, 16 * top + 8, 8, words);
    const lowThreeBits = low.map((word, i) => word ^ high[i]!);
    lessAndEqual(
      part(less, top, 1, words),
      top === 0 ? undefined : part(equal, top - 1, 1, words),
      lowThreeBits,
      part(digits, 4 * top, 3, words),
      words,
    );
    sign.fill(0);
    for (let i = 0; i < high.length; i++) sign[i % words] = sign[i % words]! ^ high[i]!;
  },

  runProgram(program, outputs, inputs, words) {
    const size = Math.min(PROGRAM_WORDS, words);
    const planes = new Uint32Array(program.planes * size);
    planes.fill(0xffffffff, ONES * size, (ONES + 1) * size);
    for (let start = 0; start < words; start += size) {
      const count = Math.min(size, words - start);
      let at = (ONES + 1) * size;
      for (const input of inputs) {
        for (let from = start; from < input.length; from += words, at += size) {
          planes.set(input.subarray(from, from + count), at);
        }
      }
      runSteps(program, planes, size);
      at = planes.length - program.outputs * size;
      for (const output of outputs) {
        for (let to = start; to < output.length; to += words, at += size) {
          output.set(planes.subarray(at, at + count), to);
        }
      }
    }
  },

  groupTable(table, keys, values, domain) {
    for (let row = 0; row < keys.length / 2; row++) {
      const place = keys[2 * row]! & (domain - 1);
      const low = values === undefined ? 1 : values[2 * row]!;
      const high = values === undefined ? 0 : values[2 * row + 1]!;
      for (let t = 0; t < domain; t++) {
        const here = ((t ^ place) - 1) >> 31;
        table[2 * (row * domain + t)] = low & here;
        table[2 * (row * domain + t) + 1] = high & here;
      }
    }
  },

  /** Low words are added up in doubles: 2^21 of them stay exact, and there are fewer rows before each carry. */
  turnedTables(out, keys, table) {
    const words = table.length;
    let [from, to] = [new Uint32Array(words), new Uint32Array(words)];
    for (let row = 0; 2 * row < keys.length; row++) {
      from.set(table);
      for (let bit = 0; 2 << bit < words; bit++) {
        const all = -((keys[2 * row]! >>> bit) & 1);
        const turn = 2 << bit;
        for (let w = 0; w < words; w++) {
          to[w] = from[w]! ^ (all & (from[w]! ^ from[(w - turn) & (words - 1)]!));
        }
        [from, to] = [to, from];
      }
      out.set(from, row * words);
    }
  },

  addEntries(totals, entries, keys) {
    const domain = totals.length / 2;
    const rows = keys.length / 2;
    assert(rows <= 2 ** 20, 'the low words of a block add up below 2^53');
    const units = new Float64Array(domain);
    const highs = new Int32Array(domain);
    for (let row = 0; row < rows; row++) {
      const turn = keys[2 * row]!;
      for (let t = 0; t < domain; t++) {
        const from = 2 * (row * domain + t);
        const g = (turn - t) & (domain - 1);
        units[g] = units[g]! + entries[from]!;
        highs[g] = highs[g]! + entries[from + 1]!;
      }
    }
    carry(totals, units, new Float64Array(domain), highs);
  },

  /**
   * Carries are put off: with v = v0 + 2^16 v1 + 2^32 v2 and an entry e + 2^32 f the product is, mod 2^64,
   * e v0 + 2^16 e v1 + 2^32 (e v2 + f v mod 2^32). The first two are below 2^48, so sums of ROWS_TO_CARRY of them stay
   * below 2^53, exact in doubles; the third is summed mod 2^32.
   */
  addProducts(totals, values, entries, products, keys) {
    const domain = totals.length / 2;
    const rows = keys.length / 2;
    const units = new Float64Array(domain);
    const shifted = new Float64Array(domain);
    const highs = new Int32Array(domain);
    for (let row = 0; row < rows; row++) {
      const turn = keys[2 * row]!;
      const low = values[2 * row]!;
      const high = values[2 * row + 1]!;
      const low0 = low & 0xffff;
      const low1 = low >>> 16;
      for (let t = 0; t < domain; t++) {
        const from = 2 * (row * domain + t);
        const g = (turn - t) & (domain - 1);
        const entry = entries[from]!;
        units[g] = units[g]! + (entry * low0 - products[from]!);
        shifted[g] = shifted[g]! + entry * low1;
        const highTerm = Math.imul(entry, high) + Math.imul(entries[from + 1]!, low) - products[from + 1]!;
        highs[g] = highs[g]! + highTerm;
      }
      if ((row + 1) % ROWS_TO_CARRY === 0 || row + 1 === rows) carry(totals, units, shifted, highs);
    }
  },

  counters([prefixHigh, prefixLow], first, count) {
    const view = new DataView(new ArrayBuffer(16 * count));
    for (let i = 0; i < count; i++) {
      view.setUint32(16 * i, prefixHigh);
      view.setUint32(16 * i + 4, prefixLow);
      view.setUint32(16 * i + 8, Math.floor((first + i) / 2 ** 32));
      view.setUint32(16 * i + 12, (first + i) >>> 0);
    }
    return new Uint8Array(view.buffer);
  },
};

/** `count` planes from plane `first` on. */
function part(planes: Words, first: number, count: number, words: number): Words {
  return planes.subarray(first * words, (first + count) * words);
}

/** Transposes 32 x 32 bits in place: bit j of word i becomes bit i of word j. */
function transposeSquare(square: Int32Array): void {
  for (let span = 16, mask = 0x0000ffff; span !== 0; span >>>= 1, mask ^= mask << span) {
    for (let i = 0; i < 32; i = (i + span + 1) & ~span) {
      const low = square[i]!;
      const high = square[i + span]!;
      const swapped = ((low >>> span) ^ high) & mask;
      square[i] = low ^ (swapped << span);
      square[i + span] = high ^ swapped;
    }
  }
}

function runSteps({ steps }: PlaneProgram, planes: Words, size: number): void {
  for (let s = 0; s < steps.length; s += 4) {
    const out = steps[s]! * size;
    const plus = steps[s + 1]! * size;
    const left = steps[s + 2]! * size;
    const right = steps[s + 3]! * size;
    assert(out > ONES * size && plus >= ZEROS, 'constants are not overwritten');
    for (let w = 0; w < size; w++) {
      planes[out + w] = planes[plus + w]! ^ (planes[left + w]! & planes[right + w]!);
    }
  }
}

/** totals += units + 2^16 shifted + 2^32 highs, which become 0. */
function carry(totals: RingVector, units: Float64Array, shifted: Float64Array, highs: Int32Array): void {
  for (let g = 0; g < units.length; g++) {
    addAt(totals, g, units[g]! >>> 0, Math.floor(units[g]! * 2 ** -32) | 0);
    addAt(totals, g, (shifted[g]! * 2 ** 16) >>> 0, Math.floor(shifted[g]! * 2 ** -16) | 0);
    addAt(totals, g, 0, highs[g]!);
  }
  units.fill(0);
  shifted.fill(0);
  highs.fill(0);
}

/** totals[index] += the 64-bit element of those halves. */
function addAt(totals: RingVector, index: number, low: number, high: number): void {
  const sum = (totals[2 * index]! + low) >>> 0;
  totals[2 * index + 1] = (totals[2 * index + 1]! + high + (sum < low ? 1 : 0)) | 0;
  totals[2 * index] = sum;
}
