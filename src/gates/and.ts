/**
 * Owns and: the product of two to four bit vectors; wires to a share. No round of its own, 1, 4 or 11 bits of tape an element.
 *
 * x_i = x_i^ + r_i (mod 2), and the product of the x_i is linear in the products of the r_i over all sets of them, with
 * public coefficients (monomials.ts). Sets of one are the wires' own mask shares; sets of two or more are dealt: 1, 4 or
 * 11 of them for a fan-in of 2, 3 or 4. (OR is this between NOTs, which are free.) Every product is dealt under fresh
 * pads, so a wire may go into any number of these gates.
 *
 * Who sees what: the dealer the masks; a server the x_i^ that it has already, and uniform shares of the products.
 * Layout: lane 0 holds the products' planes one after another, in the order of `monomialsOf`.
 */
import { and, clearPadding } from '../ring/bits.ts';
import { planesOf } from '../ring/bitslice.ts';
import { bitWords, newBits } from '../ring/words.ts';
import { local, maskOf, requireShape, wireOf } from './forms.ts';
import type { DealtLane, Gate } from './gate.ts';
import { evaluatePolynomial, monomialsOf, multiplyMasks } from './monomials.ts';
import type { OperationOf } from './operations.ts';

const PRODUCTS_LANE = 0;

const productOf = (fanIn: number): readonly number[] => Array.from({ length: fanIn }, (_, input) => input);
const monomialsOfFanIn = (fanIn: number) => monomialsOf([productOf(fanIn)]);
const productsLane = (fanIn: number, length: number): DealtLane => ({
  lane: PRODUCTS_LANE,
  kind: 'bits',
  length: monomialsOfFanIn(fanIn).length * 32 * bitWords(length),
});

export const andGate: Gate<OperationOf<'and'>> = {
  op: 'and',

  infer(_operation, inputs) {
    const length = inputs[0]?.length ?? 0;
    requireShape(inputs.length >= 2 && inputs.length <= 4, 'and', 'takes two to four inputs');
    for (const input of inputs) {
      requireShape(input.kind === 'bits' && input.form === 'wire', 'and', 'inputs are bit wires');
      requireShape(input.length > 0 && input.length === length, 'and', 'inputs have one length');
    }
    return { kind: 'bits', form: 'share', length };
  },

  cost: (_operation, inputs) => ({
    rounds: 0,
    bytesOnline: 0,
    bytesTape: productsLane(inputs.length, inputs[0]!.length).length / 8,
  }),

  lanes: (_operation, inputs) => [productsLane(inputs.length, inputs[0]!.length)],

  deal(_operation, inputs, masks, tape) {
    const monomials = monomialsOfFanIn(inputs.length);
    const products = new Uint32Array(monomials.length * bitWords(inputs[0]!.length));
    multiplyMasks(planesOf(products, monomials.length), monomials, masks.map(maskOf));
    tape.dealBits(PRODUCTS_LANE, products, productsLane(inputs.length, inputs[0]!.length).length);
    return undefined;
  },

  evaluate(_operation, inputs, values, tape, server) {
    const length = inputs[0]!.length;
    const monomials = monomialsOfFanIn(inputs.length);
    const wires = values.map(wireOf);
    const products = tape.dealtBits(PRODUCTS_LANE, productsLane(inputs.length, length).length);
    const share = evaluatePolynomial(
      newBits(length),
      [productOf(inputs.length)],
      {
        opened: wires.map(({ masked }) => masked),
        masks: wires.map(({ mask }) => mask),
        products: planesOf(products, monomials.length),
        monomials,
      },
      server,
    );
    return local({ form: 'share', share: clearPadding(share, length) });
  },

  clear(_operation, inputs, values) {
    const out = Uint32Array.from(values[0]!);
    for (let k = 1; k < inputs.length; k++) and(out, out, values[k]!);
    return out;
  },
};
