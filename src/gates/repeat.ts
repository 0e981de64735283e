/**
 * Owns the gate repeat: the whole vector again and again (a b a b), or each element `times` times (a a b b). No round,
 * no tape; nobody sees anything new.
 *
 * Copying is linear: masked values, masks and shares are each copied alike. Equal elements then have equal masks: their
 * masked values show that they are copies, which the plan says anyway.
 */
import { repeatEachBit, tileBits } from '../ring/bits.ts';
import { repeatEach } from '../ring/ring.ts';
import type { Words } from '../ring/words.ts';
import { newRing } from '../ring/words.ts';
import { FREE, local, mapLinear, mapMasks, requireCount, requireShape } from './forms.ts';
import type { Gate, Shape } from './gate.ts';
import type { OperationOf } from './operations.ts';

type Repeat = OperationOf<'repeat'>;

export const repeatGate: Gate<Repeat> = {
  op: 'repeat',

  infer({ times }, inputs) {
    const [input] = inputs;
    requireShape(inputs.length === 1 && input !== undefined, 'repeat', 'takes one input');
    requireCount(times, 'repeat', 'times');
    requireCount(times * input.length, 'repeat', 'the length of the result');
    return { kind: input.kind, form: input.form, length: times * input.length };
  },

  cost: () => FREE,
  lanes: () => [],

  deal: (operation, inputs, masks) => mapMasks(inputs, masks, (words) => copies(operation, inputs, words)),
  evaluate: (operation, inputs, values, _tape, server) =>
    local(mapLinear(inputs, values, server, (words) => copies(operation, inputs, words))),
  clear: (operation, inputs, values) => copies(operation, inputs, values),
};

function copies({ times, each }: Repeat, inputs: readonly Shape[], [x]: readonly Words[]): Words {
  const { kind, length } = inputs[0]!;
  if (kind === 'bits') return each ? repeatEachBit(x!, length, times) : tileBits(x!, length, times);
  const out = newRing(length * times);
  if (each) return repeatEach(out, x!, times);
  for (let k = 0; k < times; k++) out.set(x!, k * x!.length);
  return out;
}
