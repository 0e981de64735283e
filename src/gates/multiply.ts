/**
 * Owns the gate multiply: z = x y, element by element; wires to a share. No round of its own, 8 bytes of tape an element.
 *
 * (Beaver 1991 with function-dependent masks: Ben-Efraim, Nielsen, Omri 2019; Patra et al. 2021.)
 * z = (x^ - r_x)(y^ - r_y) = x^ y^ - x^ r_y - y^ r_x + r_x r_y. The dealer knows both masks and shares c = r_x r_y. So
 *   z_A = x^ (y^ - r_y,A) - y^ r_x,A + c_A        z_B = c_B - x^ r_y,B - y^ r_x,B
 * Nothing is sent: `open` under a fresh mask makes z a wire. Server B sees c under A's keystream.
 */

import { BLOCK_ELEMENTS, forEachBlock, ringBlock } from '../ring/blocks.ts';
import { mul, mulAdd, mulSub, sub } from '../ring/ring.ts';
import type { RingVector } from '../ring/words.ts';
import { newRing, ringWords } from '../ring/words.ts';
import { local, maskOf, requireShape, wireOf } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

const PRODUCT_LANE = 0;

export const multiplyGate: Gate<OperationOf<'multiply'>> = {
  op: 'multiply',

  infer(_operation, inputs) {
    const [x, y] = inputs;
    requireShape(inputs.length === 2 && x !== undefined && y !== undefined, 'multiply', 'takes two inputs');
    for (const { kind, form } of inputs) {
      requireShape(kind === 'ring' && form === 'wire', 'multiply', 'inputs are ring wires');
    }
    requireShape(x.length > 0 && x.length === y.length, 'multiply', 'inputs have one length');
    return { kind: 'ring', form: 'share', length: x.length };
  },

  cost: (_operation, inputs) => ({ rounds: 0, bytesOnline: 0, bytesTape: 4 * ringWords(inputs[0]!.length) }),
  lanes: (_operation, inputs) => [{ lane: PRODUCT_LANE, kind: 'ring', length: inputs[0]!.length }],

  deal(_operation, inputs, masks, tape) {
    tape.dealRing(PRODUCT_LANE, mul(newRing(inputs[0]!.length), maskOf(masks[0]), maskOf(masks[1])));
    return undefined;
  },

  evaluate(_operation, inputs, values, tape, server) {
    const { length } = inputs[0]!;
    const x = wireOf(values[0]);
    const y = wireOf(values[1]);
    const share = tape.dealtRing(PRODUCT_LANE, length);
    const scratch = newRing(Math.min(length, BLOCK_ELEMENTS));
    forEachBlock(length, (start, count) => {
      const cut = (vector: RingVector) => ringBlock(vector, start, count);
      const [out, xMasked, yMasked] = [cut(share), cut(x.masked), cut(y.masked)];
      if (server === 'a') mulAdd(out, xMasked, sub(ringBlock(scratch, 0, count), yMasked, cut(y.mask)));
      else mulSub(out, xMasked, cut(y.mask));
      mulSub(out, yMasked, cut(x.mask));
    });
    return local({ form: 'share', share });
  },

  clear: (_operation, inputs, values) => mul(newRing(inputs[0]!.length), values[0]!, values[1]!),
};
