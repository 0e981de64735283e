/**
 * Owns dpfEqualsZero: x -> [x = 0], a ring wire to a share of bits, for x in (-2^bits, 2^bits). No round; about 16 (bits - 6)
 * bytes of tape an element, on either server.
 *
 * x = x^ - r is 0 where x^ = r, and within that range where they agree in their lowest `bits` bits. The dealer makes function keys
 * for [place = r mod 2^bits]; both servers evaluate at x^ mod 2^bits. (Boyle, Gilboa, Ishai, "Secure computation with preprocessing
 * via function secret sharing", TCC 2019: a gate is a function of the masked value, shared as a function.) Who sees
 * what: function-keys/gate.ts.
 */
import { newBits } from '../ring/words.ts';
import { local, maskOf, oneRingWire, requireShape, wireOf } from './forms.ts';
import { commonLane, dealBlock, evaluateBlocks, keyBlocks, keysCost } from './function-keys/gate.ts';
import type { FunctionShape } from './function-keys/keys.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

type DpfEqualsZero = OperationOf<'dpfEqualsZero'>;

const pointFunction = ({ bits }: DpfEqualsZero): FunctionShape => ({ inputBits: bits, isComparison: false });

export const dpfEqualsZeroGate: Gate<DpfEqualsZero> = {
  op: 'dpfEqualsZero',

  infer({ bits }, inputs) {
    const x = oneRingWire(inputs, 'dpfEqualsZero');
    requireShape(
      Number.isInteger(bits) && bits >= 1 && bits <= 64,
      'dpfEqualsZero',
      'bits is an integer from 1 to 64',
    );
    return { kind: 'bits', form: 'share', length: x.length };
  },

  cost: (operation, inputs) => keysCost(pointFunction(operation), inputs[0]!.length, 0),

  lanes: (operation, inputs) =>
    keyBlocks(inputs[0]!.length).map((block) => commonLane(pointFunction(operation), block)),

  deal(operation, inputs, masks, tape) {
    for (const block of keyBlocks(inputs[0]!.length))
      dealBlock(pointFunction(operation), maskOf(masks[0]), block, tape);
    return undefined;
  },

  evaluate(operation, inputs, values, tape, server) {
    const { masked } = wireOf(values[0]);
    const share = evaluateBlocks(pointFunction(operation), masked, inputs[0]!.length, tape, server);
    return local({ form: 'share', share });
  },

  clear({ bits }, inputs, values) {
    const { length } = inputs[0]!;
    const zeros = newBits(length);
    const [low, high] = [2 ** Math.min(bits, 32) - 1, 2 ** Math.max(bits - 32, 0) - 1];
    for (let i = 0; i < length; i++) {
      const isZero = ((values[0]![2 * i]! & low) | (values[0]![2 * i + 1]! & high)) === 0;
      if (isZero) zeros[i >>> 5] = zeros[i >>> 5]! | (1 << (i & 31));
    }
    return zeros;
  },
};
