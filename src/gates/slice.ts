/**
 * Owns the gate slice: elements start to start + length of a vector. No round, no tape; nobody sees anything new.
 *
 * A choice of positions is linear: masked values, masks and shares are each cut alike.
 */
import { sliceBits } from '../ring/bits.ts';
import type { Words } from '../ring/words.ts';
import { FREE, local, mapLinear, mapMasks, requireCount, requireShape } from './forms.ts';
import type { Gate, Shape } from './gate.ts';
import type { OperationOf } from './operations.ts';

type Slice = OperationOf<'slice'>;

export const sliceGate: Gate<Slice> = {
  op: 'slice',

  infer({ start, length }, inputs) {
    const [input] = inputs;
    requireShape(inputs.length === 1 && input !== undefined, 'slice', 'takes one input');
    requireCount(length, 'slice', 'length');
    const inside = Number.isSafeInteger(start) && start >= 0 && start + length <= input.length;
    requireShape(inside, 'slice', 'the range lies inside the input');
    return { kind: input.kind, form: input.form, length };
  },

  cost: () => FREE,
  lanes: () => [],

  deal: (operation, inputs, masks) => mapMasks(inputs, masks, (words) => cut(operation, inputs, words)),
  evaluate: (operation, inputs, values, _tape, server) =>
    local(mapLinear(inputs, values, server, (words) => cut(operation, inputs, words))),
  clear: (operation, inputs, values) => cut(operation, inputs, values),
};

function cut({ start, length }: Slice, inputs: readonly Shape[], [x]: readonly Words[]): Words {
  return inputs[0]!.kind === 'ring'
    ? x!.slice(2 * start, 2 * (start + length))
    : sliceBits(x!, start, length);
}
