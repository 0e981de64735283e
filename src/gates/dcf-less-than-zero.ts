/**
 * Owns dcfLessThanZero: x -> [x < 0], a ring wire to a share of bits, for x in [-2^(bits-1), 2^(bits-1)). No round; about
 * 16 (bits - 7) bytes of tape an element, on either server, and one bit on server B.
 *
 * With x = x^ - r the sign is bit n = bits - 1 of x: x_n = x^_n + r_n + [ (x^ mod 2^n) < (r mod 2^n) ] (mod 2). The dealer makes
 * function keys for [place < r mod 2^n] and shares r_n; both servers evaluate at x^ mod 2^n. Comparison of masked values by one
 * comparison function: Boyle et al., EUROCRYPT 2021 (function-keys/keys.ts). Who sees what: function-keys/gate.ts.
 */
import { xor } from '../ring/bits.ts';
import { bitsAt } from '../ring/bitslice.ts';
import { bitBlock, ringBlock } from '../ring/blocks.ts';
import { bitWords } from '../ring/words.ts';
import { local, maskOf, oneRingWire, requireShape, wireOf } from './forms.ts';
import { commonLane, dealBlock, evaluateBlocks, keyBlocks, keysCost, lanesOf } from './function-keys/gate.ts';
import type { FunctionShape } from './function-keys/keys.ts';
import type { Gate } from './gate.ts';
import type { OperationOf } from './operations.ts';

type DcfLessThanZero = OperationOf<'dcfLessThanZero'>;

const comparison = ({ bits }: DcfLessThanZero): FunctionShape => ({
  inputBits: bits - 1,
  isComparison: true,
});

export const dcfLessThanZeroGate: Gate<DcfLessThanZero> = {
  op: 'dcfLessThanZero',

  infer({ bits }, inputs) {
    const x = oneRingWire(inputs, 'dcfLessThanZero');
    requireShape(
      Number.isInteger(bits) && bits >= 2 && bits <= 64,
      'dcfLessThanZero',
      'bits is an integer from 2 to 64',
    );
    return { kind: 'bits', form: 'share', length: x.length };
  },

  cost: (operation, inputs) =>
    keysCost(comparison(operation), inputs[0]!.length, 4 * bitWords(inputs[0]!.length)),

  lanes: (operation, inputs) =>
    keyBlocks(inputs[0]!.length).flatMap((block) => [
      commonLane(comparison(operation), block),
      { lane: lanesOf(block).signs, kind: 'bits', length: block.length },
    ]),

  deal(operation, inputs, masks, tape) {
    const r = maskOf(masks[0]);
    for (const block of keyBlocks(inputs[0]!.length)) {
      dealBlock(comparison(operation), r, block, tape);
      const signs = bitsAt(ringBlock(r, block.start, block.length), operation.bits - 1);
      tape.dealBits(lanesOf(block).signs, signs, block.length);
    }
    return undefined;
  },

  evaluate(operation, inputs, values, tape, server) {
    const { masked } = wireOf(values[0]);
    const { length } = inputs[0]!;
    const share = evaluateBlocks(comparison(operation), masked, length, tape, server);
    for (const block of keyBlocks(length)) {
      const part = bitBlock(share, block.start, block.length);
      xor(part, part, tape.dealtBits(lanesOf(block).signs, block.length));
    }
    if (server === 'a') xor(share, share, bitsAt(masked, operation.bits - 1));
    return local({ form: 'share', share });
  },

  clear: ({ bits }, _inputs, values) => bitsAt(values[0]!, bits - 1),
};
