/**
 * Owns the gate runningSum: z_i = x_0 + ... + x_i. No round, no tape; nobody sees anything new.
 *
 * Addition is linear: masked values, masks and shares are each summed alike, and the form is kept.
 */
import type { RingVector, Words } from '../ring/words.ts';
import { FREE, local, mapLinear, mapMasks, requireShape } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

export const runningSumGate: Gate<OperationOf<'runningSum'>> = {
  op: 'runningSum',

  infer(_operation, inputs) {
    const [input] = inputs;
    requireShape(inputs.length === 1 && input?.kind === 'ring', 'runningSum', 'takes one ring vector');
    requireShape(input.length > 0, 'runningSum', 'the input has elements');
    return { kind: 'ring', form: input.form, length: input.length };
  },

  cost: () => FREE,
  lanes: () => [],

  deal: (_operation, inputs, masks) => mapMasks(inputs, masks, sums),
  evaluate: (_operation, inputs, values, _tape, server) => local(mapLinear(inputs, values, server, sums)),
  clear: (_operation, _inputs, values) => sums(values),
};

function sums([x]: readonly Words[]): RingVector {
  const out = new Uint32Array(x!.length);
  let low = 0;
  let high = 0;
  for (let i = 0; i < out.length; i += 2) {
    const sum = low + x![i]!;
    low = sum >>> 0;
    high = (high + x![i + 1]! + (sum > low ? 1 : 0)) >>> 0;
    out[i] = low;
    out[i + 1] = high;
  }
  return out;
}
