/**
 * Owns the gate xor: of one or more bit vectors, then NOT if `invert`. No round, no tape; nobody sees anything new.
 *
 * Wires: z^ = XOR of x^_k (inverted), r_z = XOR of r_k. Shares: XOR of the shares, and server A inverts. Where wires and
 * shares meet, wires are taken as shares.
 */
import { not, xor } from '../ring/bits.ts';
import type { Words } from '../ring/words.ts';
import { FREE, formOf, local, mapLinear, mapMasks, requireShape } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

export const xorGate: Gate<OperationOf<'xor'>> = {
  op: 'xor',

  infer(_operation, inputs) {
    const [first] = inputs;
    requireShape(first !== undefined && first.length > 0, 'xor', 'takes one input or more');
    for (const { kind, length } of inputs) {
      requireShape(kind === 'bits' && length === first.length, 'xor', 'inputs are bit vectors of one length');
    }
    return { kind: 'bits', form: formOf(inputs), length: first.length };
  },

  cost: () => FREE,
  lanes: () => [],

  deal: (_operation, inputs, masks) => mapMasks(inputs, masks, parity),

  evaluate({ invert }, inputs, values, _tape, server) {
    const value = mapLinear(inputs, values, server, parity);
    if (invert && value.form === 'wire') not(value.masked, value.masked, inputs[0]!.length);
    if (invert && value.form === 'share' && server === 'a') not(value.share, value.share, inputs[0]!.length);
    return local(value);
  },

  clear({ invert }, inputs, values) {
    const sum = parity(values);
    return invert ? not(sum, sum, inputs[0]!.length) : sum;
  },
};

/** XOR of all, in a vector of its own. */
function parity(words: readonly Words[]): Words {
  const out = words[0]!.slice();
  for (let k = 1; k < words.length; k++) xor(out, out, words[k]!);
  return out;
}
