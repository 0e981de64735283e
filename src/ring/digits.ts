/**
 * Owns the two Boolean functions of a small digit that tables of one-hots rest on, on bit planes, 32 elements a word.
 * Must never index memory by a secret: both are straight-line.
 */
import { assert } from '../base/errors.ts';
import type { Words } from './words.ts';

/**
 * The one-hot of a digit: plane t of `out` is [digit = t], t in 0..2^k-1, for the k planes of `digit` (low bit first).
 * Built by doubling, a bit at a time: 2^(k+1) plane operations.
 */
export function oneHotPlanes(out: Words, digit: Words, words: number): void {
  const width = words === 0 ? 0 : digit.length / words;
  assert(
    out.length === words << width && digit.length === width * words,
    'one plane for each value of the digit',
  );
  out.fill(0xffffffff, 0, words);
  for (let bit = 0; bit < width; bit++) {
    const half = words << bit;
    for (let from = 0; from < half; from += words) {
      for (let w = 0; w < words; w++) {
        const entry = out[from + w]!;
        const upper = entry & digit[bit * words + w]!;
        out[half + from + w] = upper;
        out[from + w] = entry ^ upper;
      }
    }
  }
}

/**
 * From XOR shares of the one-hot of a secret digit r (2^k planes) and the public digit u (k planes, k = 3 or 4), XOR shares of
 *   equal = [u = r] = onehot[u]     and     less = [u < r] = XOR of onehot[t] for t > u.
 * A mux tree does both: in a group of four entries a b c d, picked by the low bits (u0, u1) of u,
 *   equal = (a b c d)[u],   less = (b+c+d, c+d, d, 0)[u];
 * over the groups from the top down, `above` is the XOR of all entries of higher groups, which u < r adds to `less`,
 * and `here` the public bit "u lies in this group". About 100 word operations for 32 elements.
 * Either output may be left out.
 */
export function lessAndEqual(
  less: Words | undefined,
  equal: Words | undefined,
  oneHot: Words,
  digit: Words,
  words: number,
): void {
  const wide = digit.length === 4 * words;
  assert(wide || digit.length === 3 * words, 'digits of 3 or 4 bits');
  assert(oneHot.length === (wide ? 16 : 8) * words, 'one plane for each value of the digit');
  for (let w = 0; w < words; w++) {
    const u0 = digit[w]!;
    const u1 = digit[words + w]!;
    const u2 = digit[2 * words + w]!;
    const u3 = wide ? digit[3 * words + w]! : 0;
    let lessBits = 0;
    let equalBits = 0;
    let above = 0;
    for (let group = wide ? 3 : 1; group >= 0; group--) {
      const at = 4 * group * words + w;
      const a = oneHot[at]!;
      const b = oneHot[at + words]!;
      const c = oneHot[at + 2 * words]!;
      const d = oneHot[at + 3 * words]!;
      const here = ((group & 2) === 0 ? ~u3 : u3) & ((group & 1) === 0 ? ~u2 : u2);
      const lower = a ^ b;
      const upper = c ^ d;
      const equalLower = a ^ (u0 & lower);
      const equalUpper = c ^ (u0 & upper);
      const lessLower = (b & ~u0) ^ upper;
      const lessUpper = d & ~u0;
      equalBits ^= here & (equalLower ^ (u1 & (equalLower ^ equalUpper)));
      lessBits ^= here & (above ^ lessLower ^ (u1 & (lessLower ^ lessUpper)));
      above ^= lower ^ upper;
    }
    if (less !== undefined) less[w] = lessBits;
    if (equal !== undefined) equal[w] = equalBits;
  }
}
