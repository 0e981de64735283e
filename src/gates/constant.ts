/**
 * Owns the gate constant: a public value as a wire of mask zero, x^ = x. No round, no tape. Everyone sees it: it is
 * part of the plan.
 */
import { constantBits } from '../ring/bits.ts';
import { constantOf, fill } from '../ring/ring.ts';
import type { Words } from '../ring/words.ts';
import { newRing, wordsOf } from '../ring/words.ts';
import { FREE, local, requireConstant, requireCount, requireShape } from './forms.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

type Constant = OperationOf<'constant'>;

export const constantGate: Gate<Constant> = {
  op: 'constant',

  infer({ kind, value, length }, inputs) {
    requireShape(inputs.length === 0, 'constant', 'takes no input');
    requireCount(length, 'constant', 'length');
    requireConstant(value, 'constant');
    requireShape(kind === 'ring' || value === '0' || value === '1', 'constant', 'a bit is 0 or 1');
    return { kind, form: 'wire', length };
  },

  cost: () => FREE,
  lanes: () => [],

  deal: ({ kind, length }) => new Uint32Array(wordsOf(kind, length)),

  evaluate: (operation) =>
    local({
      form: 'wire',
      masked: everyElement(operation),
      mask: new Uint32Array(wordsOf(operation.kind, operation.length)),
    }),

  clear: (operation) => everyElement(operation),
};

function everyElement({ kind, value, length }: Constant): Words {
  return kind === 'ring' ? fill(newRing(length), constantOf(value)) : constantBits(length, value === '1');
}
