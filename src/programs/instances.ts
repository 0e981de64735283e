/**
 * Owns how instances of bits lie in a circuit's plan, and how they are written as text. Who writes a plan, who fills its inputs and
 * who reads its outputs all use this file. Must never look into what the bits mean.
 *
 * Instances are cut into chunks, so that no gate grows without bound. A value's input holds, chunk after chunk, the planes of its
 * bits, bit 0 first, each of whole 64-bit groups. A party that brings one instance for many sends its bits alone, once.
 *
 * A line is a number: hexadecimal, most significant digit first, or as many digits 0 and 1 as the value has bits; the wire with
 * the lowest number is the least significant bit. (In the exchange format's AES-128, that is the usual way to write key and block.)
 */
import { assert } from '../base/errors.ts';
import type { BitVector } from '../ring/words.ts';
import { bitWords, newBits } from '../ring/words.ts';
import type { BitsInput } from './compiled.ts';

/** Most instances of one circuit gate: of AES, 13 MiB of tape. */
const CHUNK = 16_384;

export interface Chunk {
  readonly first: number;
  readonly instances: number;
  /** Bits of one plane, padding included. In the chunks before, a wire has `first` of them: they are full. */
  readonly plane: number;
}

export function chunksOf(instances: number): Chunk[] {
  return Array.from({ length: Math.ceil(instances / CHUNK) }, (_, index) => {
    const first = index * CHUNK;
    const own = Math.min(CHUNK, instances - first);
    return { first, instances: own, plane: 32 * bitWords(own) };
  });
}

/** Bits of a party's input: its slice of the table. */
export function capacityOf({ width, maxRows }: Pick<BitsInput, 'width' | 'maxRows'>): number {
  if (maxRows === 1) return 32 * bitWords(width);
  return chunksOf(maxRows).reduce((sum, { plane }) => sum + width * plane, 0);
}

/** Writes instance by instance into a party's input. */
export class InstanceWriter {
  readonly #width: number;
  readonly #rows: number;
  readonly #chunks: readonly Chunk[];
  readonly words: BitVector;

  constructor(input: Pick<BitsInput, 'width' | 'maxRows'>) {
    this.#width = input.width;
    this.#rows = input.maxRows;
    this.#chunks = chunksOf(input.maxRows);
    this.words = newBits(capacityOf(input));
  }

  /** `bits` from the least significant on. */
  put(instance: number, bits: Uint8Array): void {
    assert(instance < this.#rows && bits.length === this.#width, 'an instance of the value');
    const [first, step] = this.#placeOf(instance);
    for (let bit = 0, at = first; bit < this.#width; bit++, at += step) {
      if (bits[bit] === 1) this.words[at >>> 5] = this.words[at >>> 5]! | (1 << (at & 31));
    }
  }

  /** Place of an instance's first bit, and how far its bits are apart. */
  #placeOf(instance: number): [number, number] {
    if (this.#rows === 1) return [0, 1];
    const { first, plane } = this.#chunks[Math.floor(instance / CHUNK)]!;
    return [this.#width * first + instance - first, plane];
  }
}

/** The bits of a line, least significant first, or undefined where it is no number of that many bits. */
export function bitsOfLine(line: string, width: number): Uint8Array | undefined {
  const bits = new Uint8Array(width);
  if (line.length === width && /^[01]+$/.test(line)) {
    for (let bit = 0; bit < width; bit++) bits[bit] = line.charCodeAt(width - 1 - bit) & 1;
    return bits;
  }
  const digits = /^0x/i.test(line) ? line.slice(2) : line;
  if (digits.length !== Math.ceil(width / 4) || !/^[0-9a-f]+$/i.test(digits)) return undefined;
  for (let digit = 0; digit < digits.length; digit++) {
    const value = Number.parseInt(digits.charAt(digits.length - 1 - digit), 16);
    for (let k = 0; k < 4; k++) {
      const bit = (value >> k) & 1;
      if (4 * digit + k < width) bits[4 * digit + k] = bit;
      else if (bit === 1) return undefined;
    }
  }
  return bits;
}

/** One line for each instance of a chunk: the hexadecimal numbers of the output values, given the planes of all of them. */
export function linesOfPlanes(
  planes: readonly boolean[],
  { instances, plane }: Chunk,
  widths: readonly number[],
): string[][] {
  return Array.from({ length: instances }, (_, instance) => {
    let first = 0;
    return widths.map((width) => {
      const digits = Array.from({ length: Math.ceil(width / 4) }, (_, digit) => {
        let value = 0;
        for (let k = 0; k < 4 && 4 * digit + k < width; k++) {
          if (planes[(first + 4 * digit + k) * plane + instance]) value |= 1 << k;
        }
        return value.toString(16);
      });
      first += width;
      return digits.reverse().join('');
    });
  });
}
