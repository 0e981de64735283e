/**
 * Owns the gate open: a share becomes a wire under a fresh mask. One round of 8 bytes an element (bits: 8 bytes for
 * each 64), no tape.
 *
 * Server i sends x_i + r_i, r_i from its own keystream; both add the two messages: x^ = x + r (bits: XOR throughout).
 * Each sees x under a uniform mask of which the other's part is unknown to it: nothing. The dealer knows r and sees no
 * message. A wire may be opened too: it is re-masked, so that its mask belongs to nothing else (results are).
 */
import { clearPadding, xor } from '../ring/bits.ts';
import { add } from '../ring/ring.ts';
import { wordsOf } from '../ring/words.ts';
import { requireShape, shareOf } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

const MASK_LANE = 0;

export const openGate: Gate<OperationOf<'open'>> = {
  op: 'open',

  infer(_operation, inputs) {
    const [input] = inputs;
    requireShape(inputs.length === 1 && input !== undefined && input.length > 0, 'open', 'takes one input');
    return { kind: input.kind, form: 'wire', length: input.length };
  },

  cost(_operation, inputs) {
    const { kind, length } = inputs[0]!;
    return { rounds: 1, bytesOnline: 4 * wordsOf(kind, length), bytesTape: 0 };
  },

  lanes: () => [],

  deal(_operation, inputs, _masks, tape) {
    const { kind, length } = inputs[0]!;
    return kind === 'ring' ? tape.maskRing(MASK_LANE, length) : tape.maskBits(MASK_LANE, length);
  },

  *evaluate(_operation, inputs, values, tape, server) {
    const { kind, length } = inputs[0]!;
    const own = shareOf(values[0]!, kind, server);
    const mask = kind === 'ring' ? tape.maskRing(MASK_LANE, length) : tape.maskBits(MASK_LANE, length);
    const share = new Uint32Array(own.length);
    if (kind === 'ring') add(share, own, mask);
    else clearPadding(xor(share, own, mask), length);
    const masked = yield { kind, share };
    return { form: 'wire', masked, mask };
  },

  clear: (_operation, _inputs, values) => values[0]!,
};
