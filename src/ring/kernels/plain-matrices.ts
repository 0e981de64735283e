/**
 * Owns the product of matrices over Z_2^64 in plain TypeScript: the twin of the SIMD kernel, and what small matrices use. Must
 * never make an object or a BigInt per element, and must never branch on a value. Products are as in plain-arithmetic.ts.
 */
import type { RingVector } from '../words.ts';
import type { MatrixShape } from './face.ts';
import { carryOf, INVERSE_OF_2_32 } from './plain-arithmetic.ts';

/** out = a b, all row-major */
export function mulMatrices(
  out: RingVector,
  a: RingVector,
  b: RingVector,
  { rows, inner, columns }: MatrixShape,
): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let low = 0;
      let high = 0;
      for (let k = 0; k < inner; k++) {
        const atA = 2 * (row * inner + k);
        const atB = 2 * (k * columns + column);
        const left = a[atA]!;
        const right = b[atB]!;
        const term = Math.imul(left, right);
        const carry = (left * right - (term >>> 0)) * INVERSE_OF_2_32 + 0.5;
        const product = ((carry | 0) + Math.imul(left, b[atB + 1]!) + Math.imul(a[atA + 1]!, right)) | 0;
        const sum = (low + term) | 0;
        high = (((high + product) | 0) + carryOf(low, term, sum)) | 0;
        low = sum;
      }
      const to = 2 * (row * columns + column);
      out[to] = low;
      out[to + 1] = high;
    }
  }
}
