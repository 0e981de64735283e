/**
 * Owns the gate lowBit: the lowest bit of each ring element. No round, no tape; nobody sees anything new.
 *
 * Reduction modulo 2 is a homomorphism from Z_2^64 to Z_2, so it is linear in the sense that matters: of x = x_A + x_B the lowest
 * bit is the XOR of the shares' lowest bits, and of x^ = x + r that of x^ is the XOR of x's and r's. Masked values,
 * masks and shares are each reduced alike, and the form is kept. A 0 or 1 in the ring becomes a bit for nothing.
 */
import type { BitVector, Words } from '../ring/words.ts';
import { newBits } from '../ring/words.ts';
import { FREE, formOf, local, maskOf, requireShape, shareOf } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

export const lowBitGate: Gate<OperationOf<'lowBit'>> = {
  op: 'lowBit',

  infer(_operation, inputs) {
    const [input] = inputs;
    requireShape(inputs.length === 1 && input?.kind === 'ring', 'lowBit', 'takes one ring vector');
    requireShape(input.length > 0, 'lowBit', 'the input has elements');
    return { kind: 'bits', form: input.form, length: input.length };
  },

  cost: () => FREE,
  lanes: () => [],

  deal: (_operation, inputs, masks) => (formOf(inputs) === 'wire' ? lowBits(maskOf(masks[0])) : undefined),

  evaluate(_operation, _inputs, [value], _tape, server) {
    if (value!.form === 'wire')
      return local({ form: 'wire', masked: lowBits(value!.masked), mask: lowBits(value!.mask) });
    return local({ form: 'share', share: lowBits(shareOf(value!, 'ring', server)) });
  },

  clear: (_operation, _inputs, values) => lowBits(values[0]!),
};

/** Each element modulo 2. */
export function lowBits(ring: Words): BitVector {
  const out = newBits(ring.length / 2);
  for (let i = 0; 2 * i < ring.length; i++) out[i >>> 5] = out[i >>> 5]! | ((ring[2 * i]! & 1) << (i & 31));
  return out;
}
