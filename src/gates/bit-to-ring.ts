/**
 * Owns the gate bitToRing: a bit wire as a ring element 0 or 1; wire to a share. No round of its own, 8 bytes of tape
 * an element.
 *
 * b = b^ XOR m, with m the bit's mask as a ring element: b = m where b^ = 0, and 1 - m where b^ = 1, that is
 * b = b^ + (1 - 2 b^) m. The dealer shares m in the ring; b^ is public to both servers. So
 *   z_A = b^ + (1 - 2 b^) m_A        z_B = (1 - 2 b^) m_B
 * Nothing is sent. Server B sees m under A's keystream.
 */
import { add, fromBits, negateWhere } from '../ring/ring.ts';
import { newRing, ringWords } from '../ring/words.ts';
import { local, maskOf, requireShape, wireOf } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

const MASK_LANE = 0;

export const bitToRingGate: Gate<OperationOf<'bitToRing'>> = {
  op: 'bitToRing',

  infer(_operation, inputs) {
    const [input] = inputs;
    const fits = inputs.length === 1 && input?.kind === 'bits' && input.form === 'wire' && input.length > 0;
    requireShape(fits, 'bitToRing', 'takes one bit wire');
    return { kind: 'ring', form: 'share', length: input.length };
  },

  cost: (_operation, inputs) => ({ rounds: 0, bytesOnline: 0, bytesTape: 4 * ringWords(inputs[0]!.length) }),
  lanes: (_operation, inputs) => [{ lane: MASK_LANE, kind: 'ring', length: inputs[0]!.length }],

  deal(_operation, inputs, masks, tape) {
    tape.dealRing(MASK_LANE, fromBits(newRing(inputs[0]!.length), maskOf(masks[0])));
    return undefined;
  },

  evaluate(_operation, inputs, values, tape, server) {
    const { length } = inputs[0]!;
    const { masked } = wireOf(values[0]);
    const mask = tape.dealtRing(MASK_LANE, length);
    const share = negateWhere(mask, mask, masked);
    if (server === 'a') add(share, share, fromBits(newRing(length), masked));
    return local({ form: 'share', share });
  },

  clear: (_operation, inputs, values) => fromBits(newRing(inputs[0]!.length), values[0]!),
};
