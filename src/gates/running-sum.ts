/**
 * Owns the gate runningSum: z_i = x_0 + ... + x_i. No round, no tape; nobody sees anything new.
 *
 * Addition is linear: masked values, masks and shares are each summed alike. What rows in order share with those before them
 * (the total of a group is the difference of two running sums) is local by it.
 */
import { runningSum } from '../ring/ring.ts';
import { newRing } from '../ring/words.ts';
import { FREE, local, mapLinear, mapMasks, requireShape } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

export const runningSumGate: Gate<OperationOf<'runningSum'>> = {
  op: 'runningSum',

  infer(_operation, inputs) {
    const [input] = inputs;
    requireShape(inputs.length === 1 && input?.kind === 'ring', 'runningSum', 'takes one ring vector');
    return input;
  },

  cost: () => FREE,
  lanes: () => [],

  deal: (_operation, inputs, masks) =>
    mapMasks(inputs, masks, ([x]) => runningSum(newRing(inputs[0]!.length), x!)),
  evaluate: (_operation, inputs, values, _tape, server) =>
    local(mapLinear(inputs, values, server, ([x]) => runningSum(newRing(inputs[0]!.length), x!))),
  clear: (_operation, inputs, values) => runningSum(newRing(inputs[0]!.length), values[0]!),
};
