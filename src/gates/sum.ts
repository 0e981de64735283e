/**
 * Owns the gate sum: x read as groups x len, row-major; z_g = the sum of row g. No round, no tape; nobody sees
 * anything new.
 *
 * Addition is linear: masked values, masks and shares are each summed alike.
 */
import { sumGroups } from '../ring/ring.ts';
import type { Words } from '../ring/words.ts';
import { newRing } from '../ring/words.ts';
import { FREE, local, mapLinear, mapMasks, requireCount, requireShape } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

type Sum = OperationOf<'sum'>;

export const sumGate: Gate<Sum> = {
  op: 'sum',

  infer({ groups }, inputs) {
    const [input] = inputs;
    requireShape(inputs.length === 1 && input?.kind === 'ring', 'sum', 'takes one ring vector');
    requireCount(groups, 'sum', 'groups');
    requireShape(
      input.length > 0 && input.length % groups === 0,
      'sum',
      'the length is a multiple of groups',
    );
    return { kind: 'ring', form: input.form, length: groups };
  },

  cost: () => FREE,
  lanes: () => [],

  deal: (operation, inputs, masks) => mapMasks(inputs, masks, (words) => totals(operation, words)),
  evaluate: (operation, inputs, values, _tape, server) =>
    local(mapLinear(inputs, values, server, (words) => totals(operation, words))),
  clear: (operation, _inputs, values) => totals(operation, values),
};

function totals({ groups }: Sum, [x]: readonly Words[]): Words {
  return sumGroups(newRing(groups), x!, groups);
}
