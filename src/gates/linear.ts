/**
 * Owns the gate linear: z = sum of c_k x_k + offset, with public c_k and offset. No round, no tape; nobody sees
 * anything new.
 *
 * Wires: z^ = sum c_k x^_k + offset and r_z = sum c_k r_k, so that z^ - r_z = z. Shares: sum c_k (x_k)_i, and server A
 * adds the offset. Where wires and shares meet, wires are taken as shares.
 */
import { combine, constantOf } from '../ring/ring.ts';
import type { Words } from '../ring/words.ts';
import { FREE, formOf, local, mapMasks, requireConstant, requireShape, shareOf, wireOf } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

type Linear = OperationOf<'linear'>;

export const linearGate: Gate<Linear> = {
  op: 'linear',

  infer({ coefficients, offset }, inputs) {
    const [first] = inputs;
    requireShape(first !== undefined, 'linear', 'takes one input or more');
    requireShape(coefficients.length === inputs.length, 'linear', 'has one coefficient for each input');
    for (const text of [...coefficients, offset]) requireConstant(text, 'linear');
    for (const { kind, length } of inputs) {
      requireShape(
        kind === 'ring' && length === first.length,
        'linear',
        'inputs are ring vectors of one length',
      );
    }
    return { kind: 'ring', form: formOf(inputs), length: first.length };
  },

  cost: () => FREE,
  lanes: () => [],

  deal: (operation, inputs, masks) => mapMasks(inputs, masks, (words) => combination(operation, words)),

  evaluate(operation, inputs, values, _tape, server) {
    if (formOf(inputs) === 'wire') {
      const wires = values.map(wireOf);
      const masked = wires.map((wire) => wire.masked);
      const masks = wires.map((wire) => wire.mask);
      return local({
        form: 'wire',
        masked: combination(operation, masked, operation.offset),
        mask: combination(operation, masks),
      });
    }
    const shares = values.map((value) => shareOf(value, 'ring', server));
    const share = combination(operation, shares, server === 'a' ? operation.offset : '0');
    return local({ form: 'share', share });
  },

  clear: (operation, _inputs, values) => combination(operation, values, operation.offset),
};

/** The sum of coefficient times vector, and the offset, in a vector of its own. */
function combination({ coefficients }: Linear, words: readonly Words[], offset = '0'): Words {
  return combine(new Uint32Array(words[0]!.length), words, coefficients.map(constantOf), constantOf(offset));
}
