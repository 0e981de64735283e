/**
 * Owns the gate linear: z = sum of c_k x_k + offset, with public c_k and offset. No round, no tape; nobody sees
 * anything new.
 *
 * Wires: z^ = sum c_k x^_k + offset and r_z = sum c_k r_k, so that z^ - r_z = z. Shares: sum c_k (x_k)_i, and server A
 * adds the offset. Where wires and shares meet, wires are taken as shares.
 */
import { addConstant, constantOf, scale, scaleAdd } from '../ring/ring.ts';
import type { Words } from '../ring/words.ts';
import { FREE, formOf, local, mapLinear, mapMasks, requireConstant, requireShape } from './forms.ts';
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
    const value = mapLinear(inputs, values, server, (words) => combination(operation, words));
    if (value.form === 'wire') addOffset(operation, value.masked);
    else if (server === 'a') addOffset(operation, value.share);
    return local(value);
  },

  clear: (operation, _inputs, values) => addOffset(operation, combination(operation, values)),
};

/** The sum without the offset, in a vector of its own. */
function combination({ coefficients }: Linear, words: readonly Words[]): Words {
  const out = scale(new Uint32Array(words[0]!.length), words[0]!, constantOf(coefficients[0]!));
  for (let k = 1; k < words.length; k++) scaleAdd(out, words[k]!, constantOf(coefficients[k]!));
  return out;
}

/** Adds the offset in place. */
function addOffset({ offset }: Linear, words: Words): Words {
  return offset === '0' ? words : addConstant(words, words, constantOf(offset));
}
