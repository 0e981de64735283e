/**
 * Owns the gate select: (bits b, ring x, ring y) -> b ? x : y; wires to a share. No round of its own, 16 bytes of tape
 * an element.
 *
 * With d = x - y (a wire: d^ = x^ - y^, r_d = r_x - r_y) the result is y + b d, and b = b^ + (1 - 2 b^) m as in bitToRing.
 *   b d = b^ d + (1 - 2 b^) m (d^ - r_d) = b^ d + (1 - 2 b^) (d^ m - w),   w = m r_d
 * The dealer knows m and r_d and shares m and w. b^ and d^ are public to both servers, so each has its share:
 *   z_i = y_i + b^ d_i + (1 - 2 b^) (d^ m_i - w_i)      with y_A = y^ - r_y,A, y_B = -r_y,B; likewise d_i
 * Nothing is sent. Server B sees m and w, each under its own part of A's keystream.
 */

import { release } from '../ring/release.ts';
import { add, choose, fromBits, keepWhere, sub } from '../ring/ring.ts';
import { newRing, ringWords } from '../ring/words.ts';
import { local, maskOf, requireShape, wireOf } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

const BIT_LANE = 0;
const PRODUCT_LANE = 1;

export const selectGate: Gate<OperationOf<'select'>> = {
  op: 'select',

  infer(_operation, inputs) {
    const [bit, x, y] = inputs;
    requireShape(
      inputs.length === 3 && bit?.kind === 'bits' && x?.kind === 'ring' && y?.kind === 'ring',
      'select',
      'takes bits, ring, ring',
    );
    requireShape(
      inputs.every((input) => input.form === 'wire' && input.length > 0 && input.length === bit.length),
      'select',
      'inputs are wires of one length',
    );
    return { kind: 'ring', form: 'share', length: bit.length };
  },

  cost: (_operation, inputs) => ({
    rounds: 0,
    bytesOnline: 0,
    bytesTape: 2 * 4 * ringWords(inputs[0]!.length),
  }),

  lanes: (_operation, inputs) => [
    { lane: BIT_LANE, kind: 'ring', length: inputs[0]!.length },
    { lane: PRODUCT_LANE, kind: 'ring', length: inputs[0]!.length },
  ],

  deal(_operation, inputs, masks, tape) {
    const { length } = inputs[0]!;
    const bitMask = maskOf(masks[0]);
    const difference = sub(newRing(length), maskOf(masks[1]), maskOf(masks[2]));
    tape.dealRing(BIT_LANE, fromBits(newRing(length), bitMask));
    tape.dealRing(PRODUCT_LANE, keepWhere(difference, difference, bitMask));
    return undefined;
  },

  evaluate(_operation, inputs, values, tape, server) {
    const { length } = inputs[0]!;
    const bit = wireOf(values[0]).masked;
    const x = wireOf(values[1]);
    const y = wireOf(values[2]);
    const share = tape.dealtRing(BIT_LANE, length);
    const product = tape.dealtRing(PRODUCT_LANE, length);
    const parts = {
      product,
      x: x.masked,
      y: y.masked,
      xMask: x.mask,
      yMask: y.mask,
      bits: bit,
    };
    choose(share, parts, server === 'a');
    release(product);
    return local({ form: 'share', share });
  },

  clear(_operation, inputs, values) {
    const { length } = inputs[0]!;
    const difference = sub(newRing(length), values[1]!, values[2]!);
    return add(difference, keepWhere(difference, difference, values[0]!), values[2]!);
  },
};
