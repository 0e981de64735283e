import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { wordsOfBytes } from '../../src/base/bytes.ts';
import type { Polynomial } from '../../src/gates/monomials.ts';
import { evaluatePolynomial, monomialsOf, multiplyMasks } from '../../src/gates/monomials.ts';
import { getBit, xor } from '../../src/ring/bits.ts';
import type { Words } from '../../src/ring/words.ts';

const randomWords = (count: number): Words => wordsOfBytes(new Uint8Array(randomBytes(4 * count)));

const LESS: Polynomial = [[3], [6, 2], [6, 5, 1], [6, 5, 4, 0]];
const EQUAL: Polynomial = [[6, 5, 4, 7]];
const CASES: readonly {
  readonly name: string;
  readonly polynomials: readonly Polynomial[];
  readonly dealt: number;
}[] = [
  { name: 'one input', polynomials: [[[0]]], dealt: 0 },
  { name: 'a product of two', polynomials: [[[0, 1]]], dealt: 1 },
  { name: 'a product of three', polynomials: [[[2, 0, 1]]], dealt: 4 },
  { name: 'a product of four', polynomials: [[[0, 1, 2, 3]]], dealt: 11 },
  { name: 'the lowest node of a comparison', polynomials: [LESS], dealt: 15 },
  { name: 'an inner node of a comparison', polynomials: [LESS, EQUAL], dealt: 22 },
];

for (const { name, polynomials, dealt } of CASES) {
  test(`${name}: right for all inputs and all masks, from ${dealt} dealt monomials`, () => {
    const inputs = 1 + Math.max(...polynomials.flat(2));
    const cases = 4 ** inputs; // element i: its low bits are the inputs, its high bits the masks
    const words = Math.max(2, cases / 32);
    const plane = (bitOf: (i: number) => number): Words => {
      const out = new Uint32Array(words);
      for (let i = 0; i < 32 * words; i++) out[i >>> 5] = out[i >>> 5]! | (bitOf(i % cases) << (i & 31));
      return out;
    };
    const share = (value: Words): { readonly a: Words; readonly b: Words } => {
      const a = randomWords(words);
      return { a, b: xor(new Uint32Array(words), value, a) };
    };
    const numbers = Array.from({ length: inputs }, (_, k) => k);
    const masks = numbers.map((k) => plane((i) => (i >>> (inputs + k)) & 1));
    const opened = numbers.map((k) => plane((i) => ((i >>> k) ^ (i >>> (inputs + k))) & 1));

    const monomials = monomialsOf(...polynomials);
    assert.equal(monomials.length, dealt);
    const products = monomials.map(() => new Uint32Array(words));
    multiplyMasks(products, monomials, masks);
    const maskShares = masks.map(share);
    const productShares = products.map(share);
    let checked = 0;
    for (const polynomial of polynomials) {
      const result = new Uint32Array(words);
      for (const server of ['a', 'b'] as const) {
        const held = {
          opened,
          masks: maskShares.map((both) => both[server]),
          products: productShares.map((both) => both[server]),
          monomials,
        };
        xor(result, result, evaluatePolynomial(randomWords(words), polynomial, held, server));
      }
      for (let i = 0; i < cases; i++) {
        const expected = polynomial.reduce(
          (sum, product) => sum ^ product.reduce((all, input) => all & (i >>> input), 1),
          0,
        );
        assert.equal(getBit(result, i), expected);
        checked++;
      }
    }
    assert.equal(checked, polynomials.length * cases);
  });
}

test('a monomial that two products share is dealt once', () => {
  assert.deepEqual(
    monomialsOf([[0, 1, 2]], [[1, 2, 3]]),
    [0b0011, 0b0101, 0b0110, 0b0111, 0b1010, 0b1100, 0b1110],
  );
});

test('a product of five inputs, or of none, is refused', () => {
  assert.throws(() => monomialsOf([[0, 1, 2, 3, 4]]), /one to four inputs/);
  assert.throws(() => monomialsOf([[]]), /one to four inputs/);
});
