/**
 * Owns the gate concat: vectors of one kind, one after another. No round, no tape; nobody sees anything new.
 *
 * Placing elements is linear: masked values, masks and shares are each joined alike; where wires and shares meet, wires
 * are taken as shares.
 */
import { concatBits } from '../ring/bits.ts';
import type { Words } from '../ring/words.ts';
import { newRing } from '../ring/words.ts';
import { FREE, formOf, local, mapLinear, mapMasks, requireShape } from './forms.ts';
import type { Gate, Shape } from './gate.ts';
import type { OperationOf } from './operations.ts';

export const concatGate: Gate<OperationOf<'concat'>> = {
  op: 'concat',

  infer(_operation, inputs) {
    const [first] = inputs;
    requireShape(first !== undefined, 'concat', 'takes one input or more');
    for (const { kind } of inputs) requireShape(kind === first.kind, 'concat', 'inputs are of one kind');
    return { kind: first.kind, form: formOf(inputs), length: totalLength(inputs) };
  },

  cost: () => FREE,
  lanes: () => [],

  deal: (_operation, inputs, masks) => mapMasks(inputs, masks, (words) => join(inputs, words)),
  evaluate: (_operation, inputs, values, _tape, server) =>
    local(mapLinear(inputs, values, server, (words) => join(inputs, words))),
  clear: (_operation, inputs, values) => join(inputs, values),
};

function totalLength(inputs: readonly Shape[]): number {
  return inputs.reduce((sum, input) => sum + input.length, 0);
}

function join(inputs: readonly Shape[], parts: readonly Words[]): Words {
  if (inputs[0]!.kind === 'bits') {
    return concatBits(
      parts,
      inputs.map((input) => input.length),
    );
  }
  const out = newRing(totalLength(inputs));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
